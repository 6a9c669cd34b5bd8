// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Cbor} from "./Cbor.sol";

/// @title The parts of a signed message, and the digest that its signer signed, out of one byte string
/// @dev COSE_Sign1 (RFC 9052, section 4.2) in the one shape that records and promises have: tagged, ES256, the header
/// {1: -7, 4: kid, 15: {1: issuer, 2: subject}}, nothing unprotected, r || s at the end and nothing after it. What is
/// signed is hashed from the very bytes that were given, so it can't differ from what is read out of them.
library CoseSign1 {
    using Cbor for bytes;

    /// @param kid COSE Key Thumbprint that the header names (RFC 9679).
    /// @param issuer SHA-256 of the header's issuer.
    /// @param subject SHA-256 of the header's subject.
    /// @param digest SHA-256 of the Sig_structure.
    /// @param payloadStart where the payload begins, and `payloadEnd` where it ends.
    struct Parts {
        bytes32 kid;
        bytes32 issuer;
        bytes32 subject;
        bytes32 digest;
        bytes32 r;
        bytes32 s;
        uint256 payloadStart;
        uint256 payloadEnd;
    }

    /// @notice The bytes are not one COSE_Sign1 in that shape.
    error EnvelopeMalformed();

    /// @notice Read `data`, all of it. No signature is verified.
    function parse(bytes calldata data) internal pure returns (Parts memory parts) {
        if (data.length < 2 || bytes2(data[:2]) != 0xd284) revert EnvelopeMalformed();
        (uint256 start, uint256 end) = data.stringAt(2, Cbor.BYTES);
        _readHeader(data[start:end], parts);
        uint256 second = data.expect(end, 0xa0);
        (parts.payloadStart, parts.payloadEnd) = data.stringAt(second, Cbor.BYTES);
        uint256 pos = parts.payloadEnd;
        if (data.length != pos + 66 || bytes2(data[pos:pos + 2]) != 0x5840) revert EnvelopeMalformed();
        parts.r = bytes32(data[pos + 2:pos + 34]);
        parts.s = bytes32(data[pos + 34:pos + 66]);
        parts.digest = sha256(
            abi.encodePacked(hex"846a5369676e617475726531", data[2:end], hex"40", data[second:parts.payloadEnd])
        );
    }

    /// @notice COSE Key Thumbprint of a P-256 key: SHA-256 of {1: 2, -1: 1, -2: x, -3: y} (RFC 9679).
    function thumbprint(bytes32 x, bytes32 y) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(hex"a401022001215820", x, hex"225820", y));
    }

    function _readHeader(bytes calldata header, Parts memory parts) private pure {
        if (header.length < 4 || bytes4(header[:4]) != 0xa3012604) revert EnvelopeMalformed();
        uint256 pos;
        uint256 start;
        (parts.kid, pos) = header.bytes32At(4);
        if (header.length < pos + 3 || bytes3(header[pos:pos + 3]) != 0x0fa201) revert EnvelopeMalformed();
        (start, pos) = header.stringAt(pos + 3, Cbor.TEXT);
        parts.issuer = sha256(header[start:pos]);
        (start, pos) = header.stringAt(header.expect(pos, 0x02), Cbor.TEXT);
        parts.subject = sha256(header[start:pos]);
        if (pos != header.length) revert EnvelopeMalformed();
    }
}
