// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {WarehouseWorld} from "support/WarehouseWorld.sol";

contract WarehouseReceiptsPostPriceTest is WarehouseWorld {
    function testFuzz_a_price_is_of_its_business_date(uint128 price) public {
        calendar.advance(20260106);
        receipts.postPrice(RESIN, price);
        (uint128 posted, uint32 date) = receipts.priceOf(RESIN);
        equal(posted, price, "posted");
        equal(date, 20260106, "today");
    }

    function testFuzz_without_the_role_is_refused(uint256 seed) public {
        refuseRole(anyone(seed));
        vm.prank(anyone(seed));
        receipts.postPrice(RESIN, 1);
    }
}
