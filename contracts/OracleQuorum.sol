// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IOracleQuorum} from "./interfaces/IOracleQuorum.sol";
import {IRecordAnchor} from "./interfaces/IRecordAnchor.sol";

/// @title OracleQuorum
/// @notice Documented in interfaces/IOracleQuorum.sol.
contract OracleQuorum is IOracleQuorum, EIP712 {
    /// @inheritdoc IOracleQuorum
    uint64 public constant MAX_LIFE = 7 days;
    bytes32 private constant CALL_TYPEHASH =
        keccak256("Call(address target,bytes data,bytes32 label,uint64 deadline)");
    bytes32 private constant REVOCATION_TYPEHASH = keccak256("Revocation(bytes32 call)");

    IRecordAnchor public immutable anchor;

    mapping(bytes32 digest => Status) private _statuses;

    constructor(address anchor_) EIP712("Counterfoil OracleQuorum", "1") {
        anchor = IRecordAnchor(anchor_);
    }

    // ---- writes

    /// @inheritdoc IOracleQuorum
    function execute(
        address target,
        bytes calldata data,
        bytes32 label,
        uint64 deadline,
        bytes[] calldata signatures
    ) external {
        bytes32 digest = callDigest(target, data, label, deadline);
        Status status = _statuses[digest];
        if (status == Status.EXECUTED) return;
        if (status == Status.REVOKED) revert CallIsRevoked(digest);
        if (block.timestamp > deadline) revert CallExpired(deadline);
        uint64 latest = uint64(block.timestamp) + MAX_LIFE;
        if (deadline > latest) revert DeadlineTooFar(deadline, latest);
        anchor.requireQuorum(digest, signatures);
        _statuses[digest] = Status.EXECUTED;
        emit Executed(digest, target, label);
        Address.functionCall(target, data);
    }

    /// @inheritdoc IOracleQuorum
    function revoke(bytes32 digest, bytes[] calldata signatures) external {
        Status status = _statuses[digest];
        if (status == Status.REVOKED) return;
        if (status == Status.EXECUTED) revert CallIsExecuted(digest);
        anchor.requireQuorum(revocationDigest(digest), signatures);
        _statuses[digest] = Status.REVOKED;
        emit Revoked(digest);
    }

    // ---- reads

    /// @inheritdoc IOracleQuorum
    function callDigest(address target, bytes calldata data, bytes32 label, uint64 deadline)
        public
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(keccak256(abi.encode(CALL_TYPEHASH, target, keccak256(data), label, deadline)));
    }

    /// @inheritdoc IOracleQuorum
    function revocationDigest(bytes32 digest) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(REVOCATION_TYPEHASH, digest)));
    }

    /// @inheritdoc IOracleQuorum
    function isExecuted(bytes32 digest) external view returns (bool) {
        return _statuses[digest] == Status.EXECUTED;
    }

    /// @inheritdoc IOracleQuorum
    function isRevoked(bytes32 digest) external view returns (bool) {
        return _statuses[digest] == Status.REVOKED;
    }
}
