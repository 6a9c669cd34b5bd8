// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Business dates: YYYYMMDD as a number, in the Gregorian calendar, years 1970 to 9999
library BusinessDate {
    error DateInvalid(uint32 date);

    /// @notice Whether `date` is a day of the calendar.
    function isValid(uint32 date) internal pure returns (bool) {
        (uint256 y, uint256 m, uint256 d) = parts(date);
        return y >= 1970 && y <= 9999 && m >= 1 && m <= 12 && d >= 1 && d <= daysInMonth(y, m);
    }

    /// @notice Revert unless `date` is a day of the calendar.
    function check(uint32 date) internal pure {
        if (!isValid(date)) revert DateInvalid(date);
    }

    /// @notice Year, month and day of `date`.
    function parts(uint32 date) internal pure returns (uint256 y, uint256 m, uint256 d) {
        return (date / 10_000, date / 100 % 100, date % 100);
    }

    /// @notice Days from 0000-03-01 to `date`, by which days are counted between two dates.
    /// @dev Years are counted from March on, so that a leap day ends its year.
    function serial(uint32 date) internal pure returns (uint256) {
        (uint256 y, uint256 m, uint256 d) = parts(date);
        if (m <= 2) (y, m) = (y - 1, m + 12);
        return 365 * y + y / 4 - y / 100 + y / 400 + (153 * (m - 3) + 2) / 5 + d - 1;
    }

    /// @notice The date in UTC at `time` (seconds since 1970); the last that there is, from 10000 on.
    function on(uint256 time) internal pure returns (uint32) {
        if (time >= 253_402_300_800) return 99991231;
        uint256 day = time / 1 days + 719_468;
        uint256 era = day / 146_097;
        day %= 146_097;
        uint256 y = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        day -= 365 * y + y / 4 - y / 100;
        uint256 m = (5 * day + 2) / 153;
        day = day - (153 * m + 2) / 5 + 1;
        (y, m) = m < 10 ? (y, m + 3) : (y + 1, m - 9);
        return uint32((y + 400 * era) * 10_000 + m * 100 + day);
    }

    /// @notice Days from `from` to `to`; 0 when `to` is not later.
    function daysBetween(uint32 from, uint32 to) internal pure returns (uint256) {
        return to > from ? serial(to) - serial(from) : 0;
    }

    function isLeap(uint256 y) internal pure returns (bool) {
        return y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
    }

    function daysInMonth(uint256 y, uint256 m) internal pure returns (uint256) {
        if (m == 2) return isLeap(y) ? 29 : 28;
        return m == 4 || m == 6 || m == 9 || m == 11 ? 30 : 31;
    }
}
