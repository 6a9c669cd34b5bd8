// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IClaimable} from "contracts/interfaces/IClaimable.sol";
import {IDepositToken} from "contracts/interfaces/IDepositToken.sol";
import {IRevenueSplit} from "contracts/interfaces/IRevenueSplit.sol";
import {Ledger} from "support/Ledger.sol";

contract WithdrawTest is Ledger {
    function setUp() public {
        deploy();
        yearLater();
        split.setTerms(PROJECT, usualTerms(DAY_ONE));
        fund(10_000, "e1");
        split.distribute(facts("b1", DAY_ONE, 10_000, 0, 0, 0));
    }

    function test_all_that_is_claimable_is_paid_once() public {
        uint256 amount = split.claimable(address(token), operator);
        vm.prank(operator);
        equal(split.withdraw(address(token), operator), amount, "paid");
        equal(token.balanceOf(operator), amount, "arrived");
        equal(split.claimable(address(token), operator), 0, "nothing left");
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(IClaimable.NothingToWithdraw.selector, address(token), operator));
        split.withdraw(address(token), operator);
    }

    function test_anyone_may_push_a_balance_to_its_owner_alone() public {
        uint256 amount = split.claimable(address(token), site);
        vm.prank(stranger);
        split.withdraw(address(token), site);
        equal(token.balanceOf(site), amount, "the site has it");
    }

    function test_a_frozen_recipient_blocks_nobody_and_loses_nothing() public {
        participants.freeze(site, "order");
        uint256 before = split.claimable(address(token), site);
        vm.prank(site);
        vm.expectRevert(abi.encodeWithSelector(IDepositToken.HolderNotAccepted.selector, site));
        split.withdraw(address(token), site);
        fund(10_000, "e2");
        split.distribute(facts("b2", DAY_ONE + 1, 10_000, 0, 0, 0));
        isTrue(split.claimable(address(token), site) > before, "it goes on being credited");
        vm.prank(operator);
        isTrue(split.withdraw(address(token), operator) > 0, "others are paid");
    }

    function test_a_pools_balance_is_no_accounts() public {
        participants.admit(pool, 1, "by mistake");
        participants.certify(pool, uint64(block.timestamp + 1 days), 0);
        vm.expectRevert(abi.encodeWithSelector(IRevenueSplit.AccountIsPool.selector, pool));
        split.withdraw(address(token), pool);
    }
}
