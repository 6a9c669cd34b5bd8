// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IWarehouseReceipts} from "contracts/interfaces/IWarehouseReceipts.sol";
import {WarehouseWorld} from "support/WarehouseWorld.sol";

contract WarehouseReceiptsSurrenderTest is WarehouseWorld {
    function test_what_is_surrendered_moves_no_more() public {
        vm.expectEmit();
        emit IWarehouseReceipts.ReceiptSurrendered(good, factory);
        vm.prank(factory);
        receipts.surrender(good);
        refuseReceipt(good, IWarehouseReceipts.State.SURRENDERED);
        vm.prank(factory);
        receipts.transfer(good, tierOne);
        refuseReceipt(good, IWarehouseReceipts.State.SURRENDERED);
        pledged();
        refuseReceipt(good, IWarehouseReceipts.State.SURRENDERED);
        vm.prank(factory);
        receipts.surrender(good);
    }

    function testFuzz_by_another_is_refused(uint256 seed) public {
        refuse(abi.encodeWithSelector(IWarehouseReceipts.NotTheHolder.selector, good, anyone(seed)));
        vm.prank(anyone(seed));
        receipts.surrender(good);
    }

    function test_what_is_pledged_is_not_surrendered() public {
        pledged();
        refuseReceipt(good, IWarehouseReceipts.State.PLEDGED);
        vm.prank(factory);
        receipts.surrender(good);
    }
}
