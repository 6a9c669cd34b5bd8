// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IWarehouseReceipts} from "contracts/interfaces/IWarehouseReceipts.sol";
import {BusinessDate} from "contracts/libraries/BusinessDate.sol";
import {WarehouseWorld} from "support/WarehouseWorld.sol";

contract WarehouseReceiptsPostPriceTest is WarehouseWorld {
    function testFuzz_a_price_is_of_the_date_that_it_says(uint128 price, uint32 date) public {
        advanceTo(20260131);
        date = uint32(bound(date, TODAY, 20260131));
        receipts.postPrice(RESIN, price, date);
        (uint128 posted, uint32 dated) = receipts.priceOf(RESIN);
        equal(posted, price, "posted");
        equal(dated, date, "of that date");
    }

    function testFuzz_a_price_older_than_the_newest_is_refused(uint32 newest, uint32 date) public {
        advanceTo(20260131);
        newest = uint32(bound(newest, 20260106, 20260131));
        date = uint32(bound(date, 20260101, newest - 1));
        receipts.postPrice(RESIN, 500_00, newest);
        refuse(abi.encodeWithSelector(IWarehouseReceipts.PriceSuperseded.selector, RESIN, date, newest));
        receipts.postPrice(RESIN, 2_000_00, date);
        receipts.postPrice(keccak256("copper"), 2_000_00, date);
    }

    function testFuzz_a_price_of_a_day_to_come_is_refused(uint32 date) public {
        date = uint32(bound(date, 20260106, 20260131));
        refuse(abi.encodeWithSelector(IWarehouseReceipts.PriceAhead.selector, RESIN, date, TODAY));
        receipts.postPrice(RESIN, 1, date);
    }

    function test_no_date_is_refused() public {
        refuse(abi.encodeWithSelector(BusinessDate.DateInvalid.selector, 20251131));
        receipts.postPrice(RESIN, 1, 20251131);
        refuse(abi.encodeWithSelector(BusinessDate.DateInvalid.selector, 0));
        receipts.postPrice(RESIN, 1, 0);
    }

    function test_a_price_of_the_same_date_corrects_the_first() public {
        receipts.postPrice(RESIN, 900_00, TODAY);
        receipts.postPrice(RESIN, 700_00, TODAY);
        (uint128 price,) = receipts.priceOf(RESIN);
        equal(price, 700_00, "the second");
    }

    function testFuzz_without_the_role_is_refused(uint256 seed) public {
        refuseRole(anyone(seed));
        vm.prank(anyone(seed));
        receipts.postPrice(RESIN, 1, TODAY);
    }
}
