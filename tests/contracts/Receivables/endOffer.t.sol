// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";

contract ReceivablesEndOfferTest is ClaimsWorld {
    function _offer(uint64 part, address from, address to) private {
        vm.prank(from);
        receivables.offer(part, to, true, uint64(block.timestamp + 10));
    }

    function test_the_offeree_rejects() public {
        (, uint64 part) = confirmed();
        _offer(part, tierOne, tierTwo);
        vm.prank(tierTwo);
        receivables.endOffer(part);
        _offer(part, tierOne, tierThree);
    }

    function test_the_holder_takes_it_back() public {
        (, uint64 part) = confirmed();
        _offer(part, tierOne, tierTwo);
        vm.prank(tierOne);
        receivables.endOffer(part);
        refuse(abi.encodeWithSelector(IReceivables.OfferNotOpen.selector, part));
        vm.prank(tierTwo);
        receivables.accept(part, true, 1_000, type(uint64).max);
    }

    function testFuzz_anyone_else_only_once_it_has_expired(uint256 seed) public {
        (, uint64 part) = confirmed();
        _offer(part, tierOne, tierTwo);
        vm.warp(block.timestamp + 10);
        refuse(abi.encodeWithSelector(IReceivables.NotTheOfferee.selector, part, anyone(seed)));
        vm.prank(anyone(seed));
        receivables.endOffer(part);
        vm.warp(block.timestamp + 1);
        vm.prank(anyone(seed));
        receivables.endOffer(part);
    }

    function test_without_an_offer_is_refused() public {
        (, uint64 part) = confirmed();
        refuse(abi.encodeWithSelector(IReceivables.OfferNotOpen.selector, part));
        receivables.endOffer(part);
    }
}
