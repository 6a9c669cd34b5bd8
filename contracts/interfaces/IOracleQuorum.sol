// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What the oracle does on chain, done by a quorum
/// @notice Holds role ORACLE in the place of an account: a call that moves money is made when the quorum that signs heads
/// has signed it, every byte of it, and never on one node's word. Anyone may send it, until its deadline.
/// @dev Live as long as `threshold` of the signers are; a call that they signed and that is refused now (a pause, money
/// that is not there yet) can be sent again until its deadline, for a refusal undoes everything. After it the quorum
/// signs again. What is called must take the same thing once by itself: two deadlines make two calls.
interface IOracleQuorum {
    enum Status {
        NONE,
        EXECUTED,
        REVOKED
    }

    /// @notice The call that the quorum signed was made. `label` is the caller's name for it.
    event Executed(bytes32 indexed digest, address indexed target, bytes32 indexed label);
    /// @notice The call with this digest will never be made.
    event Revoked(bytes32 indexed digest);

    /// @notice The call was to be made by `deadline`, seconds of chain time.
    error CallExpired(uint64 deadline);
    /// @notice No call is made whose deadline is later than `latest`: nothing is signed without an end.
    error DeadlineTooFar(uint64 deadline, uint64 latest);
    /// @notice The quorum has taken the call back.
    error CallIsRevoked(bytes32 digest);
    /// @notice It is too late to take the call back.
    error CallIsExecuted(bytes32 digest);

    /// @notice Make the call `data` to `target`, once, not after `deadline` (seconds of chain time). Making it again does
    /// nothing.
    /// @param label tells this call from others with the same data; a distribution's batch.
    /// @param signatures EIP-712 signatures (r || s || v) of `callDigest`, ascending by signer.
    function execute(
        address target,
        bytes calldata data,
        bytes32 label,
        uint64 deadline,
        bytes[] calldata signatures
    ) external;

    /// @notice Take back the call with this digest, for good. Anyone may send it; taking it back again does nothing.
    /// @param signatures EIP-712 signatures (r || s || v) of `revocationDigest`, ascending by signer.
    function revoke(bytes32 digest, bytes[] calldata signatures) external;

    /// @notice Most seconds between a call and its deadline.
    function MAX_LIFE() external view returns (uint64);

    /// @notice What a signer signs: EIP-712 Call(address target,bytes data,bytes32 label,uint64 deadline) under the
    /// domain "Counterfoil OracleQuorum", version "1".
    function callDigest(address target, bytes calldata data, bytes32 label, uint64 deadline)
        external
        view
        returns (bytes32);

    /// @notice What a signer signs to take a call back: EIP-712 Revocation(bytes32 call), `call` being its digest.
    function revocationDigest(bytes32 digest) external view returns (bytes32);

    /// @notice Whether the call with this digest was made.
    function isExecuted(bytes32 digest) external view returns (bool);

    /// @notice Whether the call with this digest was taken back.
    function isRevoked(bytes32 digest) external view returns (bool);
}
