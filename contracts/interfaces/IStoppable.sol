// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What can be paused
/// @notice A pause stops what begins business; what ends it stays open.
interface IStoppable {
    /// @notice Stop what begins business.
    /// @dev Role GUARDIAN.
    function pause() external;

    /// @notice Lift the pause.
    /// @dev Role COMMITTEE.
    function unpause() external;
}
