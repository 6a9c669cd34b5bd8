// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";

contract ReceivablesConfirmTest is ClaimsWorld {
    function test_the_obligor_confirms_and_the_part_can_move() public {
        uint64 root = registered();
        uint64 part = receivables.partsOf(root)[0];
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
        refuse(abi.encodeWithSelector(IReceivables.ParticipantNotActive.selector, core));
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

    function test_in_a_pause_is_refused() public {
        uint64 root = registered();
        receivables.pause();
        refusePaused();
        vm.prank(core);
        receivables.confirm(ids(root));
    }
}
