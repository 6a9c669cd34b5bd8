// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IBusinessCalendar} from "./interfaces/IBusinessCalendar.sol";
import {IWarehouseReceipts} from "./interfaces/IWarehouseReceipts.sol";
import {BusinessDate} from "./libraries/BusinessDate.sol";
import {PriceHistory} from "./libraries/PriceHistory.sol";

/// @title What goods are worth, by the day
/// @notice Documented in interfaces/IWarehouseReceipts.sol. WarehouseReceipts is this, and receipts and their pledges.
abstract contract GoodsPrices is IWarehouseReceipts, AccessManaged {
    using PriceHistory for PriceHistory.Goods;

    IBusinessCalendar public immutable calendar;
    /// @inheritdoc IWarehouseReceipts
    uint16 public immutable maxPriceDays;
    uint48 internal _postings;

    mapping(bytes32 goods => PriceHistory.Goods) internal _prices;

    constructor(address access, address calendar_, uint16 maxPriceDays_) AccessManaged(access) {
        calendar = IBusinessCalendar(calendar_);
        maxPriceDays = maxPriceDays_;
    }

    /// @inheritdoc IWarehouseReceipts
    function postPrice(bytes32 goods, uint128 price, uint32 date) external restricted {
        BusinessDate.check(date);
        uint32 today = calendar.today();
        (, uint32 newest) = _prices[goods].newest();
        if (date > today) revert PriceAhead(goods, date, today);
        if (date < newest) revert PriceSuperseded(goods, date, newest);
        _prices[goods].push(price, date, ++_postings);
        emit PricePosted(goods, price, date);
    }

    /// @inheritdoc IWarehouseReceipts
    function priceOf(bytes32 goods) external view returns (uint128 price, uint32 date) {
        return _prices[goods].newest();
    }
}
