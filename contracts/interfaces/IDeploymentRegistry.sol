// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What is deployed where, and what it replaced
/// @notice Ledgers are immutable: a migration is a new deployment, recorded here beside the old one.
interface IDeploymentRegistry {
    /// @notice One deployment of one contract.
    /// @param account the contract's address.
    /// @param codeHash keccak256 of its code when it was recorded.
    /// @param version the software's version, as UTF-8 padded to 32 bytes.
    /// @param recordedAt chain time, seconds.
    struct Deployment {
        address account;
        bytes32 codeHash;
        bytes32 version;
        uint64 recordedAt;
    }

    /// @notice `name` is at `account` from now on; `index` counts its deployments from 0.
    event DeploymentRecorded(bytes32 indexed name, uint256 indexed index, address account, bytes32 codeHash, bytes32 version);

    /// @notice There is no code at `account`.
    error NoCodeAt(address account);
    /// @notice Nothing is recorded under `name`.
    error DeploymentUnknown(bytes32 name);

    /// @notice Record that the contract `name` is now at `account`, or of another `version` there. Recording the current
    /// one again changes nothing.
    /// @dev Role ADMIN.
    function record(bytes32 name, address account, bytes32 version) external;

    /// @notice Where `name` is now.
    function current(bytes32 name) external view returns (Deployment memory);

    /// @notice Every deployment of `name`, the first one first.
    function history(bytes32 name) external view returns (Deployment[] memory);
}
