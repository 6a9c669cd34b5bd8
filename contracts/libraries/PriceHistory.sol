// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BusinessDate} from "./BusinessDate.sol";

/// @title The posted prices of one kind of goods, kept so that the highest one since any posting is found
/// @dev Kept are only prices that no later one has reached: they fall from the first to the last, which is the newest.
/// Postings are numbered from 1 over all goods. Every function costs a number of reads that grows with the logarithm.
library PriceHistory {
    /// @param date business date that the price is of.
    /// @param posting the number of its posting.
    /// @param until the number of the posting that replaced it; 0 while it is the newest.
    struct Entry {
        uint128 price;
        uint32 date;
        uint48 posting;
        uint48 until;
    }

    struct Goods {
        uint256 length;
        mapping(uint256 index => Entry) entries;
    }

    function push(Goods storage g, uint128 price, uint32 date, uint48 posting) internal {
        uint256 length = g.length;
        (uint256 low, uint256 high) = (0, length);
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (g.entries[middle].price > price) low = middle + 1;
            else high = middle;
        }
        if (low == length && length != 0) g.entries[length - 1].until = posting;
        g.entries[low] = Entry(price, date, posting, 0);
        g.length = low + 1;
    }

    /// @notice The newest price; zero when there is none.
    function newest(Goods storage g) internal view returns (uint128 price, uint32 date) {
        uint256 length = g.length;
        if (length == 0) return (0, 0);
        Entry storage e = g.entries[length - 1];
        return (e.price, e.date);
    }

    /// @notice The newest price alone.
    function newestPrice(Goods storage g) internal view returns (uint128 price) {
        (price,) = newest(g);
    }

    /// @notice Whether the newest price is of `today` or of one of the `maxDays` days before.
    function isCurrent(Goods storage g, uint32 today, uint256 maxDays) internal view returns (bool) {
        (, uint32 date) = newest(g);
        return date != 0 && date <= today && BusinessDate.daysBetween(date, today) <= maxDays;
    }

    /// @notice The highest price posted after posting number `posting`; with `inForce` the one in force right after it too.
    function highestSince(Goods storage g, uint48 posting, bool inForce) internal view returns (uint128 price) {
        uint256 length = g.length;
        (uint256 low, uint256 high) = (0, length);
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (g.entries[middle].posting > posting) high = middle;
            else low = middle + 1;
        }
        if (low != length) price = g.entries[low].price;
        if (low == 0 || !inForce) return price;
        Entry storage e = g.entries[low - 1];
        if ((e.until == 0 || e.until > posting) && e.price > price) price = e.price;
    }
}
