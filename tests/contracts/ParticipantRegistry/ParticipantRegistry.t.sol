// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {ParticipantRegistry} from "contracts/ParticipantRegistry.sol";
import {IParticipantRegistry} from "contracts/interfaces/IParticipantRegistry.sol";
import {Parts} from "contracts/libraries/Parts.sol";
import {Roles} from "contracts/libraries/Roles.sol";
import {Ledger} from "support/Ledger.sol";

contract ParticipantRegistryTest is Ledger {
    address private constant SHOP = address(0x0001_0100);

    function setUp() public {
        deploy();
        grant(address(participants), Roles.REGISTRAR, participants.addParts.selector);
        grant(address(participants), Roles.SUPERVISOR, participants.unfreeze.selector);
        grant(address(participants), Roles.SUPERVISOR, participants.removeParts.selector);
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
        participants.removeParts(SHOP, 5);
        participants.addParts(SHOP, parts);
        isTrue(!participants.plays(SHOP, part), "not certified");
        participants.certify(SHOP, uint64(block.timestamp + 1), 0);
        bool has = part < 128 && parts & (uint128(1) << part % 128) != 0;
        equal(participants.plays(SHOP, part) ? 1 : 0, has ? 1 : 0, "as its bits say");
    }

    function test_parts_are_added_by_the_registrar_and_removed_by_the_supervisor() public {
        vm.expectEmit();
        emit IParticipantRegistry.ParticipantPartsChanged(SHOP, 7);
        participants.addParts(SHOP, 2);
        participants.removeParts(SHOP, 4);
        equal(participants.participant(SHOP).parts, 3, "5 and 2 less 4");
        address registrar = address(0x0001_0201);
        access.grantRole(Roles.REGISTRAR, registrar, 0);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, registrar));
        vm.prank(registrar);
        participants.removeParts(SHOP, 1);
    }

    /// One answer: never admitted, not certified, frozen, without the part, or nothing against it.
    function test_why_an_account_may_not_act() public {
        refusal(stranger, IParticipantRegistry.Refusal.NOT_ADMITTED);
        refusal(SHOP, IParticipantRegistry.Refusal.NOT_CERTIFIED);
        participants.certify(SHOP, uint64(block.timestamp + 1 days), 0);
        refusal(SHOP, IParticipantRegistry.Refusal.PART_NOT_PLAYED);
        vm.expectRevert(
            abi.encodeWithSelector(IParticipantRegistry.PartNotPlayed.selector, SHOP, Parts.LENDER)
        );
        participants.requireMay(SHOP, Parts.LENDER);
        participants.addParts(SHOP, uint128(1) << Parts.LENDER);
        refusal(SHOP, IParticipantRegistry.Refusal.NONE);
        participants.requireMay(SHOP, Parts.LENDER);
        participants.requireMay(SHOP, Parts.END);
        participants.freeze(SHOP, "order");
        refusal(SHOP, IParticipantRegistry.Refusal.FROZEN);
        vm.expectRevert(abi.encodeWithSelector(IParticipantRegistry.ParticipantNotActive.selector, SHOP));
        participants.requireMay(SHOP, Parts.LENDER);
        vm.expectRevert(abi.encodeWithSelector(IParticipantRegistry.ParticipantNotActive.selector, SHOP));
        participants.requireMay(SHOP, Parts.PASS_ON);
        vm.expectRevert(abi.encodeWithSelector(IParticipantRegistry.AccountFrozen.selector, SHOP));
        participants.requireMay(SHOP, Parts.END);
    }

    function refusal(address account, IParticipantRegistry.Refusal wanted) private view {
        equal(uint256(participants.refusalOf(account, Parts.LENDER)), uint256(wanted), "why not");
    }

    /// A registrar that could shorten a certification could freeze.
    function testFuzz_a_certification_that_holds_is_not_made_shorter(uint32 first, uint32 second, uint32 later) public {
        uint64 until = uint64(block.timestamp + 1 + first);
        participants.certify(SHOP, until, 0);
        vm.warp(block.timestamp + later);
        uint64 next = uint64(block.timestamp + 1 + second);
        bool holds = until > block.timestamp;
        if (holds && next < until) {
            vm.expectRevert(
                abi.encodeWithSelector(IParticipantRegistry.CertificationShortened.selector, SHOP, next, until)
            );
        }
        participants.certify(SHOP, next, 0);
        isTrue(participants.isActive(SHOP), "active before and after");
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
        participants.addParts(stranger, 1);
        vm.expectRevert(unknown);
        participants.removeParts(stranger, 1);
        isTrue(!participants.isActive(stranger), "and not active");
    }

    /// @dev A bank's key, a warehouse's, or one that nobody has seen yet.
    function test_an_account_that_nobody_admitted_is_frozen_too_and_stays_so_once_admitted() public {
        participants.requireMay(stranger, Parts.END);
        vm.expectRevert(abi.encodeWithSelector(IParticipantRegistry.ParticipantNotFrozen.selector, stranger));
        participants.unfreeze(stranger);
        participants.freeze(stranger, "order");
        vm.expectRevert(abi.encodeWithSelector(IParticipantRegistry.AccountFrozen.selector, stranger));
        participants.requireMay(stranger, Parts.END);
        participants.admit(stranger, 5, "profile");
        participants.certify(stranger, uint64(block.timestamp + 1 days), 0);
        isTrue(!participants.isActive(stranger), "admission does not lift it");
        participants.unfreeze(stranger);
        isTrue(participants.isActive(stranger), "lifted");
    }

    /// @dev A freeze of before a contract was there stops no contract.
    function test_a_contract_that_was_frozen_before_it_was_there_is_not() public {
        address next = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        participants.freeze(next, "ahead");
        bytes memory frozen = abi.encodeWithSelector(IParticipantRegistry.AccountFrozen.selector, next);
        vm.expectRevert(frozen);
        participants.requireMay(next, Parts.END);
        new ParticipantRegistry(address(access));
        participants.requireMay(next, Parts.END);
        participants.admit(next, 0, 0);
        vm.expectRevert(frozen);
        participants.requireMay(next, Parts.END);
    }

    /// @dev Freezing the ledger's own contracts would be a pause that nobody gave a supervisor.
    function test_a_contract_is_frozen_once_it_is_admitted() public {
        address ledger = address(participants);
        vm.expectRevert(abi.encodeWithSelector(IParticipantRegistry.ParticipantUnknown.selector, ledger));
        participants.freeze(ledger, 0);
        participants.admit(ledger, 0, 0);
        participants.freeze(ledger, 0);
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
