// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDeliverable} from "contracts/interfaces/IDeliverable.sol";
import {IWarehouseReceipts} from "contracts/interfaces/IWarehouseReceipts.sol";
import {WarehouseWorld} from "support/WarehouseWorld.sol";

contract WarehouseReceiptsTransferBySettlementTest is WarehouseWorld {
    function test_the_settlement_moves_what_its_holder_gave() public {
        vm.prank(address(settlement));
        receipts.transferBySettlement(good, factory, tierOne, 1);
        equal(receipts.receipt(good).holder, tierOne, "the buyer's");
        refuse(abi.encodeWithSelector(IWarehouseReceipts.NotTheHolder.selector, good, factory));
        vm.prank(address(settlement));
        receipts.transferBySettlement(good, factory, tierTwo, 1);
    }

    function testFuzz_for_more_than_there_is_or_for_nothing_is_refused(uint128 more) public {
        uint128 there = receipts.receipt(good).quantity;
        uint128 least = uint128(bound(more, uint256(there) + 1, type(uint128).max));
        refuse(abi.encodeWithSelector(IWarehouseReceipts.QuantityTooSmall.selector, good, there, least));
        vm.prank(address(settlement));
        receipts.transferBySettlement(good, factory, tierOne, least);
        refuse(abi.encodeWithSelector(IWarehouseReceipts.AmountZero.selector));
        vm.prank(address(settlement));
        receipts.transferBySettlement(good, factory, tierOne, 0);
        vm.prank(address(settlement));
        receipts.transferBySettlement(good, factory, tierOne, there);
        equal(receipts.receipt(good).holder, tierOne, "for all of it");
    }

    function testFuzz_by_anyone_else_is_refused(uint256 seed) public {
        refuse(abi.encodeWithSelector(IDeliverable.NotTheSettlement.selector, anyone(seed)));
        vm.prank(anyone(seed));
        receipts.transferBySettlement(good, factory, tierOne, 1);
    }
}
