// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Waterfall} from "contracts/libraries/Waterfall.sol";
import {Check} from "support/Check.sol";

contract WaterfallLargestRemainderTest is Check {
    function testFuzz_shares_sum_to_the_whole_each_less_than_a_unit_off(uint128 total, uint64[7] memory weights)
        public
        pure
    {
        uint256[] memory by = new uint256[](7);
        uint256 sum = 0;
        for (uint256 i = 0; i < 7; ++i) {
            by[i] = weights[i];
            sum += weights[i];
        }
        vm.assume(sum != 0);
        uint256[] memory shares = Waterfall.largestRemainder(total, by);
        uint256 shared = 0;
        for (uint256 i = 0; i < 7; ++i) {
            shared += shares[i];
            (uint256 low, bool whole) = (total * by[i] / sum, total * by[i] % sum == 0);
            isTrue(shares[i] == low || (!whole && shares[i] == low + 1), "its floor, or a unit more");
        }
        equal(shared, total, "all of it");
    }

    function test_the_largest_remainder_comes_first_and_the_lower_index_among_equals() public pure {
        uint256[] memory by = new uint256[](3);
        (by[0], by[1], by[2]) = (1, 1, 1);
        uint256[] memory shares = Waterfall.largestRemainder(5, by);
        isTrue(shares[0] == 2 && shares[1] == 2 && shares[2] == 1, "the first two of three equals");
        (by[0], by[1], by[2]) = (20, 50, 30);
        shares = Waterfall.largestRemainder(7, by);
        isTrue(shares[0] == 1 && shares[1] == 4 && shares[2] == 2, "1.4, 3.5 and 2.1");
    }

    function testFuzz_who_weighs_nothing_gets_nothing(uint128 total) public pure {
        uint256[] memory by = new uint256[](2);
        by[1] = 3;
        uint256[] memory shares = Waterfall.largestRemainder(total, by);
        equal(shares[0], 0, "no weight");
        equal(shares[1], total, "all of it");
    }
}
