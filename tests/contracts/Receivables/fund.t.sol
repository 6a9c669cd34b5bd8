// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";

contract ReceivablesFundTest is ClaimsWorld {
    function testFuzz_partial_funding_is_shared_and_nothing_vanishes(uint64[5] memory raw, uint64[4] memory payments)
        public
    {
        uint128[] memory amounts = new uint128[](5);
        uint128 face = 0;
        for (uint256 i = 0; i < 5; ++i) {
            amounts[i] = uint128(bound(raw[i], 1e14, 1e15));
            face += amounts[i];
        }
        (uint64 root, uint64 part) = payable_(core, tierOne, face, DUE);
        vm.prank(tierOne);
        uint64[] memory children = receivables.split(part, amounts);
        advanceTo(DUE);
        uint256 paid = 0;
        for (uint256 i = 0; i < 4 && paid < face; ++i) {
            uint128 amount = uint128(bound(payments[i], 1, face - paid));
            pay(core, root, amount);
            paid += amount;
            uint256 carried = unpaid(root) - (face - paid);
            isTrue(carried < 5 && (paid < face || carried == 0), "less than a unit a part is no part's yet");
            equal(receivables.claimable(address(token), tierOne) + carried, paid, "all of it is somebody's");
            for (uint256 j = 0; j < 5; ++j) {
                uint256 exact = paid * amounts[j] / face;
                uint256 got = receivables.part(children[j]).redeemed;
                equal(got, exact, "each by its part, rounded down");
            }
        }
    }

    /// @dev Of 4 by 2 : 2 : 3 each has 8/7, 8/7 and 12/7: one unit is no part's yet. Of 5 it is 10/7, 10/7 and 15/7.
    function test_what_floors_leave_comes_with_the_next_payments() public {
        (uint64 root, uint64 part) = payable_(core, tierOne, 7, DUE);
        uint128[] memory amounts = new uint128[](3);
        (amounts[0], amounts[1], amounts[2]) = (2, 2, 3);
        vm.prank(tierOne);
        uint64[] memory children = receivables.split(part, amounts);
        pay(core, root, 4);
        equal(receivables.claimable(address(token), tierOne), 3, "1, 1 and 1");
        pay(core, root, 1);
        equal(receivables.part(children[2]).redeemed, 2, "15/7");
        equal(receivables.claimable(address(token), tierOne), 4, "1, 1 and 2");
        pay(core, root, 2);
        equal(receivables.claimable(address(token), tierOne), 7, "all");
        equal(partsOf(root).length, 0, "and every part has ended");
        receivables.withdraw(address(token), tierOne);
        equal(token.balanceOf(address(receivables)), 0, "nothing is left");
    }

    /// @dev Payments, collections, splits and transfers in any order: nobody has more than his share, and all have all.
    function testFuzz_nobody_has_more_than_his_share_whatever_the_order(uint256 seed) public {
        (uint64 root,) = payable_(core, tierOne, uint128(1_000 + seed % 100_000), DUE);
        uint128 face = receivables.claim(root).face;
        uint256 paid = 0;
        for (uint256 i = 0; i < 24 && paid < face; ++i) {
            seed = uint256(keccak256(abi.encode(seed, i)));
            uint64[] memory live = partsOf(root);
            uint64 id = live[(seed >> 8) % live.length];
            uint128 left = unpaidOn(id);
            if (seed % 4 == 0 && left > 1) {
                uint128 first = uint128(bound(seed >> 16, 1, left - 1));
                address holder = receivables.part(id).holder;
                vm.prank(holder);
                receivables.split(id, two(first, left - first));
            } else if (seed % 4 == 1 && left != 0) {
                pass(id, receivables.part(id).holder == tierOne ? tierTwo : tierOne, false);
            } else if (seed % 4 == 2) {
                receivables.collect(ids(id));
            } else {
                uint128 amount = uint128(bound(seed >> 16, 1, (face - paid) / 3 + 1));
                approve(core, amount);
                vm.prank(core);
                receivables.fund(root, amount);
                paid += amount;
            }
            uint256 owed = unpaid(root);
            isTrue(owed >= face - paid && owed < face - paid + madeOf(root), "less than a unit a part that was made");
        }
        if (paid < face) pay(core, root, uint128(face - paid));
        receivables.collect(partsOf(root));
        uint256 both = receivables.claimable(address(token), tierOne) + receivables.claimable(address(token), tierTwo);
        equal(both, face, "all of it, to the unit");
    }

    function test_four_levels_deep_then_settled_to_the_unit() public {
        (uint64 root, uint64 part) = payable_(core, tierOne, 1_000_001, DUE);
        uint64 second = pass(part, tierTwo, true);
        uint128[] memory amounts = new uint128[](3);
        (amounts[0], amounts[1], amounts[2]) = (333_333, 333_334, 333_334);
        vm.prank(tierTwo);
        uint64[] memory children = receivables.split(second, amounts);
        uint64 fourth = pass(pass(children[1], tierThree, true), bank, true);
        equal(receivables.part(receivables.part(fourth).endorsed).holder, tierThree, "passed on");
        advanceTo(DUE);
        pay(core, root, 500_000);
        inState(root, IReceivables.State.MATURED, "due");
        pay(core, root, 500_001);
        inState(root, IReceivables.State.SETTLED, "paid");
        equal(receivables.claimable(address(token), tierTwo), 666_667, "two parts");
        equal(receivables.claimable(address(token), bank), 333_334, "one part");
        equal(partsOf(root).length, 0, "nothing is left");
    }

    /// @dev Whoever pays passes over no list of parts.
    function test_a_payment_costs_the_same_for_one_part_and_for_a_thousand() public {
        (uint64 root, uint64 part) = payable_(core, tierOne, 1_000_000, DUE);
        uint128[] memory amounts = new uint128[](500);
        for (uint256 i = 0; i < 500; ++i) {
            amounts[i] = 2_000;
        }
        vm.prank(tierOne);
        uint64[] memory children = receivables.split(part, amounts);
        for (uint256 i = 0; i < 500; ++i) {
            vm.prank(tierOne);
            receivables.split(children[i], two(1_999, 1));
        }
        approve(core, 500_000);
        vm.prank(core);
        uint256 before = gasleft();
        receivables.fund(root, 500_000);
        isTrue(before - gasleft() < 110_000, "no more than for one");
        receivables.collect(ids(children[0] + 500));
    }

    function testFuzz_anyone_may_pay_in_a_pause_of_both_and_in_default(uint16 raw) public {
        (uint64 root,) = confirmed();
        uint128 amount = uint128(bound(raw, 1, 1_000));
        advanceTo(20270101);
        disputed(root);
        approve(buyer, amount);
        receivables.pause();
        token.pause();
        vm.prank(buyer);
        receivables.fund(root, amount);
        receivables.collect(partsOf(root));
        equal(unpaid(root), 1_000 - amount, "paid");
    }

    function testFuzz_of_more_than_is_unpaid_only_that_is_taken(uint16 paid, uint64 more) public {
        (uint64 root,) = confirmed();
        paid = uint16(bound(paid, 1, 999));
        advanceTo(DUE);
        pay(buyer, root, paid); // by whoever comes first
        uint128 offered = uint128(1_000 - paid) + more;
        approve(core, offered);
        vm.prank(core);
        equal(receivables.fund(root, offered), 1_000 - paid, "what was left");
        equal(token.balanceOf(core), more, "the rest stays with its owner");
        inState(root, IReceivables.State.SETTLED, "the obligor has paid on the day");
    }

    function testFuzz_before_it_is_due_a_stranger_pays_nothing(uint256 seed, uint16 raw) public {
        (uint64 root,) = confirmed();
        uint128 amount = uint128(bound(raw, 1, 1_000));
        refuse(abi.encodeWithSelector(IReceivables.NotAParty.selector, root, anyone(seed)));
        vm.prank(anyone(seed));
        receivables.fund(root, amount);
        advanceTo(DUE);
        pay(buyer, root, 1);
        equal(unpaid(root), 999, "from the due date on anybody pays");
    }

    function test_a_strangers_unit_does_not_stop_a_draw_on_an_order() public {
        uint64 line = openLine(1_000_000);
        uint64 root = order(1_000_000);
        give(buyer, 1);
        vm.prank(buyer);
        token.approve(address(receivables), 1);
        refuse(abi.encodeWithSelector(IReceivables.NotAParty.selector, root, buyer));
        vm.prank(buyer);
        receivables.fund(root, 1);
        ICreditLine.Instalment[] memory plan = bullet(20260705, 1_000_000);
        vm.prank(factory);
        credit.draw(line, root, 1_000_000, ICreditLine.Plan.BULLET, plan, 0);
        inState(root, IReceivables.State.SETTLED, "a ledger that lends to the obligor pays early");
    }

    function test_nothing_is_refused() public {
        (uint64 root,) = confirmed();
        refuse(abi.encodeWithSelector(IReceivables.AmountZero.selector));
        vm.prank(core);
        receivables.fund(root, 0);
    }

    function test_what_is_not_confirmed_is_refused() public {
        uint64 root = registered();
        refuseState(root, IReceivables.State.REGISTERED);
        vm.prank(core);
        receivables.fund(root, 1);
    }

    function test_what_is_settled_or_cancelled_is_refused() public {
        (uint64 root,) = confirmed();
        pay(core, root, 1_000);
        refuseState(root, IReceivables.State.SETTLED);
        receivables.fund(root, 1);
        root = registered();
        cancelBy(tierOne, root);
        refuseState(root, IReceivables.State.CANCELLED);
        receivables.fund(root, 1);
    }

    function test_without_an_allowance_nothing_changes() public {
        (uint64 root,) = confirmed();
        give(core, 1_000);
        refuse(
            abi.encodeWithSignature(
                "ERC20InsufficientAllowance(address,uint256,uint256)", address(receivables), 0, 1_000
            )
        );
        vm.prank(core);
        receivables.fund(root, 1_000);
        equal(unpaid(root), 1_000, "nothing was paid");
    }
}
