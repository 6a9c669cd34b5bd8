// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DeviceRegistry} from "contracts/DeviceRegistry.sol";
import {RecordAnchor} from "contracts/RecordAnchor.sol";
import {IDeviceRegistry} from "contracts/interfaces/IDeviceRegistry.sol";
import {IRecordAnchor} from "contracts/interfaces/IRecordAnchor.sol";
import {Ledger} from "support/Ledger.sol";

/// @notice The published vectors of tests/vectors, their machines registered, and their records anchored as one log.
abstract contract Vectors is Ledger {
    bytes32 internal constant DEVICE = sha256("urn:dev:os:32473-vj300320611");
    bytes32 internal constant OTHER = sha256("urn:dev:os:32473-vj300320612");
    uint256 private constant FIRST_KEY = 0xC0FFEE;

    string internal records;
    string internal receipts;
    bytes32[] internal leaves;

    function deployVectors() internal {
        deploy();
        records = vm.readFile("tests/vectors/records.json");
        receipts = vm.readFile("tests/vectors/receipts.json");
        address[] memory signers = new address[](1);
        signers[0] = vm.addr(SIGNER_KEY);
        anchor = new RecordAnchor(address(access), signers, 1);
        devices = new DeviceRegistry(address(access), address(anchor));
        devices.register(DEVICE, operator, operator, PROJECT, newKey(1, DEVICE, 1));
        devices.rotate(DEVICE, 8, newKey(2, DEVICE, 2), noEnd());
        devices.register(OTHER, operator, operator, PROJECT, newKey(3, OTHER, 1));
    }

    /// @notice The published key `number` with the proof that its holder is here.
    function newKey(uint256 number, bytes32 device, uint64 epoch)
        internal
        view
        returns (IDeviceRegistry.NewKey memory key)
    {
        (uint256 x, uint256 y) = vm.publicKeyP256(FIRST_KEY + number);
        (bytes32 r, bytes32 s) = vm.signP256(FIRST_KEY + number, sha256(devices.possessionMessage(device, epoch)));
        key = IDeviceRegistry.NewKey(bytes32(x), bytes32(y), keccak256("certificate"), r, s);
    }

    function hexOf(string memory text) internal pure returns (bytes memory) {
        return vm.parseBytes(string.concat("0x", text));
    }

    /// @notice The text under `key` of entry `i` of the `list` "good" or "bad".
    function entry(string memory list, uint256 i, string memory key) internal view returns (string memory) {
        return vm.parseJsonString(records, string.concat(".", list, "[", vm.toString(i), "].", key));
    }

    function hasEntry(string memory list, uint256 i) internal view returns (bool) {
        return vm.keyExistsJson(records, string.concat(".", list, "[", vm.toString(i), "]"));
    }

    /// @notice Good record `i`, from 0.
    function good(uint256 i) internal view returns (bytes memory) {
        return hexOf(entry("good", i, "raw"));
    }

    /// @notice Anchor the first `count` good records as the first head, with `state` as its state root.
    function anchorGood(uint256 count, bytes32 state) internal returns (IRecordAnchor.Head memory head) {
        uint256 before = leaves.length;
        for (uint256 i = before; i < count; ++i) {
            leaves.push(sha256(abi.encodePacked(bytes1(0x00), good(i))));
        }
        head = headOf(uint64(count), rootOf(0, count), state);
        bytes[] memory signatures = new bytes[](1);
        signatures[0] = signHead(SIGNER_KEY, head);
        anchor.anchor(head, before == 0 ? new bytes32[](0) : _consistency(before, 0, count, true), signatures);
    }

    /// @dev RFC 9162, 2.1.4.1: SUBPROOF of the first `m` leaves of those from `start` on.
    function _consistency(uint256 m, uint256 start, uint256 end, bool isWhole)
        private
        view
        returns (bytes32[] memory path)
    {
        if (m == end - start) {
            path = new bytes32[](isWhole ? 0 : 1);
            if (!isWhole) path[0] = rootOf(start, end);
            return path;
        }
        uint256 k = _split(end - start);
        bool isLeft = m <= k;
        bytes32[] memory below =
            isLeft ? _consistency(m, start, start + k, isWhole) : _consistency(m - k, start + k, end, false);
        path = new bytes32[](below.length + 1);
        for (uint256 i = 0; i < below.length; ++i) {
            path[i] = below[i];
        }
        path[below.length] = isLeft ? rootOf(start + k, end) : rootOf(start, start + k);
    }

    function rootOf(uint256 start, uint256 end) internal view returns (bytes32) {
        if (end - start == 1) return leaves[start];
        uint256 k = _split(end - start);
        return sha256(abi.encodePacked(bytes1(0x01), rootOf(start, start + k), rootOf(start + k, end)));
    }

    function pathOf(uint256 m, uint256 start, uint256 end) internal view returns (bytes32[] memory path) {
        if (end - start == 1) return path;
        uint256 k = _split(end - start);
        bool isLeft = m < start + k;
        bytes32[] memory below = isLeft ? pathOf(m, start, start + k) : pathOf(m, start + k, end);
        path = new bytes32[](below.length + 1);
        for (uint256 i = 0; i < below.length; ++i) {
            path[i] = below[i];
        }
        path[below.length] = isLeft ? rootOf(start + k, end) : rootOf(start, start + k);
    }

    /// @notice RFC 9162's consistency proof between the first `m` records and all from `start` to `end`.
    function consistencyOf(uint256 m, uint256 start, uint256 end, bool isWhole)
        internal
        view
        returns (bytes32[] memory proof)
    {
        if (m == end - start) {
            if (isWhole) return proof;
            proof = new bytes32[](1);
            proof[0] = rootOf(start, end);
            return proof;
        }
        uint256 k = _split(end - start);
        bool isLeft = m <= k;
        bytes32[] memory below = isLeft
            ? consistencyOf(m, start, start + k, isWhole)
            : consistencyOf(m - k, start + k, end, false);
        proof = new bytes32[](below.length + 1);
        for (uint256 i = 0; i < below.length; ++i) {
            proof[i] = below[i];
        }
        proof[below.length] = isLeft ? rootOf(start + k, end) : rootOf(start, start + k);
    }

    function _split(uint256 n) private pure returns (uint256 k) {
        k = 1;
        while (k * 2 < n) k *= 2;
    }
}
