// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

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
        equal(split.withdraw(address(token)), amount, "paid");
        equal(token.balanceOf(operator), amount, "arrived");
        equal(split.claimable(address(token), operator), 0, "nothing left");
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(IRevenueSplit.NothingToWithdraw.selector, operator));
        split.withdraw(address(token));
    }

    function test_anyone_may_push_a_balance_to_its_owner_alone() public {
        uint256 amount = split.claimable(address(token), site);
        vm.prank(stranger);
        split.withdrawFor(address(token), site);
        equal(token.balanceOf(site), amount, "the site has it");
    }

    function test_a_frozen_recipient_blocks_nobody_and_loses_nothing() public {
        participants.freeze(site, "order");
        uint256 before = split.claimable(address(token), site);
        vm.prank(site);
        vm.expectRevert(abi.encodeWithSelector(IDepositToken.HolderNotAccepted.selector, site));
        split.withdraw(address(token));
        fund(10_000, "e2");
        split.distribute(facts("b2", DAY_ONE + 1, 10_000, 0, 0, 0));
        isTrue(split.claimable(address(token), site) > before, "it goes on being credited");
        vm.prank(operator);
        isTrue(split.withdraw(address(token)) > 0, "others are paid");
    }

    function test_what_an_ended_version_carries_is_given_out_whole() public {
        IRevenueSplit.Terms memory t = _others();
        uint256 left = split.carried(PROJECT);
        vm.expectRevert(abi.encodeWithSelector(IRevenueSplit.VersionStillInForce.selector, PROJECT, 1));
        split.settleCarried(PROJECT, 1);
        split.setTerms(PROJECT, t);
        split.distribute(facts("b2", DAY_ONE + 1, 0, 0, 0, 0));
        split.settleCarried(PROJECT, 1);
        equal(split.carried(PROJECT), 0, "nothing is carried");
        equal(claimed(), 10_000, "all is credited");
        isTrue(left < 3, "less than a unit an investor");
    }

    /// @dev The next day's terms, with other investors.
    function _others() private view returns (IRevenueSplit.Terms memory t) {
        t = usualTerms(DAY_ONE + 1);
        t.investors[0].weight = 51;
    }

    function testFuzz_a_sale_that_comes_after_its_version_was_settled_is_shared_out(uint64 late) public {
        split.setTerms(PROJECT, _others());
        split.distribute(facts("b2", DAY_ONE + 1, 0, 0, 0, 0));
        split.settleCarried(PROJECT, 1);
        fund(late, "e3");
        split.distribute(facts("b3", DAY_ONE, late, 0, 0, 0));
        equal(claimed() + split.carried(PROJECT), 10_000 + uint256(late), "paid and carried are what was received");
        split.settleCarried(PROJECT, 1);
        equal(split.carried(PROJECT), 0, "the new rest is given out too");
        equal(claimed(), 10_000 + uint256(late), "to the minor unit");
    }
}
