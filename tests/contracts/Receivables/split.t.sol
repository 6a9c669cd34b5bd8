// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";

contract ReceivablesSplitTest is ClaimsWorld {
    function testFuzz_children_are_their_parent(uint128 face, uint128 first) public {
        face = uint128(bound(face, 2, 1e24));
        first = uint128(bound(first, 1, face - 1));
        (uint64 root, uint64 part) = payable_(core, tierOne, face, DUE);
        vm.prank(tierOne);
        uint64[] memory children = receivables.split(part, two(first, face - first));
        equal(unpaid(root), face, "children are the parent");
        isTrue(!receivables.part(part).live, "the parent is gone");
        equal(receivables.part(children[0]).parent, part, "and remembered");
        equal(receivables.part(children[1]).holder, tierOne, "with its holder");
    }

    function testFuzz_children_that_do_not_add_up_are_refused(uint16 a, uint16 b) public {
        (, uint64 part) = confirmed();
        vm.assume(a != 0 && b != 0 && uint256(a) + b != 1_000);
        refuse(abi.encodeWithSelector(IReceivables.SplitNotExact.selector, part));
        vm.prank(tierOne);
        receivables.split(part, two(a, b));
    }

    function test_into_one_is_refused() public {
        (, uint64 part) = confirmed();
        uint128[] memory one = new uint128[](1);
        one[0] = 1_000;
        refuse(abi.encodeWithSelector(IReceivables.SplitNotExact.selector, part));
        vm.prank(tierOne);
        receivables.split(part, one);
    }

    function test_a_child_of_nothing_is_refused() public {
        (, uint64 part) = confirmed();
        refuse(abi.encodeWithSelector(IReceivables.AmountZero.selector));
        vm.prank(tierOne);
        receivables.split(part, two(0, 1_000));
    }

    function testFuzz_a_part_that_is_paid_in_part_is_refused(uint16 raw) public {
        (uint64 root, uint64 part) = confirmed();
        uint128 paid = uint128(bound(raw, 1, 999));
        pay(core, root, paid);
        refuse(abi.encodeWithSelector(IReceivables.PartRedeemedInPart.selector, part, paid));
        vm.prank(tierOne);
        receivables.split(part, two(500, 500));
    }

    function test_a_part_that_is_gone_is_refused() public {
        (, uint64 part) = confirmed();
        vm.prank(tierOne);
        receivables.split(part, two(500, 500));
        refuse(abi.encodeWithSelector(IReceivables.PartNotLive.selector, part));
        vm.prank(tierOne);
        receivables.split(part, two(500, 500));
    }

    function testFuzz_by_another_is_refused(uint256 seed) public {
        (, uint64 part) = confirmed();
        refuse(abi.encodeWithSelector(IReceivables.NotTheHolder.selector, part, anyone(seed)));
        vm.prank(anyone(seed));
        receivables.split(part, two(500, 500));
    }

    function test_a_pledged_part_is_refused() public {
        (, uint64 part) = confirmed();
        vm.prank(tierOne);
        receivables.pledge(part, bank);
        refuse(abi.encodeWithSelector(IReceivables.PartEncumbered.selector, part));
        vm.prank(tierOne);
        receivables.split(part, two(500, 500));
    }

    function test_a_claim_has_no_more_parts_than_can_be_funded_at_once() public {
        (uint64 root, uint64 part) = payable_(core, tierOne, 640, DUE);
        uint128[] memory amounts = new uint128[](65);
        for (uint256 i = 0; i < 65; ++i) {
            amounts[i] = i < 63 ? 10 : 5;
        }
        refuse(abi.encodeWithSelector(IReceivables.TooManyParts.selector, root));
        vm.prank(tierOne);
        receivables.split(part, amounts);
    }

    function test_in_dispute_due_frozen_or_paused_is_refused() public {
        (uint64 root, uint64 part) = confirmed();
        disputed(root);
        refuse(abi.encodeWithSelector(IReceivables.ClaimInDispute.selector, root));
        vm.prank(tierOne);
        receivables.split(part, two(500, 500));
        receivables.resolveDispute(root, "no");
        receivables.pause();
        refusePaused();
        vm.prank(tierOne);
        receivables.split(part, two(500, 500));
        receivables.unpause();
        calendar.advance(DUE);
        refuseState(root, IReceivables.State.MATURED);
        vm.prank(tierOne);
        receivables.split(part, two(500, 500));
        (, part) = payable_(core, tierOne, 1_000, 20261231);
        participants.freeze(tierOne, "word");
        refuse(abi.encodeWithSelector(IReceivables.ParticipantNotActive.selector, tierOne));
        vm.prank(tierOne);
        receivables.split(part, two(500, 500));
    }
}
