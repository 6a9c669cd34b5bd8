// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDeliverable} from "contracts/interfaces/IDeliverable.sol";
import {IParticipantRegistry} from "contracts/interfaces/IParticipantRegistry.sol";
import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";

contract ReceivablesTransferBySettlementTest is ClaimsWorld {
    function _transfer(uint64 part, address from, address to) private returns (uint64) {
        vm.prank(address(settlement));
        return receivables.transferBySettlement(part, from, to, true, 1_000);
    }

    function test_the_part_passes_as_by_an_offer() public {
        (, uint64 part) = confirmed();
        uint64 child = _transfer(part, tierOne, tierTwo);
        equal(receivables.part(child).holder, tierTwo, "the buyer's");
        equal(receivables.endorserOf(child), tierOne, "with recourse");
    }

    function testFuzz_by_anyone_else_is_refused(uint256 seed) public {
        (, uint64 part) = confirmed();
        refuse(abi.encodeWithSelector(IDeliverable.NotTheSettlement.selector, anyone(seed)));
        vm.prank(anyone(seed));
        receivables.transferBySettlement(part, tierOne, tierTwo, false, 1_000);
    }

    function test_from_who_does_not_hold_it_is_refused() public {
        (, uint64 part) = confirmed();
        refuse(abi.encodeWithSelector(IReceivables.NotTheHolder.selector, part, tierThree));
        _transfer(part, tierThree, tierTwo);
    }

    function test_to_who_is_not_active_is_refused() public {
        (, uint64 part) = confirmed();
        refuse(abi.encodeWithSelector(IParticipantRegistry.ParticipantNotActive.selector, stranger));
        _transfer(part, tierOne, stranger);
    }

    function test_an_offer_stands_before_it() public {
        (, uint64 part) = confirmed();
        vm.prank(tierOne);
        receivables.offer(part, tierThree, false, uint64(block.timestamp + 1));
        refuse(abi.encodeWithSelector(IReceivables.PartEncumbered.selector, part));
        _transfer(part, tierOne, tierTwo);
    }

    function testFuzz_for_more_than_is_unpaid_or_for_nothing_is_refused(uint128 more) public {
        (, uint64 part) = confirmed();
        uint128 least = uint128(bound(more, 1_001, type(uint128).max));
        refuse(abi.encodeWithSelector(IReceivables.UnpaidTooLittle.selector, part, uint128(1_000), least));
        vm.prank(address(settlement));
        receivables.transferBySettlement(part, tierOne, tierTwo, true, least);
        refuse(abi.encodeWithSelector(IReceivables.AmountZero.selector));
        vm.prank(address(settlement));
        receivables.transferBySettlement(part, tierOne, tierTwo, true, 0);
    }

    function test_in_a_pause_is_refused() public {
        (, uint64 part) = confirmed();
        receivables.pause();
        refusePaused();
        _transfer(part, tierOne, tierTwo);
    }
}
