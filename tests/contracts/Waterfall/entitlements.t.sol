// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Waterfall} from "contracts/libraries/Waterfall.sol";
import {Check} from "support/Check.sol";

contract WaterfallEntitlementsTest is Check {
    /// @dev 10,000 taken, 500 given back, 500 of tax: 9,000 net; goods 3,000 for 100 units.
    function totals() private pure returns (Waterfall.Totals memory) {
        return Waterfall.Totals({gross: 10_000, refunds: 500, tax: 500, goodsCost: 3_000, units: 100});
    }

    function one(Waterfall.Basis basis, uint88 value, uint128 minimum, uint128 cap)
        private
        pure
        returns (Waterfall.Allocation[] memory all)
    {
        all = new Waterfall.Allocation[](1);
        all[0] = Waterfall.Allocation(address(1), basis, value, minimum, cap);
    }

    /// @dev After a fee of 1 % and a sweep of 10 %: fee 90, sweep 591, and 5,319 are left for what follows.
    function dueOf(Waterfall.Allocation[] memory all) private pure returns (uint256) {
        (,, uint256[] memory due) = Waterfall.entitlements(totals(), Waterfall.Senior(100, 1_000, 0), all, true);
        return due[0];
    }

    function test_fee_of_net_and_sweep_of_what_goods_and_fee_leave() public pure {
        Waterfall.Allocation[] memory none;
        (uint256 fee, uint256 sweep,) =
            Waterfall.entitlements(totals(), Waterfall.Senior(100, 1_000, 0), none, true);
        equal(fee, 90, "1 % of 9,000");
        equal(sweep, 591, "10 % of 9,000 - 3,000 - 90");
        (, sweep,) = Waterfall.entitlements(totals(), Waterfall.Senior(100, 1_000, 590), none, true);
        equal(sweep, 590, "its most");
        (, sweep,) = Waterfall.entitlements(totals(), Waterfall.Senior(100, 1_000, 592), none, true);
        equal(sweep, 591, "below its most");
    }

    function test_each_basis_has_its_own_measure() public pure {
        equal(dueOf(one(Waterfall.Basis.FIXED, 700, 0, 0)), 700, "an amount");
        equal(dueOf(one(Waterfall.Basis.PER_UNIT, 7, 0, 0)), 700, "7 of each of 100");
        equal(dueOf(one(Waterfall.Basis.NET_BASIS_POINTS, 1_000, 0, 0)), 900, "10 % of net");
        equal(dueOf(one(Waterfall.Basis.REMAINDER_BASIS_POINTS, 1_000, 0, 0)), 531, "10 % of 5,319, rounded down");
    }

    function test_least_and_most_bound_it_and_the_most_comes_last() public pure {
        equal(dueOf(one(Waterfall.Basis.FIXED, 700, 701, 0)), 701, "its least");
        equal(dueOf(one(Waterfall.Basis.FIXED, 700, 0, 699)), 699, "its most");
        equal(dueOf(one(Waterfall.Basis.FIXED, 700, 900, 800)), 800, "the most of the least");
    }

    function test_what_one_takes_the_next_shares_of_the_rest() public pure {
        Waterfall.Allocation[] memory all = new Waterfall.Allocation[](3);
        all[0] = Waterfall.Allocation(address(1), Waterfall.Basis.FIXED, 5_000, 0, 0);
        all[1] = Waterfall.Allocation(address(2), Waterfall.Basis.REMAINDER_BASIS_POINTS, 5_000, 0, 0);
        all[2] = Waterfall.Allocation(address(3), Waterfall.Basis.REMAINDER_BASIS_POINTS, 10_000, 0, 0);
        (,, uint256[] memory due) = Waterfall.entitlements(totals(), Waterfall.Senior(100, 1_000, 0), all, true);
        equal(due[1], 159, "half of 319");
        equal(due[2], 160, "all of what that leaves");
    }

    function test_more_than_there_is_leaves_nothing_and_never_less() public pure {
        Waterfall.Allocation[] memory all = new Waterfall.Allocation[](2);
        all[0] = Waterfall.Allocation(address(1), Waterfall.Basis.FIXED, 6_000, 0, 0);
        all[1] = Waterfall.Allocation(address(2), Waterfall.Basis.REMAINDER_BASIS_POINTS, 10_000, 0, 0);
        (,, uint256[] memory due) = Waterfall.entitlements(totals(), Waterfall.Senior(100, 1_000, 0), all, true);
        equal(due[0], 6_000, "it is entitled to it all the same: the rest is a debt");
        equal(due[1], 0, "nothing is left");
        Waterfall.Totals memory given = Waterfall.Totals({gross: 100, refunds: 90, tax: 20, goodsCost: 0, units: 1});
        equal(Waterfall.net(given), 0, "not below zero");
    }

    function testFuzz_nothing_is_due_before_the_first_distribution(uint128 gross, uint88 value, uint128 least)
        public
        pure
    {
        Waterfall.Totals memory t = Waterfall.Totals({gross: gross, refunds: 0, tax: 0, goodsCost: 0, units: 1});
        Waterfall.Allocation[] memory all = one(Waterfall.Basis.FIXED, value, least, 0);
        (uint256 fee, uint256 sweep, uint256[] memory due) =
            Waterfall.entitlements(t, Waterfall.Senior(10_000, 10_000, 0), all, false);
        equal(fee + sweep + due[0], 0, "not started");
    }
}
