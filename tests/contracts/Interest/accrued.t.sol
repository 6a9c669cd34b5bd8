// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BusinessDate} from "contracts/libraries/BusinessDate.sol";
import {Interest} from "contracts/libraries/Interest.sol";
import {Check} from "support/Check.sol";

contract InterestAccruedTest is Check {
    function _date(uint256 seed) private pure returns (uint32) {
        uint256 y = 1990 + seed % 80;
        uint256 m = 1 + seed / 80 % 12;
        return uint32(y * 10_000 + m * 100 + 1 + seed / 960 % BusinessDate.daysInMonth(y, m));
    }

    function testFuzz_interest_adds_up(uint256 a, uint256 b, uint256 c, uint8 which, uint96 principal, uint32 rate)
        public
        pure
    {
        (uint32 x, uint32 y, uint32 z) = (_date(a), _date(b), _date(c));
        if (x > y) (x, y) = (y, x);
        if (y > z) (y, z) = (z, y);
        if (x > y) (x, y) = (y, x);
        Interest.Convention convention = Interest.Convention(which % 4);
        uint256 parts = Interest.accrued(convention, principal, rate, x, y)
            + Interest.accrued(convention, principal, rate, y, z);
        equal(Interest.accrued(convention, principal, rate, x, z), parts, "over (a, c) = over (a, b) + over (b, c)");
    }

    function testFuzz_days_are_the_calendars(uint256 seed) public pure {
        uint32 date = _date(seed);
        (uint256 y, uint256 m, uint256 d) = BusinessDate.parts(date);
        if (++d > BusinessDate.daysInMonth(y, m)) (d, m) = (1, m + 1);
        if (m > 12) (m, y) = (1, y + 1);
        equal(BusinessDate.daysBetween(date, uint32(y * 10_000 + m * 100 + d)), 1, "one day");
        equal(BusinessDate.daysBetween(19700101, 20260105), 20_458, "days since 1970");
    }

    function test_conventions_count_as_they_say() public pure {
        uint256 face = 360 * 365 * 366 * 1e6;
        _is(Interest.Convention.ACT_360, face, 20240228, 20240301, 2 * face / 360);
        _is(Interest.Convention.ACT_365F, face, 20240228, 20240301, 2 * face / 365);
        _is(Interest.Convention.THIRTY_E_360, face, 20240228, 20240301, 3 * face / 360);
        _is(Interest.Convention.THIRTY_E_360, face, 20240131, 20240331, 60 * face / 360);
        _is(Interest.Convention.ACT_ACT_ISDA, face, 20231231, 20240102, face / 365 + face / 366);
    }

    function _is(Interest.Convention convention, uint256 face, uint32 from, uint32 to, uint256 wanted) private pure {
        uint256 numerator = Interest.accrued(convention, face, Interest.PPM, from, to);
        equal(numerator / Interest.denominator(convention), wanted, "a year's whole rate");
        equal(numerator % Interest.denominator(convention), 0, "without a rest");
    }
}
