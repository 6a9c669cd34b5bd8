// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The consortium's business date
/// @notice Interest, due dates and delinquency are counted by it, never by a block's time. It moves forward only.
interface IBusinessCalendar {
    event BusinessDateAdvanced(uint32 from, uint32 to);

    /// @notice The date is not later than today's.
    error DateNotForward(uint32 today, uint32 date);

    /// @notice Make `date` (YYYYMMDD) today's.
    /// @dev Role CALENDAR.
    function advance(uint32 date) external;

    /// @notice Today's business date, YYYYMMDD; 0 before the first.
    function today() external view returns (uint32);
}
