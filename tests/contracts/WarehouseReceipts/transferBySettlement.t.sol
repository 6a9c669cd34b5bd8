// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IWarehouseReceipts} from "contracts/interfaces/IWarehouseReceipts.sol";
import {WarehouseWorld} from "support/WarehouseWorld.sol";

contract WarehouseReceiptsTransferBySettlementTest is WarehouseWorld {
    function test_the_settlement_moves_what_its_holder_gave() public {
        vm.prank(address(settlement));
        receipts.transferBySettlement(good, factory, tierOne);
        equal(receipts.receipt(good).holder, tierOne, "the buyer's");
        refuse(abi.encodeWithSelector(IWarehouseReceipts.NotTheHolder.selector, good, factory));
        vm.prank(address(settlement));
        receipts.transferBySettlement(good, factory, tierTwo);
    }

    function testFuzz_by_anyone_else_is_refused(uint256 seed) public {
        refuse(abi.encodeWithSelector(IWarehouseReceipts.NotTheSettlement.selector, anyone(seed)));
        vm.prank(anyone(seed));
        receipts.transferBySettlement(good, factory, tierOne);
    }
}
