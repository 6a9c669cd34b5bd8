// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PriceHistory} from "contracts/libraries/PriceHistory.sol";
import {Check} from "support/Check.sol";

/// @notice The highest price since any posting, beside a list of all postings that is read from end to end.
contract PriceHistoryTest is Check {
    using PriceHistory for PriceHistory.Goods;

    PriceHistory.Goods private _goods;
    PriceHistory.Goods private _other;

    function testFuzz_it_is_what_reading_all_postings_gives(uint8[24] memory prices, uint256 kinds) public {
        for (uint48 i = 0; i < 24; ++i) {
            if (_isOurs(kinds, i)) _goods.push(prices[i] % 16, 20260105 + uint32(i), i + 1);
            else _other.push(prices[i] % 16, 20260105 + uint32(i), i + 1);
        }
        for (uint48 since = 0; since <= 24; ++since) {
            (uint128 inForce, uint128 highest) = (0, 0);
            for (uint48 i = 0; i < 24; ++i) {
                if (!_isOurs(kinds, i)) continue;
                uint128 price = prices[i] % 16;
                if (i + 1 <= since) inForce = price;
                else if (price > highest) highest = price;
            }
            equal(_goods.highestSince(since, false), highest, "the highest of those posted since");
            if (inForce > highest) highest = inForce;
            equal(_goods.highestSince(since, true), highest, "the highest");
        }
        uint128 last = 0;
        uint32 date = 0;
        for (uint48 i = 0; i < 24; ++i) {
            if (_isOurs(kinds, i)) (last, date) = (prices[i] % 16, 20260105 + uint32(i));
        }
        (uint128 newest, uint32 dated) = _goods.newest();
        equal(newest, last, "the newest");
        equal(dated, date, "its date");
    }

    function _isOurs(uint256 kinds, uint48 i) private pure returns (bool) {
        return kinds >> i & 1 == 1;
    }
}
