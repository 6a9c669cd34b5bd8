// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRevenueSplit} from "../interfaces/IRevenueSplit.sol";
import {Waterfall} from "./Waterfall.sol";

/// @title Which terms of a split can hold
library SplitTerms {
    /// @dev With that many investors, and as many lines as below, a distribution takes less than 20,000,000 gas.
    uint256 internal constant MOST_INVESTORS = 400;
    /// @dev Goods, allocations and old debts together.
    uint256 internal constant MOST_LINES = 128;

    /// @notice Revert unless these terms can hold beside `debts` old ones.
    function check(IRevenueSplit.Terms calldata t, uint256 debts) internal pure {
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
        if (t.investors.length > MOST_INVESTORS) revert IRevenueSplit.TermsInvalid("too many investors");
        if (t.goods.length + t.allocations.length + debts > MOST_LINES) {
            revert IRevenueSplit.TermsInvalid("too many lines");
        }
        uint256 weights = 0;
        for (uint256 i = 0; i < t.investors.length; ++i) {
            if (t.investors[i].account == address(0)) revert IRevenueSplit.TermsInvalid("an investor is zero");
            weights += t.investors[i].weight;
        }
        for (uint256 i = 0; i < t.allocations.length; ++i) {
            Waterfall.Allocation calldata a = t.allocations[i];
            bool isShare = a.basis == Waterfall.Basis.NET_BASIS_POINTS || a.basis == Waterfall.Basis.REMAINDER_BASIS_POINTS;
            if (isShare && a.value > Waterfall.BASIS_POINTS) {
                revert IRevenueSplit.TermsInvalid("more than 10,000 basis points");
            }
            if (a.cap != 0 && a.minimum > a.cap) revert IRevenueSplit.TermsInvalid("a minimum lies above its cap");
            if (a.account == address(0) && weights == 0) revert IRevenueSplit.TermsInvalid("a pool without investors");
        }
    }

    /// @notice Store these terms, and in `lines` the place of each goods code's line, plus 1.
    function keep(
        IRevenueSplit.Terms calldata t,
        IRevenueSplit.Terms storage kept,
        mapping(bytes32 goods => uint256) storage lines
    ) internal {
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
        for (uint256 i = 0; i < t.investors.length; ++i) {
            kept.investors.push(t.investors[i]);
        }
    }
}
