// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IWarehouseReceipts} from "contracts/interfaces/IWarehouseReceipts.sol";
import {WarehouseWorld} from "support/WarehouseWorld.sol";

contract WarehouseReceiptsDeliverTest is WarehouseWorld {
    function test_what_is_handed_out_ends() public {
        surrendered(factory);
        vm.prank(keeper);
        receipts.deliver(good, "note");
        receiptIn(good, IWarehouseReceipts.State.DELIVERED, "gone");
        refuseReceipt(good, IWarehouseReceipts.State.DELIVERED);
        vm.prank(factory);
        receipts.transfer(good, tierOne);
    }

    function test_a_pause_does_not_hinder_it_nor_a_foreclosure() public {
        foreclosed();
        receipts.pause();
        surrendered(bank);
        vm.prank(keeper);
        receipts.deliver(good, "note");
    }

    function testFuzz_by_another_is_refused(uint256 seed) public {
        surrendered(factory);
        refuse(abi.encodeWithSelector(IWarehouseReceipts.NotTheWarehouse.selector, good, anyone(seed)));
        vm.prank(anyone(seed));
        receipts.deliver(good, "note");
    }

    function surrendered(address holder) private {
        vm.prank(holder);
        receipts.surrender(good);
    }

    function test_nothing_is_handed_out_that_its_holder_has_not_surrendered() public {
        refuseReceipt(good, IWarehouseReceipts.State.VERIFIED);
        vm.prank(keeper);
        receipts.deliver(good, "note");
    }

    function test_a_pledged_receipt_stays_in_the_house() public {
        pledged();
        refuseReceipt(good, IWarehouseReceipts.State.PLEDGED);
        vm.prank(keeper);
        receipts.deliver(good, "note");
    }
}
