// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDeviceRegistry} from "contracts/interfaces/IDeviceRegistry.sol";
import {IRecordAnchor} from "contracts/interfaces/IRecordAnchor.sol";
import {IRecordDispute} from "contracts/interfaces/IRecordDispute.sol";
import {Roles} from "contracts/libraries/Roles.sol";
import {Vectors} from "support/Vectors.sol";

/// @notice What is anchored counts until the committee repudiates it; what is not, the registrar ends.
contract DeviceRegistryRevokeTest is Vectors {
    uint64 private constant OPEN = type(uint64).max;
    bytes32 private constant MACHINE = keccak256("machine");
    bytes32 private constant DIGEST = keccak256("payload");
    address private committee = address(0xC0);
    address private registrar = address(0xCE);
    uint64 private size;

    event RecordsDisputed(
        bytes32 indexed device, uint64 indexed epoch, uint64 fromSequence, uint64 untilSequence
    );

    function setUp() public {
        deployVectors();
        grant(address(devices), Roles.COMMITTEE, devices.repudiate.selector);
        grant(address(devices), Roles.REGISTRAR, devices.revoke.selector);
        grant(address(devices), Roles.REGISTRAR, devices.rotate.selector);
        access.grantRole(Roles.COMMITTEE, committee, 0);
        access.grantRole(Roles.REGISTRAR, registrar, 0);
        devices.register(MACHINE, operator, operator, PROJECT, newKey(4, MACHINE, 1));
        for (uint256 i = 0; i < 9; ++i) {
            leaves.push(sha256(abi.encodePacked(bytes1(0x00), good(i))));
        }
        vm.warp(block.timestamp + 1);
    }

    // ---- by the registrar: nothing that is anchored

    function test_a_key_that_is_newer_than_the_newest_head_needs_no_proof() public {
        _anchored(MACHINE, 1, 3);
        vm.warp(block.timestamp + 1);
        IDeviceRegistry.NewKey memory key = newKey(5, MACHINE, 2);
        devices.rotate(MACHINE, OPEN, key, noEnd());
        vm.prank(registrar);
        devices.revoke(MACHINE, 2, 0, 1, noEnd());
        isTrue(!devices.isAccepted(MACHINE, 2, 1), "never counted");
    }

    function test_a_key_of_the_heads_own_second_is_not_newer() public {
        _anchored(MACHINE, 1, 3);
        devices.rotate(MACHINE, OPEN, newKey(5, MACHINE, 2), noEnd());
        refuse(abi.encodeWithSelector(IDeviceRegistry.NotTheNewestHead.selector, size, uint64(0)));
        vm.prank(registrar);
        devices.revoke(MACHINE, 2, 0, 1, noEnd());
    }

    function testFuzz_the_registrar_goes_down_to_what_is_anchored_and_no_further(uint64 last, uint64 until) public {
        last %= 2 ** 63;
        IRecordDispute.Slot memory end = _anchored(MACHINE, 1, last);
        if (until == OPEN) --until;
        if (until < last) {
            refuse(abi.encodeWithSelector(IDeviceRegistry.AnchoredBehind.selector, MACHINE, uint64(1), last));
        }
        vm.prank(registrar);
        devices.revoke(MACHINE, 1, until, 1, end);
        isTrue(devices.isAccepted(MACHINE, 1, last) || last == 0, "what is anchored counts");
    }

    function test_down_to_the_last_anchored_number_and_not_one_further() public {
        IRecordDispute.Slot memory end = _anchored(MACHINE, 1, 150);
        vm.startPrank(registrar);
        devices.revoke(MACHINE, 1, 151, 1, end);
        devices.revoke(MACHINE, 1, 150, 1, end);
        bytes memory refused =
            abi.encodeWithSelector(IDeviceRegistry.AnchoredBehind.selector, MACHINE, uint64(1), uint64(150));
        refuse(refused);
        devices.revoke(MACHINE, 1, 149, 1, end);
        vm.stopPrank();
        IDeviceRegistry.NewKey memory key = newKey(5, MACHINE, 2);
        refuse(refused);
        vm.prank(registrar);
        devices.rotate(MACHINE, 149, key, end);
        vm.prank(registrar);
        devices.rotate(MACHINE, 150, key, end);
        (uint64 from, uint64 to) = devices.disputedOf(MACHINE, 1);
        equal(from + to, 0, "nothing is disputed");
    }

    /// Another head's slot, another machine's, a made-up one: none shows what is anchored now.
    function test_an_older_head_another_machines_slot_or_a_made_up_one_shows_nothing() public {
        IRecordDispute.Slot memory old = _anchored(MACHINE, 1, 100);
        IRecordDispute.Slot memory end = _anchored(MACHINE, 1, 150);
        _refuse(100, old, abi.encodeWithSelector(IDeviceRegistry.NotTheNewestHead.selector, size, old.head.size));
        bytes memory unproven = abi.encodeWithSelector(IDeviceRegistry.EndNotProven.selector, MACHINE, end.head.size);
        // The old end under the newest head; then under a head that nobody has anchored.
        (bytes32 own, bytes32 older) = (end.head.state, old.head.state);
        bytes27 kept = anchor.headHash(end.head);
        old.head = end.head;
        _refuse(100, old, unproven);
        old.head.state = older;
        bytes27 other = anchor.headHash(old.head);
        _refuse(100, old, abi.encodeWithSelector(IRecordAnchor.HeadConflicts.selector, size, kept, other));
        end.head.state = own;
        end.sequence = 99;
        _refuse(100, end, unproven);
        end.sequence = 150;
        end.epoch = 0;
        _refuse(100, end, unproven);
        _refuse(100, _anchored(OTHER, 1, 2), abi.encodeWithSelector(IDeviceRegistry.EndNotProven.selector, MACHINE, size));
        isTrue(devices.isAccepted(MACHINE, 1, 150), "as before");
    }

    /// The slot tells of its own epoch alone: what was anchored of an earlier one is the committee's.
    function test_of_an_epoch_before_the_slots_the_registrar_takes_nothing() public {
        devices.rotate(MACHINE, OPEN, newKey(5, MACHINE, 2), noEnd());
        IRecordDispute.Slot memory end = _anchored(MACHINE, 2, 1);
        refuse(abi.encodeWithSelector(IDeviceRegistry.AnchoredBehind.selector, MACHINE, uint64(2), uint64(1)));
        vm.prank(registrar);
        devices.revoke(MACHINE, 1, OPEN - 1, 1, end);
        vm.prank(committee);
        devices.repudiate(MACHINE, 1, 7, 1);
        vm.prank(registrar);
        devices.revoke(MACHINE, 2, 1, 1, end);
    }

    function test_of_an_epoch_after_the_slots_nothing_is_anchored() public {
        devices.rotate(MACHINE, OPEN, newKey(5, MACHINE, 2), noEnd());
        IRecordDispute.Slot memory end = _anchored(MACHINE, 1, 150);
        vm.prank(registrar);
        devices.revoke(MACHINE, 2, 0, 1, end);
        isTrue(!devices.isAccepted(MACHINE, 2, 1), "ended");
    }

    // ---- by the committee: what is anchored

    function test_the_committee_repudiates_one_range() public {
        IRecordDispute.Slot memory end = _anchored(MACHINE, 1, 150);
        vm.prank(registrar);
        devices.revoke(MACHINE, 1, 150, 1, end);
        vm.expectEmit();
        emit RecordsDisputed(MACHINE, 1, 101, 150);
        vm.prank(committee);
        devices.repudiate(MACHINE, 1, 100, 1);
        isTrue(devices.isAccepted(MACHINE, 1, 100) && !devices.isAccepted(MACHINE, 1, 101), "from 101 on");
        _isDisputed(101, 150);
        vm.expectEmit();
        emit RecordsDisputed(MACHINE, 1, 51, 150);
        vm.prank(committee);
        devices.repudiate(MACHINE, 1, 50, 1);
        _isDisputed(51, 150);
        vm.prank(registrar);
        refuse(abi.encodeWithSelector(IDeviceRegistry.AnchoredBehind.selector, MACHINE, uint64(1), uint64(150)));
        devices.revoke(MACHINE, 1, 49, 1, end);
    }

    function testFuzz_it_is_lowered_and_never_raised_by_nobody(uint64[4] calldata untils, uint8 by) public {
        IRecordDispute.Slot memory end = _anchored(MACHINE, 1, 150);
        uint64 now_ = OPEN;
        for (uint256 i = 0; i < untils.length; ++i) {
            bool committees = (by >> i) & 1 == 1;
            vm.prank(committees ? committee : registrar);
            if (committees) {
                try devices.repudiate(MACHINE, 1, untils[i], 1) {
                    isTrue(untils[i] < now_, "lower");
                    now_ = untils[i];
                } catch {}
            } else {
                try devices.revoke(MACHINE, 1, untils[i], 1, end) {
                    isTrue(untils[i] <= now_ && untils[i] >= 150, "lower, and above what is anchored");
                    now_ = untils[i];
                } catch {}
            }
            (uint64 from, uint64 to) = devices.disputedOf(MACHINE, 1);
            if (to != 0) isTrue(from == now_ + 1 && to >= from, "the range begins behind what counts");
            if (now_ < 150) isTrue(to >= 150, "and has all that is anchored");
            equal(devices.signingKey(MACHINE, 1).untilSequence, now_, "as it was lowered last");
        }
    }

    function test_raising_and_standing_still_are_refused_to_the_committee_too() public {
        vm.startPrank(committee);
        devices.repudiate(MACHINE, 1, 100, 1);
        refuse(abi.encodeWithSelector(IDeviceRegistry.UntilSequenceRaised.selector, uint64(100), uint64(100)));
        devices.repudiate(MACHINE, 1, 100, 1);
        refuse(abi.encodeWithSelector(IDeviceRegistry.UntilSequenceRaised.selector, uint64(100), uint64(101)));
        devices.repudiate(MACHINE, 1, 101, 1);
        refuse(abi.encodeWithSelector(IDeviceRegistry.KeyUnknown.selector, MACHINE, uint64(2)));
        devices.repudiate(MACHINE, 2, 1, 1);
        _isDisputed(101, OPEN);
    }

    function testFuzz_nobody_else_repudiates(uint256 seed) public {
        address caller = seed % 2 == 0 ? registrar : anyone(seed);
        refuseRole(caller);
        vm.prank(caller);
        devices.repudiate(MACHINE, 1, 0, 1);
    }

    // ---- the log

    /// @dev The next head, of one record more, under whose state `device` ends there.
    function _anchored(bytes32 device, uint64 epoch, uint64 sequence) private returns (IRecordDispute.Slot memory) {
        bytes32 mine = slotLeaf(device, epoch, sequence, DIGEST);
        bytes32 other = keccak256("another machine's slot");
        bytes32 state = sha256(abi.encodePacked(bytes1(0x01), other, mine));
        bytes32[] memory consistency;
        if (size != 0) {
            consistency = new bytes32[](1);
            consistency[0] = leaves[1];
        }
        bytes32 root = rootOf(0, ++size);
        IRecordAnchor.Head memory head = headOf(size, root, state);
        bytes[] memory signatures = new bytes[](1);
        signatures[0] = signHead(SIGNER_KEY, head);
        if (size == 3) {
            consistency = new bytes32[](1);
            consistency[0] = leaves[2];
        }
        anchor.anchor(head, consistency, signatures);
        bytes32[] memory path = new bytes32[](1);
        path[0] = other;
        return IRecordDispute.Slot(head, 1, 2, epoch, sequence, DIGEST, path);
    }

    function _refuse(uint64 until, IRecordDispute.Slot memory end, bytes memory error_) private {
        refuse(error_);
        vm.prank(registrar);
        devices.revoke(MACHINE, 1, until, 1, end);
    }

    function _isDisputed(uint64 first, uint64 last) private view {
        (uint64 from, uint64 to) = devices.disputedOf(MACHINE, 1);
        isTrue(from == first && to == last, "the range");
    }
}
