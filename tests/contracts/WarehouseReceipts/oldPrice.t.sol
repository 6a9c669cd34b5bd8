// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IWarehouseReceipts} from "contracts/interfaces/IWarehouseReceipts.sol";
import {WarehouseWorld} from "support/WarehouseWorld.sol";

/// @notice A price is used while it is current, and what needs no price needs none.
contract WarehouseReceiptsOldPriceTest is WarehouseWorld {
    uint32 private constant LAST = TODAY + MAX_PRICE_DAYS;

    function _refuseOld(uint32 today) private {
        refuse(abi.encodeWithSelector(IWarehouseReceipts.PriceNotCurrent.selector, RESIN, TODAY, today));
    }

    function test_a_pledge_takes_a_price_of_its_last_day_and_none_older() public {
        uint64[] memory halves = splitInTwo(good, factory, 90);
        advanceTo(LAST);
        pledge(ids(halves[0]), 6_000, 5);
        advanceTo(LAST + 1);
        _refuseOld(LAST + 1);
        vm.prank(factory);
        receipts.pledge(loan, ids(halves[1]), 6_000, 5);
    }

    function test_the_pledgor_takes_nothing_out_by_an_old_price() public {
        uint64[] memory parts = splitInTwo(good, factory, 90);
        uint64[] memory both = new uint64[](2);
        (both[0], both[1]) = (parts[0], parts[1]);
        uint64 id = pledge(both, 6_000, 5);
        advanceTo(LAST + 1);
        _refuseOld(LAST + 1);
        vm.prank(factory);
        receipts.release(id, parts[1]);
        receipts.postPrice(RESIN, 800_00, LAST + 1);
        vm.prank(factory);
        receipts.release(id, parts[1]);
    }

    function test_once_nothing_is_owed_no_price_is_needed_and_the_pledgee_needs_none() public {
        uint64[] memory parts = splitInTwo(good, factory, 50);
        uint64[] memory both = new uint64[](2);
        (both[0], both[1]) = (parts[0], parts[1]);
        uint64 id = pledge(both, 6_000, 5);
        advanceTo(20260301);
        vm.prank(bank);
        receipts.release(id, parts[0]);
        repay(loan, 45_000_00);
        vm.prank(factory);
        receipts.release(id, parts[1]);
        isTrue(!receipts.pledgeOf(id).open, "closed");
    }

    function test_a_call_needs_a_current_price() public {
        uint64 id = pledge(ids(good), 5_000, 5);
        (bool current,) = receipts.standing(id);
        isTrue(current, "current today");
        advanceTo(LAST + 1);
        (current,) = receipts.standing(id);
        isTrue(!current, "and no more");
        _refuseOld(LAST + 1);
        receipts.callTopUp(id);
        advanceTo(LAST + 2);
        receipts.postPrice(RESIN, 700_00, LAST + 2);
        receipts.callTopUp(id);
    }

    function test_an_unmet_call_forecloses_at_a_current_price_only() public {
        uint64 id = called();
        advanceTo(LAST + 1);
        _refuseOld(LAST + 1);
        vm.prank(bank);
        receipts.foreclose(id);
        receipts.postPrice(RESIN, 499_00, LAST + 1);
        vm.prank(bank);
        receipts.foreclose(id);
    }

    function test_an_old_price_ends_no_call_and_more_can_be_added_all_the_same() public {
        uint64 id = called();
        uint64 extra = verified(60);
        advanceTo(LAST + 1);
        vm.prank(factory);
        receipts.topUp(id, extra);
        equal(receipts.pledgeOf(id).callDate, TODAY, "still called");
        _refuseOld(LAST + 1);
        receipts.endCall(id);
        receipts.postPrice(RESIN, 500_00, LAST + 1);
        receipts.endCall(id);
        equal(receipts.pledgeOf(id).callDate, 0, "met");
    }
}
