// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {IRevenueSplit} from "contracts/interfaces/IRevenueSplit.sol";
import {LoanWorld} from "support/LoanWorld.sol";

contract CreditLineSweepTest is LoanWorld {
    function test_the_sweep_repays_and_gives_back_what_nobody_owes() public {
        uint64 line = opened();
        uint64 loan =
            draw(line, order(10_000_00), 10_000_00, ICreditLine.Plan.REVENUE_SHARE, bullet(20270105, 10_000_00), 0);
        advanceTo(20260204);
        // 10,000.00 at 10.8 % over 30 of 360 days: 90.00
        equal(swept(line, 4_000_00), 4_000_00, "swept");
        equal(credit.loan(loan).repaid, 3_910_00, "after interest");
        equal(swept(line, 7_000_00), 7_000_00, "swept");
        loanIn(loan, ICreditLine.LoanState.REPAID, "repaid by itself");
        equal(token.balanceOf(factory), 910_00, "the rest is the borrower's");
    }

    function testFuzz_the_oldest_first_and_nothing_vanishes(uint64 raw) public {
        uint64 line = opened();
        uint64 first = drawBullet(line, 100_000_00, END);
        uint64 second = drawBullet(line, 50_000_00, END);
        advanceTo(20260404);
        uint256 owing = total(first) + total(second);
        uint256 firstOwing = total(first);
        uint256 amount = bound(raw, 1, 400_000_00);
        uint256 had = token.balanceOf(bank);
        swept(line, amount);
        uint256 used = amount < owing ? amount : owing;
        equal(token.balanceOf(bank) - had, used, "the lender's");
        equal(token.balanceOf(factory), amount - used, "the borrower's");
        equal(total(first) + total(second), owing - used, "less is owed");
        isTrue(total(first) == 0 || used < firstOwing, "the oldest first");
        equal(token.balanceOf(address(credit)), 0, "nothing stays");
    }

    function test_what_the_split_has_credited_comes_along() public {
        uint64 line = opened();
        uint64 loan = drawBullet(line, 100_000_00, END);
        IRevenueSplit.Terms memory t = usualTerms(DAY_ONE);
        t.sweepAccount = credit.accountOf(line);
        split.setTerms(PROJECT, t);
        fund(10_000, "day one");
        split.distribute(facts("one", DAY_ONE, 10_000, 0, 0, 0));
        // 12 % of what the fee of 1 % leaves
        equal(split.claimable(address(token), t.sweepAccount), 1_188, "credited");
        equal(credit.sweep(line), 1_188, "swept in one step");
        equal(credit.loan(loan).repaid, 1_188, "repaid");
    }

    function test_a_borrower_who_cannot_receive_does_not_hinder_it() public {
        (uint64 line, uint64 loan) = lent();
        participants.freeze(factory, "word");
        swept(line, 100_000_07);
        loanIn(loan, ICreditLine.LoanState.REPAID, "repaid");
        equal(credit.claimable(address(token), factory), 7, "the rest waits");
    }

    function test_in_a_pause_frozen_and_without_a_loan() public {
        uint64 line = frozen();
        token.mint(credit.accountOf(line), 5, "x");
        credit.pause();
        token.pause();
        equal(credit.sweep(line), 5, "taken");
        equal(token.balanceOf(factory), 5, "and given back");
        equal(credit.sweep(line), 0, "nothing is no error");
    }

    function test_the_account_is_this_contracts_alone() public {
        (uint64 line,) = lent();
        token.mint(credit.accountOf(line), 5, "x");
        refuse(abi.encodeWithSignature("NotALedger(address)", bank));
        vm.prank(bank);
        token.drain(bytes32(uint256(line)));
    }

    function test_a_line_that_is_not_there_is_refused() public {
        refuse(abi.encodeWithSelector(ICreditLine.LineUnknown.selector, 9));
        credit.sweep(9);
    }
}
