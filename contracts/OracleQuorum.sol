// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IOracleQuorum} from "./interfaces/IOracleQuorum.sol";
import {IRecordAnchor} from "./interfaces/IRecordAnchor.sol";

/// @title OracleQuorum
/// @notice Documented in interfaces/IOracleQuorum.sol.
contract OracleQuorum is IOracleQuorum, EIP712 {
    bytes32 private constant CALL_TYPEHASH = keccak256("Call(address target,bytes data,bytes32 label)");

    IRecordAnchor public immutable anchor;

    mapping(bytes32 digest => bool) private _executed;

    constructor(address anchor_) EIP712("Counterfoil OracleQuorum", "1") {
        anchor = IRecordAnchor(anchor_);
    }

    // ---- writes

    /// @inheritdoc IOracleQuorum
    function execute(address target, bytes calldata data, bytes32 label, bytes[] calldata signatures) external {
        bytes32 digest = callDigest(target, data, label);
        if (_executed[digest]) return;
        anchor.requireQuorum(digest, signatures);
        _executed[digest] = true;
        emit Executed(digest, target, label);
        Address.functionCall(target, data);
    }

    // ---- reads

    /// @inheritdoc IOracleQuorum
    function callDigest(address target, bytes calldata data, bytes32 label) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(CALL_TYPEHASH, target, keccak256(data), label)));
    }

    /// @inheritdoc IOracleQuorum
    function isExecuted(bytes32 digest) external view returns (bool) {
        return _executed[digest];
    }
}
