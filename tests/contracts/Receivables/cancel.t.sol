// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";

contract ReceivablesCancelTest is ClaimsWorld {
    function test_a_draft_is_cancelled_by_either_side() public {
        uint64 root = drafted();
        cancelBy(core, root);
        inState(root, IReceivables.State.CANCELLED, "by the obligor");
        root = drafted();
        cancelBy(tierOne, root);
        inState(root, IReceivables.State.CANCELLED, "by the creditor");
    }

    function test_a_registered_claim_leaves_no_part() public {
        uint64 root = registered();
        uint64 part = wholeOf(root);
        cancelBy(tierOne, root);
        equal(partsOf(root).length, 0, "none");
        isTrue(!receivables.part(part).live, "it is gone");
    }

    function test_a_confirmed_claim_cannot_be_cancelled() public {
        (uint64 root,) = confirmed();
        refuseState(root, IReceivables.State.CONFIRMED);
        cancelBy(tierOne, root);
    }

    function testFuzz_by_anyone_else_is_refused(uint256 seed) public {
        uint64 root = registered();
        refuse(abi.encodeWithSelector(IReceivables.NotAParty.selector, root, anyone(seed)));
        cancelBy(anyone(seed), root);
    }

    /// @dev Else a creditor could free the invoice of another claim, or end it with terms of its own.
    function testFuzz_with_other_terms_is_refused(uint8 which, bool isDraft) public {
        uint64 root = isDraft ? drafted() : registered();
        IReceivables.Terms memory t = otherTerms(_termsOf[root], which);
        refuse(abi.encodeWithSelector(IReceivables.TermsDiffer.selector, root));
        vm.prank(which % 2 == 0 ? t.creditor : t.obligor);
        receivables.cancel(root, t);
        cancelBy(core, root);
    }

    function test_a_pause_does_not_hinder_it() public {
        uint64 root = registered();
        receivables.pause();
        cancelBy(tierOne, root);
    }
}
