// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRevenueSplit} from "contracts/interfaces/IRevenueSplit.sol";
import {BusinessDate} from "contracts/libraries/BusinessDate.sol";
import {Waterfall} from "contracts/libraries/Waterfall.sol";
import {Ledger} from "support/Ledger.sol";

/// @notice What was earned, owed or paid too much under one version of the terms, when another holds.
contract ChangeOfTermsTest is Ledger {
    address private constant NEW = address(0x0002_0001);
    uint256 private _entries;

    function setUp() public {
        deploy();
        participants.admit(NEW, type(uint128).max, "new");
        participants.certify(NEW, uint64(block.timestamp + 3650 days), 0);
        yearLater();
    }

    function _sell(uint32 date, uint256 gross, uint256 refunded, uint64 units) private {
        bytes32 batch = bytes32(++_entries);
        fund(gross, batch);
        split.distribute(facts(batch, date, gross, refunded, 0, units));
    }

    function _claim(address account) private view returns (uint256) {
        return split.claimable(address(token), account);
    }

    function _pool(address first, address second) private returns (address) {
        IRevenueSplit.Investor[] memory list = new IRevenueSplit.Investor[](2);
        list[0] = IRevenueSplit.Investor(first, 1);
        list[1] = IRevenueSplit.Investor(second, 1);
        return poolOf(list);
    }

    /// @dev A pool with a minimum of 1,000 a period, before nothing else; the rest is the operator's.
    function _poolTerms(uint32 from, address first, address second)
        private
        returns (IRevenueSplit.Terms memory t)
    {
        t = usualTerms(from);
        t.senior = Waterfall.Senior(0, 0, 0);
        t.allocations = new Waterfall.Allocation[](1);
        t.allocations[0] = Waterfall.Allocation(_pool(first, second), Waterfall.Basis.NET_BASIS_POINTS, 5_000, 1_000, 0);
    }

    function _rent(uint32 from, address landlord, uint88 amount) private view returns (IRevenueSplit.Terms memory t) {
        t = usualTerms(from);
        t.period = IRevenueSplit.Period.MONTH;
        t.senior = Waterfall.Senior(0, 0, 0);
        t.allocations = new Waterfall.Allocation[](1);
        t.allocations[0] = Waterfall.Allocation(landlord, Waterfall.Basis.FIXED, amount, 0, 0);
    }

    // ---- who is no longer named

    function testFuzz_a_replaced_supplier_is_paid_and_the_new_one_pays_for_nothing(uint16 sold, uint64 later) public {
        uint256 due = uint256(bound(sold, 1, type(uint16).max)) * 30;
        split.setTerms(PROJECT, usualTerms(DAY_ONE));
        _sell(DAY_ONE, 0, 0, uint64(due / 30));
        IRevenueSplit.Terms memory t = usualTerms(DAY_ONE + 1);
        t.goods[0].supplier = NEW;
        split.setTerms(PROJECT, t);
        _sell(DAY_ONE + 1, later, 0, 1);
        uint256 paid = later < due ? later : due;
        equal(_claim(supplier), paid, "the replaced one first");
        equal(uint256(split.owed(PROJECT, IRevenueSplit.Tier.GOODS, supplier)), due - paid, "the rest is owed to it");
        equal(_claim(NEW), later < due + 30 ? later - paid : 30, "the new one its own");
        _sell(DAY_ONE + 2, 1e10, 0, 0);
        equal(_claim(supplier), due, "all of it in the end");
        equal(_claim(NEW), 30, "and no more to the other");
    }

    function test_whoever_is_replaced_in_any_tier_is_paid() public {
        IRevenueSplit.Terms memory t = usualTerms(DAY_ONE);
        for (uint256 i = 0; i < 2; ++i) {
            t.allocations[i].basis = Waterfall.Basis.FIXED;
        }
        split.setTerms(PROJECT, t);
        IRevenueSplit.Distribution memory d = facts("debts", DAY_ONE, 0, 50, 70, 2);
        split.distribute(d);
        t = usualTerms(DAY_ONE + 1);
        (t.refundAccount, t.taxAccount, t.feeAccount, t.sweepAccount, t.residualAccount) = (NEW, NEW, NEW, NEW, NEW);
        t.goods = new IRevenueSplit.Goods[](0);
        t.allocations = new Waterfall.Allocation[](0);
        split.setTerms(PROJECT, t);
        _sell(DAY_ONE + 1, 1e6, 0, 0);
        equal(_claim(refunds), 50, "the refunds");
        equal(_claim(taxes), 70, "the tax");
        equal(_claim(supplier), 60, "the goods");
        equal(_claim(site), 1_000, "the site");
        equal(_claim(pool), 1_400, "the pool");
        equal(claimed() + _claim(NEW), 1e6, "and all of it is somebody's");
    }

    function test_what_is_owed_from_before_comes_first_the_oldest_first() public {
        IRevenueSplit.Terms memory t = usualTerms(DAY_ONE);
        split.setTerms(PROJECT, t);
        _sell(DAY_ONE, 0, 0, 10); // 300 to the first
        t = usualTerms(DAY_ONE + 1);
        t.goods[0].supplier = NEW;
        split.setTerms(PROJECT, t);
        _sell(DAY_ONE + 1, 0, 0, 10); // 300 to the second
        t = usualTerms(DAY_ONE + 2);
        t.goods[0].supplier = lender;
        split.setTerms(PROJECT, t);
        _sell(DAY_ONE + 2, 400, 0, 10); // 300 to the third
        equal(_claim(supplier), 300, "the first");
        equal(_claim(NEW), 100, "then the second");
        equal(_claim(lender), 0, "the new debt waits");
        _sell(DAY_ONE + 2, 350, 0, 0);
        equal(_claim(NEW), 300, "all of the second");
        equal(_claim(lender), 150, "then the third");
    }

    // ---- pools

    function testFuzz_a_pools_arrears_are_its_own_investors(uint64 raw) public {
        address old = _pool(investorA, investorB);
        split.setTerms(PROJECT, _poolTerms(DAY_ONE, investorA, investorB));
        _sell(DAY_ONE, 0, 0, 0); // the minimum of 1,000 is owed
        split.setTerms(PROJECT, _poolTerms(DAY_ONE + 1, investorC, NEW));
        uint256 gross = bound(raw, 0, 1e12);
        _sell(DAY_ONE + 1, gross, 0, 0);
        uint256 first = gross < 1_000 ? gross : 1_000;
        equal(_claim(old), first, "theirs");
        equal(split.claimableOfPool(old, investorA), first / 2, "each its half");
        equal(uint256(_owed(old)), 1_000 - first, "what is left stays owed to them");
        uint256 due = gross / 2 < 1_000 ? 1_000 : gross / 2;
        equal(_claim(_pool(investorC, NEW)), gross - first < due ? gross - first : due, "the others have their own");
    }

    function _owed(address account) private view returns (int256) {
        return split.owed(PROJECT, IRevenueSplit.Tier.ALLOCATION, account);
    }

    function test_a_pools_advance_is_taken_from_nobody_else() public {
        address old = _pool(investorA, investorB);
        split.setTerms(PROJECT, _poolTerms(DAY_ONE, investorA, investorB));
        _sell(DAY_ONE, 10_000, 0, 0);
        equal(split.claimableOfPool(old, investorA), 2_500, "half of a half");
        _sell(DAY_ONE, 0, 6_000, 0); // half of 6,000 too much
        isTrue(_owed(old) == -3_000, "an advance");
        split.setTerms(PROJECT, _poolTerms(DAY_ONE + 1, investorC, NEW));
        _sell(DAY_ONE + 1, 20_000, 0, 0);
        equal(split.claimableOfPool(_pool(investorC, NEW), investorC), 5_000, "half of a half: nothing was set off");
        isTrue(_owed(old) == -3_000, "the advance is still theirs");
        _sell(DAY_ONE, 8_000, 0, 0);
        equal(split.claimableOfPool(old, investorA), 3_000, "and set off against what they earn later");
    }

    function test_the_same_investors_are_the_same_pool_under_other_terms() public {
        address old = _pool(investorA, investorB);
        split.setTerms(PROJECT, _poolTerms(DAY_ONE, investorA, investorB));
        _sell(DAY_ONE, 2_001, 0, 0);
        IRevenueSplit.Terms memory t = _poolTerms(DAY_ONE + 1, investorA, investorB);
        t.allocations[0].minimum = 1;
        split.setTerms(PROJECT, t);
        _sell(DAY_ONE + 1, 3, 0, 0);
        equal(_claim(old), 1_001, "one pool");
        equal(split.claimableOfPool(old, investorA) + split.claimableOfPool(old, investorB), 1_000, "one is carried");
    }

    function test_who_holds_shares_of_the_same_weights_in_another_order_is_another_pool() public {
        isTrue(_pool(investorA, investorB) != _pool(investorB, investorA), "another list");
    }

    // ---- a month of two terms

    function test_rent_is_due_once_in_a_month_of_two_terms() public {
        split.setTerms(PROJECT, _rent(20260101, site, 1_000));
        split.setTerms(PROJECT, _rent(20260115, site, 1_200));
        _sell(20260110, 5_000, 0, 0);
        _sell(20260120, 5_000, 0, 0);
        _sell(20260114, 5_000, 0, 0);
        equal(_claim(site), 1_000, "once, by the first terms");
        _sell(20260201, 5_000, 0, 0);
        equal(_claim(site), 2_200, "the new rent from the next month on");
    }

    function testFuzz_a_share_with_minimum_and_cap_counts_the_whole_month(uint32[4] memory raw) public {
        uint256 net = 0;
        IRevenueSplit.Terms memory t = _rent(20260101, site, 0);
        t.allocations[0] = Waterfall.Allocation(site, Waterfall.Basis.NET_BASIS_POINTS, 1_000, 400, 9_000);
        split.setTerms(PROJECT, t);
        t.effectiveFrom = 20260115;
        t.taxAccount = NEW;
        split.setTerms(PROJECT, t);
        for (uint32 i = 0; i < 4; ++i) {
            uint256 gross = bound(raw[i], 400, 60_000);
            net += gross;
            _sell(20260113 + i, gross, 0, 0);
        }
        uint256 share = net / 10 < 400 ? 400 : net / 10;
        equal(_claim(site), share > 9_000 ? 9_000 : share, "as if one version had held");
    }

    function testFuzz_another_period_begins_with_a_month(uint8 raw) public {
        uint32 day = uint32(bound(raw, 2, 28));
        split.setTerms(PROJECT, _rent(20260101, site, 1_000));
        vm.expectRevert(
            abi.encodeWithSelector(IRevenueSplit.TermsInvalid.selector, "another period begins with a month")
        );
        split.setTerms(PROJECT, usualTerms(20260100 + day));
        split.setTerms(PROJECT, usualTerms(20260201));
        equal(split.versionOn(PROJECT, 20260201), 2, "the first");
    }

    function test_a_batch_of_days_of_two_terms_is_refused() public {
        split.setTerms(PROJECT, _rent(20260101, site, 1_000));
        split.setTerms(PROJECT, _rent(20260115, NEW, 1_000));
        IRevenueSplit.Distribution memory d = facts("b", 20260114, 0, 0, 0, 0);
        d.periodEnd = 20260115;
        vm.expectRevert(abi.encodeWithSelector(IRevenueSplit.PeriodInvalid.selector, 20260114, 20260115));
        split.distribute(d);
        d.periodEnd = 20260114;
        split.distribute(d);
    }

    // ---- dates

    function testFuzz_a_date_that_has_not_begun_anywhere_is_refused(uint32 later, uint32 time) public {
        split.setTerms(PROJECT, usualTerms(DAY_ONE));
        vm.warp(1_798_761_600 + time % 3650 days);
        uint32 today = BusinessDate.on(block.timestamp + 14 hours);
        split.distribute(facts("today", today, 0, 0, 0, 0));
        uint32 date = BusinessDate.on(block.timestamp + 14 hours + 1 days + later % 1_000_000_000);
        vm.expectRevert(abi.encodeWithSelector(IRevenueSplit.DateTooFar.selector, date, today));
        split.distribute(facts("later", date, 0, 0, 0, 0));
        IRevenueSplit.Distribution memory d = facts("end", today, 0, 0, 0, 0);
        d.periodEnd = 99991231;
        vm.expectRevert(abi.encodeWithSelector(IRevenueSplit.DateTooFar.selector, 99991231, today));
        split.distribute(d);
        split.setTerms(PROJECT, usualTerms(BusinessDate.on(block.timestamp + 38 hours)));
    }

    function test_terms_more_than_a_year_ahead_are_refused_and_bar_no_others() public {
        uint32 latest = BusinessDate.on(block.timestamp + 366 days);
        vm.expectRevert(abi.encodeWithSelector(IRevenueSplit.DateTooFar.selector, 99991231, latest));
        split.setTerms(PROJECT, usualTerms(99991231));
        split.setTerms(PROJECT, usualTerms(latest));
    }

    function testFuzz_only_days_of_the_calendar_are_dates(uint16 year, uint8 month, uint8 day) public {
        split.setTerms(PROJECT, usualTerms(19700101));
        uint32 date = uint32(1970 + uint256(year) % 57) * 10_000 + uint32(month % 14) * 100 + day % 34;
        IRevenueSplit.Distribution memory d = facts("b", date, 0, 0, 0, 0);
        if (!BusinessDate.isValid(date)) vm.expectRevert(abi.encodeWithSelector(BusinessDate.DateInvalid.selector, date));
        split.distribute(d);
        d = facts("end", 19700101, 0, 0, 0, 0);
        d.periodEnd = date;
        if (BusinessDate.isValid(date)) return;
        vm.expectRevert(abi.encodeWithSelector(BusinessDate.DateInvalid.selector, date));
        split.distribute(d);
        vm.expectRevert(abi.encodeWithSelector(BusinessDate.DateInvalid.selector, date));
        split.setTerms(PROJECT, usualTerms(date));
    }

    function test_30_and_31_february_are_no_dates() public {
        split.setTerms(PROJECT, usualTerms(20240101));
        uint32[4] memory none = [uint32(20260229), 20260230, 20260231, 20260431];
        for (uint256 i = 0; i < 4; ++i) {
            vm.expectRevert(abi.encodeWithSelector(BusinessDate.DateInvalid.selector, none[i]));
            split.distribute(facts("b", none[i], 0, 0, 0, 0));
        }
        split.distribute(facts("b", 20240229, 0, 0, 0, 0));
    }

    function testFuzz_the_date_at_a_time_is_as_many_days_after_1970(uint64 raw) public pure {
        uint256 time = uint256(raw) % 253_402_300_800;
        uint32 date = BusinessDate.on(time);
        isTrue(BusinessDate.isValid(date), "a day of the calendar");
        equal(BusinessDate.daysBetween(19700101, date), time / 1 days, "that many days");
    }

    function test_the_last_second_of_a_day_and_the_last_day_that_there_is() public pure {
        equal(BusinessDate.on(0), 19700101, "the first");
        equal(BusinessDate.on(951_868_799), 20000229, "a leap day's last second");
        equal(BusinessDate.on(951_868_800), 20000301, "the next day's first");
        equal(BusinessDate.on(253_402_300_799), 99991231, "the last");
        equal(BusinessDate.on(type(uint256).max), 99991231, "and none after it");
    }

    // ---- sizes

    function test_terms_that_no_block_could_distribute_are_refused() public {
        IRevenueSplit.Terms memory t = usualTerms(DAY_ONE);
        t.goods = new IRevenueSplit.Goods[](127);
        vm.expectRevert(abi.encodeWithSelector(IRevenueSplit.TermsInvalid.selector, "too many lines"));
        split.setTerms(PROJECT, t);
    }

    function test_the_largest_terms_fit_into_a_block() public {
        IRevenueSplit.Terms memory t = usualTerms(DAY_ONE);
        t.goods = new IRevenueSplit.Goods[](126);
        IRevenueSplit.Distribution memory d = facts("b", DAY_ONE, 1e9, 0, 0, 0);
        d.units = new IRevenueSplit.Units[](126);
        for (uint256 i = 0; i < 126; ++i) {
            t.goods[i] =
                IRevenueSplit.Goods(bytes32(i + 1), anyone(i), IRevenueSplit.Supply.ON_CREDIT, uint88(i + 1));
            d.units[i] = IRevenueSplit.Units(bytes32(i + 1), 1);
        }
        split.setTerms(PROJECT, t);
        fund(1e9, "all");
        uint256 before = gasleft();
        split.distribute(d);
        isTrue(before - gasleft() < 20_000_000, "two thirds of a block of 30,000,000");
    }
}
