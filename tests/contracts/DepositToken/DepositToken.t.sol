// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {IDepositToken} from "contracts/interfaces/IDepositToken.sol";
import {RevenueSplit} from "contracts/RevenueSplit.sol";
import {Roles} from "contracts/libraries/Roles.sol";
import {IParticipantRegistry} from "contracts/interfaces/IParticipantRegistry.sol";
import {Ledger} from "support/Ledger.sol";

contract DepositTokenTest is Ledger {
    function setUp() public {
        deploy();
        grant(address(token), Roles.GUARDIAN, token.pause.selector);
    }

    function testFuzz_an_entry_backs_one_mint(uint96 amount, bytes32 entry) public {
        vm.assume(amount != 0 && entry != 0);
        token.mint(operator, amount, entry);
        equal(token.balanceOf(operator), amount, "minted");
        isTrue(token.isEntryUsed(entry), "used");
        vm.expectRevert(abi.encodeWithSelector(IParticipantRegistry.EntryAlreadyUsed.selector, entry));
        token.mint(operator, amount, entry);
    }

    function test_only_the_bank_mints() public {
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(IDepositToken.NotTheBank.selector, operator));
        token.mint(operator, 1, "e");
    }

    function test_nothing_and_no_entry_are_refused() public {
        vm.expectRevert(abi.encodeWithSelector(IDepositToken.AmountZero.selector));
        token.mint(operator, 0, "e");
        vm.expectRevert(abi.encodeWithSelector(IDepositToken.EntryZero.selector));
        token.mint(operator, 1, 0);
    }

    function test_a_withdrawal_burns_at_once_and_is_paid_once() public {
        token.mint(operator, 500, "e");
        vm.prank(operator);
        uint256 id = token.withdraw(200, "account");
        equal(token.totalSupply(), 300, "burnt");
        equal(token.attested(), 300, "the bank holds as much");
        token.confirmPaid(id, "payment");
        vm.expectRevert(abi.encodeWithSelector(IDepositToken.WithdrawalAlreadyPaid.selector, id, bytes32("payment")));
        token.confirmPaid(id, "again");
        vm.expectRevert(abi.encodeWithSelector(IDepositToken.WithdrawalUnknown.selector, id + 1));
        token.confirmPaid(id + 1, "payment");
    }

    function test_strangers_cannot_hold_it() public {
        token.mint(operator, 500, "e");
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(IDepositToken.HolderNotAccepted.selector, stranger));
        token.transfer(stranger, 1);
    }

    function test_only_the_split_spends_from_a_collection_account() public {
        fund(500, "e");
        vm.expectRevert(abi.encodeWithSelector(IDepositToken.NotTheSplit.selector, address(this)));
        token.collect(PROJECT, 1);
        vm.prank(address(split));
        vm.expectRevert(abi.encodeWithSelector(IDepositToken.CollectionUnknown.selector, bytes32("other")));
        token.collect("other", 1);
    }

    function test_a_collection_account_is_opened_once() public {
        vm.expectRevert(abi.encodeWithSelector(IDepositToken.CollectionAlreadyOpen.selector, PROJECT));
        token.openCollection(PROJECT);
    }

    function test_a_split_is_replaced_and_the_old_one_goes_on_to_pay_out() public {
        refuse(abi.encodeWithSelector(IDepositToken.SplitInvalid.selector, address(split)));
        token.setSplit(address(split));
        refuse(abi.encodeWithSelector(IDepositToken.SplitInvalid.selector, address(1)));
        token.setSplit(address(1));
        fund(500, "e");
        vm.prank(address(split));
        token.collect(PROJECT, 300);
        RevenueSplit next = new RevenueSplit(address(access), address(participants), address(anchor));
        token.setSplit(address(next));
        vm.startPrank(address(split));
        token.transfer(operator, 300);
        refuse(abi.encodeWithSelector(IDepositToken.NotTheSplit.selector, address(split)));
        token.collect(PROJECT, 1);
        vm.stopPrank();
        vm.prank(address(next));
        token.collect(PROJECT, 200);
        equal(token.balanceOf(address(next)), 200, "the new one collects");
    }

    function test_the_committee_gives_the_bank_another_key_and_the_old_one_is_of_no_use() public {
        address other = address(0xBA2C);
        refuse(abi.encodeWithSelector(IDepositToken.BankInvalid.selector, address(this)));
        token.setBank(address(this));
        refuse(abi.encodeWithSelector(IDepositToken.BankInvalid.selector, address(0)));
        token.setBank(address(0));
        grant(address(token), Roles.BANK, token.mint.selector);
        token.setBank(other);
        refuse(abi.encodeWithSelector(IDepositToken.NotTheBank.selector, address(this)));
        token.mint(operator, 1, "e");
        vm.startPrank(other);
        refuseRole(other);
        token.mint(operator, 1, "e");
        vm.stopPrank();
        access.grantRole(Roles.BANK, other, 0);
        vm.prank(other);
        token.mint(operator, 1, "e");
    }

    /// A stolen key is stopped by a freeze, at once.
    function test_a_frozen_bank_mints_nothing_and_confirms_nothing() public {
        token.mint(operator, 5, "e");
        vm.prank(operator);
        uint256 id = token.withdraw(5, "account");
        participants.freeze(address(this), "stolen");
        bytes memory frozen = abi.encodeWithSelector(IParticipantRegistry.AccountFrozen.selector, address(this));
        refuse(frozen);
        token.mint(operator, 5, "f");
        refuse(frozen);
        token.confirmPaid(id, "payment");
        grant(address(participants), Roles.SUPERVISOR, participants.unfreeze.selector);
        participants.unfreeze(address(this));
        token.mint(operator, 5, "f");
        token.confirmPaid(id, "payment");
    }

    /// Who is frozen does not spend what others have approved it to spend, for nobody.
    function testFuzz_a_frozen_account_spends_nobodys_tokens(uint64 amount) public {
        vm.assume(amount != 0);
        token.mint(operator, amount, "e");
        vm.prank(operator);
        token.approve(supplier, type(uint256).max);
        participants.freeze(supplier, "order");
        refuse(abi.encodeWithSelector(IParticipantRegistry.AccountFrozen.selector, supplier));
        vm.prank(supplier);
        token.transferFrom(operator, site, amount);
        grant(address(participants), Roles.SUPERVISOR, participants.unfreeze.selector);
        participants.unfreeze(supplier);
        vm.prank(supplier);
        token.transferFrom(operator, site, amount);
        equal(token.balanceOf(site), amount, "once it is free");
    }

    function test_without_its_role_the_bank_mints_nothing() public {
        grant(address(token), Roles.BANK, token.mint.selector);
        grant(address(token), Roles.BANK, token.confirmPaid.selector);
        token.mint(operator, 5, "e");
        vm.prank(operator);
        uint256 id = token.withdraw(5, "account");
        access.revokeRole(Roles.BANK, address(this));
        refuseRole(address(this));
        token.mint(operator, 5, "f");
        refuseRole(address(this));
        token.confirmPaid(id, "payment");
    }

    function testFuzz_nobody_but_the_committee_changes_bank_or_split(uint256 seed) public {
        address caller = anyone(seed);
        vm.startPrank(caller);
        refuseRole(caller);
        token.setBank(caller);
        refuseRole(caller);
        token.setSplit(caller);
    }

    function test_a_mint_in_a_pause_is_refused_whoever_it_is_for() public {
        token.addLedger(address(access));
        token.pause();
        address[4] memory all = [operator, token.collectionOf(PROJECT), address(split), address(access)];
        for (uint256 i = 0; i < all.length; ++i) {
            refuse(abi.encodeWithSelector(Pausable.EnforcedPause.selector));
            token.mint(all[i], 1, "e");
        }
    }

    function testFuzz_what_is_only_sent_to_a_ledger_is_refused(bool isSplit, uint96 amount, bool byAllowance) public {
        amount = uint96(bound(amount, 1, type(uint96).max));
        token.addLedger(address(access));
        address ledger = isSplit ? address(split) : address(access);
        refuse(abi.encodeWithSelector(IDepositToken.LedgerTakesItself.selector, ledger));
        token.mint(ledger, amount, "e");
        token.mint(operator, amount, "e");
        vm.prank(operator);
        token.approve(site, amount);
        vm.prank(byAllowance ? site : operator);
        refuse(abi.encodeWithSelector(IDepositToken.LedgerTakesItself.selector, ledger));
        if (byAllowance) token.transferFrom(operator, ledger, amount);
        else token.transfer(ledger, amount);
        vm.prank(operator);
        token.approve(ledger, amount);
        vm.prank(ledger);
        token.transferFrom(operator, ledger, amount);
        equal(token.balanceOf(ledger), amount, "taken by its own function");
    }

    /// @dev The owner's signature over a permit with this nonce.
    function permitted(uint256 key, address spender, uint256 value, uint256 nonce, uint256 deadline)
        private
        view
        returns (uint8 v, bytes32 r, bytes32 s)
    {
        bytes32 kind = keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        bytes32 terms = keccak256(abi.encode(kind, vm.addr(key), spender, value, nonce, deadline));
        return vm.sign(key, keccak256(abi.encodePacked("\x19\x01", token.DOMAIN_SEPARATOR(), terms)));
    }

    function testFuzz_a_permit_that_another_brought_first_is_no_failure(uint96 value, uint96 spent) public {
        uint256 key = 0xBEEF;
        address owner = vm.addr(key);
        participants.admit(owner, type(uint128).max, "owner");
        participants.certify(owner, uint64(block.timestamp + 1 days), 0);
        value = uint96(bound(value, 1, type(uint96).max));
        spent = uint96(bound(spent, 0, value));
        uint256 deadline = block.timestamp + 1 hours;
        token.mint(owner, value, "e");
        (uint8 v, bytes32 r, bytes32 s) = permitted(key, site, value, 0, deadline);
        vm.prank(stranger);
        token.permit(owner, site, value, deadline, v, r, s);
        vm.prank(site);
        token.transferFrom(owner, supplier, spent);
        token.permit(owner, site, value, deadline, v, r, s);
        equal(token.allowance(owner, site), value - spent, "it counted once");
        equal(token.nonces(owner), 1, "one nonce");
        vm.expectRevert();
        token.permit(owner, site, uint256(value) + 1, deadline, v, r, s);
        vm.expectRevert();
        token.permit(owner, supplier, value, deadline, v, r, s);
        (v, r, s) = permitted(key, supplier, 7, 1, deadline);
        token.permit(owner, supplier, 7, deadline, v, r, s);
        equal(token.allowance(owner, supplier), 7, "the next one is taken");
        (v, r, s) = permitted(key, site, value, 0, deadline);
        vm.expectRevert();
        token.permit(owner, site, value, deadline, v, r, s);
    }

    function test_a_withdrawal_names_its_account() public {
        token.mint(operator, 5, "e");
        vm.prank(operator);
        refuse(abi.encodeWithSelector(IDepositToken.PayoutAccountZero.selector));
        token.withdraw(5, 0);
        equal(token.balanceOf(operator), 5, "nothing was burnt");
    }

    function test_who_lapsed_takes_its_deposit_back_and_repays_and_begins_nothing() public {
        token.mint(operator, 500, "e");
        token.addLedger(address(access));
        vm.prank(operator);
        token.approve(address(access), 100);
        vm.warp(block.timestamp + 3_651 days);
        vm.prank(operator);
        refuse(abi.encodeWithSelector(IDepositToken.HolderNotAccepted.selector, operator));
        token.transfer(site, 1);
        vm.prank(address(access));
        token.transferFrom(operator, address(access), 100);
        vm.prank(operator);
        token.withdraw(400, "account");
        equal(token.balanceOf(operator), 0, "all of it");
    }

    function test_who_is_frozen_takes_nothing_back_until_that_is_lifted() public {
        token.mint(operator, 500, "e");
        token.addLedger(address(access));
        participants.freeze(operator, "reason");
        vm.startPrank(operator);
        token.approve(address(access), 100);
        refuse(abi.encodeWithSelector(IDepositToken.HolderNotAccepted.selector, operator));
        token.withdraw(1, "account");
        vm.stopPrank();
        vm.prank(address(access));
        refuse(abi.encodeWithSelector(IDepositToken.HolderNotAccepted.selector, operator));
        token.transferFrom(operator, address(access), 100);
    }

    function test_a_pause_stops_mints_and_transfers_and_not_withdrawals() public {
        token.mint(operator, 500, "e");
        token.pause();
        vm.expectRevert(abi.encodeWithSelector(Pausable.EnforcedPause.selector));
        token.mint(operator, 1, "f");
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(Pausable.EnforcedPause.selector));
        token.transfer(site, 1);
        vm.prank(operator);
        token.withdraw(500, "account");
        equal(token.totalSupply(), 0, "withdrawn");
    }

    /// The question answers what the transfer would.
    function testFuzz_one_can_ask_before(uint8 what, uint16 amount) public {
        token.mint(operator, 1_000, "e");
        if (what % 6 == 1) participants.freeze(operator, "order");
        if (what % 6 == 2) token.pause();
        address[6] memory all = [site, site, site, stranger, address(split), address(0)];
        address to = all[what % 6];
        (bool may, bytes memory why) = token.canTransfer(operator, to, amount);
        vm.prank(operator);
        (bool done, bytes memory said) = address(token).call(abi.encodeCall(token.transfer, (to, amount)));
        isTrue(may == done, "may, and does");
        if (!may) equal(keccak256(why), keccak256(said), "and for the same reason not");
        isTrue(may == (what % 6 == 0 && amount <= 1_000), "only when nothing is in its way");
    }
}
