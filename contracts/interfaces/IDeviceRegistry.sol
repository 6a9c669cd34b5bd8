// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The machines' signing keys, and whose machines they are
/// @notice A device is SHA-256 of its certificate's SAN URI. Each epoch of a device has one P-256 signing key, good for
/// the sequences from `fromSequence` to `untilSequence`, both included. The device's own clock decides nothing.
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
    event CertificateRenewed(bytes32 indexed device, uint64 indexed epoch, bytes32 certificateHash);

    error DeviceAlreadyRegistered(bytes32 device);
    error DeviceUnknown(bytes32 device);
    error KeyUnknown(bytes32 device, uint64 epoch);
    /// @notice The signature does not show possession of the key for this chain, registry, device and epoch.
    error PossessionNotProven(bytes32 device, uint64 epoch);
    error KeyAlreadyRevoked(bytes32 device, uint64 epoch);
    /// @notice A key's last sequence can only be lowered.
    error UntilSequenceRaised(uint64 current, uint64 asked);
    error AccountZero();

    /// @notice Register `device` with the key of its first epoch.
    /// @dev Role REGISTRAR. About 260,000 gas more where the chain has no P-256 precompile.
    function register(bytes32 device, address owner, address operator, bytes32 project, NewKey calldata key) external;

    /// @notice Begin the next epoch with `key`; the one before ends at `untilSequence`.
    /// @dev Role REGISTRAR.
    function rotate(bytes32 device, uint64 untilSequence, NewKey calldata key) external;

    /// @notice The same key has a new certificate.
    /// @dev Role REGISTRAR.
    function renewCertificate(bytes32 device, uint64 epoch, bytes32 certificateHash) external;

    /// @notice Records of `epoch` beyond `untilSequence` never count; chain time is the time of revocation. A revocation
    /// that came with too high a number may be lowered by another, and never raised.
    /// @dev Role REGISTRAR. `reason` as RFC 5280 numbers them.
    function revoke(bytes32 device, uint64 epoch, uint64 untilSequence, uint8 reason) external;

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

    /// @notice What the device signs to show that it holds the key of `epoch`:
    /// "counterfoil device possession v1" || chain id (32) || this registry (20) || device (32) || epoch (8) || nonce (32).
    /// @dev The nonce is the number of keys that the device has had, so that no proof serves twice.
    function possessionMessage(bytes32 device, uint64 epoch) external view returns (bytes memory);
}
