// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IParticipantRegistry} from "contracts/interfaces/IParticipantRegistry.sol";
import {Roles} from "contracts/libraries/Roles.sol";
import {Ledger} from "support/Ledger.sol";

contract ParticipantRegistryTest is Ledger {
    address private constant SHOP = address(0x0001_0100);

    function setUp() public {
        deploy();
        grant(address(participants), Roles.REGISTRAR, participants.setParts.selector);
        grant(address(participants), Roles.SUPERVISOR, participants.unfreeze.selector);
        participants.admit(SHOP, 5, "profile");
    }

    function test_who_is_admitted_is_active_once_certified() public {
        isTrue(!participants.isActive(SHOP), "not certified yet");
        participants.certify(SHOP, uint64(block.timestamp + 1 days), "evidence");
        isTrue(participants.isActive(SHOP), "certified");
        IParticipantRegistry.Participant memory p = participants.participant(SHOP);
        equal(p.parts, 5, "parts");
        equal(p.profile, "profile", "profile");
        equal(p.certifiedUntil, block.timestamp + 1 days, "until");
    }

    function testFuzz_a_certification_ends_at_its_time(uint32 long, uint32 later) public {
        uint64 until = uint64(block.timestamp + 1 + long);
        participants.certify(SHOP, until, 0);
        vm.warp(block.timestamp + later);
        equal(participants.isActive(SHOP) ? 1 : 0, block.timestamp < until ? 1 : 0, "active before, and not after");
    }

    function testFuzz_a_part_is_played_while_active(uint128 parts, uint8 part) public {
        participants.setParts(SHOP, parts);
        isTrue(!participants.plays(SHOP, part), "not certified");
        participants.certify(SHOP, uint64(block.timestamp + 1), 0);
        bool has = part < 128 && parts & (uint128(1) << part % 128) != 0;
        equal(participants.plays(SHOP, part) ? 1 : 0, has ? 1 : 0, "as its bits say");
    }

    function test_a_freeze_holds_until_it_is_lifted() public {
        participants.certify(SHOP, uint64(block.timestamp + 1 days), 0);
        participants.freeze(SHOP, "order");
        isTrue(!participants.isActive(SHOP) && !participants.plays(SHOP, 0), "frozen");
        vm.expectRevert(abi.encodeWithSelector(IParticipantRegistry.ParticipantAlreadyFrozen.selector, SHOP));
        participants.freeze(SHOP, "order");
        participants.certify(SHOP, uint64(block.timestamp + 2 days), 0);
        isTrue(!participants.isActive(SHOP), "a new certification does not lift it");
        participants.unfreeze(SHOP);
        isTrue(participants.isActive(SHOP), "lifted");
        vm.expectRevert(abi.encodeWithSelector(IParticipantRegistry.ParticipantNotFrozen.selector, SHOP));
        participants.unfreeze(SHOP);
    }

    function test_an_account_is_admitted_once_and_zero_never() public {
        vm.expectRevert(abi.encodeWithSelector(IParticipantRegistry.ParticipantAlreadyAdmitted.selector, SHOP));
        participants.admit(SHOP, 1, 0);
        vm.expectRevert(abi.encodeWithSelector(IParticipantRegistry.ParticipantZero.selector));
        participants.admit(address(0), 1, 0);
    }

    function test_a_certification_must_lie_ahead() public {
        uint64 now_ = uint64(block.timestamp);
        vm.expectRevert(abi.encodeWithSelector(IParticipantRegistry.CertificationPast.selector, now_, now_));
        participants.certify(SHOP, now_, 0);
    }

    function test_who_was_not_admitted_is_unknown() public {
        bytes memory unknown = abi.encodeWithSelector(IParticipantRegistry.ParticipantUnknown.selector, stranger);
        vm.expectRevert(unknown);
        participants.certify(stranger, uint64(block.timestamp + 1), 0);
        vm.expectRevert(unknown);
        participants.setParts(stranger, 1);
        vm.expectRevert(unknown);
        participants.freeze(stranger, 0);
        vm.expectRevert(unknown);
        participants.unfreeze(stranger);
        isTrue(!participants.isActive(stranger), "and not active");
    }

    function test_only_the_roles_may_write() public {
        bytes memory refused = abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger);
        vm.startPrank(stranger);
        vm.expectRevert(refused);
        participants.admit(stranger, 1, 0);
        vm.expectRevert(refused);
        participants.certify(stranger, uint64(block.timestamp + 1), 0);
        vm.expectRevert(refused);
        participants.unfreeze(SHOP);
        vm.stopPrank();
    }
}
