// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title An asset that the settlement contract delivers against payment
interface IDeliverable {
    event SettlementSet(address indexed settlement);

    /// @notice There is no contract there, or it settles already.
    error SettlementInvalid(address settlement);
    error NotTheSettlement(address account);

    /// @notice Say which contract settles deliveries against payments, in the place of the one that did.
    /// @dev Role ADMIN.
    function setSettlement(address settlement) external;

    /// @notice The contract that settles deliveries against payments; zero until set.
    function settlement() external view returns (address);
}
