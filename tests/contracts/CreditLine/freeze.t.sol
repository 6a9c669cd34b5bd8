// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {LoanWorld} from "support/LoanWorld.sol";

contract CreditLineFreezeTest is LoanWorld {
    function test_the_lender_stops_draws_and_cannot_lift_it() public {
        uint64 line = frozen();
        lineIn(line, ICreditLine.LineState.FROZEN, "frozen");
        refuseLine(line, ICreditLine.LineState.FROZEN);
        vm.prank(bank);
        credit.freeze(line, "again");
        refuseLine(line, ICreditLine.LineState.FROZEN);
        vm.prank(bank);
        credit.activate(line);
    }

    function testFuzz_by_another_is_refused(uint256 seed) public {
        uint64 line = opened();
        refuseLender(line, anyone(seed));
        credit.freeze(line, "no");
    }

    function test_a_line_that_is_not_there_is_refused() public {
        refuse(abi.encodeWithSelector(ICreditLine.LineUnknown.selector, 9));
        credit.freeze(9, "no");
    }
}
