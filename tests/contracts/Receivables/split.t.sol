// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IParticipantRegistry} from "contracts/interfaces/IParticipantRegistry.sol";
import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";

contract ReceivablesSplitTest is ClaimsWorld {
    function testFuzz_children_are_their_parent(uint128 face, uint128 first) public {
        face = uint128(bound(face, 2, 1e24));
        (uint64 root, uint64 part) = payable_(core, tierOne, face, DUE);
        uint128 least = receivables.leastPart(root);
        first = uint128(bound(first, least, face - least));
        vm.prank(tierOne);
        uint64[] memory children = receivables.split(part, two(first, face - first));
        equal(unpaid(root), face, "children are the parent");
        isTrue(!receivables.part(part).live, "the parent is gone");
        equal(receivables.part(children[0]).parent, part, "and remembered");
        equal(receivables.part(children[1]).holder, tierOne, "with its holder");
    }

    function testFuzz_children_that_do_not_add_up_are_refused(uint16 a, uint16 b) public {
        (, uint64 part) = confirmed();
        vm.assume(a > 15 && b > 15 && uint256(a) + b != 1_000);
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

    function testFuzz_a_child_below_a_64th_of_what_is_unpaid_is_refused(uint16 paid, uint16 raw) public {
        (uint64 root, uint64 part) = confirmed();
        uint128 left = 1_000 - uint128(bound(paid, 0, 900));
        if (left != 1_000) pay(core, root, 1_000 - left);
        uint128 least = (left + 63) / 64;
        equal(receivables.leastPart(root), least, "rounded up");
        uint128 small = uint128(bound(raw, 0, least - 1));
        refuse(abi.encodeWithSelector(IReceivables.PartTooSmall.selector, part, small, least));
        vm.prank(tierOne);
        receivables.split(part, two(left - small, small));
        vm.prank(tierOne);
        receivables.split(part, two(left - least, least));
    }

    function testFuzz_a_part_that_is_paid_in_part_is_split_by_what_is_left(uint16 raw, uint16 rest) public {
        (uint64 root, uint64 part) = confirmed();
        uint128 paid = uint128(bound(raw, 1, 900));
        pay(core, root, paid);
        refuse(abi.encodeWithSelector(IReceivables.SplitNotExact.selector, part));
        vm.prank(tierOne);
        receivables.split(part, two(500, 500));
        vm.prank(tierOne);
        uint64[] memory children = receivables.split(part, two(1_000 - paid - 20, 20));
        equal(unpaid(root), 1_000 - paid, "what was left");
        equal(receivables.part(children[1]).redeemed, 0, "nothing of it is paid");
        uint128 more = uint128(bound(rest, 1, 1_000 - paid));
        pay(core, root, more);
        equal(receivables.claimable(address(token), tierOne), paid + more, "all that was paid is the holder's");
        equal(unpaid(root), 1_000 - paid - more, "and the rest is owed");
    }

    /// @dev Whoever splits first takes nobody's place: each part can be split by its own holder.
    function test_a_holder_of_little_takes_no_place_of_another() public {
        (uint64 root, uint64 part) = payable_(core, tierOne, 1_000_000, DUE);
        vm.prank(tierOne);
        uint64[] memory children = receivables.split(part, two(900_000, 100_000));
        uint64 small = pass(children[1], tierTwo, false);
        uint128[] memory dust = new uint128[](63);
        for (uint256 i = 0; i < 63; ++i) {
            dust[i] = i == 62 ? 100_000 - 62 : 1;
        }
        refuse(abi.encodeWithSelector(IReceivables.PartTooSmall.selector, small, uint128(1), uint128(15_625)));
        vm.prank(tierTwo);
        receivables.split(small, dust);
        uint128[] memory six = new uint128[](6);
        uint128[] memory rest = new uint128[](57);
        for (uint256 i = 0; i < 6; ++i) {
            six[i] = i == 5 ? 100_000 - 5 * 15_625 : 15_625;
        }
        for (uint256 i = 0; i < 57; ++i) {
            rest[i] = i == 56 ? 900_000 - 56 * 15_625 : 15_625;
        }
        vm.prank(tierTwo);
        receivables.split(small, six);
        vm.prank(tierOne);
        receivables.split(children[0], rest);
        equal(receivables.partsOf(root).length, 63, "as many as there is room for");
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
        refuse(abi.encodeWithSelector(IReceivables.PartTooSmall.selector, part, uint128(5), uint128(10)));
        vm.prank(tierOne);
        receivables.split(part, amounts);
        equal(receivables.partsOf(root).length, 1, "whole");
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
        advanceTo(DUE);
        refuseState(root, IReceivables.State.MATURED);
        vm.prank(tierOne);
        receivables.split(part, two(500, 500));
        (, part) = payable_(core, tierOne, 1_000, 20261231);
        participants.freeze(tierOne, "word");
        refuse(abi.encodeWithSelector(IParticipantRegistry.ParticipantNotActive.selector, tierOne));
        vm.prank(tierOne);
        receivables.split(part, two(500, 500));
    }
}
