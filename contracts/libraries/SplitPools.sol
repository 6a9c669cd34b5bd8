// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRevenueSplit} from "../interfaces/IRevenueSplit.sol";
import {Waterfall} from "./Waterfall.sol";

/// @title What each investor of a pool gets
library SplitPools {
    /// @param paid what the pool has been given since it was last settled.
    /// @param carried what of it is with no investor yet.
    struct Pool {
        uint128 paid;
        uint128 carried;
    }

    /// @notice What each investor gains when the pool's total rises from `before` to `afterwards`: the difference of its
    /// floors.
    function shares(IRevenueSplit.Investor[] storage investors, uint256 before, uint256 afterwards)
        internal
        view
        returns (uint256[] memory gained)
    {
        uint256 sum;
        (gained, sum) = _weights(investors);
        for (uint256 i = 0; i < gained.length; ++i) {
            gained[i] = afterwards * gained[i] / sum - before * gained[i] / sum;
        }
    }

    /// @notice What each investor gets beyond its floor of `paid`, by largest remainder.
    function rests(IRevenueSplit.Investor[] storage investors, uint256 paid)
        internal
        view
        returns (uint256[] memory extra)
    {
        (uint256[] memory weights, uint256 sum) = _weights(investors);
        extra = Waterfall.largestRemainder(paid, weights);
        for (uint256 i = 0; i < extra.length; ++i) {
            extra[i] -= paid * weights[i] / sum;
        }
    }

    function _weights(IRevenueSplit.Investor[] storage investors)
        private
        view
        returns (uint256[] memory weights, uint256 sum)
    {
        weights = new uint256[](investors.length);
        for (uint256 i = 0; i < weights.length; ++i) {
            weights[i] = investors[i].weight;
            sum += weights[i];
        }
    }
}
