// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IRecordAnchor} from "./interfaces/IRecordAnchor.sol";
import {MerkleTreeRFC9162} from "./libraries/MerkleTreeRFC9162.sol";

/// @title RecordAnchor
/// @notice Documented in interfaces/IRecordAnchor.sol.
contract RecordAnchor is IRecordAnchor, AccessManaged, EIP712 {
    bytes32 private constant HEAD_TYPEHASH = keccak256(
        "Head(uint64 size,bytes32 root,bytes32 state,bytes32 figures,bytes32 annex,"
        "uint64 previousSize,bytes32 previousRoot)"
    );

    /// @dev All that the next head is judged by: two slots. `size` and `count` are 0 before the first head.
    struct Standing {
        uint64 size;
        uint64 count;
        uint64 blockNumber;
        uint64 threshold;
        bytes32 root;
    }

    Standing private _last;
    /// @dev A head's hash in the first 27 bytes, the time of its block in the last 5; 0 says unknown.
    mapping(uint64 size => bytes32 hashAndTime) private _kept;
    address[] private _signers;
    mapping(address account => bool) private _isSigner;

    constructor(address access, address[] memory signers, uint256 threshold)
        AccessManaged(access)
        EIP712("Counterfoil RecordAnchor", "1")
    {
        _last.root = MerkleTreeRFC9162.EMPTY_ROOT;
        _setQuorum(signers, threshold);
    }

    // ---- writes

    /// @inheritdoc IRecordAnchor
    function anchor(Head calldata head, bytes32[] calldata consistencyProof, bytes[] calldata signatures) external {
        if (head.size == 0) revert HeadEmpty();
        bytes27 hash = headHash(head);
        bytes32 kept = _kept[head.size];
        if (kept != 0) {
            if (bytes27(kept) != hash) revert HeadConflicts(head.size, bytes27(kept), hash);
            return;
        }
        Standing memory last = _last;
        if (head.size < last.size) revert HeadNotGrowing(last.size, head.size);
        bool isConsistent = last.size == 0
            ? consistencyProof.length == 0
            : MerkleTreeRFC9162.verifyConsistency(last.size, last.root, head.size, head.root, consistencyProof);
        if (!isConsistent) revert HeadNotConsistent(last.size, head.size);
        _requireQuorum(_digest(head, last), signatures, last.threshold);
        _kept[head.size] = bytes32(hash) | bytes32(uint256(uint40(block.timestamp)));
        emit HeadAnchored(
            last.count, head.size, head.root, head.state, head.figures, head.annex, head.previousSize
        );
        (last.size, last.root, last.blockNumber) = (head.size, head.root, uint64(block.number));
        ++last.count;
        _last = last;
    }

    /// @inheritdoc IRecordAnchor
    function setQuorum(address[] calldata signers, uint256 threshold) external restricted {
        _setQuorum(signers, threshold);
    }

    // ---- reads

    /// @inheritdoc IRecordAnchor
    function headDigest(Head calldata head) external view returns (bytes32) {
        return _digest(head, _last);
    }

    /// @inheritdoc IRecordAnchor
    function headHash(Head calldata head) public pure returns (bytes27) {
        return bytes27(keccak256(abi.encode(head)));
    }

    /// @inheritdoc IRecordAnchor
    function headCount() external view returns (uint256) {
        return _last.count;
    }

    /// @inheritdoc IRecordAnchor
    function latestHead() external view returns (Latest memory) {
        return Latest(_last.root, _last.size, _last.blockNumber, anchoredAt(_last.size));
    }

    /// @inheritdoc IRecordAnchor
    function isAnchored(uint64 size) external view returns (bool) {
        return _kept[size] != 0;
    }

    /// @inheritdoc IRecordAnchor
    function anchoredAt(uint64 size) public view returns (uint64) {
        return uint40(uint256(_kept[size]));
    }

    /// @inheritdoc IRecordAnchor
    function requireHead(Head calldata head) public view returns (uint64) {
        bytes32 kept = _kept[head.size];
        if (kept == 0) revert HeadUnknown(head.size);
        bytes27 hash = headHash(head);
        if (bytes27(kept) != hash) revert HeadConflicts(head.size, bytes27(kept), hash);
        return uint40(uint256(kept));
    }

    /// @inheritdoc IRecordAnchor
    function verifyInclusion(bytes32 leaf, uint64 index, Head calldata head, bytes32[] calldata proof)
        external
        view
        returns (bool)
    {
        requireHead(head);
        return MerkleTreeRFC9162.verifyInclusion(leaf, index, head.size, head.root, proof);
    }

    /// @inheritdoc IRecordAnchor
    function quorum() external view returns (address[] memory signers, uint256 threshold) {
        return (_signers, _last.threshold);
    }

    /// @inheritdoc IRecordAnchor
    function requireQuorum(bytes32 digest, bytes[] calldata signatures) external view {
        _requireQuorum(digest, signatures, _last.threshold);
    }

    // ---- internals

    /// @dev `head` must extend `last`: it is signed over the root that is anchored, not over one that the caller gives.
    function _digest(Head calldata head, Standing memory last) private view returns (bytes32) {
        if (head.previousSize != last.size) revert HeadNotConsistent(last.size, head.size);
        return _hashTypedDataV4(
            keccak256(
                abi.encode(
                    HEAD_TYPEHASH,
                    head.size,
                    head.root,
                    head.state,
                    head.figures,
                    head.annex,
                    last.size,
                    last.root
                )
            )
        );
    }

    function _requireQuorum(bytes32 digest, bytes[] calldata signatures, uint256 threshold) private view {
        if (signatures.length < threshold) revert QuorumNotReached(signatures.length, threshold);
        address last = address(0);
        for (uint256 i = 0; i < signatures.length; ++i) {
            address signer = ECDSA.recover(digest, signatures[i]);
            if (signer <= last || !_isSigner[signer]) revert SignerNotAccepted(signer);
            last = signer;
        }
    }

    function _setQuorum(address[] memory signers, uint256 threshold) private {
        if (threshold == 0 || threshold > signers.length) revert QuorumInvalid(signers.length, threshold);
        for (uint256 i = 0; i < _signers.length; ++i) {
            _isSigner[_signers[i]] = false;
        }
        address last = address(0);
        for (uint256 i = 0; i < signers.length; ++i) {
            if (signers[i] <= last) revert SignerNotAccepted(signers[i]);
            last = signers[i];
            _isSigner[last] = true;
        }
        _signers = signers;
        _last.threshold = uint64(threshold);
        emit QuorumChanged(signers, threshold);
    }
}
