// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";

contract ReceivablesCancelTest is ClaimsWorld {
    function test_a_draft_is_cancelled_by_either_side() public {
        uint64 root = drafted();
        vm.prank(core);
        receivables.cancel(root);
        inState(root, IReceivables.State.CANCELLED, "by the obligor");
        root = drafted();
        vm.prank(tierOne);
        receivables.cancel(root);
        inState(root, IReceivables.State.CANCELLED, "by the creditor");
    }

    function test_a_registered_claim_leaves_no_part() public {
        uint64 root = registered();
        uint64 part = receivables.partsOf(root)[0];
        vm.prank(tierOne);
        receivables.cancel(root);
        equal(receivables.partsOf(root).length, 0, "none");
        isTrue(!receivables.part(part).live, "it is gone");
    }

    function test_a_confirmed_claim_cannot_be_cancelled() public {
        (uint64 root,) = confirmed();
        refuseState(root, IReceivables.State.CONFIRMED);
        vm.prank(tierOne);
        receivables.cancel(root);
    }

    function testFuzz_by_anyone_else_is_refused(uint256 seed) public {
        uint64 root = registered();
        refuse(abi.encodeWithSelector(IReceivables.NotAParty.selector, root, anyone(seed)));
        vm.prank(anyone(seed));
        receivables.cancel(root);
    }

    function test_a_pause_does_not_hinder_it() public {
        uint64 root = registered();
        receivables.pause();
        vm.prank(tierOne);
        receivables.cancel(root);
    }
}
