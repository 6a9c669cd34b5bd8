// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Reading deterministic CBOR
/// @dev RFC 8949, section 4.2.1, and of it only what the formats use: integers, byte strings, texts, arrays, and maps
/// whose keys are small integers in ascending order. Heads that are longer than needed, indefinite lengths, tags, floats
/// and simple values are refused wherever they stand, so that one value has one encoding. A reader takes a position and
/// returns the one after what it read.
library Cbor {
    uint8 internal constant UNSIGNED = 0;
    uint8 internal constant NEGATIVE = 1;
    uint8 internal constant BYTES = 2;
    uint8 internal constant TEXT = 3;
    uint8 internal constant ARRAY = 4;
    uint8 internal constant MAP = 5;
    uint256 internal constant MAX_INTEGER = 2 ** 63 - 1;

    /// @notice What stands at byte `pos` is not what deterministic CBOR would have there.
    error CborMalformed(uint256 pos);

    /// @notice The major type and argument of the head at `pos`.
    function head(bytes calldata data, uint256 pos) internal pure returns (uint8 major, uint256 argument, uint256 next) {
        if (pos >= data.length) revert CborMalformed(pos);
        uint8 first = uint8(data[pos]);
        major = first >> 5;
        uint256 info = first & 31;
        if (info < 24) return (major, info, pos + 1);
        if (info > 27) revert CborMalformed(pos);
        uint256 width = 1 << (info - 24);
        next = pos + 1 + width;
        if (next > data.length) revert CborMalformed(pos);
        argument = uint256(uint64(bytes8(data[pos + 1:next]))) >> (64 - 8 * width);
        uint256 floor = width == 1 ? 24 : 1 << (4 * width);
        if (argument < floor || argument > MAX_INTEGER) revert CborMalformed(pos);
    }

    /// @notice The position after `byte_`, which must stand at `pos`.
    function expect(bytes calldata data, uint256 pos, bytes1 byte_) internal pure returns (uint256) {
        if (pos >= data.length || data[pos] != byte_) revert CborMalformed(pos);
        return pos + 1;
    }

    /// @notice The argument of the head at `pos`, which must be of type `wanted`.
    function read(bytes calldata data, uint256 pos, uint8 wanted) internal pure returns (uint256 argument, uint256 next) {
        uint8 major;
        (major, argument, next) = head(data, pos);
        if (major != wanted) revert CborMalformed(pos);
    }

    /// @notice The unsigned integer under `key` (0 to 23), which must stand at `pos`.
    function uintAt(bytes calldata data, uint256 pos, uint8 key) internal pure returns (uint64 value, uint256 next) {
        uint256 argument;
        (argument, next) = read(data, expect(data, pos, bytes1(key)), UNSIGNED);
        value = uint64(argument);
    }

    /// @notice The byte string of 32 at `pos`.
    function bytes32At(bytes calldata data, uint256 pos) internal pure returns (bytes32 value, uint256 next) {
        uint256 length;
        (length, pos) = read(data, pos, BYTES);
        next = pos + 32;
        if (length != 32 || next > data.length) revert CborMalformed(pos);
        value = bytes32(data[pos:next]);
    }

    /// @notice Where the content of the byte string or text at `pos` begins and ends.
    function stringAt(bytes calldata data, uint256 pos, uint8 wanted) internal pure returns (uint256 start, uint256 end) {
        uint256 length;
        (length, start) = read(data, pos, wanted);
        end = start + length;
        if (end > data.length) revert CborMalformed(pos);
    }

    /// @notice The position after the item at `pos`, whatever it is; `depth` arrays and maps may stand in one another.
    function skip(bytes calldata data, uint256 pos, uint256 depth) internal pure returns (uint256 next) {
        (uint8 major, uint256 argument, uint256 inner) = head(data, pos);
        if (major <= NEGATIVE) return inner;
        if (major <= TEXT) {
            next = inner + argument;
            if (next > data.length) revert CborMalformed(pos);
            return next;
        }
        if (major > MAP || depth == 0) revert CborMalformed(pos);
        next = inner;
        uint256 least = 0;
        for (uint256 i = 0; i < argument; ++i) {
            if (major == MAP) {
                uint256 key;
                uint256 here = next;
                (key, next) = read(data, here, UNSIGNED);
                if (key < least) revert CborMalformed(here);
                least = key + 1;
            }
            next = skip(data, next, depth - 1);
        }
    }

    /// @notice `value` as an unsigned integer in its shortest form.
    function encodeUint(uint64 value) internal pure returns (bytes memory) {
        if (value < 24) return abi.encodePacked(uint8(value));
        if (value < 2 ** 8) return abi.encodePacked(hex"18", uint8(value));
        if (value < 2 ** 16) return abi.encodePacked(hex"19", uint16(value));
        if (value < 2 ** 32) return abi.encodePacked(hex"1a", uint32(value));
        return abi.encodePacked(hex"1b", value);
    }
}
