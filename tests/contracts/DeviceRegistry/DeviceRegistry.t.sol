// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDeviceRegistry} from "contracts/interfaces/IDeviceRegistry.sol";
import {Ledger} from "support/Ledger.sol";

contract DeviceRegistryTest is Ledger {
    uint256 private constant N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551;
    bytes32 private constant DEVICE = keccak256("device");

    /// @dev The keys come after the newest head, so that nothing of theirs is anchored. See revoke.t.sol.
    function setUp() public {
        deploy();
        vm.warp(block.timestamp + 1);
    }

    function _key(uint256 private_, bytes32 device, uint64 epoch)
        private
        view
        returns (IDeviceRegistry.NewKey memory key)
    {
        (uint256 x, uint256 y) = vm.publicKeyP256(private_);
        (bytes32 r, bytes32 s) = vm.signP256(private_, sha256(devices.possessionMessage(device, epoch)));
        key = IDeviceRegistry.NewKey(bytes32(x), bytes32(y), keccak256("certificate"), r, s);
    }

    function test_a_key_whose_holder_signed_is_registered() public {
        devices.register(DEVICE, operator, operator, PROJECT, _key(7, DEVICE, 1));
        equal(devices.device(DEVICE).epoch, 1, "epoch");
        isTrue(devices.isAccepted(DEVICE, 1, 1), "its first record counts");
        isTrue(!devices.isAccepted(DEVICE, 1, 0) && !devices.isAccepted(DEVICE, 2, 1), "others don't");
    }

    function test_either_form_of_s_is_accepted() public {
        IDeviceRegistry.NewKey memory key = _key(7, DEVICE, 1);
        key.s = bytes32(N - uint256(key.s));
        devices.register(DEVICE, operator, operator, PROJECT, key);
    }

    function test_a_proof_for_another_device_is_refused() public {
        IDeviceRegistry.NewKey memory key = _key(7, keccak256("another"), 1);
        vm.expectRevert(abi.encodeWithSelector(IDeviceRegistry.PossessionNotProven.selector, DEVICE, uint64(1)));
        devices.register(DEVICE, operator, operator, PROJECT, key);
    }

    function test_a_device_is_registered_once() public {
        devices.register(DEVICE, operator, operator, PROJECT, _key(7, DEVICE, 1));
        IDeviceRegistry.NewKey memory key = _key(7, DEVICE, 1);
        vm.expectRevert(abi.encodeWithSelector(IDeviceRegistry.DeviceAlreadyRegistered.selector, DEVICE));
        devices.register(DEVICE, operator, operator, PROJECT, key);
    }

    function test_the_next_epoch_ends_the_one_before() public {
        devices.register(DEVICE, operator, operator, PROJECT, _key(7, DEVICE, 1));
        devices.rotate(DEVICE, 90, _key(8, DEVICE, 2), noEnd());
        isTrue(devices.isAccepted(DEVICE, 1, 90) && !devices.isAccepted(DEVICE, 1, 91), "the old key ends");
        isTrue(devices.isAccepted(DEVICE, 2, 1), "the new key counts");
    }

    function test_nothing_after_a_revocation_counts_and_it_can_only_be_lowered() public {
        devices.register(DEVICE, operator, operator, PROJECT, _key(7, DEVICE, 1));
        devices.revoke(DEVICE, 1, 50, 1, noEnd());
        isTrue(devices.isAccepted(DEVICE, 1, 50) && !devices.isAccepted(DEVICE, 1, 51), "revoked from 51");
        equal(devices.signingKey(DEVICE, 1).revokedAt, uint64(block.timestamp), "at chain time");
        vm.expectRevert(abi.encodeWithSelector(IDeviceRegistry.KeyAlreadyRevoked.selector, DEVICE, uint64(1)));
        devices.revoke(DEVICE, 1, 50, 1, noEnd());
        vm.expectRevert(abi.encodeWithSelector(IDeviceRegistry.UntilSequenceRaised.selector, uint64(50), uint64(51)));
        devices.revoke(DEVICE, 1, 51, 1, noEnd());
        devices.revoke(DEVICE, 1, 40, 1, noEnd());
        isTrue(devices.isAccepted(DEVICE, 1, 40) && !devices.isAccepted(DEVICE, 1, 41), "the theft was earlier");
        vm.expectRevert(abi.encodeWithSelector(IDeviceRegistry.KeyAlreadyRevoked.selector, DEVICE, uint64(1)));
        devices.renewCertificate(DEVICE, 1, 0);
    }

    function test_a_suspended_device_counts_nothing() public {
        devices.register(DEVICE, operator, operator, PROJECT, _key(7, DEVICE, 1));
        devices.setSuspended(DEVICE, true);
        isTrue(!devices.isAccepted(DEVICE, 1, 1), "suspended");
        devices.setSuspended(DEVICE, false);
        isTrue(devices.isAccepted(DEVICE, 1, 1), "active again");
    }

    function test_unknown_devices_and_keys_are_refused() public {
        vm.expectRevert(abi.encodeWithSelector(IDeviceRegistry.DeviceUnknown.selector, DEVICE));
        devices.assign(DEVICE, operator, operator, PROJECT);
        vm.expectRevert(abi.encodeWithSelector(IDeviceRegistry.KeyUnknown.selector, DEVICE, uint64(1)));
        devices.revoke(DEVICE, 1, 0, 0, noEnd());
        IDeviceRegistry.NewKey memory key = _key(7, DEVICE, 1);
        vm.expectRevert(abi.encodeWithSelector(IDeviceRegistry.AccountZero.selector));
        devices.register(DEVICE, address(0), operator, PROJECT, key);
    }

    function test_a_key_that_ended_can_not_be_lengthened() public {
        devices.register(DEVICE, operator, operator, PROJECT, _key(7, DEVICE, 1));
        devices.rotate(DEVICE, 90, _key(8, DEVICE, 2), noEnd());
        bytes memory raised = abi.encodeWithSelector(IDeviceRegistry.UntilSequenceRaised.selector, uint64(90), uint64(91));
        vm.expectRevert(raised);
        devices.revoke(DEVICE, 1, 91, 1, noEnd());
        devices.revoke(DEVICE, 2, 10, 1, noEnd());
        IDeviceRegistry.NewKey memory next = _key(9, DEVICE, 3);
        vm.expectRevert(abi.encodeWithSelector(IDeviceRegistry.UntilSequenceRaised.selector, uint64(10), uint64(11)));
        devices.rotate(DEVICE, 11, next, noEnd());
        devices.rotate(DEVICE, 10, next, noEnd());
        isTrue(devices.isAccepted(DEVICE, 3, 1), "a new key after a revoked one");
    }

    function test_owner_operator_and_project_can_change() public {
        devices.register(DEVICE, operator, operator, PROJECT, _key(7, DEVICE, 1));
        devices.assign(DEVICE, site, supplier, "other");
        IDeviceRegistry.Device memory d = devices.device(DEVICE);
        isTrue(d.owner == site && d.operator == supplier && d.project == "other", "assigned");
        vm.expectRevert(abi.encodeWithSelector(IDeviceRegistry.AccountZero.selector));
        devices.assign(DEVICE, site, address(0), "other");
        devices.renewCertificate(DEVICE, 1, "newer");
        equal(devices.signingKey(DEVICE, 1).certificateHash, "newer", "renewed");
    }
}
