// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRevenueSplit} from "contracts/interfaces/IRevenueSplit.sol";
import {Waterfall} from "contracts/libraries/Waterfall.sol";
import {Ledger} from "support/Ledger.sol";

/// @notice Whatever terms were set and whatever was sold, a distribution fits into a block, and no debt is lost.
contract SplitSizesTest is Ledger {
    uint256 private constant BLOCK = 30_000_000;

    function setUp() public {
        deploy();
        yearLater();
    }

    /// @dev Terms of one day that name `count` accounts of their own, each owed `least` a day.
    function _costly(uint32 from, uint256 count, uint256 least)
        private
        view
        returns (IRevenueSplit.Terms memory t)
    {
        t = usualTerms(from);
        t.senior = Waterfall.Senior(0, 0, 0);
        t.goods = new IRevenueSplit.Goods[](0);
        t.allocations = new Waterfall.Allocation[](count);
        for (uint256 i = 0; i < count; ++i) {
            t.allocations[i] =
                Waterfall.Allocation(_named(from, i), Waterfall.Basis.FIXED, 0, uint128(least), 0);
        }
    }

    function _named(uint32 from, uint256 i) private pure returns (address) {
        return anyone(uint256(from) << 32 | i);
    }

    function _owed(address account) private view returns (uint256) {
        return uint256(split.owed(PROJECT, IRevenueSplit.Tier.ALLOCATION, account));
    }

    /// Every day other accounts are owed what nobody can pay: it was a list that grew until no block could take it.
    function test_debts_that_nobody_can_pay_do_not_stop_what_comes_later() public {
        for (uint32 day = 0; day < 6; ++day) {
            split.setTerms(PROJECT, _costly(DAY_ONE + day, 60, 1e30));
        }
        for (uint32 day = 0; day < 6; ++day) {
            split.distribute(facts(bytes32(uint256(day) + 1), DAY_ONE + day, 0, 0, 0, 0));
        }
        fund(1_000, "money");
        uint256 before = gasleft();
        split.distribute(facts("paid", DAY_ONE + 5, 1_000, 0, 0, 0));
        isTrue(before - gasleft() < BLOCK * 2 / 3, "two thirds of a block");
        equal(split.claimable(address(token), _named(DAY_ONE, 0)), 1_000, "the oldest debt first");
        for (uint32 day = 0; day < 6; ++day) {
            for (uint256 i = 0; i < 60; ++i) {
                uint256 paid = day == 0 && i == 0 ? 1_000 : 0;
                equal(_owed(_named(DAY_ONE + day, i)), 1e30 - paid, "no debt is lost");
            }
        }
    }

    function test_the_largest_of_everything_fits_into_a_block() public {
        split.setTerms(PROJECT, _costly(DAY_ONE, 64, 1));
        split.distribute(facts("debts", DAY_ONE, 0, 0, 0, 0));
        IRevenueSplit.Terms memory t = usualTerms(DAY_ONE + 1);
        t.goods = new IRevenueSplit.Goods[](126);
        for (uint256 i = 0; i < 126; ++i) {
            t.goods[i] =
                IRevenueSplit.Goods(bytes32(i), anyone(i), IRevenueSplit.Supply.ON_CREDIT, uint88(i + 1));
        }
        split.setTerms(PROJECT, t);
        IRevenueSplit.Distribution memory d = facts("b", DAY_ONE + 1, 1e9, 1, 1, 0);
        uint256 most = split.MOST_UNITS();
        d.units = new IRevenueSplit.Units[](most);
        for (uint256 i = 0; i < most; ++i) {
            d.units[i] = IRevenueSplit.Units(bytes32(i), 1);
        }
        fund(1e9, "all");
        uint256 before = gasleft();
        split.distribute(d);
        uint256 used = before - gasleft();
        isTrue(used < BLOCK * 2 / 3, vm.toString(used));
        for (uint256 i = 0; i < 64; ++i) {
            equal(split.claimable(address(token), _named(DAY_ONE, i)), 1, "each old debt is paid");
        }
    }

    function test_more_kinds_of_goods_than_fit_are_refused_and_are_two_distributions() public {
        split.setTerms(PROJECT, usualTerms(DAY_ONE));
        uint256 most = split.MOST_UNITS();
        IRevenueSplit.Distribution memory d = facts("b", DAY_ONE, 1e6, 0, 0, 0);
        d.units = new IRevenueSplit.Units[](most + 1);
        for (uint256 i = 0; i <= most; ++i) {
            d.units[i] = IRevenueSplit.Units(bytes32(i + 1), 1);
        }
        fund(1e6, "all");
        refuse(abi.encodeWithSelector(IRevenueSplit.TooManyUnits.selector, most + 1, most));
        split.distribute(d);
        IRevenueSplit.Units[] memory all = d.units;
        d.units = new IRevenueSplit.Units[](most);
        for (uint256 i = 0; i < most; ++i) {
            d.units[i] = all[i];
        }
        d.gross = 1e6 - 30;
        split.distribute(d);
        IRevenueSplit.Distribution memory rest = facts("rest", DAY_ONE, 30, 0, 0, 1);
        split.distribute(rest);
        equal(split.claimable(address(token), supplier), (most + 1) * 30, "paid as by one");
    }

    // ---- debts without a place

    function test_a_debt_without_a_place_is_paid_by_the_terms_that_name_it() public {
        split.setTerms(PROJECT, _costly(DAY_ONE, 100, 10));
        split.distribute(facts("a", DAY_ONE, 0, 0, 0, 0));
        fund(1_000, "money");
        split.distribute(facts("b", DAY_ONE, 1_000, 0, 0, 0));
        for (uint256 i = 0; i < 100; ++i) {
            equal(split.claimable(address(token), _named(DAY_ONE, i)), 10, "all of it");
            equal(_owed(_named(DAY_ONE, i)), 0, "and nothing more is owed");
        }
    }

    function test_a_debt_without_a_place_gets_one_in_its_turn() public {
        split.setTerms(PROJECT, _costly(DAY_ONE, 66, 10));
        split.setTerms(PROJECT, _costly(DAY_ONE + 1, 0, 0));
        split.distribute(facts("a", DAY_ONE, 0, 0, 0, 0));
        _sell("b", 639);
        equal(_owed(_named(DAY_ONE, 63)), 1, "the last one with a place");
        equal(_owed(_named(DAY_ONE, 64)), 10, "the next one waits");
        _sell("c", 4);
        equal(_owed(_named(DAY_ONE, 63)), 0, "it was the oldest");
        equal(_owed(_named(DAY_ONE, 64)), 7, "then the next");
        equal(_owed(_named(DAY_ONE, 65)), 10, "and then the last");
        _sell("d", 100);
        equal(_owed(_named(DAY_ONE, 65)), 0, "all is paid");
    }

    /// Who waits, is paid by the terms and is owed again is paid once.
    function test_who_waits_twice_is_paid_once() public {
        split.setTerms(PROJECT, _costly(DAY_ONE, 70, 10));
        IRevenueSplit.Terms memory t = usualTerms(DAY_ONE + 1);
        t.senior = Waterfall.Senior(0, 0, 0);
        address last = _named(DAY_ONE, 69);
        t.goods[0].supplier = last;
        t.allocations = new Waterfall.Allocation[](1);
        t.allocations[0] = Waterfall.Allocation(last, Waterfall.Basis.PER_UNIT, 10, 0, 0);
        split.setTerms(PROJECT, t);
        split.distribute(facts("a", DAY_ONE, 0, 0, 0, 0));
        _sell("b", 640 + 10); // those with a place, and the one that the terms name
        equal(_owed(last), 0, "paid before its place");
        equal(_owed(_named(DAY_ONE, 68)), 10, "another one waits");
        split.distribute(facts("c", DAY_ONE + 1, 0, 0, 0, 1));
        equal(_owed(last), 10, "owed again");
        _sell("d", 1_000);
        equal(_owed(last), 0, "paid");
        equal(split.claimable(address(token), last), 10 + 10 + 30, "once");
        for (uint256 i = 0; i < 69; ++i) {
            equal(split.claimable(address(token), _named(DAY_ONE, i)), 10, "each its own");
        }
    }

    function _sell(bytes32 name, uint256 gross) private {
        fund(gross, name);
        split.distribute(facts(name, DAY_ONE + 1, gross, 0, 0, 0));
    }

    function test_with_debts_in_every_place_other_terms_can_be_set() public {
        split.setTerms(PROJECT, _costly(DAY_ONE, 128, 10));
        split.distribute(facts("a", DAY_ONE, 0, 0, 0, 0));
        split.setTerms(PROJECT, _costly(DAY_ONE + 1, 128, 10));
        fund(5_000, "money");
        uint256 before = gasleft();
        split.distribute(facts("b", DAY_ONE + 1, 5_000, 0, 0, 0));
        isTrue(before - gasleft() < BLOCK * 2 / 3, "two thirds of a block");
        equal(split.claimable(address(token), operator), 5_000 - 640 - 1_280, "and no more to anybody");
    }

    // ---- which terms hold

    function testFuzz_the_terms_of_a_day_are_the_newest_that_have_begun(uint8[12] calldata gaps, uint16 asked) public {
        uint32[] memory days_ = new uint32[](12);
        uint32 day = 0;
        for (uint256 i = 0; i < 12; ++i) {
            day += 1 + gaps[i] % 3;
            if (day > 28) break;
            days_[i] = 20260600 + day;
            split.setTerms(PROJECT, usualTerms(days_[i]));
        }
        uint32 on = 20260601 + asked % 28;
        uint256 expected = 0;
        for (uint256 i = 0; i < 12 && days_[i] != 0; ++i) {
            if (days_[i] <= on) expected = i + 1;
        }
        if (expected == 0) refuse(abi.encodeWithSelector(IRevenueSplit.NoTermsOn.selector, PROJECT, on));
        uint256 found = split.versionOn(PROJECT, on);
        equal(found, expected, "the newest");
    }
}
