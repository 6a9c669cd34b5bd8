// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IBusinessCalendar} from "./interfaces/IBusinessCalendar.sol";
import {BusinessDate} from "./libraries/BusinessDate.sol";

/// @title BusinessCalendar
/// @notice Documented in interfaces/IBusinessCalendar.sol.
contract BusinessCalendar is IBusinessCalendar, AccessManaged {
    /// @inheritdoc IBusinessCalendar
    uint32 public today;

    constructor(address access) AccessManaged(access) {}

    /// @inheritdoc IBusinessCalendar
    function advance(uint32 date) external restricted {
        BusinessDate.check(date);
        if (date <= today) revert DateNotForward(today, date);
        emit BusinessDateAdvanced(today, date);
        today = date;
    }
}
