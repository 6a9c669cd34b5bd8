// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRecordAnchor} from "./IRecordAnchor.sol";

/// @title Whether a machine signed a record, and whether the log holds it, settled on chain
/// @notice Anyone may bring a record's bytes with a proof. Who signed and what the log hashes are read out of that one
/// byte string, so they can't differ. What was found is kept and can be read by other contracts.
/// @dev A proof that shows nothing reverts and leaves nothing. The signature costs about 260,000 gas where the chain has
/// no P-256 precompile.
interface IRecordDispute {
    /// @notice What the registry and the signature say. Only SIGNED means that the machine signed.
    enum Word {
        UNJUDGED,
        SIGNED,
        KEY_UNKNOWN,
        SEQUENCE_OUTSIDE_KEY,
        KEY_ID_DIFFERS,
        SIGNATURE_INVALID
    }

    /// @notice Where the record stands: IN_LOG under the anchored head of a size; ABSENT from the log of that size, for
    /// the machine's chain ends before it there; DISPLACED, for the log has another record under its number.
    enum Place {
        UNPROVEN,
        IN_LOG,
        ABSENT,
        DISPLACED
    }

    /// @param device SHA-256 of the device's name.
    /// @param payloadDigest SHA-256 of the record's payload.
    /// @param leaf SHA-256 of 0x00 and the record.
    /// @param name by which the finding is kept. Of what the machine signed it is keccak256 of device and payload digest, as
    /// abi.encode gives them: the same for a signature's twin, and for another signature over the same payload. Else `leaf`.
    /// @param size of the anchored head that `place` was shown under; 0 while unproven.
    struct Finding {
        bytes32 device;
        uint64 epoch;
        uint64 sequence;
        bytes32 payloadDigest;
        bytes32 leaf;
        bytes32 name;
        Word word;
        Place place;
        uint64 size;
    }

    /// @notice RFC 9162 inclusion proof of the leaf `index` under the anchored `head`.
    struct Inclusion {
        uint64 index;
        IRecordAnchor.Head head;
        bytes32[] path;
    }

    /// @notice Where a machine's chain ends: its slot `number` of `slots` under the state root of the anchored `head`.
    struct Slot {
        IRecordAnchor.Head head;
        uint64 number;
        uint64 slots;
        uint64 epoch;
        uint64 sequence;
        bytes32 payloadDigest;
        bytes32[] path;
    }

    event Judged(
        bytes32 indexed leaf,
        bytes32 indexed device,
        address indexed by,
        uint64 epoch,
        uint64 sequence,
        Word word,
        Place place,
        uint64 size
    );

    /// @notice The proof does not lead to the anchored head.
    error ProofInvalid(uint64 size);
    /// @notice The machine's chain may have gone on since: only the slot under the newest head says where it ends.
    error HeadNotLatest(uint64 size, uint64 latest);
    /// @notice The slot does not speak against the record: the chain goes on behind it, or ends in it.
    error SlotSaysNothing(uint64 epoch, uint64 sequence);
    /// @notice The other record has another number, or is the same one.
    error NotTheSameNumber(uint64 epoch, uint64 sequence);

    /// @notice Read `record` and say whether its machine signed it; nothing is kept.
    function examine(bytes calldata record) external view returns (Finding memory);

    /// @notice Show that `record` is in the log.
    function confirm(bytes calldata record, Inclusion calldata proof) external returns (Finding memory);

    /// @notice Show by the machine's slot that the log of `slot.head` does not hold `record`: the chain ends before it, or
    /// in another record of its number. That it ends before it is shown by the newest head alone.
    function refute(bytes calldata record, Slot calldata slot) external returns (Finding memory);

    /// @notice Show that the log holds `other` under the number of `record`.
    /// @dev `other` must be signed by the machine too: then it signed two records under one number.
    function displace(bytes calldata record, bytes calldata other, Inclusion calldata proof)
        external
        returns (Finding memory);

    /// @notice What was found of the record with this `name` (Finding); `word` is UNJUDGED where nothing was. What was
    /// signed is outside its key once that was revoked below it.
    function findingOf(bytes32 name) external view returns (Finding memory);
}
