// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRecordDispute} from "../interfaces/IRecordDispute.sol";
import {Cbor} from "./Cbor.sol";
import {MerkleTreeRFC9162} from "./MerkleTreeRFC9162.sol";

/// @title Where a machine's chain ends, by the state root of a head
/// @dev docs/formats/log.md. A machine has one slot; who is not in the log has none, which no proof can show.
library StateSlots {
    /// @notice Whether `slot` is `device`'s under the state root `state`.
    function isUnder(bytes32 state, bytes32 device, IRecordDispute.Slot calldata slot) internal view returns (bool) {
        bytes memory entry = abi.encodePacked(
            hex"845820",
            device,
            Cbor.encodeUint(slot.epoch),
            Cbor.encodeUint(slot.sequence),
            hex"5820",
            slot.payloadDigest
        );
        bytes32 leaf = sha256(abi.encodePacked(bytes1(0x00), entry));
        return MerkleTreeRFC9162.verifyInclusion(leaf, slot.number, slot.slots, state, slot.path);
    }
}
