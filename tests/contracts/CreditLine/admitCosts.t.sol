// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {LoanWorld} from "support/LoanWorld.sol";

contract CreditLineAdmitCostsTest is LoanWorld {
    function test_what_nobody_disputed_in_time_is_owed() public {
        (, uint64 loan) = late(20260710);
        refuse(abi.encodeWithSelector(ICreditLine.CostsNotReady.selector, loan, 0, 0, false));
        credit.admitCosts(loan);
        vm.prank(bank);
        credit.stateCosts(loan, 100, "letter");
        advanceTo(20260723);
        refuse(abi.encodeWithSelector(ICreditLine.CostsNotReady.selector, loan, 100, 20260710, false));
        credit.admitCosts(loan);
        advanceTo(20260724);
        vm.expectEmit();
        emit ICreditLine.CostsAdded(loan, 100, "letter");
        vm.prank(stranger);
        credit.admitCosts(loan);
        equal(credit.owed(loan, 20260724).costs, 100, "owed");
        equal(credit.statedCosts(loan).amount, 0, "and not stated any more");
    }

    function test_a_loan_that_was_repaid_meanwhile_owes_nothing_more() public {
        (, uint64 loan) = late(20260710);
        vm.prank(bank);
        credit.stateCosts(loan, 100, "letter");
        repay(loan, total(loan));
        loanIn(loan, ICreditLine.LoanState.REPAID, "repaid");
        advanceTo(20260801);
        credit.admitCosts(loan);
        equal(credit.loan(loan).costs, 0, "none");
    }
}
