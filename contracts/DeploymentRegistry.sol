// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IDeploymentRegistry} from "./interfaces/IDeploymentRegistry.sol";

/// @title DeploymentRegistry
/// @notice Documented in interfaces/IDeploymentRegistry.sol.
contract DeploymentRegistry is IDeploymentRegistry, AccessManaged {
    mapping(bytes32 name => Deployment[]) private _deployments;

    constructor(address access) AccessManaged(access) {}

    /// @inheritdoc IDeploymentRegistry
    function record(bytes32 name, address account, bytes32 version) external restricted {
        if (account.code.length == 0) revert NoCodeAt(account);
        Deployment[] storage all = _deployments[name];
        uint256 index = all.length;
        if (index != 0 && all[index - 1].account == account && all[index - 1].version == version) return;
        all.push(Deployment(account, account.codehash, version, uint64(block.timestamp)));
        emit DeploymentRecorded(name, index, account, account.codehash, version);
    }

    /// @inheritdoc IDeploymentRegistry
    function current(bytes32 name) external view returns (Deployment memory) {
        Deployment[] storage all = _deployments[name];
        if (all.length == 0) revert DeploymentUnknown(name);
        return all[all.length - 1];
    }

    /// @inheritdoc IDeploymentRegistry
    function history(bytes32 name) external view returns (Deployment[] memory) {
        return _deployments[name];
    }
}
