// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {LoanWorld} from "support/LoanWorld.sol";

contract CreditLineStateCostsTest is LoanWorld {
    function testFuzz_costs_are_stated_within_the_terms(uint128 raw, bool late_) public {
        (, uint64 loan) = late(20260710);
        uint256 most = uint256(credit.loan(loan).drawn) * 500_000 / 1_000_000;
        uint128 amount = uint128(bound(raw, 1, type(uint128).max / 2));
        bool tooHigh = amount > most;
        if (tooHigh) refuse(abi.encodeWithSelector(ICreditLine.CostsTooHigh.selector, loan, most, amount));
        vm.prank(bank);
        credit.stateCosts(loan, amount, "letter");
        if (tooHigh) return;
        equal(credit.owed(loan, 20260710).costs, 0, "not owed yet");
        ICreditLine.StatedCosts memory c = credit.statedCosts(loan);
        equal(c.amount, amount, "stated");
        equal(c.date, 20260710, "on");
        isTrue(!c.disputed, "and not disputed");
        if (late_) return;
        refuse(abi.encodeWithSelector(ICreditLine.CostsNotReady.selector, loan, amount, 20260710, false));
        vm.prank(bank);
        credit.stateCosts(loan, 1, "letter");
    }

    /// All costs of a loan together, paid or not, stay within the terms.
    function test_again_and_again_is_bounded() public {
        (, uint64 loan) = late(20260710);
        uint128 half = credit.loan(loan).drawn / 2;
        addCosts(loan, half);
        repay(loan, half);
        refuse(abi.encodeWithSelector(ICreditLine.CostsTooHigh.selector, loan, half, uint256(half) + 1));
        vm.prank(bank);
        credit.stateCosts(loan, 1, "letter");
    }

    function test_of_a_loan_that_is_in_time_is_refused() public {
        (uint64 line, uint64 loan) = lent();
        refuse(
            abi.encodeWithSelector(ICreditLine.LoanStateNotAllowed.selector, loan, ICreditLine.LoanState.CURRENT)
        );
        vm.prank(bank);
        credit.stateCosts(loan, 1, "letter");
        advanceTo(20260706);
        refuse(abi.encodeWithSelector(ICreditLine.LoanStateNotAllowed.selector, loan, ICreditLine.LoanState.GRACE));
        vm.prank(bank);
        credit.stateCosts(loan, 1, "letter");
        refuseLender(line, factory);
        credit.stateCosts(loan, 1, "letter");
    }

    function test_nothing_is_refused() public {
        (, uint64 loan) = late(20260710);
        refuse(abi.encodeWithSelector(ICreditLine.AmountZero.selector));
        vm.prank(bank);
        credit.stateCosts(loan, 0, "letter");
    }
}
