// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IDeviceRegistry} from "./interfaces/IDeviceRegistry.sol";
import {P256EitherForm} from "./libraries/P256EitherForm.sol";

/// @title DeviceRegistry
/// @notice Documented in interfaces/IDeviceRegistry.sol.
contract DeviceRegistry is IDeviceRegistry, AccessManaged {
    uint64 private constant OPEN = type(uint64).max;

    mapping(bytes32 device => Device) private _devices;
    mapping(bytes32 device => mapping(uint64 epoch => SigningKey)) private _keys;

    constructor(address access) AccessManaged(access) {}

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
    function rotate(bytes32 id, uint64 untilSequence, NewKey calldata key) external restricted {
        Device storage d = _known(id);
        uint64 epoch = d.epoch + 1;
        _requirePossession(id, epoch, key);
        SigningKey storage old = _keys[id][d.epoch];
        if (untilSequence > old.untilSequence) revert UntilSequenceRaised(old.untilSequence, untilSequence);
        old.untilSequence = untilSequence;
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
    function revoke(bytes32 id, uint64 epoch, uint64 untilSequence, uint8 reason) external restricted {
        SigningKey storage key = _knownKey(id, epoch);
        if (untilSequence > key.untilSequence) revert UntilSequenceRaised(key.untilSequence, untilSequence);
        if (key.revokedAt != 0 && untilSequence == key.untilSequence) revert KeyAlreadyRevoked(id, epoch);
        key.untilSequence = untilSequence;
        key.revokedAt = uint64(block.timestamp);
        key.reason = reason;
        emit KeyRevoked(id, epoch, untilSequence, reason, uint64(block.timestamp));
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
