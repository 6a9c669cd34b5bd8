// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The consortium's roles, as AccessManager role ids
/// @dev ADMIN is OpenZeppelin's own role 0. What each may do is in docs/roles.md.
library Roles {
    /// @notice Admits participants, devices, projects and their terms.
    uint64 internal constant REGISTRAR = 1;
    /// @notice Anchors heads and distributes revenue.
    uint64 internal constant ORACLE = 2;
    /// @notice Attests deposits and pays out withdrawals.
    uint64 internal constant BANK = 3;
    /// @notice Confirms what it owes.
    uint64 internal constant CORE_ENTERPRISE = 4;
    /// @notice Issues warehouse receipts.
    uint64 internal constant WAREHOUSE = 5;
    /// @notice Freezes participants and opens supervised accounts.
    uint64 internal constant SUPERVISOR = 6;
    /// @notice Sets the quorum of signers; k of n banks.
    uint64 internal constant COMMITTEE = 7;
    /// @notice Pauses new business, and nothing else.
    uint64 internal constant GUARDIAN = 8;
    /// @notice Moves the business date forward.
    uint64 internal constant CALENDAR = 9;
}
