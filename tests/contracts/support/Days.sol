// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice A calendar counted day by day, to check the contracts' by: no formula is shared with them.
library Days {
    /// @notice The day after `date`.
    function next(uint32 date) internal pure returns (uint32) {
        (uint32 y, uint32 m, uint32 d) = (date / 10_000, date / 100 % 100, date % 100);
        if (d < length(y, m)) return date + 1;
        return m < 12 ? y * 10_000 + (m + 1) * 100 + 1 : (y + 1) * 10_000 + 101;
    }

    /// @notice `count` days after `date`.
    function later(uint32 date, uint256 count) internal pure returns (uint32) {
        for (; count != 0; --count) {
            date = next(date);
        }
        return date;
    }

    function length(uint32 y, uint32 m) internal pure returns (uint32) {
        if (m == 2) return isLeap(y) ? 29 : 28;
        return m == 4 || m == 6 || m == 9 || m == 11 ? 30 : 31;
    }

    function isLeap(uint32 y) internal pure returns (bool) {
        return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    }
}
