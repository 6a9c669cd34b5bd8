// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {IStoppable} from "./interfaces/IStoppable.sol";

/// @title A contract that can be paused by roles
/// @notice Documented in interfaces/IStoppable.sol.
abstract contract Stoppable is IStoppable, AccessManaged, Pausable {
    /// @inheritdoc IStoppable
    function pause() external restricted {
        _pause();
    }

    /// @inheritdoc IStoppable
    function unpause() external restricted {
        _unpause();
    }
}
