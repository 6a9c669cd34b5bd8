// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {LoanWorld} from "support/LoanWorld.sol";

contract CreditLineCloseTest is LoanWorld {
    function test_either_side_ends_what_is_paid() public {
        (uint64 line, uint64 loan) = lent();
        repay(loan, 200_000_00);
        vm.prank(factory);
        credit.close(line);
        lineIn(line, ICreditLine.LineState.CLOSED, "by the borrower");
        line = frozen();
        vm.prank(bank);
        credit.close(line);
        lineIn(line, ICreditLine.LineState.CLOSED, "by the lender, frozen");
    }

    function test_with_a_loan_is_refused() public {
        (uint64 line,) = lent();
        refuseLine(line, ICreditLine.LineState.ACTIVE);
        vm.prank(bank);
        credit.close(line);
    }

    function testFuzz_by_another_is_refused(uint256 seed) public {
        uint64 line = opened();
        refuseLender(line, anyone(seed));
        credit.close(line);
    }

    function test_twice_is_refused_and_nothing_is_drawn_afterwards() public {
        uint64 line = opened();
        vm.prank(bank);
        credit.close(line);
        refuseLine(line, ICreditLine.LineState.CLOSED);
        vm.prank(bank);
        credit.close(line);
        uint64 root = order(1);
        refuseLine(line, ICreditLine.LineState.CLOSED);
        draw(line, root, 1, ICreditLine.Plan.BULLET, bullet(END, 1), 0);
    }
}
