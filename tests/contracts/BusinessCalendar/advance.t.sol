// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBusinessCalendar} from "contracts/interfaces/IBusinessCalendar.sol";
import {BusinessDate} from "contracts/libraries/BusinessDate.sol";
import {CreditWorld} from "support/CreditWorld.sol";

contract BusinessCalendarAdvanceTest is CreditWorld {
    function setUp() public {
        deployAll();
    }

    function testFuzz_forward_only_whatever_the_blocks_time(uint16 raw, uint32 time) public {
        vm.warp(block.timestamp + time);
        uint32 date = 20260201 + raw % 28;
        calendar.advance(date);
        equal(calendar.today(), date, "today");
        uint32 back = TODAY + raw % 20;
        refuse(abi.encodeWithSelector(IBusinessCalendar.DateNotForward.selector, date, back));
        calendar.advance(back);
        refuse(abi.encodeWithSelector(IBusinessCalendar.DateNotForward.selector, date, date));
        calendar.advance(date);
    }

    function testFuzz_a_date_that_is_none_is_refused(uint32 date) public {
        (uint256 y, uint256 m, uint256 d) = (date / 10_000, date / 100 % 100, date % 100);
        bool isDay = y >= 1970 && y <= 9999 && m >= 1 && m <= 12 && d >= 1 && d <= BusinessDate.daysInMonth(y, m);
        vm.assume(!isDay);
        refuse(abi.encodeWithSelector(BusinessDate.DateInvalid.selector, date));
        calendar.advance(date);
    }

    function test_leap_days() public {
        refuse(abi.encodeWithSelector(BusinessDate.DateInvalid.selector, 20260229));
        calendar.advance(20260229);
        calendar.advance(20280229);
        refuse(abi.encodeWithSelector(BusinessDate.DateInvalid.selector, 21000229));
        calendar.advance(21000229);
        calendar.advance(24000229);
    }

    function testFuzz_without_the_role_is_refused(uint256 seed) public {
        refuseRole(anyone(seed));
        vm.prank(anyone(seed));
        calendar.advance(20260106);
    }
}
