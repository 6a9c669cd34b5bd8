// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What each tier of a waterfall is entitled to
/// @notice Pure arithmetic over a period's running totals. A distribution gives every tier the difference between its
/// entitlement after and before, so that one distribution of all sales and one for each sale come to the same.
/// All amounts are in minor units; basis points are 1/10,000; every division rounds down, and what is rounded off stays
/// with the tiers below, in the end with the residual recipient.
library Waterfall {
    enum Basis {
        FIXED,
        PER_UNIT,
        NET_BASIS_POINTS,
        REMAINDER_BASIS_POINTS
    }

    /// @notice Running totals of one project and one period.
    /// @param goodsCost what the goods suppliers are due for the units.
    struct Totals {
        uint128 gross;
        uint128 refunds;
        uint128 tax;
        uint128 goodsCost;
        uint128 units;
    }

    /// @notice One line below the senior tiers.
    /// @param account who is paid; zero for the investors' pool.
    /// @param value amount a period (FIXED), amount a unit (PER_UNIT) or basis points.
    /// @param minimum least amount a period, due as soon as the period has a distribution.
    /// @param cap most amount a period; 0 for none.
    struct Allocation {
        address account;
        Basis basis;
        uint88 value;
        uint128 minimum;
        uint128 cap;
    }

    /// @notice The shares that come before the allocations.
    /// @param feeBasisPoints platform fee, of net revenue.
    /// @param sweepBasisPoints loan sweep, of what remains after goods and fee.
    /// @param sweepCap most a period; 0 for none.
    struct Senior {
        uint16 feeBasisPoints;
        uint16 sweepBasisPoints;
        uint128 sweepCap;
    }

    uint256 internal constant BASIS_POINTS = 10_000;

    /// @notice Gross less refunds and tax, not below zero.
    function net(Totals memory t) internal pure returns (uint256) {
        return _less(t.gross, uint256(t.refunds) + t.tax);
    }

    /// @notice What fee, sweep and each allocation are entitled to after these totals.
    /// @param started whether the period has had a distribution: fixed amounts and minimums are due only then.
    /// @return fee the platform's fee.
    /// @return sweep what goes to repay the loan.
    /// @return due each allocation's, in their order.
    function entitlements(Totals memory t, Senior memory senior, Allocation[] memory allocations, bool started)
        internal
        pure
        returns (uint256 fee, uint256 sweep, uint256[] memory due)
    {
        due = new uint256[](allocations.length);
        if (!started) return (0, 0, due);
        uint256 base = net(t);
        fee = base * senior.feeBasisPoints / BASIS_POINTS;
        uint256 rest = _less(base, t.goodsCost + fee);
        sweep = rest * senior.sweepBasisPoints / BASIS_POINTS;
        if (senior.sweepCap != 0 && sweep > senior.sweepCap) sweep = senior.sweepCap;
        rest -= sweep;
        for (uint256 i = 0; i < allocations.length; ++i) {
            Allocation memory a = allocations[i];
            uint256 amount;
            if (a.basis == Basis.FIXED) amount = a.value;
            else if (a.basis == Basis.PER_UNIT) amount = uint256(a.value) * t.units;
            else if (a.basis == Basis.NET_BASIS_POINTS) amount = base * a.value / BASIS_POINTS;
            else amount = rest * a.value / BASIS_POINTS;
            if (amount < a.minimum) amount = a.minimum;
            if (a.cap != 0 && amount > a.cap) amount = a.cap;
            due[i] = amount;
            rest = _less(rest, amount);
        }
    }

    function _less(uint256 a, uint256 b) private pure returns (uint256) {
        return a > b ? a - b : 0;
    }
}
