// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IClaimable} from "./interfaces/IClaimable.sol";

/// @title What is credited to accounts, and withdrawn by them
/// @notice Documented in interfaces/IClaimable.sol.
abstract contract Claimable is IClaimable {
    mapping(address token => mapping(address account => uint256)) internal _credits;

    /// @inheritdoc IClaimable
    function withdraw(address token, address account) public virtual returns (uint256 amount) {
        amount = _credits[token][account];
        if (amount == 0) revert NothingToWithdraw(token, account);
        _credits[token][account] = 0;
        emit Withdrawn(token, account, amount);
        SafeERC20.safeTransfer(IERC20(token), account, amount);
    }

    /// @inheritdoc IClaimable
    function claimable(address token, address account) external view returns (uint256) {
        return _credits[token][account];
    }

    /// @dev The money is here already, or comes in this transaction.
    function _keepFor(address token, address account, uint256 amount) internal {
        _credits[token][account] += amount;
    }
}
