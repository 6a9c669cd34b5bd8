// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BusinessDate} from "./BusinessDate.sol";

/// @title Simple interest without rounding: numerators that add up
/// @notice Each convention gives every date a position on a line, so that the time from a to c is the time from a to b and
/// from b to c, to the last digit. Interest is kept as a numerator over `denominator(convention)` and rounded only when it
/// is posted. Rates are parts per million a year, amounts minor units.
library Interest {
    enum Convention {
        ACT_360,
        ACT_365F,
        THIRTY_E_360,
        ACT_ACT_ISDA
    }

    /// @notice The discount is more than what it is taken from.
    error DiscountAboveFace(uint256 face, uint32 ratePpm, uint32 from, uint32 to);

    uint256 internal constant PPM = 1_000_000;
    uint256 private constant ACT_ACT = 365 * 366;

    /// @notice Units of time up to `date`; a year has `basis(convention)` of them.
    function position(Convention convention, uint32 date) internal pure returns (uint256) {
        if (convention == Convention.THIRTY_E_360) {
            (uint256 y, uint256 m, uint256 d) = BusinessDate.parts(date);
            return 360 * y + 30 * m + (d > 30 ? 30 : d);
        }
        if (convention == Convention.ACT_ACT_ISDA) {
            (uint256 y,,) = BusinessDate.parts(date);
            uint256 day = BusinessDate.serial(date) - BusinessDate.serial(uint32(y * 10_000 + 101));
            return ACT_ACT * y + day * (BusinessDate.isLeap(y) ? 365 : 366);
        }
        return BusinessDate.serial(date);
    }

    /// @notice Units of time in a year.
    function basis(Convention convention) internal pure returns (uint256) {
        if (convention == Convention.ACT_365F) return 365;
        return convention == Convention.ACT_ACT_ISDA ? ACT_ACT : 360;
    }

    /// @notice What the numerators of `accrued` are divided by to give minor units.
    function denominator(Convention convention) internal pure returns (uint256) {
        return basis(convention) * PPM;
    }

    /// @notice Interest on `principal` from `from` to `to`, as a numerator; 0 when `to` is not later.
    function accrued(Convention convention, uint256 principal, uint256 ratePpm, uint32 from, uint32 to)
        internal
        pure
        returns (uint256)
    {
        if (to <= from) return 0;
        return principal * ratePpm * (position(convention, to) - position(convention, from));
    }

    /// @notice `face` × (1 − rate × time), rounded down to the minor unit, and the numerator that the rounding left over.
    function discounted(Convention convention, uint256 face, uint32 ratePpm, uint32 from, uint32 to)
        internal
        pure
        returns (uint256 price, uint256 rest)
    {
        uint256 whole = denominator(convention);
        uint256 discount = accrued(convention, face, ratePpm, from, to);
        if (discount > face * whole) revert DiscountAboveFace(face, ratePpm, from, to);
        uint256 numerator = face * whole - discount;
        return (numerator / whole, numerator % whole);
    }
}
