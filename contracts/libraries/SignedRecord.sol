// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Cbor} from "./Cbor.sol";
import {CoseSign1} from "./CoseSign1.sol";

/// @title A machine's record: who says to have signed it, under which number, and what the log hashes of it
/// @dev docs/formats/record.md. The payload is read field by field, all keys in order, all numbers in their ranges. What
/// the body says is judged only as far as it is deterministic CBOR: its meaning is for those who read the record.
library SignedRecord {
    using Cbor for bytes;

    uint256 internal constant MAX_BYTES = 8192;
    uint256 private constant MAX_TIME_MS = 253402300799999;
    uint256 private constant BODY_DEPTH = 4;

    /// @param device SHA-256 of the device's name.
    /// @param payloadDigest SHA-256 of the payload, which names the record.
    /// @param leaf SHA-256 of 0x00 and the whole record, as the log hashes it.
    struct Fields {
        bytes32 device;
        uint64 epoch;
        uint64 sequence;
        bytes32 payloadDigest;
        bytes32 leaf;
        CoseSign1.Parts parts;
    }

    /// @notice The payload is no record's, from byte `pos` of it on.
    error PayloadMalformed(uint256 pos);
    error RecordTooLarge(uint256 length);

    /// @notice Read `record`, all of it. No signature is verified.
    function parse(bytes calldata record) internal pure returns (Fields memory fields) {
        if (record.length > MAX_BYTES) revert RecordTooLarge(record.length);
        CoseSign1.Parts memory parts = CoseSign1.parse(record);
        bytes calldata payload = record[parts.payloadStart:parts.payloadEnd];
        fields.device = parts.issuer;
        (fields.epoch, fields.sequence) = _readPayload(payload);
        fields.payloadDigest = sha256(payload);
        fields.leaf = sha256(abi.encodePacked(bytes1(0x00), record));
        fields.parts = parts;
    }

    function _readPayload(bytes calldata data) private pure returns (uint64 epoch, uint64 sequence) {
        (uint256 pairs, uint256 pos) = data.read(0, Cbor.MAP);
        uint64 value;
        (value, pos) = data.uintAt(pos, 1);
        _require(value == 1, pos);
        (epoch, pos) = data.uintAt(pos, 2);
        _require(epoch != 0 && epoch <= type(uint32).max, pos);
        (sequence, pos) = data.uintAt(pos, 3);
        _require(sequence != 0, pos);
        (, pos) = data.bytes32At(data.expect(pos, 0x04));
        (value, pos) = data.uintAt(pos, 5);
        _require(value <= MAX_TIME_MS, pos);
        (value, pos) = data.uintAt(pos, 6);
        _require(value <= 3, pos);
        (, pos) = data.uintAt(pos, 7);
        (value, pos) = data.uintAt(pos, 8);
        _require(value >= 1 && value <= 7, pos);
        pos = data.expect(pos, 0x09);
        data.read(pos, Cbor.MAP);
        pos = data.skip(pos, BODY_DEPTH);
        pos = _readCounters(data, data.expect(pos, 0x0a));
        (pairs, pos) = _readRest(data, pos, pairs, epoch > 1 && sequence == 1);
        _require(pairs == 10 && pos == data.length, pos);
    }

    function _readCounters(bytes calldata data, uint256 pos) private pure returns (uint256) {
        pos = data.expect(pos, 0xa3);
        (, pos) = data.uintAt(pos, 1);
        (uint8 major,, uint256 next) = data.head(data.expect(pos, 0x02));
        _require(major <= Cbor.NEGATIVE, pos);
        (, pos) = data.uintAt(next, 3);
        return pos;
    }

    /// @dev Key 11, the gossiped head, may be there; key 12, the link, stands where an epoch begins and nowhere else.
    function _readRest(bytes calldata data, uint256 pos, uint256 pairs, bool isLinked)
        private
        pure
        returns (uint256, uint256)
    {
        if (pos < data.length && data[pos] == 0x0b) {
            pos = data.expect(pos + 1, 0x82);
            (, pos) = data.read(pos, Cbor.UNSIGNED);
            (, pos) = data.bytes32At(pos);
            --pairs;
        }
        if (isLinked) {
            pos = data.expect(data.expect(pos, 0x0c), 0x82);
            (, pos) = data.read(pos, Cbor.UNSIGNED);
            (, pos) = data.read(pos, Cbor.UNSIGNED);
            --pairs;
        }
        return (pairs, pos);
    }

    function _require(bool condition, uint256 pos) private pure {
        if (!condition) revert PayloadMalformed(pos);
    }
}
