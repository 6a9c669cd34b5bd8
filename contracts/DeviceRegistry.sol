// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IDeviceRegistry} from "./interfaces/IDeviceRegistry.sol";
import {IRecordAnchor} from "./interfaces/IRecordAnchor.sol";
import {IRecordDispute} from "./interfaces/IRecordDispute.sol";
import {P256EitherForm} from "./libraries/P256EitherForm.sol";
import {StateSlots} from "./libraries/StateSlots.sol";

/// @title DeviceRegistry
/// @notice Documented in interfaces/IDeviceRegistry.sol.
contract DeviceRegistry is IDeviceRegistry, AccessManaged {
    uint64 private constant OPEN = type(uint64).max;

    IRecordAnchor public immutable anchor;

    mapping(bytes32 device => Device) private _devices;
    mapping(bytes32 device => mapping(uint64 epoch => SigningKey)) private _keys;
    /// @dev Last of the numbers that were repudiated; the first follows the last that counts.
    mapping(bytes32 device => mapping(uint64 epoch => uint64)) private _disputedUntil;

    constructor(address access, address anchor_) AccessManaged(access) {
        anchor = IRecordAnchor(anchor_);
    }

    // ---- writes

    /// @inheritdoc IDeviceRegistry
    function register(bytes32 id, address owner, address operator, bytes32 project, NewKey calldata key)
        external
        restricted
    {
        if (owner == address(0) || operator == address(0)) revert AccountZero();
        if (_devices[id].status != Status.NONE) revert DeviceAlreadyRegistered(id);
        _requirePossession(id, 1, key);
        _devices[id] = Device(owner, operator, project, Status.ACTIVE, 1);
        emit DeviceRegistered(id, owner, operator, project);
        _setKey(id, 1, key);
    }

    /// @inheritdoc IDeviceRegistry
    function rotate(bytes32 id, uint64 untilSequence, NewKey calldata key, IRecordDispute.Slot calldata end)
        external
        restricted
    {
        Device storage d = _known(id);
        uint64 epoch = d.epoch + 1;
        _requirePossession(id, epoch, key);
        _close(id, d.epoch, untilSequence, end);
        emit KeyClosed(id, d.epoch, untilSequence);
        d.epoch = epoch;
        _setKey(id, epoch, key);
    }

    /// @inheritdoc IDeviceRegistry
    function renewCertificate(bytes32 id, uint64 epoch, bytes32 certificateHash) external restricted {
        SigningKey storage key = _knownKey(id, epoch);
        if (key.revokedAt != 0) revert KeyAlreadyRevoked(id, epoch);
        key.certificateHash = certificateHash;
        emit CertificateRenewed(id, epoch, certificateHash);
    }

    /// @inheritdoc IDeviceRegistry
    function revoke(
        bytes32 id,
        uint64 epoch,
        uint64 untilSequence,
        uint8 reason,
        IRecordDispute.Slot calldata end
    ) external restricted {
        SigningKey storage key = _knownKey(id, epoch);
        if (key.revokedAt != 0 && untilSequence == key.untilSequence) revert KeyAlreadyRevoked(id, epoch);
        _close(id, epoch, untilSequence, end);
        _setRevoked(key, id, epoch, reason);
    }

    /// @inheritdoc IDeviceRegistry
    function repudiate(bytes32 id, uint64 epoch, uint64 untilSequence, uint8 reason) external restricted {
        SigningKey storage key = _knownKey(id, epoch);
        uint64 before = key.untilSequence;
        if (untilSequence >= before) revert UntilSequenceRaised(before, untilSequence);
        uint64 last = _disputedUntil[id][epoch];
        if (last == 0) _disputedUntil[id][epoch] = last = before;
        key.untilSequence = untilSequence;
        _setRevoked(key, id, epoch, reason);
        emit RecordsDisputed(id, epoch, untilSequence + 1, last);
    }

    /// @inheritdoc IDeviceRegistry
    function assign(bytes32 id, address owner, address operator, bytes32 project) external restricted {
        if (owner == address(0) || operator == address(0)) revert AccountZero();
        Device storage d = _known(id);
        d.owner = owner;
        d.operator = operator;
        d.project = project;
        emit DeviceAssigned(id, owner, operator, project);
    }

    /// @inheritdoc IDeviceRegistry
    function setSuspended(bytes32 id, bool suspended) external restricted {
        Status status = suspended ? Status.SUSPENDED : Status.ACTIVE;
        _known(id).status = status;
        emit DeviceStatusChanged(id, status);
    }

    // ---- reads

    /// @inheritdoc IDeviceRegistry
    function device(bytes32 id) external view returns (Device memory) {
        return _devices[id];
    }

    /// @inheritdoc IDeviceRegistry
    function signingKey(bytes32 id, uint64 epoch) external view returns (SigningKey memory) {
        return _knownKey(id, epoch);
    }

    /// @inheritdoc IDeviceRegistry
    function isAccepted(bytes32 id, uint64 epoch, uint64 sequence) external view returns (bool) {
        SigningKey storage key = _keys[id][epoch];
        return _devices[id].status == Status.ACTIVE && key.registeredAt != 0 && sequence >= key.fromSequence
            && sequence <= key.untilSequence;
    }

    /// @inheritdoc IDeviceRegistry
    function disputedOf(bytes32 id, uint64 epoch) external view returns (uint64 fromSequence, uint64 untilSequence) {
        untilSequence = _disputedUntil[id][epoch];
        if (untilSequence != 0) fromSequence = _keys[id][epoch].untilSequence + 1;
    }

    /// @inheritdoc IDeviceRegistry
    function possessionMessage(bytes32 id, uint64 epoch) public view returns (bytes memory) {
        return abi.encodePacked(
            "counterfoil device possession v1",
            block.chainid,
            address(this),
            id,
            epoch,
            uint256(_devices[id].epoch)
        );
    }

    // ---- internals

    function _known(bytes32 id) private view returns (Device storage d) {
        d = _devices[id];
        if (d.status == Status.NONE) revert DeviceUnknown(id);
    }

    function _knownKey(bytes32 id, uint64 epoch) private view returns (SigningKey storage key) {
        key = _keys[id][epoch];
        if (key.registeredAt == 0) revert KeyUnknown(id, epoch);
    }

    /// @dev The last number that counts is lowered by the registrar alone only where nothing behind it is anchored. By
    /// the newest head: an older one does not show what was anchored since. A key that is newer than that head has
    /// signed nothing under it. Of an epoch before the one that the slot names the last number is not known.
    function _close(bytes32 id, uint64 epoch, uint64 untilSequence, IRecordDispute.Slot calldata end) private {
        SigningKey storage key = _keys[id][epoch];
        if (untilSequence > key.untilSequence) revert UntilSequenceRaised(key.untilSequence, untilSequence);
        if (untilSequence == key.untilSequence) return;
        IRecordAnchor.Latest memory newest = anchor.latestHead();
        if (newest.anchoredAt >= key.registeredAt) {
            if (end.head.size != newest.size) revert NotTheNewestHead(newest.size, end.head.size);
            anchor.requireHead(end.head);
            if (!StateSlots.isUnder(end.head.state, id, end)) revert EndNotProven(id, newest.size);
            bool isBehind = end.epoch > epoch || (end.epoch == epoch && end.sequence > untilSequence);
            if (isBehind) revert AnchoredBehind(id, end.epoch, end.sequence);
        }
        key.untilSequence = untilSequence;
    }

    function _setRevoked(SigningKey storage key, bytes32 id, uint64 epoch, uint8 reason) private {
        key.revokedAt = uint64(block.timestamp);
        key.reason = reason;
        emit KeyRevoked(id, epoch, key.untilSequence, reason, uint64(block.timestamp));
    }

    function _setKey(bytes32 id, uint64 epoch, NewKey calldata key) private {
        _keys[id][epoch] =
            SigningKey(key.x, key.y, key.certificateHash, 1, OPEN, uint64(block.timestamp), 0, 0);
        emit KeyRegistered(id, epoch, key.x, key.y, key.certificateHash, 1);
    }

    function _requirePossession(bytes32 id, uint64 epoch, NewKey calldata key) private view {
        bytes32 digest = sha256(possessionMessage(id, epoch));
        if (!P256EitherForm.verify(digest, key.r, key.s, key.x, key.y)) revert PossessionNotProven(id, epoch);
    }
}
