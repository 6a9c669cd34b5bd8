// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IWarehouseReceipts} from "contracts/interfaces/IWarehouseReceipts.sol";
import {WarehouseWorld} from "support/WarehouseWorld.sol";

/// @notice A call that was met is over, though nobody has ended it.
contract WarehouseReceiptsMetCallTest is WarehouseWorld {
    function _refuseForeclosure(uint64 id) private {
        refuse(abi.encodeWithSelector(IWarehouseReceipts.NoCallExpired.selector, id));
        vm.prank(bank);
        receipts.foreclose(id);
    }

    function test_a_call_that_the_price_met_forecloses_nothing_at_the_next_dip() public {
        uint64 id = called();
        advanceTo(20260107);
        receipts.postPrice(RESIN, 800_00, 20260107);
        advanceTo(20260111);
        receipts.postPrice(RESIN, 500_00, 20260111);
        _refuseForeclosure(id);
        (, bool called) = receipts.standing(id);
        isTrue(!called, "met, though nobody has ended it");
        receipts.callTopUp(id);
        (, called) = receipts.standing(id);
        isTrue(called, "called anew");
        equal(receipts.pledgeOf(id).callDate, 20260111, "its days begin anew");
        _refuseForeclosure(id);
        advanceTo(20260117);
        vm.prank(bank);
        receipts.foreclose(id);
    }

    /// @dev 667.00 covers 40,000.00 and not the interest of five days more.
    function test_what_was_owed_when_the_price_was_high_counts() public {
        uint64 id = called();
        receipts.postPrice(RESIN, 667_00, TODAY);
        advanceTo(20260120);
        receipts.postPrice(RESIN, 660_00, 20260120);
        (,, bool covers) = receipts.coverage(id);
        isTrue(!covers, "not today");
        _refuseForeclosure(id);
    }

    function test_a_price_that_was_high_before_the_call_is_none_that_met_it() public {
        uint64 id = pledged();
        receipts.postPrice(RESIN, 900_00, TODAY);
        receipts.postPrice(RESIN, 500_00, TODAY);
        receipts.callTopUp(id);
        receipts.postPrice(RESIN, 450_00, TODAY);
        receipts.postPrice(RESIN, 600_00, TODAY);
        advanceTo(20260111);
        vm.prank(bank);
        receipts.foreclose(id);
    }

    function test_a_call_that_was_met_by_repaying_forecloses_nothing_later() public {
        uint64 id = called();
        repay(loan, 10_000_00);
        advanceTo(20260111);
        receipts.postPrice(RESIN, 400_00, 20260111);
        _refuseForeclosure(id);
    }

    function testFuzz_a_payment_that_does_not_meet_it_ends_no_call(uint256 paid) public {
        uint64 id = called();
        paid = bound(paid, 1, 9_999_99);
        repay(loan, paid);
        advanceTo(20260111);
        vm.prank(bank);
        receipts.foreclose(id);
        isTrue(!receipts.pledgeOf(id).open, "foreclosed");
    }

    /// @dev Three postings after the call, in any order: it is over exactly if one of them covered.
    function testFuzz_a_call_is_over_exactly_if_a_price_has_met_it(uint32[3] memory raw, uint32 last) public {
        uint64 id = called();
        bool met = false;
        for (uint256 i = 0; i < 3; ++i) {
            uint128 price = uint128(bound(raw[i], 600_00, 720_00));
            receipts.postPrice(RESIN, price, TODAY);
            if (uint256(price) * 100 * 6_000 >= 40_000_00 * 10_000) met = true;
        }
        receipts.postPrice(RESIN, uint128(bound(last, 1, 666_66)), TODAY);
        advanceTo(20260111);
        if (met) _refuseForeclosure(id);
        else {
            vm.prank(bank);
            receipts.foreclose(id);
        }
    }

    function test_what_was_added_later_met_nothing_at_the_price_before() public {
        uint64 id = called();
        receipts.postPrice(RESIN, 660_00, TODAY);
        receipts.postPrice(RESIN, 500_00, TODAY);
        uint64 extra = verified(10);
        vm.prank(factory);
        receipts.topUp(id, extra); // 110 units at 660.00 would have covered, and never did
        advanceTo(20260111);
        vm.prank(bank);
        receipts.foreclose(id);
    }

    function test_the_pledgee_keeps_no_met_call_alive_by_giving_a_part_free() public {
        uint64[] memory parts = splitInTwo(good, factory, 90);
        uint64[] memory both = new uint64[](2);
        (both[0], both[1]) = (parts[0], parts[1]);
        uint64 id = pledge(both, 6_000, 5);
        receipts.postPrice(RESIN, 500_00, TODAY);
        receipts.callTopUp(id);
        receipts.postPrice(RESIN, 670_00, TODAY);
        vm.prank(bank);
        receipts.release(id, parts[1]);
        equal(receipts.pledgeOf(id).callDate, 0, "it was met before");
        advanceTo(20260111);
        _refuseForeclosure(id);
    }
}
