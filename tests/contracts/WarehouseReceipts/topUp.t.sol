// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IWarehouseReceipts} from "contracts/interfaces/IWarehouseReceipts.sol";
import {WarehouseWorld} from "support/WarehouseWorld.sol";

contract WarehouseReceiptsTopUpTest is WarehouseWorld {
    function test_a_receipt_more_meets_the_call() public {
        uint64 id = called();
        uint64 extra = verified(60);
        vm.prank(factory);
        receipts.topUp(id, extra);
        equal(receipts.pledgeOf(id).callDate, 0, "met");
        receiptIn(extra, IWarehouseReceipts.State.PLEDGED, "pledged");
    }

    function test_too_little_does_not_meet_it_and_a_pause_does_not_hinder_it() public {
        uint64 id = called();
        uint64 extra = verified(10);
        receipts.pause();
        vm.prank(factory);
        receipts.topUp(id, extra);
        equal(receipts.pledgeOf(id).callDate, TODAY, "still open");
    }

    function testFuzz_by_another_is_refused(uint256 seed) public {
        uint64 id = called();
        uint64 extra = verified(60);
        refuse(abi.encodeWithSelector(IWarehouseReceipts.NotThePledgor.selector, id, anyone(seed)));
        vm.prank(anyone(seed));
        receipts.topUp(id, extra);
    }

    function test_what_is_pledged_already_is_refused() public {
        uint64 id = called();
        refuseReceipt(good, IWarehouseReceipts.State.PLEDGED);
        vm.prank(factory);
        receipts.topUp(id, good);
    }
}
