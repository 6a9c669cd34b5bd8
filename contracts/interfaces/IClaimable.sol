// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What a ledger keeps for accounts until they take it
interface IClaimable {
    event Withdrawn(address indexed token, address indexed account, uint256 amount);

    error NothingToWithdraw(address token, address account);

    /// @notice Pay out to `account` what is its own in `token`. Anyone may: it goes to the account itself.
    function withdraw(address token, address account) external returns (uint256 amount);

    /// @notice What `account` can withdraw in `token`, in minor units.
    function claimable(address token, address account) external view returns (uint256);
}
