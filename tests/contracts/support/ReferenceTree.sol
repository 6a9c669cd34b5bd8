// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice RFC 9162's definitions, written as they stand there (2.1.1, 2.1.3.1, 2.1.4.1), to check the contract by.
abstract contract ReferenceTree {
    function leafAt(uint256 i) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(bytes1(0x00), "record", i));
    }

    function treeHash(uint256 start, uint256 end) internal pure returns (bytes32) {
        if (end == start) return sha256("");
        if (end - start == 1) return leafAt(start);
        uint256 k = split2(end - start);
        return sha256(abi.encodePacked(bytes1(0x01), treeHash(start, start + k), treeHash(start + k, end)));
    }

    function inclusionPath(uint256 m, uint256 start, uint256 end) internal pure returns (bytes32[] memory) {
        uint256 n = end - start;
        if (n == 1) return new bytes32[](0);
        uint256 k = split2(n);
        if (m < k) return push(inclusionPath(m, start, start + k), treeHash(start + k, end));
        return push(inclusionPath(m - k, start + k, end), treeHash(start, start + k));
    }

    function consistencyPath(uint256 m, uint256 start, uint256 end, bool whole)
        internal
        pure
        returns (bytes32[] memory proof)
    {
        uint256 n = end - start;
        if (m == n) {
            if (!whole) {
                proof = new bytes32[](1);
                proof[0] = treeHash(start, end);
            }
            return proof;
        }
        uint256 k = split2(n);
        if (m <= k) return push(consistencyPath(m, start, start + k, whole), treeHash(start + k, end));
        return push(consistencyPath(m - k, start + k, end, false), treeHash(start, start + k));
    }

    function split2(uint256 n) internal pure returns (uint256 k) {
        k = 1;
        while (k * 2 < n) k *= 2;
    }

    function push(bytes32[] memory list, bytes32 item) internal pure returns (bytes32[] memory longer) {
        longer = new bytes32[](list.length + 1);
        for (uint256 i = 0; i < list.length; ++i) {
            longer[i] = list[i];
        }
        longer[list.length] = item;
    }
}
