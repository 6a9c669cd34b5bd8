// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {LoanWorld} from "support/LoanWorld.sol";

contract CreditLineActivateTest is LoanWorld {
    function test_the_lender_opens_what_the_committee_approved() public {
        uint64 line = approved();
        vm.prank(bank);
        credit.activate(line);
        lineIn(line, ICreditLine.LineState.ACTIVE, "open");
        refuseLine(line, ICreditLine.LineState.ACTIVE);
        vm.prank(bank);
        credit.activate(line);
    }

    function testFuzz_by_another_is_refused(uint256 seed) public {
        uint64 line = approved();
        refuseLender(line, anyone(seed));
        credit.activate(line);
        refuseLender(line, factory);
        credit.activate(line);
    }

    function test_what_nobody_approved_is_refused() public {
        uint64 line = applied();
        refuseLine(line, ICreditLine.LineState.APPLIED);
        vm.prank(bank);
        credit.activate(line);
    }

    function test_in_a_pause_is_refused() public {
        uint64 line = approved();
        credit.pause();
        refusePaused();
        vm.prank(bank);
        credit.activate(line);
    }
}
