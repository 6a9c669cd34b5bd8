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
        uint256 earned = shares.earned(PROJECT, investorA) + shares.earned(PROJECT, investorB)
            + shares.earned(PROJECT, investorC);
        equal(earned + (p.paid << 96) + p.carried, received << 96, "nothing vanishes");
        isTrue(p.carried < p.supply, "less than a part a share waits");
        equal(token.balanceOf(address(shares)), received - p.paid, "and it is there");
    }

    function testFuzz_what_a_holder_gets_does_not_depend_on_how_often(uint64[6] memory incomes, uint96 cap) public {
        cap = uint96(bound(cap, 3, type(uint96).max));
        shares.openProject("big", address(token), operator, cap);
        vm.prank(operator);
        shares.issue("big", investorA, cap);
        uint256 third = cap / 3;
        vm.prank(investorA);
        shares.transfer("big", investorB, third);
        uint256 received = 0;
        uint256 paid = 0;
        for (uint256 i = 0; i < 6; ++i) {
            if (incomes[i] == 0) continue;
            received += incomes[i];
            token.mint(shares.accountOf("big"), incomes[i], bytes32(i + 1));
            shares.receiveIncome("big");
            if (shares.claimable("big", investorB) != 0) paid += shares.withdraw("big", investorB);
        }
        uint256 exact = received * third / cap;
        isTrue(paid <= exact && exact <= paid + 1, "its share, whatever the number of shares");
    }

    function test_what_the_split_has_credited_comes_along() public {
        distribute(10_000);
        equal(shares.receiveIncome(PROJECT), 1_400, "the pool's 14 %");
        equal(shares.receiveIncome(PROJECT), 0, "nothing more is no error");
    }

    function test_income_before_the_first_share_is_the_issuers() public {
        shares.openProject("new", address(token), operator, CAP);
        token.mint(shares.accountOf("new"), 50, "early");
        shares.receiveIncome("new");
        token.mint(shares.accountOf("new"), 7, "not taken in yet");
        vm.prank(operator);
        shares.issue("new", investorA, 10);
        token.mint(shares.accountOf("new"), 60, "later");
        shares.receiveIncome("new");
        equal(shares.claimable("new", operator), 57, "what came before");
        equal(shares.claimable("new", investorA), 60, "what came after");
        equal(shares.projectOf("new").carried, 0, "nothing waits");
    }

    function test_a_project_that_is_not_open_is_refused() public {
        refuse(abi.encodeWithSelector(IProjectShare.ProjectUnknown.selector, bytes32("other")));
        shares.receiveIncome("other");
    }
}
