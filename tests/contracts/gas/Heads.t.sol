// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ConsortiumAccess} from "contracts/ConsortiumAccess.sol";
import {RecordAnchor} from "contracts/RecordAnchor.sol";
import {IRecordAnchor} from "contracts/interfaces/IRecordAnchor.sol";
import {MerkleTreeRFC9162} from "contracts/libraries/MerkleTreeRFC9162.sol";
import {Ledger} from "support/Ledger.sol";

/// @notice What a head costs by its signatures: over a log of a million records, by 10,000 more, at some head of many.
contract HeadsGas is Ledger {
    uint64 private constant BEFORE = 1_000_000;
    uint64 private constant AFTER = 1_010_000;

    uint256[] private _keys;
    bytes32[] private _proof;

    function setUp() public {
        vm.warp(1_767_225_600);
        for (uint256 i = 1; i <= 7; ++i) {
            _keys.push(i);
        }
        for (uint256 i = 1; i < 7; ++i) {
            for (uint256 j = i; j > 0 && vm.addr(_keys[j]) < vm.addr(_keys[j - 1]); --j) {
                (_keys[j], _keys[j - 1]) = (_keys[j - 1], _keys[j]);
            }
        }
    }

    function test_gas_of_1_signature() public {
        _measure(1, "anchor, 1 signature");
    }

    function test_gas_of_2_signatures() public {
        _measure(2, "anchor, 2 signatures");
    }

    function test_gas_of_3_signatures() public {
        _measure(3, "anchor, 3 signatures");
    }

    function test_gas_of_5_signatures() public {
        _measure(5, "anchor, 5 signatures");
    }

    function test_gas_of_7_signatures() public {
        _measure(7, "anchor, 7 signatures");
    }

    function _measure(uint256 count, string memory name) private {
        address[] memory signers = new address[](count);
        for (uint256 i = 0; i < count; ++i) {
            signers[i] = vm.addr(_keys[i]);
        }
        anchor = new RecordAnchor(address(new ConsortiumAccess(address(this))), signers, count);
        (bytes32 first, bytes32 second) = _grow();
        IRecordAnchor.Head memory head = headOf(BEFORE, first, keccak256("state"));
        anchor.anchor(head, new bytes32[](0), _signed(head, count));
        head = headOf(AFTER, second, keccak256("later state"));
        anchor.anchor(head, _proof, _signed(head, count));
        vm.snapshotGasLastCall("7 Heads", name);
    }

    function _signed(IRecordAnchor.Head memory head, uint256 count) private view returns (bytes[] memory signatures) {
        signatures = new bytes[](count);
        for (uint256 i = 0; i < count; ++i) {
            signatures[i] = signHead(_keys[i], head);
        }
    }

    /// @dev A proof of the length that these sizes need, of made-up nodes, and both roots that follow from it (RFC
    /// 9162, 2.1.4.2).
    function _grow() private returns (bytes32 first, bytes32 second) {
        (uint256 fn, uint256 sn) = (BEFORE - 1, AFTER - 1);
        while (fn & 1 == 1) (fn, sn) = (fn >> 1, sn >> 1);
        _proof.push(keccak256("node"));
        first = second = _proof[0];
        while (sn != 0) {
            bytes32 c = keccak256(abi.encode(_proof.length));
            _proof.push(c);
            if (fn & 1 == 1 || fn == sn) {
                (first, second) = (MerkleTreeRFC9162.node(c, first), MerkleTreeRFC9162.node(c, second));
                while (fn & 1 == 0 && fn != 0) (fn, sn) = (fn >> 1, sn >> 1);
            } else {
                second = MerkleTreeRFC9162.node(second, c);
            }
            (fn, sn) = (fn >> 1, sn >> 1);
        }
    }
}
