// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The heads of one growing log
/// @notice All accepted records form one RFC 9162 tree (SHA-256) in the order of their acceptance. A head is accepted
/// only with a quorum's signatures and the proof that it extends the head before: history can't be rewritten, not even
/// by those who sign.
interface IRecordAnchor {
    /// @param size number of records.
    /// @param root root of the log's tree.
    /// @param state Merkle root over the devices' slots (device, epoch, sequence, payload digest) after these records.
    /// @param figures SHA-256 of what the records since the head before add up to (docs/formats/figures.md).
    /// @param blockNumber block in which it was anchored.
    /// @param anchoredAt chain time, seconds.
    struct Head {
        bytes32 root;
        bytes32 state;
        bytes32 figures;
        uint64 size;
        uint64 blockNumber;
        uint64 anchoredAt;
    }

    /// @notice `index` counts the heads from 0.
    event HeadAnchored(uint256 indexed index, uint64 indexed size, bytes32 root, bytes32 state, bytes32 figures);
    event QuorumChanged(address[] signers, uint256 threshold);

    /// @notice A head of this size is anchored already, and it is another one.
    error HeadConflicts(uint64 size, bytes32 anchoredRoot, bytes32 anchoredState, bytes32 anchoredFigures);
    /// @notice The log only grows.
    error HeadNotGrowing(uint64 anchoredSize, uint64 size);
    /// @notice The new head is not shown to extend the last one.
    error HeadNotConsistent(uint64 anchoredSize, uint64 size);
    error HeadEmpty();
    error HeadUnknown(uint64 size);
    /// @notice No head covers the record at `index` yet.
    error NotAnchored(uint64 index);
    /// @notice Fewer valid signatures than the quorum asks for.
    error QuorumNotReached(uint256 signatures, uint256 threshold);
    /// @notice Signatures must come from current signers, in strictly ascending order of their addresses.
    error SignerNotAccepted(address signer);
    error QuorumInvalid(uint256 signers, uint256 threshold);

    /// @notice Anchor a head. Anyone may send it: the signatures decide. Sending an anchored head again does nothing.
    /// @param size number of records in the log.
    /// @param root root of the tree over them.
    /// @param state root over the devices' slots.
    /// @param figures SHA-256 of the batch's figures.
    /// @param consistencyProof RFC 9162 proof from the last anchored head; empty for the first head.
    /// @param signatures EIP-712 signatures (r || s || v) of `headDigest`, ascending by signer.
    function anchor(
        uint64 size,
        bytes32 root,
        bytes32 state,
        bytes32 figures,
        bytes32[] calldata consistencyProof,
        bytes[] calldata signatures
    ) external;

    /// @notice Let `threshold` of `signers` (ascending addresses) decide from now on.
    /// @dev Role COMMITTEE.
    function setQuorum(address[] calldata signers, uint256 threshold) external;

    /// @notice What a signer signs: EIP-712 Head(uint64 size,bytes32 root,bytes32 state,bytes32 figures,uint64
    /// previousSize,bytes32 previousRoot) under the domain "Counterfoil RecordAnchor", version "1".
    function headDigest(uint64 size, bytes32 root, bytes32 state, bytes32 figures) external view returns (bytes32);

    /// @notice How many heads are anchored.
    function headCount() external view returns (uint256);

    /// @notice Head number `index`, from 0.
    function headAt(uint256 index) external view returns (Head memory);

    /// @notice The newest head; all zero before the first.
    function latestHead() external view returns (Head memory);

    /// @notice The head of exactly this size.
    function headOfSize(uint64 size) external view returns (Head memory);

    /// @notice The first head under which the record at `index` stands: when it was anchored, whatever head a proof is for.
    function firstHeadOver(uint64 index) external view returns (Head memory);

    /// @notice Whether a head of exactly this size is anchored.
    function isAnchored(uint64 size) external view returns (bool);

    /// @notice Whether `proof` shows the leaf (SHA-256 of 0x00 || record) at `index` under the anchored head of `size`.
    function verifyInclusion(bytes32 leaf, uint64 index, uint64 size, bytes32[] calldata proof)
        external
        view
        returns (bool);

    /// @notice The current signers, ascending, and how many of them must sign.
    function quorum() external view returns (address[] memory signers, uint256 threshold);

    /// @notice Reverts unless the quorum signed `digest`: signatures (r || s || v) of current signers, ascending by
    /// signer, at least as many as the threshold.
    function requireQuorum(bytes32 digest, bytes[] calldata signatures) external view;
}
