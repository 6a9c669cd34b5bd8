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
        "Head(uint64 size,bytes32 root,bytes32 state,bytes32 figures,uint64 previousSize,bytes32 previousRoot)"
    );

    Head[] private _heads;
    /// @dev Index + 1, so that 0 says unknown.
    mapping(uint64 size => uint256 indexPlusOne) private _bySize;
    address[] private _signers;
    mapping(address account => bool) private _isSigner;
    uint256 private _threshold;

    constructor(address access, address[] memory signers, uint256 threshold)
        AccessManaged(access)
        EIP712("Counterfoil RecordAnchor", "1")
    {
        _setQuorum(signers, threshold);
    }

    // ---- writes

    /// @inheritdoc IRecordAnchor
    function anchor(
        uint64 size,
        bytes32 root,
        bytes32 state,
        bytes32 figures,
        bytes32[] calldata consistencyProof,
        bytes[] calldata signatures
    ) external {
        if (size == 0) revert HeadEmpty();
        uint256 known = _bySize[size];
        if (known != 0) {
            Head storage same = _heads[known - 1];
            if (same.root != root || same.state != state || same.figures != figures) {
                revert HeadConflicts(size, same.root, same.state, same.figures);
            }
            return;
        }
        uint256 index = _heads.length;
        uint64 lastSize = 0;
        bytes32 lastRoot = MerkleTreeRFC9162.EMPTY_ROOT;
        if (index != 0) {
            Head storage last = _heads[index - 1];
            lastSize = last.size;
            lastRoot = last.root;
            if (size < lastSize) revert HeadNotGrowing(lastSize, size);
            if (!MerkleTreeRFC9162.verifyConsistency(lastSize, lastRoot, size, root, consistencyProof)) {
                revert HeadNotConsistent(lastSize, size);
            }
        } else if (consistencyProof.length != 0) {
            revert HeadNotConsistent(0, size);
        }
        requireQuorum(_digest(size, root, state, figures, lastSize, lastRoot), signatures);
        _heads.push(Head(root, state, figures, size, uint64(block.number), uint64(block.timestamp)));
        _bySize[size] = index + 1;
        emit HeadAnchored(index, size, root, state, figures);
    }

    /// @inheritdoc IRecordAnchor
    function setQuorum(address[] calldata signers, uint256 threshold) external restricted {
        _setQuorum(signers, threshold);
    }

    // ---- reads

    /// @inheritdoc IRecordAnchor
    function headDigest(uint64 size, bytes32 root, bytes32 state, bytes32 figures) external view returns (bytes32) {
        Head memory last = latestHead();
        bytes32 lastRoot = last.size == 0 ? MerkleTreeRFC9162.EMPTY_ROOT : last.root;
        return _digest(size, root, state, figures, last.size, lastRoot);
    }

    /// @inheritdoc IRecordAnchor
    function headCount() external view returns (uint256) {
        return _heads.length;
    }

    /// @inheritdoc IRecordAnchor
    function headAt(uint256 index) external view returns (Head memory) {
        return _heads[index];
    }

    /// @inheritdoc IRecordAnchor
    function latestHead() public view returns (Head memory head) {
        if (_heads.length != 0) head = _heads[_heads.length - 1];
    }

    /// @inheritdoc IRecordAnchor
    function headOfSize(uint64 size) public view returns (Head memory) {
        uint256 known = _bySize[size];
        if (known == 0) revert HeadUnknown(size);
        return _heads[known - 1];
    }

    /// @inheritdoc IRecordAnchor
    function firstHeadOver(uint64 index) external view returns (Head memory) {
        (uint256 low, uint256 high) = (0, _heads.length);
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (_heads[middle].size > index) high = middle;
            else low = middle + 1;
        }
        if (low == _heads.length) revert NotAnchored(index);
        return _heads[low];
    }

    /// @inheritdoc IRecordAnchor
    function isAnchored(uint64 size) external view returns (bool) {
        return _bySize[size] != 0;
    }

    /// @inheritdoc IRecordAnchor
    function verifyInclusion(bytes32 leaf, uint64 index, uint64 size, bytes32[] calldata proof)
        external
        view
        returns (bool)
    {
        return MerkleTreeRFC9162.verifyInclusion(leaf, index, size, headOfSize(size).root, proof);
    }

    /// @inheritdoc IRecordAnchor
    function quorum() external view returns (address[] memory signers, uint256 threshold) {
        return (_signers, _threshold);
    }

    /// @inheritdoc IRecordAnchor
    function requireQuorum(bytes32 digest, bytes[] calldata signatures) public view {
        if (signatures.length < _threshold) revert QuorumNotReached(signatures.length, _threshold);
        address last = address(0);
        for (uint256 i = 0; i < signatures.length; ++i) {
            address signer = ECDSA.recover(digest, signatures[i]);
            if (signer <= last || !_isSigner[signer]) revert SignerNotAccepted(signer);
            last = signer;
        }
    }

    // ---- internals

    function _digest(
        uint64 size,
        bytes32 root,
        bytes32 state,
        bytes32 figures,
        uint64 previousSize,
        bytes32 previousRoot
    ) private view returns (bytes32) {
        return _hashTypedDataV4(
            keccak256(abi.encode(HEAD_TYPEHASH, size, root, state, figures, previousSize, previousRoot))
        );
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
        _threshold = threshold;
        emit QuorumChanged(signers, threshold);
    }
}
