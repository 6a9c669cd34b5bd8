// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What the oracle does on chain, done by a quorum
/// @notice Holds role ORACLE in the place of an account: a call that moves money is made when the quorum that signs heads
/// has signed it, every byte of it, and never on one node's word. Anyone may send it.
/// @dev Live as long as `threshold` of the signers are; a call that they signed and that is refused now (a pause, money
/// that is not there yet) can be sent again, for a refusal undoes everything.
interface IOracleQuorum {
    /// @notice The call that the quorum signed was made. `label` is the caller's name for it.
    event Executed(bytes32 indexed digest, address indexed target, bytes32 indexed label);

    /// @notice Make the call `data` to `target`, once. Making it again does nothing.
    /// @param label tells this call from others with the same data; a distribution's batch.
    /// @param signatures EIP-712 signatures (r || s || v) of `callDigest`, ascending by signer.
    function execute(address target, bytes calldata data, bytes32 label, bytes[] calldata signatures) external;

    /// @notice What a signer signs: EIP-712 Call(address target,bytes data,bytes32 label) under the domain
    /// "Counterfoil OracleQuorum", version "1".
    function callDigest(address target, bytes calldata data, bytes32 label) external view returns (bytes32);

    /// @notice Whether the call with this digest was made.
    function isExecuted(bytes32 digest) external view returns (bool);
}
