// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {LoanWorld} from "support/LoanWorld.sol";

contract CreditLineDisputeCostsTest is LoanWorld {
    function test_disputed_costs_wait_for_the_supervisor() public {
        (, uint64 loan) = late(20260710);
        vm.prank(bank);
        credit.stateCosts(loan, 100, "letter");
        vm.expectEmit();
        emit ICreditLine.CostsDisputed(loan, "why");
        vm.prank(factory);
        credit.disputeCosts(loan, "why");
        advanceTo(20260810);
        bytes memory refused =
            abi.encodeWithSelector(ICreditLine.CostsNotReady.selector, loan, 100, 20260710, true);
        refuse(refused);
        credit.admitCosts(loan);
        refuse(refused);
        vm.prank(factory);
        credit.disputeCosts(loan, "why");
        equal(credit.owed(loan, 20260810).costs, 0, "not owed");
    }

    function testFuzz_by_another_or_without_costs_is_refused(uint256 seed) public {
        (uint64 line, uint64 loan) = late(20260710);
        refuse(abi.encodeWithSelector(ICreditLine.CostsNotReady.selector, loan, 0, 0, false));
        vm.prank(factory);
        credit.disputeCosts(loan, "why");
        vm.prank(bank);
        credit.stateCosts(loan, 100, "letter");
        refuse(abi.encodeWithSelector(ICreditLine.NotTheBorrower.selector, line, anyone(seed)));
        vm.prank(anyone(seed));
        credit.disputeCosts(loan, "why");
    }
}
