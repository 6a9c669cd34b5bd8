// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProjectShare} from "contracts/interfaces/IProjectShare.sol";
import {ShareWorld} from "support/ShareWorld.sol";

contract ProjectShareReceiveIncomeTest is ShareWorld {
    function testFuzz_claimable_paid_and_carried_is_received(uint64[4] memory incomes, uint8[4] memory moved) public {
        uint256 received = 0;
        for (uint256 i = 0; i < 4; ++i) {
            uint256 amount = bound(incomes[i], 1, 1e15);
            income(amount);
            received += amount;
            address from = i % 2 == 0 ? investorA : investorC;
            uint256 held = shares.balanceOf(PROJECT, from);
            if (held == 0) continue;
            vm.prank(from);
            shares.transfer(PROJECT, i % 2 == 0 ? investorC : investorA, bound(moved[i], 1, held));
        }
        if (shares.claimable(PROJECT, investorB) != 0) shares.withdraw(PROJECT, investorB);
        IProjectShare.Project memory p = shares.projectOf(PROJECT);
        uint256 claimable = shares.claimable(PROJECT, investorA) + shares.claimable(PROJECT, investorB)
            + shares.claimable(PROJECT, investorC);
        equal(claimable + p.paid + p.carried, received, "nothing vanishes");
        isTrue(p.carried < p.supply, "less than a unit a share waits");
    }

    function test_what_the_split_has_credited_comes_along() public {
        distribute(10_000);
        equal(shares.receiveIncome(PROJECT), 1_400, "the pool's 14 %");
        equal(shares.receiveIncome(PROJECT), 0, "nothing more is no error");
    }

    function test_income_before_the_first_share_waits_for_it() public {
        shares.openProject("new", address(token), operator);
        token.mint(shares.accountOf("new"), 50, "early");
        shares.receiveIncome("new");
        equal(shares.projectOf("new").carried, 50, "waits");
        vm.prank(operator);
        shares.issue("new", investorA, 10);
        token.mint(shares.accountOf("new"), 50, "later");
        shares.receiveIncome("new");
        equal(shares.claimable("new", investorA), 100, "all of it");
    }

    function test_a_project_that_is_not_open_is_refused() public {
        refuse(abi.encodeWithSelector(IProjectShare.ProjectUnknown.selector, bytes32("other")));
        shares.receiveIncome("other");
    }
}
