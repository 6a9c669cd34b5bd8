// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRevenueSplit} from "../interfaces/IRevenueSplit.sol";

/// @title What an investor's share of a pool comes to
/// @notice Pure arithmetic. While a pool runs an investor has the floor of its share of all that was paid in: floors of a
/// growing total only grow, and what they come to over the investors is never more than was paid. When a run has ended
/// its investors have it whole.
library SplitPools {
    /// @dev A pool's account is nobody's key: it is derived from the split, the project and the list of investors.
    function accountOf(address split, bytes32 project, bytes32 list) internal pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encode("counterfoil pool", split, project, list)))));
    }

    /// @notice The name of a list that begins with `piece`; `next` is the name of what follows it, 0 for nothing.
    function nameOf(IRevenueSplit.Investor[] calldata piece, bytes32 next) internal pure returns (bytes32) {
        return keccak256(abi.encode(piece, next));
    }

    /// @notice What `weight` of `weights` has of `paid` while the run goes on.
    function floorOf(uint256 paid, uint256 weight, uint256 weights) internal pure returns (uint256) {
        return paid * weight / weights;
    }

    /// @notice What `weight` has of `paid` when the run has ended, where `before` is the weight of those who stand before
    /// it in the list: its floor or a unit more. Over all investors it comes to `paid`, since each begins where the one
    /// before it ends.
    function wholeOf(uint256 paid, uint256 before, uint256 weight, uint256 weights) internal pure returns (uint256) {
        return paid * (before + weight) / weights - paid * before / weights;
    }
}
