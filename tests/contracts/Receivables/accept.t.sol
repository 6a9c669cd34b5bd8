// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IParticipantRegistry} from "contracts/interfaces/IParticipantRegistry.sol";
import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";

contract ReceivablesAcceptTest is ClaimsWorld {
    uint64 private constant END = type(uint64).max;

    function _offer(uint64 part, address from, address to) private {
        vm.prank(from);
        receivables.offer(part, to, true, uint64(block.timestamp + 10));
    }

    function testFuzz_the_part_changes_hands_with_its_history(bool recourse) public {
        (uint64 root, uint64 part) = confirmed();
        uint64 child = pass(part, tierTwo, recourse);
        IReceivables.Part memory p = receivables.part(child);
        isTrue(p.live && p.holder == tierTwo && p.endorsed == part && p.root == root, "the new holder's");
        isTrue(p.recourse == recourse && p.amount == 1_000 && wholeOf(root) == child, "all of it");
        isTrue(!receivables.part(part).live && receivables.part(part).holder == tierOne, "the old one is remembered");
        equal(receivables.offerOf(part).part, 0, "the offer has ended");
    }

    function test_without_an_offer_is_refused() public {
        (, uint64 part) = confirmed();
        refuse(abi.encodeWithSelector(IReceivables.OfferNotOpen.selector, part));
        vm.prank(tierTwo);
        receivables.accept(part, true, 1_000, END);
    }

    function testFuzz_after_it_has_expired_is_refused(uint32 late) public {
        (, uint64 part) = confirmed();
        _offer(part, tierOne, tierTwo);
        vm.warp(block.timestamp + 11 + late % 1e6);
        refuse(abi.encodeWithSelector(IReceivables.OfferNotOpen.selector, part));
        vm.prank(tierTwo);
        receivables.accept(part, true, 1_000, END);
    }

    function test_at_the_last_second_is_in_time() public {
        (, uint64 part) = confirmed();
        _offer(part, tierOne, tierTwo);
        vm.warp(block.timestamp + 10);
        vm.prank(tierTwo);
        receivables.accept(part, true, 1_000, END);
    }

    function testFuzz_by_another_is_refused(uint256 seed) public {
        (, uint64 part) = confirmed();
        _offer(part, tierOne, tierTwo);
        refuse(abi.encodeWithSelector(IReceivables.NotTheOfferee.selector, part, anyone(seed)));
        vm.prank(anyone(seed));
        receivables.accept(part, true, 1_000, END);
    }

    function test_by_an_offeree_who_was_frozen_since_is_refused() public {
        (, uint64 part) = confirmed();
        _offer(part, tierOne, tierTwo);
        participants.freeze(tierTwo, "word");
        refuse(abi.encodeWithSelector(IParticipantRegistry.ParticipantNotActive.selector, tierTwo));
        vm.prank(tierTwo);
        receivables.accept(part, true, 1_000, END);
    }

    function test_from_a_holder_who_was_frozen_since_is_refused() public {
        (, uint64 part) = confirmed();
        _offer(part, tierOne, tierTwo);
        participants.freeze(tierOne, "word");
        refuse(abi.encodeWithSelector(IParticipantRegistry.ParticipantNotActive.selector, tierOne));
        vm.prank(tierTwo);
        receivables.accept(part, true, 1_000, END);
    }

    function test_a_claim_that_came_into_dispute_is_refused() public {
        (uint64 root, uint64 part) = confirmed();
        _offer(part, tierOne, tierTwo);
        disputed(root);
        refuse(abi.encodeWithSelector(IReceivables.ClaimInDispute.selector, root));
        vm.prank(tierTwo);
        receivables.accept(part, true, 1_000, END);
    }

    function test_a_claim_that_fell_due_is_refused() public {
        (uint64 root, uint64 part) = confirmed();
        _offer(part, tierOne, tierTwo);
        advanceTo(DUE);
        refuseState(root, IReceivables.State.MATURED);
        vm.prank(tierTwo);
        receivables.accept(part, true, 1_000, END);
    }

    function testFuzz_a_part_that_was_paid_since_is_refused(uint16 raw) public {
        (uint64 root, uint64 part) = confirmed();
        uint128 paid = uint128(bound(raw, 1, 999));
        _offer(part, tierOne, tierTwo);
        pay(core, root, paid);
        refuse(
            abi.encodeWithSelector(IReceivables.UnpaidTooLittle.selector, part, 1_000 - paid, uint128(1_000))
        );
        vm.prank(tierTwo);
        receivables.accept(part, true, 1_000, END);
        vm.prank(tierTwo);
        uint64 child = receivables.accept(part, true, 1_000 - paid, END);
        equal(unpaidOn(child), 1_000 - paid, "taken for what is left");
    }

    function test_for_nothing_is_refused() public {
        (, uint64 part) = confirmed();
        _offer(part, tierOne, tierTwo);
        refuse(abi.encodeWithSelector(IReceivables.AmountZero.selector));
        vm.prank(tierTwo);
        receivables.accept(part, true, 0, END);
    }

    function test_another_offer_than_was_accepted_is_refused() public {
        (, uint64 part) = confirmed();
        _offer(part, tierOne, tierTwo);
        vm.prank(tierOne);
        receivables.endOffer(part);
        vm.prank(tierOne);
        receivables.offer(part, tierTwo, false, uint64(block.timestamp + 10));
        refuse(abi.encodeWithSelector(IReceivables.OfferDiffers.selector, part, false));
        vm.prank(tierTwo);
        receivables.accept(part, true, 1_000, END);
    }

    function testFuzz_after_the_deadline_is_refused(uint8 left, uint8 late) public {
        (, uint64 part) = confirmed();
        vm.prank(tierOne);
        receivables.offer(part, tierTwo, true, uint64(block.timestamp + 1_000));
        uint64 deadline = uint64(block.timestamp + left);
        vm.warp(block.timestamp + late);
        if (late > left) refuse(abi.encodeWithSelector(IReceivables.DeadlinePassed.selector, deadline));
        vm.prank(tierTwo);
        receivables.accept(part, true, 1_000, deadline);
        equal(receivables.offerOf(part).part, late > left ? part : 0, "in time or not at all");
    }

    function test_in_a_pause_is_refused() public {
        (, uint64 part) = confirmed();
        _offer(part, tierOne, tierTwo);
        receivables.pause();
        refusePaused();
        vm.prank(tierTwo);
        receivables.accept(part, true, 1_000, END);
    }
}
