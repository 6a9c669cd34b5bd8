// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The heads of one growing log
/// @notice All accepted records form one RFC 9162 tree (SHA-256) in the order of their acceptance. A head is accepted
/// only with a quorum's signatures and the proof that it extends the head before: history can't be rewritten, not even
/// by those who sign.
/// @dev Of a head only a hash and the time of its block are kept; its fields are in its event. Who needs a head on
/// chain hands in its fields, which `requireHead` checks against the hash.
interface IRecordAnchor {
    /// @param root root of the log's tree.
    /// @param state Merkle root over the devices' slots (device, epoch, sequence, payload digest) after these records.
    /// @param figures SHA-256 of what the records since the head before add up to (docs/formats/figures.md).
    /// @param annex hash of what else the oracle commits to with this head; 0 where there is nothing.
    /// @param size number of records.
    /// @param previousSize number of records under the head before; 0 for the first.
    struct Head {
        bytes32 root;
        bytes32 state;
        bytes32 figures;
        bytes32 annex;
        uint64 size;
        uint64 previousSize;
    }

    /// @param root root of the log's tree; before the first head that of a tree without records.
    /// @param size number of records.
    /// @param blockNumber block in which it was anchored: its event is there.
    /// @param anchoredAt chain time of that block, seconds.
    struct Latest {
        bytes32 root;
        uint64 size;
        uint64 blockNumber;
        uint64 anchoredAt;
    }

    /// @notice `index` counts the heads from 0. All of a head's fields are here: a proof of this event proves the head.
    event HeadAnchored(
        uint256 indexed index,
        uint64 indexed size,
        bytes32 root,
        bytes32 state,
        bytes32 figures,
        bytes32 annex,
        uint64 previousSize
    );
    event QuorumChanged(address[] signers, uint256 threshold);

    /// @notice A head of this size is anchored already, and it is another one.
    error HeadConflicts(uint64 size, bytes27 anchoredHash, bytes27 hash);
    /// @notice The log only grows.
    error HeadNotGrowing(uint64 anchoredSize, uint64 size);
    /// @notice The new head is not shown to extend the last one.
    error HeadNotConsistent(uint64 anchoredSize, uint64 size);
    error HeadEmpty();
    error HeadUnknown(uint64 size);
    /// @notice Fewer valid signatures than the quorum asks for.
    error QuorumNotReached(uint256 signatures, uint256 threshold);
    /// @notice Signatures must come from current signers, in strictly ascending order of their addresses.
    error SignerNotAccepted(address signer);
    error QuorumInvalid(uint256 signers, uint256 threshold);

    /// @notice Anchor a head. Anyone may send it: the signatures decide. Sending an anchored head again does nothing.
    /// @param head the head; it extends the last one.
    /// @param consistencyProof RFC 9162 proof from the last anchored head; empty for the first head.
    /// @param signatures EIP-712 signatures (r || s || v) of `headDigest`, ascending by signer.
    function anchor(Head calldata head, bytes32[] calldata consistencyProof, bytes[] calldata signatures) external;

    /// @notice Let `threshold` of `signers` (ascending addresses) decide from now on.
    /// @dev Role COMMITTEE.
    function setQuorum(address[] calldata signers, uint256 threshold) external;

    /// @notice What a signer signs of a head that extends the last one: EIP-712 Head(uint64 size,bytes32 root,bytes32
    /// state,bytes32 figures,bytes32 annex,uint64 previousSize,bytes32 previousRoot) under the domain "Counterfoil
    /// RecordAnchor", version "1".
    function headDigest(Head calldata head) external view returns (bytes32);

    /// @notice The first 27 bytes of keccak256(abi.encode(head)): what is kept of a head. Two heads with one hash would
    /// take 2^108 tries, and a quorum that signs both.
    function headHash(Head calldata head) external pure returns (bytes27);

    /// @notice How many heads are anchored.
    function headCount() external view returns (uint256);

    /// @notice The newest head, as far as it is kept; its other fields are in its event.
    function latestHead() external view returns (Latest memory);

    /// @notice Whether a head of exactly this size is anchored.
    function isAnchored(uint64 size) external view returns (bool);

    /// @notice Chain time, seconds, at which the head of exactly this size was anchored; 0 where none is.
    function anchoredAt(uint64 size) external view returns (uint64);

    /// @notice Reverts unless just this head, in all its fields, is anchored. Returns the chain time at which it was.
    function requireHead(Head calldata head) external view returns (uint64 anchoredAt);

    /// @notice Whether `proof` shows the leaf (SHA-256 of 0x00 || record) at `index` under the anchored `head`.
    function verifyInclusion(bytes32 leaf, uint64 index, Head calldata head, bytes32[] calldata proof)
        external
        view
        returns (bool);

    /// @notice The current signers, ascending, and how many of them must sign.
    function quorum() external view returns (address[] memory signers, uint256 threshold);

    /// @notice Reverts unless the quorum signed `digest`: signatures (r || s || v) of current signers, ascending by
    /// signer, at least as many as the threshold.
    function requireQuorum(bytes32 digest, bytes[] calldata signatures) external view;
}
