// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRevenueSplit} from "contracts/interfaces/IRevenueSplit.sol";
import {CreditWorld} from "support/CreditWorld.sol";

/// @notice A project of 100 shares, investorA's 60 and investorB's 40, for the tests of ProjectShare.
abstract contract ShareWorld is CreditWorld {
    uint96 internal constant CAP = 1_000_000_000_000;
    uint256 private _incomes;

    function setUp() public virtual {
        deployAll();
        shares.openProject(PROJECT, address(token), operator, CAP);
        vm.prank(operator);
        shares.issue(PROJECT, investorA, 100);
        vm.prank(investorA);
        shares.transfer(PROJECT, investorB, 40);
    }

    /// @dev `holder` consents to `count` new shares of `to`, beside those that there are, from now on.
    function consent(address holder, address to, uint128 count) internal {
        uint128 supply = shares.projectOf(PROJECT).supply;
        vm.prank(holder);
        shares.consent(PROJECT, to, count, supply, type(uint64).max);
    }

    function increase(address to, uint128 count, address[] memory holders) internal {
        vm.prank(operator);
        shares.increase(PROJECT, to, count, holders);
    }

    function both() internal view returns (address[] memory holders) {
        holders = new address[](2);
        (holders[0], holders[1]) = investorA < investorB ? (investorA, investorB) : (investorB, investorA);
    }

    function income(uint256 amount) internal {
        token.mint(shares.accountOf(PROJECT), amount, keccak256(abi.encode("income", ++_incomes)));
        shares.receiveIncome(PROJECT);
    }

    /// @dev One day's revenue, of which the shares' account is credited 14 %.
    function distribute(uint128 gross) internal {
        IRevenueSplit.Terms memory t = usualTerms(DAY_ONE);
        t.allocations[1].account = shares.accountOf(PROJECT);
        split.setTerms(PROJECT, t);
        fund(gross, "day one");
        split.distribute(facts("one", DAY_ONE, gross, 0, 0, 0));
    }
}
