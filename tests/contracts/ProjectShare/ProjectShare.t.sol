// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProjectShare} from "contracts/interfaces/IProjectShare.sol";
import {CreditWorld} from "support/CreditWorld.sol";

contract ProjectShareTest is CreditWorld {
    function setUp() public {
        deployAll();
        shares.openProject(PROJECT, address(token), operator);
        vm.prank(operator);
        shares.issue(PROJECT, investorA, 60);
        vm.prank(operator);
        shares.issue(PROJECT, investorB, 40);
    }

    function _income(uint256 amount, bytes32 entry) private {
        token.mint(shares.accountOf(PROJECT), amount, entry);
        shares.receiveIncome(PROJECT);
    }

    function test_income_belongs_to_who_held_the_shares_then() public {
        _income(1_000, "first");
        vm.prank(investorA);
        shares.transfer(PROJECT, investorC, 60);
        _income(500, "second");
        equal(shares.claimable(PROJECT, investorA), 600, "earned before the transfer");
        equal(shares.claimable(PROJECT, investorB), 600, "of both");
        equal(shares.claimable(PROJECT, investorC), 300, "earned after it");
        equal(shares.withdraw(PROJECT, investorA), 600, "paid");
        equal(token.balanceOf(investorA), 600, "to the seller");
    }

    function test_income_that_nobody_has_taken_in_is_the_sellers_too() public {
        token.mint(shares.accountOf(PROJECT), 1_000, "first");
        vm.prank(investorA);
        shares.transfer(PROJECT, investorC, 60);
        equal(shares.claimable(PROJECT, investorA), 600, "it came in before the transfer");
    }

    function testFuzz_claimable_paid_and_carried_is_received(uint64[4] memory incomes, uint8[4] memory moved) public {
        uint256 received = 0;
        for (uint256 i = 0; i < 4; ++i) {
            uint256 amount = bound(incomes[i], 1, 1e15);
            _income(amount, bytes32(i + 1));
            received += amount;
            address from = i % 2 == 0 ? investorA : investorC;
            address to = i % 2 == 0 ? investorC : investorA;
            uint256 held = shares.balanceOf(PROJECT, from);
            if (held != 0) {
                vm.prank(from);
                shares.transfer(PROJECT, to, bound(moved[i], 1, held));
            }
        }
        if (shares.claimable(PROJECT, investorB) != 0) shares.withdraw(PROJECT, investorB);
        IProjectShare.Project memory p = shares.projectOf(PROJECT);
        uint256 claimable = shares.claimable(PROJECT, investorA) + shares.claimable(PROJECT, investorB)
            + shares.claimable(PROJECT, investorC);
        equal(claimable + p.paid + p.carried, received, "nothing vanishes");
        isTrue(p.carried < p.supply, "less than a unit a share waits");
    }

    function test_shares_are_redeemed_at_the_offered_price() public {
        give(operator, 10_000);
        vm.prank(operator);
        token.approve(address(shares), 10_000);
        vm.expectRevert(abi.encodeWithSelector(IProjectShare.NoRedemption.selector, PROJECT));
        vm.prank(investorA);
        shares.redeem(PROJECT, 10);
        vm.prank(operator);
        shares.offerRedemption(PROJECT, 150);
        vm.prank(investorA);
        equal(shares.redeem(PROJECT, 10), 1_500, "ten at 150");
        equal(shares.projectOf(PROJECT).supply, 90, "gone");
    }

    function test_only_participants_hold_and_nobody_more_than_there_is() public {
        vm.expectRevert(abi.encodeWithSelector(IProjectShare.ParticipantNotActive.selector, stranger));
        vm.prank(investorA);
        shares.transfer(PROJECT, stranger, 1);
        vm.expectRevert(abi.encodeWithSelector(IProjectShare.SharesTooFew.selector, PROJECT, investorA, 60, 61));
        vm.prank(investorA);
        shares.transfer(PROJECT, investorC, 61);
    }
}
