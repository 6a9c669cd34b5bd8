// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IBusinessCalendar} from "./interfaces/IBusinessCalendar.sol";
import {BusinessDate} from "./libraries/BusinessDate.sol";

/// @title BusinessCalendar
/// @notice Documented in interfaces/IBusinessCalendar.sol.
contract BusinessCalendar is IBusinessCalendar, AccessManaged {
    /// @inheritdoc IBusinessCalendar
    uint256 public constant MAX_STEP_DAYS = 31;
    /// @dev Where the day begins first: UTC+14.
    uint256 private constant EARLIEST_ZONE = 14 hours;
    uint32 private constant EPOCH = 19700101;

    /// @inheritdoc IBusinessCalendar
    uint32 public today;

    constructor(address access) AccessManaged(access) {}

    /// @inheritdoc IBusinessCalendar
    function advance(uint32 date) external restricted {
        _requireAhead(date);
        if (today != 0 && BusinessDate.daysBetween(today, date) > MAX_STEP_DAYS) revert StepTooLong(today, date);
        _move(date);
    }

    /// @inheritdoc IBusinessCalendar
    function jump(uint32 from, uint32 to) external restricted {
        if (from != today) revert DateMoved(from, today);
        _requireAhead(to);
        _move(to);
    }

    function _move(uint32 date) private {
        emit BusinessDateAdvanced(today, date);
        today = date;
    }

    function _requireAhead(uint32 date) private view {
        BusinessDate.check(date);
        if (date <= today) revert DateNotForward(today, date);
        uint256 begun = (block.timestamp + EARLIEST_ZONE) / 1 days;
        if (BusinessDate.serial(date) - BusinessDate.serial(EPOCH) > begun) revert DateNotBegun(date);
    }
}
