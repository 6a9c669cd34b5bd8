// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {LoanWorld} from "support/LoanWorld.sol";

contract CreditLineAddCostsTest is LoanWorld {
    function testFuzz_costs_of_a_late_loan_are_owed(uint64 raw) public {
        (, uint64 loan) = late(20260710);
        uint128 amount = uint128(bound(raw, 1, type(uint64).max));
        vm.prank(bank);
        credit.addCosts(loan, amount, "letter");
        equal(credit.owed(loan, 20260710).costs, amount, "owed");
    }

    function test_of_a_loan_that_is_in_time_is_refused() public {
        (uint64 line, uint64 loan) = lent();
        refuse(
            abi.encodeWithSelector(ICreditLine.LoanStateNotAllowed.selector, loan, ICreditLine.LoanState.CURRENT)
        );
        vm.prank(bank);
        credit.addCosts(loan, 1, "letter");
        calendar.advance(20260706);
        refuse(abi.encodeWithSelector(ICreditLine.LoanStateNotAllowed.selector, loan, ICreditLine.LoanState.GRACE));
        vm.prank(bank);
        credit.addCosts(loan, 1, "letter");
        refuseLender(line, factory);
        credit.addCosts(loan, 1, "letter");
    }

    function test_nothing_is_refused() public {
        (, uint64 loan) = late(20260710);
        refuse(abi.encodeWithSelector(ICreditLine.AmountZero.selector));
        vm.prank(bank);
        credit.addCosts(loan, 0, "letter");
    }
}
