// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {LoanWorld} from "support/LoanWorld.sol";

contract CreditLineAllowSupplierTest is LoanWorld {
    function test_what_the_lender_allows_it_takes_back() public {
        uint64 line = opened();
        isTrue(credit.isAllowed(line, supplier), "allowed");
        vm.prank(bank);
        credit.allowSupplier(line, supplier, false);
        uint64 root = order(1);
        refuse(abi.encodeWithSelector(ICreditLine.SupplierNotAllowed.selector, line, supplier));
        draw(line, root, 1, ICreditLine.Plan.BULLET, bullet(END, 1), 0);
    }

    function testFuzz_by_another_is_refused(uint256 seed) public {
        uint64 line = opened();
        refuseLender(line, anyone(seed));
        credit.allowSupplier(line, tierOne, true);
        refuseLender(line, factory);
        credit.allowSupplier(line, tierOne, true);
    }

    function test_on_a_line_that_is_not_there_is_refused() public {
        refuse(abi.encodeWithSelector(ICreditLine.LineUnknown.selector, 9));
        credit.allowSupplier(9, tierOne, true);
    }
}
