// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {IDepositToken} from "contracts/interfaces/IDepositToken.sol";
import {Roles} from "contracts/libraries/Roles.sol";
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
        vm.expectRevert(abi.encodeWithSelector(IDepositToken.EntryAlreadyUsed.selector, entry));
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

    function test_the_split_is_set_once() public {
        vm.expectRevert(abi.encodeWithSelector(IDepositToken.SplitAlreadySet.selector, address(split)));
        token.setSplit(address(1));
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
}
