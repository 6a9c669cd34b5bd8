// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRecordDispute} from "./IRecordDispute.sol";

/// @title The machines' signing keys, and whose machines they are
/// @notice A device is SHA-256 of its certificate's SAN URI. Each epoch of a device has one P-256 signing key, good for
/// the sequences from `fromSequence` to `untilSequence`, both included. The device's own clock decides nothing.
/// The last sequence that counts can be lowered and never raised. What is anchored may have been paid: to go below it is
/// to repudiate, which the committee alone does, and those records are disputed from then on.
interface IDeviceRegistry {
    enum Status {
        NONE,
        ACTIVE,
        SUSPENDED
    }

    /// @param owner who owns the machine.
    /// @param operator who runs it.
    /// @param project whose revenue its sales are; 0 for none.
    /// @param status whether its new records count.
    /// @param epoch the newest epoch, from 1.
    struct Device {
        address owner;
        address operator;
        bytes32 project;
        Status status;
        uint64 epoch;
    }

    /// @param x the public key's x coordinate (P-256).
    /// @param y the public key's y coordinate.
    /// @param certificateHash SHA-256 of the DER certificate of this key.
    /// @param fromSequence first sequence that this key may sign.
    /// @param untilSequence last sequence that counts; 2^64 - 1 while the key is in use.
    /// @param registeredAt chain time, seconds.
    /// @param revokedAt chain time, seconds; 0 while not revoked.
    /// @param reason RFC 5280 CRLReason of the revocation.
    struct SigningKey {
        bytes32 x;
        bytes32 y;
        bytes32 certificateHash;
        uint64 fromSequence;
        uint64 untilSequence;
        uint64 registeredAt;
        uint64 revokedAt;
        uint8 reason;
    }

    /// @notice A new key and the proof that the device holds it.
    /// @param r ECDSA signature over SHA-256 of `possessionMessage`.
    /// @param s either form.
    struct NewKey {
        bytes32 x;
        bytes32 y;
        bytes32 certificateHash;
        bytes32 r;
        bytes32 s;
    }

    event DeviceRegistered(
        bytes32 indexed device, address indexed owner, address indexed operator, bytes32 project
    );
    event DeviceAssigned(
        bytes32 indexed device, address indexed owner, address indexed operator, bytes32 project
    );
    event DeviceStatusChanged(bytes32 indexed device, Status status);
    event KeyRegistered(
        bytes32 indexed device, uint64 indexed epoch, bytes32 x, bytes32 y, bytes32 certificateHash, uint64 fromSequence
    );
    /// @notice No record of `epoch` beyond `untilSequence` counts.
    event KeyClosed(bytes32 indexed device, uint64 indexed epoch, uint64 untilSequence);
    event KeyRevoked(bytes32 indexed device, uint64 indexed epoch, uint64 untilSequence, uint8 reason, uint64 revokedAt);
    /// @notice The committee has repudiated these records of `epoch`, both included: all that were since the first time.
    event RecordsDisputed(
        bytes32 indexed device, uint64 indexed epoch, uint64 fromSequence, uint64 untilSequence
    );
    event CertificateRenewed(bytes32 indexed device, uint64 indexed epoch, bytes32 certificateHash);

    error DeviceAlreadyRegistered(bytes32 device);
    error DeviceUnknown(bytes32 device);
    error KeyUnknown(bytes32 device, uint64 epoch);
    /// @notice The signature does not show possession of the key for this chain, registry, device and epoch.
    error PossessionNotProven(bytes32 device, uint64 epoch);
    error KeyAlreadyRevoked(bytes32 device, uint64 epoch);
    /// @notice A key's last sequence can only be lowered.
    error UntilSequenceRaised(uint64 current, uint64 asked);
    /// @notice The end of the machine's chain must be shown by the newest head.
    error NotTheNewestHead(uint64 newestSize, uint64 size);
    /// @notice The slot is not the machine's under that head's state root.
    error EndNotProven(bytes32 device, uint64 size);
    /// @notice Records behind that number are anchored: only the committee goes below them.
    error AnchoredBehind(bytes32 device, uint64 epoch, uint64 sequence);
    error AccountZero();

    /// @notice Register `device` with the key of its first epoch.
    /// @dev Role REGISTRAR. About 260,000 gas more where the chain has no P-256 precompile.
    function register(bytes32 device, address owner, address operator, bytes32 project, NewKey calldata key) external;

    /// @notice Begin the next epoch with `key`; the one before ends at `untilSequence`.
    /// @param end as for `revoke`; asked for where `untilSequence` is lower than it was.
    /// @dev Role REGISTRAR.
    function rotate(bytes32 device, uint64 untilSequence, NewKey calldata key, IRecordDispute.Slot calldata end)
        external;

    /// @notice The same key has a new certificate.
    /// @dev Role REGISTRAR.
    function renewCertificate(bytes32 device, uint64 epoch, bytes32 certificateHash) external;

    /// @notice Records of `epoch` beyond `untilSequence` never count; chain time is the time of revocation. A revocation
    /// that came with too high a number may be lowered by another, and never raised.
    /// @param end the machine's slot under the newest head, which shows that nothing behind `untilSequence` is anchored.
    /// A key that was registered after that head needs none.
    /// @dev Role REGISTRAR. `reason` as RFC 5280 numbers them. A machine without a record in the log has no slot, and of an
    /// epoch before the slot's the last anchored number is not shown: these are the committee's. A head that comes first
    /// makes the call fail: send it again.
    function revoke(
        bytes32 device,
        uint64 epoch,
        uint64 untilSequence,
        uint8 reason,
        IRecordDispute.Slot calldata end
    ) external;

    /// @notice Take back records of `epoch` beyond `untilSequence` that are anchored, and may be paid: they are disputed
    /// from now on, up to the last number that counted before.
    /// @dev Role COMMITTEE. It asks for no proof: a motion is older than the newest head when it is carried.
    function repudiate(bytes32 device, uint64 epoch, uint64 untilSequence, uint8 reason) external;

    /// @notice Hand the machine to another owner, operator or project.
    /// @dev Role REGISTRAR.
    function assign(bytes32 device, address owner, address operator, bytes32 project) external;

    /// @notice Suspend the machine, or let it count again.
    /// @dev Role SUPERVISOR.
    function setSuspended(bytes32 device, bool suspended) external;

    /// @notice What is kept about `device`; status NONE when it is unknown.
    function device(bytes32 device) external view returns (Device memory);

    /// @notice The signing key of `epoch`.
    function signingKey(bytes32 device, uint64 epoch) external view returns (SigningKey memory);

    /// @notice Whether a record of this epoch and sequence may count: known, in range, device active.
    function isAccepted(bytes32 device, uint64 epoch, uint64 sequence) external view returns (bool);

    /// @notice The numbers of `epoch` that were repudiated, both included; 0 and 0 for none. One range: they end where they
    /// ended first, and begin behind the last number that counts now.
    function disputedOf(bytes32 device, uint64 epoch) external view returns (uint64 fromSequence, uint64 untilSequence);

    /// @notice What the device signs to show that it holds the key of `epoch`:
    /// "counterfoil device possession v1" || chain id (32) || this registry (20) || device (32) || epoch (8) || nonce (32).
    /// @dev The nonce is the number of keys that the device has had, so that no proof serves twice.
    function possessionMessage(bytes32 device, uint64 epoch) external view returns (bytes memory);
}
