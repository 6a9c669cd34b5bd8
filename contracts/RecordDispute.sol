// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDeviceRegistry} from "./interfaces/IDeviceRegistry.sol";
import {IRecordAnchor} from "./interfaces/IRecordAnchor.sol";
import {IRecordDispute} from "./interfaces/IRecordDispute.sol";
import {CoseSign1} from "./libraries/CoseSign1.sol";
import {P256EitherForm} from "./libraries/P256EitherForm.sol";
import {SignedRecord} from "./libraries/SignedRecord.sol";
import {StateSlots} from "./libraries/StateSlots.sol";

/// @title RecordDispute
/// @notice Documented in interfaces/IRecordDispute.sol.
contract RecordDispute is IRecordDispute {
    IDeviceRegistry public immutable devices;
    IRecordAnchor public immutable anchor;

    mapping(bytes32 name => Finding) private _findings;

    constructor(address devices_, address anchor_) {
        devices = IDeviceRegistry(devices_);
        anchor = IRecordAnchor(anchor_);
    }

    // ---- writes

    /// @inheritdoc IRecordDispute
    function confirm(bytes calldata record, Inclusion calldata proof) external returns (Finding memory found) {
        found = _examine(record);
        _requireIncluded(found.leaf, proof);
        _keep(found, Place.IN_LOG, proof.head.size);
    }

    /// @inheritdoc IRecordDispute
    function refute(bytes calldata record, Slot calldata slot) external returns (Finding memory found) {
        found = _examine(record);
        bool isSame = slot.epoch == found.epoch && slot.sequence == found.sequence;
        bool endsBefore =
            slot.epoch < found.epoch || (slot.epoch == found.epoch && slot.sequence < found.sequence);
        if (!endsBefore && !(isSame && slot.payloadDigest != found.payloadDigest)) {
            revert SlotSaysNothing(slot.epoch, slot.sequence);
        }
        anchor.requireHead(slot.head);
        // What an older head does not hold may be in the log by now; what it holds stays in it.
        uint64 latest = anchor.latestHead().size;
        if (endsBefore && slot.head.size != latest) revert HeadNotLatest(slot.head.size, latest);
        if (!StateSlots.isUnder(slot.head.state, found.device, slot)) revert ProofInvalid(slot.head.size);
        _keep(found, isSame ? Place.DISPLACED : Place.ABSENT, slot.head.size);
    }

    /// @inheritdoc IRecordDispute
    function displace(bytes calldata record, bytes calldata other, Inclusion calldata proof)
        external
        returns (Finding memory found)
    {
        found = _examine(record);
        Finding memory second = _examine(other);
        if (
            second.device != found.device || second.epoch != found.epoch || second.sequence != found.sequence
                || second.payloadDigest == found.payloadDigest || second.word != Word.SIGNED
        ) revert NotTheSameNumber(second.epoch, second.sequence);
        _requireIncluded(second.leaf, proof);
        _keep(second, Place.IN_LOG, proof.head.size);
        _keep(found, Place.DISPLACED, proof.head.size);
    }

    // ---- reads

    /// @inheritdoc IRecordDispute
    function examine(bytes calldata record) external view returns (Finding memory) {
        return _examine(record);
    }

    /// @inheritdoc IRecordDispute
    function findingOf(bytes32 name) external view returns (Finding memory found) {
        found = _findings[name];
        if (found.word != Word.SIGNED) return found;
        // The key may have been revoked below it since.
        IDeviceRegistry.SigningKey memory key = devices.signingKey(found.device, found.epoch);
        if (found.sequence > key.untilSequence) found.word = Word.SEQUENCE_OUTSIDE_KEY;
    }

    // ---- internals

    function _examine(bytes calldata record) private view returns (Finding memory found) {
        SignedRecord.Fields memory fields = SignedRecord.parse(record);
        found.device = fields.device;
        found.epoch = fields.epoch;
        found.sequence = fields.sequence;
        found.payloadDigest = fields.payloadDigest;
        found.leaf = fields.leaf;
        found.word = _judge(fields);
        found.name =
            found.word == Word.SIGNED ? keccak256(abi.encode(fields.device, fields.payloadDigest)) : fields.leaf;
    }

    function _judge(SignedRecord.Fields memory fields) private view returns (Word) {
        IDeviceRegistry.SigningKey memory key;
        try devices.signingKey(fields.device, fields.epoch) returns (IDeviceRegistry.SigningKey memory known) {
            key = known;
        } catch {
            return Word.KEY_UNKNOWN;
        }
        if (fields.sequence < key.fromSequence || fields.sequence > key.untilSequence) {
            return Word.SEQUENCE_OUTSIDE_KEY;
        }
        CoseSign1.Parts memory parts = fields.parts;
        if (parts.kid != CoseSign1.thumbprint(key.x, key.y)) return Word.KEY_ID_DIFFERS;
        bool isSigned = P256EitherForm.verify(parts.digest, parts.r, parts.s, key.x, key.y);
        return isSigned ? Word.SIGNED : Word.SIGNATURE_INVALID;
    }

    function _requireIncluded(bytes32 leaf, Inclusion calldata proof) private view {
        if (!anchor.verifyInclusion(leaf, proof.index, proof.head, proof.path)) revert ProofInvalid(proof.head.size);
    }

    /// @dev What is in the log stays in it. Of the other words the one about the newest head counts.
    function _keep(Finding memory found, Place place, uint64 size) private {
        found.place = place;
        found.size = size;
        Finding storage kept = _findings[found.name];
        if (place == Place.IN_LOG || (kept.place != Place.IN_LOG && kept.size <= size)) {
            _findings[found.name] = found;
        }
        emit Judged(
            found.leaf, found.device, msg.sender, found.epoch, found.sequence, found.word, place, size
        );
    }
}
