// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {LoanWorld} from "support/LoanWorld.sol";

contract CreditLineWriteOffTest is LoanWorld {
    function testFuzz_what_is_given_up_leaves_the_line_and_can_be_recovered(uint32 raw) public {
        (uint64 line, uint64 loan) = late(20261101);
        uint256 first = bound(raw, 1, 1_000_00);
        repay(loan, first);
        addCosts(loan, 500_00);
        vm.prank(bank);
        credit.writeOff(loan);
        equal(credit.line(line).principal, 0, "principal = draws - repaid - written off");
        ICreditLine.Owed memory o = credit.owed(loan, 20261101);
        advanceTo(20261201);
        equal(credit.owed(loan, 20261201).interest, o.interest, "what is given up bears nothing");
        equal(credit.owed(loan, 20261201).penalty, o.penalty, "and no penalty");
        repay(loan, o.costs + o.penalty + o.interest + 20_000_00);
        equal(credit.loan(loan).writtenOff, o.principal - 20_000_00, "recovered in part");
        equal(credit.line(line).principal, 0, "the line is as it was");
        repay(loan, o.principal);
        loanIn(loan, ICreditLine.LoanState.RECOVERED, "recovered");
        equal(credit.line(line).loans.length, 0, "gone from its line");
    }

    function test_before_the_default_is_refused() public {
        (, uint64 loan) = late(20260710);
        refuse(
            abi.encodeWithSelector(
                ICreditLine.LoanStateNotAllowed.selector, loan, ICreditLine.LoanState.DELINQUENT
            )
        );
        vm.prank(bank);
        credit.writeOff(loan);
    }

    function test_twice_is_refused() public {
        (, uint64 loan) = late(20261101);
        vm.prank(bank);
        credit.writeOff(loan);
        refuse(
            abi.encodeWithSelector(
                ICreditLine.LoanStateNotAllowed.selector, loan, ICreditLine.LoanState.WRITTEN_OFF
            )
        );
        vm.prank(bank);
        credit.writeOff(loan);
    }

    function testFuzz_by_another_is_refused(uint256 seed) public {
        (uint64 line, uint64 loan) = late(20261101);
        refuseLender(line, anyone(seed));
        credit.writeOff(loan);
    }
}
