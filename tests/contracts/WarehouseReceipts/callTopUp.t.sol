// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IWarehouseReceipts} from "contracts/interfaces/IWarehouseReceipts.sol";
import {WarehouseWorld} from "support/WarehouseWorld.sol";

contract WarehouseReceiptsCallTopUpTest is WarehouseWorld {
    function testFuzz_anyone_calls_once_the_price_has_fallen(uint256 seed, uint32 raw) public {
        uint64 id = pledged();
        uint128 price = uint128(bound(raw, 1, 666_66));
        receipts.postPrice(RESIN, price, calendar.today());
        vm.prank(anyone(seed));
        receipts.callTopUp(id);
        equal(receipts.pledgeOf(id).callDate, TODAY, "called today");
        refuse(abi.encodeWithSelector(IWarehouseReceipts.CallOpen.selector, id, TODAY));
        receipts.callTopUp(id);
    }

    function testFuzz_what_covers_is_refused(uint64 raw) public {
        uint64 id = pledged();
        // 40,000.00 at 60 % of 100 units: 666.67 is the least
        uint128 price = uint128(bound(raw, 666_67, type(uint64).max));
        receipts.postPrice(RESIN, price, calendar.today());
        refuse(
            abi.encodeWithSelector(IWarehouseReceipts.PledgeCovers.selector, id, uint256(price) * 100, 40_000_00)
        );
        receipts.callTopUp(id);
    }

    function test_growing_debt_is_a_reason_too() public {
        uint64 id = pledge(ids(good), 5_000, 5);
        advanceTo(20260106);
        receipts.callTopUp(id);
    }

    function test_a_pledge_that_is_not_open_is_refused() public {
        refuse(abi.encodeWithSelector(IWarehouseReceipts.PledgeUnknown.selector, 9));
        receipts.callTopUp(9);
    }
}
