// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The consortium's business date
/// @notice Interest, due dates and delinquency are counted by it, never by a block's time. It moves forward only, in
/// bounded steps, and to no day that has begun nowhere: the block's time bounds it and moves nothing.
/// @dev There is no way back. A date can be no further ahead than the time zones are apart, so a slip is over within a
/// day; what contracts did on a date is not undone.
interface IBusinessCalendar {
    event BusinessDateAdvanced(uint32 from, uint32 to);

    /// @notice The date is not later than today's.
    error DateNotForward(uint32 today, uint32 date);
    /// @notice The day has begun nowhere yet, not even in the first time zone (UTC+14).
    error DateNotBegun(uint32 date);
    /// @notice It is more than `MAX_STEP_DAYS` ahead; the committee votes on that.
    error StepTooLong(uint32 today, uint32 date);
    /// @notice The jump was voted on when the date was another.
    error DateMoved(uint32 from, uint32 today);

    /// @notice Make `date` (YYYYMMDD) today's; at most `MAX_STEP_DAYS` after today, the first date excepted.
    /// @dev Role CALENDAR.
    function advance(uint32 date) external;

    /// @notice Go from the date `from`, which must be today's, to the date `to`, however far ahead.
    /// @dev Role COMMITTEE: by a motion.
    function jump(uint32 from, uint32 to) external;

    /// @notice Today's business date, YYYYMMDD; 0 before the first.
    function today() external view returns (uint32);

    /// @notice Most days that one account moves the date by at once.
    function MAX_STEP_DAYS() external view returns (uint256);
}
