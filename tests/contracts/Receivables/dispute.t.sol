// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";

contract ReceivablesDisputeTest is ClaimsWorld {
    function test_a_dispute_freezes_transfers_and_nothing_else() public {
        (uint64 root, uint64 part) = confirmed();
        disputed(root);
        refuse(abi.encodeWithSelector(IReceivables.ClaimInDispute.selector, root));
        vm.prank(tierOne);
        receivables.offer(part, tierTwo, false, uint64(block.timestamp + 1));
        pay(core, root, 400);
        equal(unpaid(root), 600, "paying goes on");
        equal(uint256(receivables.poke(root)), uint256(IReceivables.State.CONFIRMED), "its state is its own");
    }

    function test_a_holder_may_dispute_too_and_a_creditor_who_holds() public {
        (uint64 root, uint64 part) = confirmed();
        vm.prank(tierOne);
        receivables.dispute(root, part, "short");
        receivables.resolveDispute(root, "no");
        part = pass(part, tierTwo, false);
        vm.prank(tierTwo);
        receivables.dispute(root, part, "short");
    }

    /// @dev Nobody's piece stops another's: neither the largest nor one of a unit.
    function testFuzz_who_holds_a_piece_freezes_nobody_elses(uint16 raw) public {
        (uint64 root, uint64 part) = confirmed();
        uint128 mine = uint128(bound(raw, 1, 999));
        vm.prank(tierOne);
        uint64[] memory pieces = receivables.split(part, two(mine, 1_000 - mine));
        uint64 bought = pass(pieces[0], tierTwo, false);
        refuse(abi.encodeWithSelector(IReceivables.NotAParty.selector, root, tierTwo));
        vm.prank(tierTwo);
        receivables.dispute(root, bought, "short");
        refuse(abi.encodeWithSelector(IReceivables.NotAParty.selector, root, tierOne));
        vm.prank(tierOne);
        receivables.dispute(root, pieces[1], "short");
        pass(pieces[1], tierThree, false);
    }

    function test_who_held_all_of_it_before_is_refused_once_it_is_paid() public {
        (uint64 root, uint64 part) = confirmed();
        pay(core, root, 1_000);
        receivables.collect(ids(part));
        refuseState(root, IReceivables.State.SETTLED);
        vm.prank(tierOne);
        receivables.dispute(root, part, "short");
    }

    function test_a_creditor_without_a_part_is_refused() public {
        (uint64 root, uint64 part) = confirmed();
        pass(part, tierTwo, false);
        refuse(abi.encodeWithSelector(IReceivables.NotAParty.selector, root, tierOne));
        vm.prank(tierOne);
        receivables.dispute(root, part, "short");
        refuse(abi.encodeWithSelector(IReceivables.NotAParty.selector, root, tierOne));
        vm.prank(tierOne);
        receivables.dispute(root, 0, "short");
    }

    function test_once_it_was_answered_the_same_account_is_refused() public {
        (uint64 root, uint64 part) = confirmed();
        disputed(root);
        receivables.resolveDispute(root, "in order");
        refuse(abi.encodeWithSelector(IReceivables.DisputedBefore.selector, root, core));
        disputed(root);
        pass(part, tierTwo, false);
    }

    function test_who_held_a_part_before_is_refused() public {
        (uint64 root, uint64 part) = confirmed();
        uint64 child = pass(pass(part, tierTwo, false), tierThree, false);
        refuse(abi.encodeWithSelector(IReceivables.NotAParty.selector, root, tierTwo));
        vm.prank(tierTwo);
        receivables.dispute(root, child, "short");
    }

    function test_a_holder_of_another_claims_part_is_refused() public {
        (uint64 root,) = confirmed();
        (, uint64 other) = payable_(core, tierTwo, 5, DUE);
        refuse(abi.encodeWithSelector(IReceivables.NotAParty.selector, root, tierTwo));
        vm.prank(tierTwo);
        receivables.dispute(root, other, "short");
    }

    function test_twice_is_refused() public {
        (uint64 root,) = confirmed();
        disputed(root);
        refuse(abi.encodeWithSelector(IReceivables.ClaimInDispute.selector, root));
        disputed(root);
    }

    function test_a_draft_a_paid_and_a_cancelled_claim_are_refused() public {
        uint64 root = drafted();
        refuseState(root, IReceivables.State.DRAFT);
        disputed(root);
        cancelBy(tierOne, root);
        refuseState(root, IReceivables.State.CANCELLED);
        disputed(root);
        (root,) = confirmed();
        pay(core, root, 1_000);
        refuseState(root, IReceivables.State.SETTLED);
        disputed(root);
    }
}
