// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRevenueSplit} from "../interfaces/IRevenueSplit.sol";
import {Waterfall} from "./Waterfall.sol";

/// @title Which terms of a split can hold
library SplitTerms {
    /// @dev Goods and allocations together: with that many, as many debts as are listed and as many kinds of goods as one
    /// distribution may have, it takes less than 21,000,000 gas.
    uint256 internal constant MOST_LINES = 128;

    /// @notice Store these terms, and in `lines` the place of each goods code's line, plus 1.
    /// @return accounts every account that they name, see accountsOf.
    function set(
        IRevenueSplit.Terms calldata t,
        IRevenueSplit.Terms storage kept,
        mapping(bytes32 goods => uint256) storage lines
    ) external returns (address[] memory accounts) {
        _check(t);
        _keep(t, kept, lines);
        return accountsOf(t);
    }

    /// @dev Revert unless these terms can hold.
    function _check(IRevenueSplit.Terms calldata t) private pure {
        if (t.residualAccount == address(0)) revert IRevenueSplit.TermsInvalid("the residual account is zero");
        if (t.refundAccount == address(0)) revert IRevenueSplit.TermsInvalid("the refund account is zero");
        if (t.taxAccount == address(0)) revert IRevenueSplit.TermsInvalid("the tax account is zero");
        if (t.feeAccount == address(0) && t.senior.feeBasisPoints != 0) {
            revert IRevenueSplit.TermsInvalid("the fee account is zero");
        }
        if (t.sweepAccount == address(0) && t.senior.sweepBasisPoints != 0) {
            revert IRevenueSplit.TermsInvalid("the sweep account is zero");
        }
        if (t.senior.feeBasisPoints > Waterfall.BASIS_POINTS || t.senior.sweepBasisPoints > Waterfall.BASIS_POINTS) {
            revert IRevenueSplit.TermsInvalid("more than 10,000 basis points");
        }
        if (t.goods.length + t.allocations.length > MOST_LINES) {
            revert IRevenueSplit.TermsInvalid("too many lines");
        }
        for (uint256 i = 0; i < t.allocations.length; ++i) {
            Waterfall.Allocation calldata a = t.allocations[i];
            bool isShare = a.basis == Waterfall.Basis.NET_BASIS_POINTS || a.basis == Waterfall.Basis.REMAINDER_BASIS_POINTS;
            if (isShare && a.value > Waterfall.BASIS_POINTS) {
                revert IRevenueSplit.TermsInvalid("more than 10,000 basis points");
            }
            if (a.cap != 0 && a.minimum > a.cap) revert IRevenueSplit.TermsInvalid("a minimum lies above its cap");
            if (a.account == address(0)) revert IRevenueSplit.TermsInvalid("an allocation's account is zero");
        }
    }

    function _keep(
        IRevenueSplit.Terms calldata t,
        IRevenueSplit.Terms storage kept,
        mapping(bytes32 goods => uint256) storage lines
    ) private {
        kept.effectiveFrom = t.effectiveFrom;
        kept.period = t.period;
        kept.refundAccount = t.refundAccount;
        kept.taxAccount = t.taxAccount;
        kept.feeAccount = t.feeAccount;
        kept.sweepAccount = t.sweepAccount;
        kept.residualAccount = t.residualAccount;
        kept.senior = t.senior;
        for (uint256 i = 0; i < t.goods.length; ++i) {
            if (t.goods[i].supplier == address(0)) revert IRevenueSplit.TermsInvalid("a goods supplier is zero");
            if (lines[t.goods[i].goods] != 0) revert IRevenueSplit.TermsInvalid("a goods code stands twice");
            kept.goods.push(t.goods[i]);
            lines[t.goods[i].goods] = i + 1;
        }
        for (uint256 i = 0; i < t.allocations.length; ++i) {
            kept.allocations.push(t.allocations[i]);
        }
    }

    /// @notice Every account that these terms name; zero where they name none.
    function accountsOf(IRevenueSplit.Terms memory t) public pure returns (address[] memory accounts) {
        accounts = new address[](5 + t.goods.length + t.allocations.length);
        (accounts[0], accounts[1], accounts[2]) = (t.refundAccount, t.taxAccount, t.feeAccount);
        (accounts[3], accounts[4]) = (t.sweepAccount, t.residualAccount);
        uint256 count = 5;
        for (uint256 i = 0; i < t.goods.length; ++i) {
            accounts[count++] = t.goods[i].supplier;
        }
        for (uint256 i = 0; i < t.allocations.length; ++i) {
            accounts[count++] = t.allocations[i].account;
        }
    }
}
