// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDepositToken} from "contracts/interfaces/IDepositToken.sol";
import {Roles} from "contracts/libraries/Roles.sol";
import {Ledger} from "support/Ledger.sol";

/// @notice Accounts that a ledger keeps in the token, one a key.
contract DepositTokenSupervisedTest is Ledger {
    address private ledger = address(0x1ED6E5);

    function setUp() public {
        deploy();
        grant(address(token), Roles.GUARDIAN, token.pause.selector);
        token.addLedger(ledger);
        token.mint(operator, 1_000, "e");
    }

    function open(bytes32 key) private returns (address) {
        vm.prank(ledger);
        return token.openSupervised(key);
    }

    function testFuzz_by_who_is_no_ledger_is_refused(uint256 seed, bytes32 key) public {
        address caller = anyone(seed);
        vm.startPrank(caller);
        refuse(abi.encodeWithSelector(IDepositToken.NotALedger.selector, caller));
        token.openSupervised(key);
        refuse(abi.encodeWithSelector(IDepositToken.NotALedger.selector, caller));
        token.drain(key);
        refuseRole(caller);
        token.addLedger(caller);
    }

    function testFuzz_what_comes_in_goes_to_its_ledger_alone(bytes32 key, bytes32 other, uint16 amount) public {
        vm.assume(key != other);
        amount = uint16(bound(amount, 1, 1_000));
        address account = open(key);
        equal(account, token.supervisedOf(ledger, key), "known beforehand");
        isTrue(account != open(other), "one a key");
        vm.prank(operator);
        token.transfer(account, amount);
        vm.startPrank(ledger);
        equal(token.drain(other), 0, "another key's is empty");
        equal(token.drain(key), amount, "all of it");
        equal(token.drain(key), 0, "once");
        equal(token.balanceOf(ledger), amount, "the ledger has it");
    }

    function test_an_account_that_nobody_opened_takes_and_gives_nothing() public {
        address account = token.supervisedOf(ledger, "key");
        vm.prank(operator);
        refuse(abi.encodeWithSelector(IDepositToken.HolderNotAccepted.selector, account));
        token.transfer(account, 1);
        vm.prank(ledger);
        refuse(abi.encodeWithSelector(IDepositToken.NotALedger.selector, ledger));
        token.drain("key");
    }

    function test_in_a_pause_it_is_drained_all_the_same() public {
        address account = open("key");
        vm.prank(operator);
        token.transfer(account, 10);
        token.pause();
        vm.prank(ledger);
        equal(token.drain("key"), 10, "what ends business stays open");
        token.unpause();
        vm.prank(operator);
        token.transfer(account, 5);
    }

    function test_amounts_are_minor_units_and_what_was_asked_for_is_there_to_be_read() public {
        equal(token.decimals(), 2, "of the currency");
        vm.prank(operator);
        uint256 id = token.withdraw(200, "account");
        IDepositToken.Withdrawal memory w = token.withdrawal(id);
        equal(w.amount, 200, "what");
        equal(w.payoutAccount, "account", "where to");
        isTrue(w.holder == operator && w.payment == 0, "whose, and not paid");
    }
}
