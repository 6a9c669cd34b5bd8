// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";

contract ReceivablesAcceptTest is ClaimsWorld {
    function _offer(uint64 part, address from, address to) private {
        vm.prank(from);
        receivables.offer(part, to, true, uint64(block.timestamp + 10));
    }

    function testFuzz_the_part_changes_hands_with_its_history(bool recourse) public {
        (uint64 root, uint64 part) = confirmed();
        uint64 child = pass(part, tierTwo, recourse);
        IReceivables.Part memory p = receivables.part(child);
        isTrue(p.live && p.holder == tierTwo && p.parent == part && p.root == root, "the new holder's");
        isTrue(p.depth == 1 && p.recourse == recourse && p.received == child && p.amount == 1_000, "one deeper");
        isTrue(!receivables.part(part).live && receivables.part(part).holder == tierOne, "the old one is remembered");
        equal(receivables.offerOf(part).part, 0, "the offer has ended");
    }

    function test_without_an_offer_is_refused() public {
        (, uint64 part) = confirmed();
        refuse(abi.encodeWithSelector(IReceivables.OfferNotOpen.selector, part));
        vm.prank(tierTwo);
        receivables.accept(part);
    }

    function testFuzz_after_it_has_expired_is_refused(uint32 late) public {
        (, uint64 part) = confirmed();
        _offer(part, tierOne, tierTwo);
        vm.warp(block.timestamp + 11 + late % 1e6);
        refuse(abi.encodeWithSelector(IReceivables.OfferNotOpen.selector, part));
        vm.prank(tierTwo);
        receivables.accept(part);
    }

    function test_at_the_last_second_is_in_time() public {
        (, uint64 part) = confirmed();
        _offer(part, tierOne, tierTwo);
        vm.warp(block.timestamp + 10);
        vm.prank(tierTwo);
        receivables.accept(part);
    }

    function testFuzz_by_another_is_refused(uint256 seed) public {
        (, uint64 part) = confirmed();
        _offer(part, tierOne, tierTwo);
        refuse(abi.encodeWithSelector(IReceivables.NotTheOfferee.selector, part, anyone(seed)));
        vm.prank(anyone(seed));
        receivables.accept(part);
    }

    function test_by_an_offeree_who_was_frozen_since_is_refused() public {
        (, uint64 part) = confirmed();
        _offer(part, tierOne, tierTwo);
        participants.freeze(tierTwo, "word");
        refuse(abi.encodeWithSelector(IReceivables.ParticipantNotActive.selector, tierTwo));
        vm.prank(tierTwo);
        receivables.accept(part);
    }

    function test_from_a_holder_who_was_frozen_since_is_refused() public {
        (, uint64 part) = confirmed();
        _offer(part, tierOne, tierTwo);
        participants.freeze(tierOne, "word");
        refuse(abi.encodeWithSelector(IReceivables.ParticipantNotActive.selector, tierOne));
        vm.prank(tierTwo);
        receivables.accept(part);
    }

    function test_a_claim_that_came_into_dispute_is_refused() public {
        (uint64 root, uint64 part) = confirmed();
        _offer(part, tierOne, tierTwo);
        disputed(root);
        refuse(abi.encodeWithSelector(IReceivables.ClaimInDispute.selector, root));
        vm.prank(tierTwo);
        receivables.accept(part);
    }

    function test_a_claim_that_fell_due_is_refused() public {
        (uint64 root, uint64 part) = confirmed();
        _offer(part, tierOne, tierTwo);
        calendar.advance(DUE);
        refuseState(root, IReceivables.State.MATURED);
        vm.prank(tierTwo);
        receivables.accept(part);
    }

    function test_in_a_pause_is_refused() public {
        (, uint64 part) = confirmed();
        _offer(part, tierOne, tierTwo);
        receivables.pause();
        refusePaused();
        vm.prank(tierTwo);
        receivables.accept(part);
    }
}
