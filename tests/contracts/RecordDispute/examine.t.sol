// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RecordDispute} from "contracts/RecordDispute.sol";
import {IRecordDispute} from "contracts/interfaces/IRecordDispute.sol";
import {Vectors} from "support/Vectors.sol";

/// @notice Every published record, good and bad, read and judged on chain.
contract ExamineTest is Vectors {
    RecordDispute private dispute;

    error Unexpected(string name, string code, IRecordDispute.Word word);

    function setUp() public {
        deployVectors();
        dispute = new RecordDispute(address(devices), address(anchor));
    }

    function test_every_good_record_is_signed_by_its_machine() public view {
        isTrue(hasEntry("good", 9), "all of them");
        for (uint256 i = 0; hasEntry("good", i); ++i) {
            IRecordDispute.Finding memory found = dispute.examine(good(i));
            isTrue(found.word == IRecordDispute.Word.SIGNED, "signed, s in either form");
            equal(found.device, DEVICE, "device");
            equal(found.payloadDigest, bytes32(hexOf(entry("good", i, "payload_digest"))), "payload digest");
            equal(found.leaf, bytes32(hexOf(entry("good", i, "leaf_hash"))), "leaf");
            equal(found.epoch, i == 8 ? 2 : 1, "epoch");
        }
    }

    function test_every_bad_record_is_refused_or_refuted_by_its_one_fault() public view {
        isTrue(hasEntry("bad", 60), "all of them");
        for (uint256 i = 0; hasEntry("bad", i); ++i) {
            (string memory name, string memory code) = (entry("bad", i, "name"), entry("bad", i, "code"));
            IRecordDispute.Word word = _word(hexOf(entry("bad", i, "raw")));
            if (word != _expected(name, code)) revert Unexpected(name, code, word);
        }
    }

    function test_any_changed_byte_is_refused_or_refuted() public view {
        bytes memory raw = good(1);
        for (uint256 i = 0; i < raw.length; i += 3) {
            bytes memory changed = good(1);
            changed[i] = changed[i] ^ 0x01;
            isTrue(_word(changed) != IRecordDispute.Word.SIGNED, "a changed byte");
        }
        equal(raw.length, good(1).length, "the same record");
    }

    function test_a_number_behind_the_keys_end_is_not_the_machines_word() public {
        devices.revoke(DEVICE, 1, 2, 1, noEnd());
        isTrue(_word(good(1)) == IRecordDispute.Word.SIGNED, "sequence 2 counts");
        isTrue(_word(good(2)) == IRecordDispute.Word.SEQUENCE_OUTSIDE_KEY, "sequence 3 does not");
    }

    /// @dev UNJUDGED stands for a revert: the bytes are no record.
    function _word(bytes memory record) private view returns (IRecordDispute.Word) {
        try dispute.examine(record) returns (IRecordDispute.Finding memory found) {
            return found.word;
        } catch {
            return IRecordDispute.Word.UNJUDGED;
        }
    }

    /// @dev What only the record's meaning, its place in the chain or a register that this one can't be shows is signed
    /// all the same: the contract says who signed, auditors say what it is worth.
    function _expected(string memory name, string memory code) private pure returns (IRecordDispute.Word) {
        if (_is(code, "record.signature_invalid")) return IRecordDispute.Word.SIGNATURE_INVALID;
        if (_is(code, "record.key_unknown") || _is(name, "issuer that is no device")) return IRecordDispute.Word.KEY_UNKNOWN;
        if (_is(code, "record.epoch_closed")) return IRecordDispute.Word.SEQUENCE_OUTSIDE_KEY;
        if (_is(code, "record.key_id_mismatch")) return IRecordDispute.Word.KEY_ID_DIFFERS;
        string[15] memory signed = [
            "record.issuer_mismatch",
            "record.sequence_outside_key",
            "record.key_revoked",
            "record.equivocation",
            "record.sequence_gap",
            "record.previous_mismatch",
            "record.epoch_link_mismatch",
            "record.counters_inconsistent",
            "a sale's body under kind refund",
            "currency in small letters",
            "negative amount",
            "a key unknown in the body",
            "no lines, but the key",
            "a reference with a line break",
            "text that is no UTF-8"
        ];
        for (uint256 i = 0; i < signed.length; ++i) {
            if (_is(code, signed[i]) || _is(name, signed[i])) return IRecordDispute.Word.SIGNED;
        }
        return IRecordDispute.Word.UNJUDGED;
    }

    function _is(string memory a, string memory b) private pure returns (bool) {
        return keccak256(bytes(a)) == keccak256(bytes(b));
    }
}
