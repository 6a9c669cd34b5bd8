// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {LoanWorld} from "support/LoanWorld.sol";

contract CreditLineDecideCostsTest is LoanWorld {
    function testFuzz_the_supervisor_lets_a_part_stand(uint128 raw) public {
        (, uint64 loan) = late(20260710);
        vm.prank(bank);
        credit.stateCosts(loan, 100, "letter");
        refuse(abi.encodeWithSelector(ICreditLine.CostsNotReady.selector, loan, 100, 20260710, false));
        credit.decideCosts(loan, 1, "right");
        vm.prank(factory);
        credit.disputeCosts(loan, "why");
        uint128 amount = uint128(bound(raw, 0, 200));
        if (amount > 100) refuse(abi.encodeWithSelector(ICreditLine.CostsTooHigh.selector, loan, 100, amount));
        credit.decideCosts(loan, amount, "right");
        if (amount > 100) return;
        equal(credit.owed(loan, 20260710).costs, amount, "owed");
        equal(credit.statedCosts(loan).amount, 0, "and decided");
    }

    function test_nobody_else_decides() public {
        (, uint64 loan) = late(20260710);
        refuseRole(bank);
        vm.prank(bank);
        credit.decideCosts(loan, 1, "right");
    }
}
