// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IParticipantRegistry} from "contracts/interfaces/IParticipantRegistry.sol";
import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";

contract ReceivablesSplitTest is ClaimsWorld {
    function testFuzz_children_are_their_parent(uint128 face, uint128 first) public {
        face = uint128(bound(face, 2, 1e24));
        (uint64 root, uint64 part) = payable_(core, tierOne, face, DUE);
        first = uint128(bound(first, 1, face - 1));
        vm.prank(tierOne);
        uint64[] memory children = receivables.split(part, two(first, face - first));
        equal(unpaid(root), face, "children are the parent");
        isTrue(!receivables.part(part).live, "the parent is gone");
        equal(wholeOf(root), 0, "no part is the whole claim any more");
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

    function testFuzz_a_child_of_nothing_is_refused(uint16 paid) public {
        (uint64 root, uint64 part) = confirmed();
        uint128 left = 1_000 - uint128(bound(paid, 0, 900));
        if (left != 1_000) pay(core, root, 1_000 - left);
        refuse(abi.encodeWithSelector(IReceivables.SplitNotExact.selector, part));
        vm.prank(tierOne);
        receivables.split(part, two(left, 0));
        refuse(abi.encodeWithSelector(IReceivables.SplitNotExact.selector, part));
        vm.prank(tierOne);
        receivables.split(part, two(type(uint128).max, left + 1));
        vm.prank(tierOne);
        receivables.split(part, two(left - 1, 1));
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
        uint256 carried = unpaid(root) - (1_000 - paid - more);
        isTrue(carried < 2, "the rest is owed, and less than a unit of each part is carried");
        equal(receivables.claimable(address(token), tierOne) + carried, paid + more, "what was paid is the holder's");
    }

    /// @dev Dust takes nobody's place: there are as many as anybody likes, and each waits for its own unit alone.
    function test_a_holder_of_little_takes_no_place_of_another() public {
        (uint64 root, uint64 part) = payable_(core, tierOne, 1_000_000, DUE);
        vm.prank(tierOne);
        uint64[] memory children = receivables.split(part, two(900_000, 100_000));
        uint64 small = pass(children[1], tierTwo, false);
        uint128[] memory dust = new uint128[](100);
        for (uint256 i = 0; i < 100; ++i) {
            dust[i] = i == 99 ? 100_000 - 99 : 1;
        }
        vm.prank(tierTwo);
        receivables.split(small, dust);
        vm.prank(tierOne);
        receivables.split(children[0], two(450_000, 450_000));
        pay(core, root, 500_000);
        equal(receivables.claimable(address(token), tierOne), 450_000, "half of what is the other's, to the unit");
        pay(core, root, 500_000);
        equal(receivables.claimable(address(token), tierTwo), 100_000, "and at last all of the dust");
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
