// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IParticipantRegistry} from "contracts/interfaces/IParticipantRegistry.sol";
import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";

contract ReceivablesOfferTest is ClaimsWorld {
    function _offer(uint64 part, address from, address to) private {
        vm.prank(from);
        receivables.offer(part, to, true, uint64(block.timestamp + 10));
    }

    function test_an_offer_is_there_to_be_read_and_binds_until_it_ends() public {
        (, uint64 part) = confirmed();
        _offer(part, tierOne, tierTwo);
        IReceivables.Offer memory o = receivables.offerOf(part);
        isTrue(o.part == part && o.to == tierTwo && o.recourse, "as it was made");
        bytes memory encumbered = abi.encodeWithSelector(IReceivables.PartEncumbered.selector, part);
        refuse(encumbered);
        _offer(part, tierOne, tierThree);
        refuse(encumbered);
        vm.prank(tierOne);
        receivables.pledge(part, bank);
        vm.warp(block.timestamp + 11);
        _offer(part, tierOne, tierThree);
        equal(receivables.offerOf(part).to, tierThree, "once it has expired");
    }

    function test_to_oneself_is_refused() public {
        (, uint64 part) = confirmed();
        refuse(abi.encodeWithSelector(IReceivables.OfferInvalid.selector, part));
        _offer(part, tierOne, tierOne);
    }

    function testFuzz_one_that_has_expired_is_refused(uint32 ago) public {
        (, uint64 part) = confirmed();
        refuse(abi.encodeWithSelector(IReceivables.OfferInvalid.selector, part));
        vm.prank(tierOne);
        receivables.offer(part, tierTwo, false, uint64(block.timestamp - ago % 1e9));
    }

    function test_to_who_is_not_active_is_refused() public {
        (, uint64 part) = confirmed();
        refuse(abi.encodeWithSelector(IParticipantRegistry.ParticipantNotActive.selector, stranger));
        _offer(part, tierOne, stranger);
    }

    function testFuzz_by_another_is_refused(uint256 seed) public {
        (, uint64 part) = confirmed();
        refuse(abi.encodeWithSelector(IReceivables.NotTheHolder.selector, part, anyone(seed)));
        _offer(part, anyone(seed), tierTwo);
    }

    function test_a_pledged_part_is_refused() public {
        (, uint64 part) = confirmed();
        vm.prank(tierOne);
        receivables.pledge(part, bank);
        refuse(abi.encodeWithSelector(IReceivables.PartEncumbered.selector, part));
        _offer(part, tierOne, tierTwo);
    }

    function test_in_a_pause_is_refused() public {
        (, uint64 part) = confirmed();
        receivables.pause();
        refusePaused();
        _offer(part, tierOne, tierTwo);
    }
}
