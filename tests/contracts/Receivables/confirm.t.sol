// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IParticipantRegistry} from "contracts/interfaces/IParticipantRegistry.sol";
import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";

contract ReceivablesConfirmTest is ClaimsWorld {
    function test_the_obligor_confirms_and_the_part_can_move() public {
        uint64 root = registered();
        uint64 part = wholeOf(root);
        refuseState(root, IReceivables.State.REGISTERED);
        vm.prank(tierOne);
        receivables.offer(part, tierTwo, false, uint64(block.timestamp + 1));
        vm.prank(core);
        receivables.confirm(ids(root));
        inState(root, IReceivables.State.CONFIRMED, "confirmed");
        pass(part, tierTwo, false);
    }

    function test_a_claim_that_is_not_there_is_refused() public {
        refuse(abi.encodeWithSelector(IReceivables.ClaimUnknown.selector, 9));
        receivables.confirm(ids(9));
    }

    function test_a_draft_is_not_confirmed() public {
        uint64 root = drafted();
        refuseState(root, IReceivables.State.DRAFT);
        vm.prank(core);
        receivables.confirm(ids(root));
    }

    function testFuzz_by_anyone_else_is_refused(uint256 seed) public {
        uint64 root = registered();
        refuse(abi.encodeWithSelector(IReceivables.NotAParty.selector, root, anyone(seed)));
        vm.prank(anyone(seed));
        receivables.confirm(ids(root));
    }

    function test_by_an_obligor_who_is_frozen_is_refused() public {
        uint64 root = registered();
        participants.freeze(core, "word");
        refuse(abi.encodeWithSelector(IParticipantRegistry.ParticipantNotActive.selector, core));
        vm.prank(core);
        receivables.confirm(ids(root));
    }

    function test_in_dispute_is_refused() public {
        uint64 root = registered();
        disputed(root);
        refuse(abi.encodeWithSelector(IReceivables.ClaimInDispute.selector, root));
        vm.prank(core);
        receivables.confirm(ids(root));
    }

    /// @dev The creditor cancels one, disputes one, and anybody brings the signature for one: the fourth is confirmed.
    function test_what_is_no_longer_to_be_confirmed_stops_no_other() public {
        uint64[] memory roots = new uint64[](4);
        for (uint256 i = 0; i < 4; ++i) {
            roots[i] = registered();
        }
        cancelBy(tierOne, roots[0]);
        uint64 held = wholeOf(roots[1]);
        vm.prank(tierOne);
        receivables.dispute(roots[1], held, "short");
        vm.prank(core);
        receivables.confirm(ids(roots[2]));
        vm.prank(core);
        equal(receivables.confirm(roots), 1, "one was left");
        inState(roots[0], IReceivables.State.CANCELLED, "cancelled");
        inState(roots[1], IReceivables.State.REGISTERED, "in dispute");
        inState(roots[3], IReceivables.State.CONFIRMED, "confirmed");
        refuseState(roots[0], IReceivables.State.CANCELLED);
        vm.prank(core);
        receivables.confirm(roots);
    }

    function test_anothers_claim_among_them_is_refused() public {
        uint64[] memory roots = new uint64[](2);
        roots[0] = registered();
        IReceivables.Terms memory t = claimTerms(IReceivables.Kind.RECEIVABLE, factory, tierOne, 1_000, DUE);
        roots[1] = draftBy(tierOne, t);
        registerBy(tierOne, roots[1]);
        refuse(abi.encodeWithSelector(IReceivables.NotAParty.selector, roots[1], core));
        vm.prank(core);
        receivables.confirm(roots);
        inState(roots[0], IReceivables.State.REGISTERED, "none");
    }

    function test_in_a_pause_is_refused() public {
        uint64 root = registered();
        receivables.pause();
        refusePaused();
        vm.prank(core);
        receivables.confirm(ids(root));
    }
}
