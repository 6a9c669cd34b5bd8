// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {LoanWorld} from "support/LoanWorld.sol";

contract CreditLineOwedTest is LoanWorld {
    function testFuzz_what_is_said_of_a_later_date_is_so_on_that_date(uint16 days_) public {
        (, uint64 loan) = lent();
        uint32 date = 20260705 + uint32(days_ % 26) + 100 * uint32(days_ % 5);
        ICreditLine.Owed memory said = credit.owed(loan, date);
        advanceTo(date);
        credit.poke(loan);
        equal(keccak256(abi.encode(credit.owed(loan, date))), keccak256(abi.encode(said)), "the same");
    }

    function test_penalty_is_on_overdue_principal_only() public {
        (, uint64 loan) = lent();
        equal(credit.owed(loan, END).penalty, 0, "nothing is overdue");
        // 100,000.00 at 5 % over 10 of 360 days: 138.88, whatever interest is overdue
        equal(credit.owed(loan, 20260715).penalty, 138_88, "rounded down");
    }
}
