// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RecordDispute} from "contracts/RecordDispute.sol";
import {IRecordAnchor} from "contracts/interfaces/IRecordAnchor.sol";
import {IRecordDispute} from "contracts/interfaces/IRecordDispute.sol";
import {Roles} from "contracts/libraries/Roles.sol";
import {Vectors} from "support/Vectors.sol";

/// @notice Is it in the log, or is it not: the nine good records are, anchored under one head.
contract SettleTest is Vectors {
    RecordDispute private dispute;
    IRecordAnchor.Head private head;
    bytes32 private otherSlot = keccak256("another machine's slot");

    function setUp() public {
        deployVectors();
        dispute = new RecordDispute(address(devices), address(anchor));
    }

    /// @dev The machine's chain ends at 1/`sequence` in the log of `count` records.
    function _anchorEnding(uint256 count, uint64 sequence, bytes32 digest) private returns (IRecordDispute.Slot memory) {
        bytes32 mine = slotLeaf(DEVICE, 1, sequence, digest);
        head = anchorGood(count, sha256(abi.encodePacked(bytes1(0x01), mine, otherSlot)));
        bytes32[] memory path = new bytes32[](1);
        path[0] = otherSlot;
        return IRecordDispute.Slot(head, 0, 2, 1, sequence, digest, path);
    }

    function _inclusion(uint256 index, uint256 count) private view returns (IRecordDispute.Inclusion memory) {
        return IRecordDispute.Inclusion(uint64(index), head, pathOf(index, 0, count));
    }

    function test_a_record_in_the_log_is_confirmed_and_kept() public {
        head = anchorGood(9, keccak256("state"));
        equal(anchor.latestHead().root, bytes32(hexOf(vm.parseJsonString(receipts, ".root"))), "the published root");
        for (uint256 i = 0; i < 9; ++i) {
            IRecordDispute.Finding memory found = dispute.confirm(good(i), _inclusion(i, 9));
            isTrue(found.word == IRecordDispute.Word.SIGNED, "signed");
            isTrue(found.place == IRecordDispute.Place.IN_LOG, "in the log");
            equal(dispute.findingOf(found.name).size, 9, "kept");
        }
    }

    function test_a_finding_does_not_outlive_the_revocation_below_it() public {
        vm.warp(1_767_225_601);
        grant(address(devices), Roles.COMMITTEE, devices.repudiate.selector);
        head = anchorGood(9, keccak256("state"));
        IRecordDispute.Finding memory first = dispute.confirm(good(0), _inclusion(0, 9));
        IRecordDispute.Finding memory found = dispute.confirm(good(4), _inclusion(4, 9));
        devices.repudiate(found.device, found.epoch, found.sequence, 1);
        isTrue(dispute.findingOf(found.name).word == IRecordDispute.Word.SIGNED, "the last that counts");
        devices.repudiate(found.device, found.epoch, found.sequence - 1, 1);
        isTrue(dispute.findingOf(found.name).word == IRecordDispute.Word.SEQUENCE_OUTSIDE_KEY, "not after all");
        isTrue(dispute.findingOf(found.name).place == IRecordDispute.Place.IN_LOG, "and in the log as before");
        isTrue(dispute.findingOf(first.name).word == IRecordDispute.Word.SIGNED, "what is before stays");
    }

    function test_a_proof_of_another_record_reverts_and_keeps_nothing() public {
        head = anchorGood(9, keccak256("state"));
        IRecordDispute.Inclusion memory proof = _inclusion(3, 9);
        bytes memory record = good(4);
        vm.expectRevert(abi.encodeWithSelector(IRecordDispute.ProofInvalid.selector, uint64(9)));
        dispute.confirm(record, proof);
        isTrue(dispute.findingOf(dispute.examine(record).name).word == IRecordDispute.Word.UNJUDGED, "nothing is kept");
        proof.head.size = 8;
        vm.expectRevert(abi.encodeWithSelector(IRecordAnchor.HeadUnknown.selector, uint64(8)));
        dispute.confirm(record, proof);
    }

    function test_the_same_record_with_the_other_s_is_another_leaf() public {
        head = anchorGood(9, keccak256("state"));
        IRecordDispute.Inclusion memory proof = _inclusion(2, 9);
        bytes memory high = good(9);
        vm.expectRevert(abi.encodeWithSelector(IRecordDispute.ProofInvalid.selector, uint64(9)));
        dispute.confirm(high, proof);
    }

    function test_a_record_behind_the_chains_end_is_refuted() public {
        bytes32 digest = dispute.examine(good(4)).payloadDigest;
        IRecordDispute.Slot memory slot = _anchorEnding(5, 5, digest);
        IRecordDispute.Finding memory found = dispute.refute(good(6), slot);
        isTrue(found.place == IRecordDispute.Place.ABSENT && found.size == 5, "absent from the log of 5");
        isTrue(found.word == IRecordDispute.Word.SIGNED, "signed all the same");
        found = dispute.refute(good(8), slot);
        isTrue(found.place == IRecordDispute.Place.ABSENT, "nor is the next epoch there");
    }

    /// @dev What an older head does not hold says nothing about the log of today.
    function test_a_record_that_the_log_got_since_is_not_absent_by_an_older_head() public {
        bytes32 digest = dispute.examine(good(4)).payloadDigest;
        IRecordDispute.Slot memory slot = _anchorEnding(5, 5, digest);
        bytes memory record = good(6);
        dispute.refute(record, slot);
        anchorGood(9, keccak256("state"));
        vm.expectRevert(abi.encodeWithSelector(IRecordDispute.HeadNotLatest.selector, uint64(5), uint64(9)));
        dispute.refute(record, slot);
    }

    /// @dev The log keeps what it has: another record under the number is there for good, by whatever head.
    function test_a_record_whose_number_another_has_is_displaced_by_an_older_head_too() public {
        IRecordDispute.Slot memory slot = _anchorEnding(3, 3, dispute.examine(good(2)).payloadDigest);
        anchorGood(9, keccak256("state"));
        isTrue(dispute.refute(_second(), slot).place == IRecordDispute.Place.DISPLACED, "displaced");
    }

    /// @dev Anybody makes the twin of a signature: (r, n - s). What is found of a record is found of its twin.
    function test_a_signatures_twin_has_no_finding_of_its_own() public {
        bytes memory record = good(2);
        bytes memory twin = good(9);
        isTrue(keccak256(record) != keccak256(twin), "other bytes");
        bytes32 name = dispute.examine(record).name;
        isTrue(dispute.examine(twin).name == name, "one name");
        IRecordDispute.Slot memory slot = _anchorEnding(2, 2, dispute.examine(good(1)).payloadDigest);
        isTrue(dispute.refute(twin, slot).place == IRecordDispute.Place.ABSENT, "not yet there");
        head = anchorGood(9, keccak256("state"));
        dispute.confirm(record, _inclusion(2, 9));
        isTrue(dispute.findingOf(name).place == IRecordDispute.Place.IN_LOG, "there, in either form");
    }

    /// @dev What its machine did not sign says nothing about what it did.
    function test_a_record_with_a_broken_signature_has_a_name_of_its_own() public view {
        bytes memory record = good(2);
        bytes32 name = dispute.examine(record).name;
        record[record.length - 1] ^= 0x01;
        IRecordDispute.Finding memory found = dispute.examine(record);
        isTrue(found.word == IRecordDispute.Word.SIGNATURE_INVALID && found.name == found.leaf, "by its bytes");
        isTrue(found.name != name, "another");
    }

    function test_a_record_before_the_chains_end_is_not_refuted_by_it() public {
        bytes32 digest = dispute.examine(good(4)).payloadDigest;
        IRecordDispute.Slot memory slot = _anchorEnding(5, 5, digest);
        bytes memory earlier = good(3);
        bytes memory newest = good(4);
        bytes memory nothing = abi.encodeWithSelector(IRecordDispute.SlotSaysNothing.selector, uint64(1), uint64(5));
        vm.expectRevert(nothing);
        dispute.refute(earlier, slot);
        vm.expectRevert(nothing);
        dispute.refute(newest, slot);
    }

    function test_a_slot_that_was_made_up_refutes_nothing() public {
        bytes32 digest = dispute.examine(good(4)).payloadDigest;
        IRecordDispute.Slot memory slot = _anchorEnding(5, 5, digest);
        bytes memory record = good(6);
        slot.sequence = 4;
        vm.expectRevert(abi.encodeWithSelector(IRecordDispute.ProofInvalid.selector, uint64(5)));
        dispute.refute(record, slot);
    }

    function test_a_slot_with_another_payload_of_the_number_displaces_the_record() public {
        IRecordDispute.Slot memory slot = _anchorEnding(5, 5, keccak256("another payload"));
        isTrue(dispute.refute(good(4), slot).place == IRecordDispute.Place.DISPLACED, "another has its number");
    }

    function test_two_records_under_one_number_are_the_machines_doing() public {
        head = anchorGood(9, keccak256("state"));
        bytes memory second = _second();
        IRecordDispute.Finding memory found = dispute.displace(second, good(2), _inclusion(2, 9));
        isTrue(found.place == IRecordDispute.Place.DISPLACED && found.word == IRecordDispute.Word.SIGNED, "displaced");
        isTrue(dispute.findingOf(dispute.examine(good(2)).name).place == IRecordDispute.Place.IN_LOG, "the other one is in the log");
        bytes memory first = good(1);
        bytes memory good2 = good(2);
        IRecordDispute.Inclusion memory proof = _inclusion(2, 9);
        vm.expectRevert(abi.encodeWithSelector(IRecordDispute.NotTheSameNumber.selector, uint64(1), uint64(3)));
        dispute.displace(first, good2, proof);
    }

    function testFuzz_a_head_with_any_field_changed_proves_nothing(uint8 field, uint8 bit) public {
        bytes32 digest = dispute.examine(good(4)).payloadDigest;
        IRecordDispute.Slot memory slot = _anchorEnding(5, 5, digest);
        IRecordDispute.Inclusion memory proof = _inclusion(3, 5);
        changeHead(slot.head, field, bit);
        changeHead(proof.head, field, bit);
        bytes memory absent = good(6);
        bytes memory present = good(3);
        vm.expectRevert();
        dispute.refute(absent, slot);
        vm.expectRevert();
        dispute.confirm(present, proof);
        dispute.refute(absent, IRecordDispute.Slot(head, 0, 2, 1, 5, digest, slot.path));
        dispute.confirm(present, _inclusion(3, 5));
    }

    function test_what_is_in_the_log_stays_in_it() public {
        IRecordDispute.Slot memory slot = _anchorEnding(5, 2, keccak256("a state root that lies"));
        bytes memory record = good(3);
        dispute.confirm(record, _inclusion(3, 5));
        dispute.refute(record, slot);
        isTrue(dispute.findingOf(dispute.examine(record).name).place == IRecordDispute.Place.IN_LOG, "it is proved to be there");
    }

    function _second() private view returns (bytes memory) {
        for (uint256 i = 0; hasEntry("bad", i); ++i) {
            if (keccak256(bytes(entry("bad", i, "code"))) == keccak256("record.equivocation")) {
                return hexOf(entry("bad", i, "raw"));
            }
        }
        revert("no such vector");
    }
}
