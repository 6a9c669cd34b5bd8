// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BusinessCalendar} from "contracts/BusinessCalendar.sol";
import {IBusinessCalendar} from "contracts/interfaces/IBusinessCalendar.sol";
import {BusinessDate} from "contracts/libraries/BusinessDate.sol";
import {CreditWorld} from "support/CreditWorld.sol";
import {Days} from "support/Days.sol";

contract BusinessCalendarAdvanceTest is CreditWorld {
    /// @dev 2098-02-01 10:00 UTC: at UTC+14 the second has begun.
    uint256 private constant TEN_IN_UTC = YEAR_2098 + 31 days + 10 hours;

    function setUp() public {
        deployAll();
    }

    function testFuzz_forward_only_whatever_the_blocks_time(uint8 raw, uint32 time) public {
        vm.warp(block.timestamp + time);
        uint32 date = 20260106 + raw % 25;
        calendar.advance(date);
        equal(calendar.today(), date, "today");
        uint32 back = TODAY - raw % 5;
        refuse(abi.encodeWithSelector(IBusinessCalendar.DateNotForward.selector, date, back));
        calendar.advance(back);
        refuse(abi.encodeWithSelector(IBusinessCalendar.DateNotForward.selector, date, date));
        calendar.advance(date);
    }

    function testFuzz_no_account_goes_further_than_31_days_at_once(uint16 raw) public {
        uint256 step = 1 + raw % 2_000;
        uint32 date = Days.later(TODAY, step);
        if (step > 31) refuse(abi.encodeWithSelector(IBusinessCalendar.StepTooLong.selector, TODAY, date));
        calendar.advance(date);
        equal(calendar.today(), step > 31 ? TODAY : date, "today");
    }

    function test_no_day_that_has_begun_nowhere() public {
        BusinessCalendar fresh = new BusinessCalendar(address(access));
        grant(address(fresh), 9, fresh.advance.selector);
        vm.warp(TEN_IN_UTC - 1);
        refuse(abi.encodeWithSelector(IBusinessCalendar.DateNotBegun.selector, 20980202));
        fresh.advance(20980202);
        fresh.advance(20980201);
        refuse(abi.encodeWithSelector(IBusinessCalendar.DateNotBegun.selector, 20980202));
        fresh.advance(20980202);
        vm.warp(TEN_IN_UTC);
        fresh.advance(20980202);
        refuse(abi.encodeWithSelector(IBusinessCalendar.DateNotBegun.selector, 99991231));
        fresh.advance(99991231);
        grant(address(fresh), 7, fresh.jump.selector);
        refuse(abi.encodeWithSelector(IBusinessCalendar.DateNotBegun.selector, 20980203));
        fresh.jump(20980202, 20980203);
    }

    function testFuzz_the_first_date_is_any_that_has_begun(uint32 raw) public {
        BusinessCalendar fresh = new BusinessCalendar(address(access));
        grant(address(fresh), 9, fresh.advance.selector);
        uint32 date = Days.later(20180101, raw % 20_000);
        fresh.advance(date);
        equal(fresh.today(), date, "as old data has it");
        refuse(abi.encodeWithSelector(IBusinessCalendar.StepTooLong.selector, date, Days.later(date, 32)));
        fresh.advance(Days.later(date, 32));
    }

    function testFuzz_a_date_that_is_none_is_refused(uint32 date) public {
        (uint256 y, uint256 m, uint256 d) = (date / 10_000, date / 100 % 100, date % 100);
        bool isDay = y >= 1970 && y <= 9999 && m >= 1 && m <= 12 && d >= 1 && d <= BusinessDate.daysInMonth(y, m);
        vm.assume(!isDay);
        refuse(abi.encodeWithSelector(BusinessDate.DateInvalid.selector, date));
        calendar.advance(date);
        refuse(abi.encodeWithSelector(BusinessDate.DateInvalid.selector, date));
        calendar.jump(TODAY, date);
    }

    function test_leap_days() public {
        refuse(abi.encodeWithSelector(BusinessDate.DateInvalid.selector, 20260229));
        calendar.advance(20260229);
        advanceTo(20280229);
        refuse(abi.encodeWithSelector(BusinessDate.DateInvalid.selector, 21000229));
        calendar.advance(21000229);
        vm.warp(13_574_563_200); // 2400-02-29
        advanceTo(24000229);
    }

    function testFuzz_without_the_role_is_refused(uint256 seed) public {
        refuseRole(anyone(seed));
        vm.prank(anyone(seed));
        calendar.advance(20260106);
    }
}
