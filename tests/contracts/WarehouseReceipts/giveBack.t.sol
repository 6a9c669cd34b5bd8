// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IWarehouseReceipts} from "contracts/interfaces/IWarehouseReceipts.sol";
import {WarehouseWorld} from "support/WarehouseWorld.sol";

contract WarehouseReceiptsGiveBackTest is WarehouseWorld {
    function test_the_holder_and_the_warehouse_end_a_surrender() public {
        address[2] memory by = [factory, keeper];
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(factory);
            receipts.surrender(good);
            vm.expectEmit();
            emit IWarehouseReceipts.ReceiptGivenBack(good, by[i], "not today");
            vm.prank(by[i]);
            receipts.giveBack(good, "not today");
            receiptIn(good, IWarehouseReceipts.State.VERIFIED, "as before");
        }
        vm.prank(factory);
        receipts.transfer(good, tierOne);
    }

    function testFuzz_by_another_or_of_another_state_is_refused(uint256 seed) public {
        refuseReceipt(good, IWarehouseReceipts.State.VERIFIED);
        vm.prank(factory);
        receipts.giveBack(good, "not today");
        vm.prank(factory);
        receipts.surrender(good);
        refuse(abi.encodeWithSelector(IWarehouseReceipts.NotTheHolder.selector, good, anyone(seed)));
        vm.prank(anyone(seed));
        receipts.giveBack(good, "not today");
    }
}
