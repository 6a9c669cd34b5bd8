// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRevenueSplit} from "contracts/interfaces/IRevenueSplit.sol";
import {CreditWorld} from "support/CreditWorld.sol";

/// @notice A project of 100 shares, investorA's 60 and investorB's 40, for the tests of ProjectShare.
abstract contract ShareWorld is CreditWorld {
    uint256 private _incomes;

    function setUp() public virtual {
        deployAll();
        shares.openProject(PROJECT, address(token), operator);
        vm.prank(operator);
        shares.issue(PROJECT, investorA, 60);
        vm.prank(operator);
        shares.issue(PROJECT, investorB, 40);
    }

    function income(uint256 amount) internal {
        token.mint(shares.accountOf(PROJECT), amount, keccak256(abi.encode("income", ++_incomes)));
        shares.receiveIncome(PROJECT);
    }

    /// @dev One day's revenue, of which the shares' account is credited 14 %.
    function distribute(uint128 gross) internal {
        IRevenueSplit.Terms memory t = usualTerms(DAY_ONE);
        t.investors = new IRevenueSplit.Investor[](1);
        t.investors[0] = IRevenueSplit.Investor(shares.accountOf(PROJECT), 1);
        split.setTerms(PROJECT, t);
        fund(gross, "day one");
        split.distribute(facts("one", DAY_ONE, gross, 0, 0, 0));
    }
}
