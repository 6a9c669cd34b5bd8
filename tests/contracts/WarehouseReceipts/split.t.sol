// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IWarehouseReceipts} from "contracts/interfaces/IWarehouseReceipts.sol";
import {WarehouseWorld} from "support/WarehouseWorld.sol";

contract WarehouseReceiptsSplitTest is WarehouseWorld {
    function testFuzz_children_are_their_parent(uint128 raw, uint128 cut) public {
        uint128 quantity = uint128(bound(raw, 2, type(uint128).max));
        cut = uint128(bound(cut, 1, quantity - 1));
        uint64 id = verified(quantity);
        uint64[] memory children = splitInTwo(id, factory, cut);
        IWarehouseReceipts.Receipt memory first = receipts.receipt(children[0]);
        IWarehouseReceipts.Receipt memory second = receipts.receipt(children[1]);
        equal(uint256(first.quantity) + second.quantity, quantity, "as much");
        isTrue(first.parent == id && second.holder == factory && second.goods == RESIN, "of the same");
        receiptIn(id, IWarehouseReceipts.State.SPLIT, "the parent is no more");
        refuseReceipt(id, IWarehouseReceipts.State.SPLIT);
        vm.prank(factory);
        receipts.transfer(id, tierOne);
    }

    function test_a_pledged_receipt_stays_pledged_in_its_children() public {
        uint64 id = pledged();
        uint64[] memory children = splitInTwo(good, factory, 30);
        equal(receipts.pledgeOf(id).receipts.length, 2, "both");
        (uint256 value,,) = receipts.coverage(id);
        equal(value, 80_000_00, "of the same value");
        receiptIn(children[0], IWarehouseReceipts.State.PLEDGED, "pledged");
        refuseReceipt(children[0], IWarehouseReceipts.State.PLEDGED);
        vm.prank(factory);
        receipts.transfer(children[0], tierOne);
    }

    function test_a_foreclosed_receipt_is_split_by_who_took_it() public {
        foreclosed();
        uint64[] memory children = splitInTwo(good, bank, 30);
        vm.prank(bank);
        receipts.transfer(children[0], tierOne);
    }

    function testFuzz_children_that_do_not_add_up_are_refused(uint64 a, uint64 b) public {
        vm.assume(a != 0 && b != 0 && uint256(a) + b != 100);
        uint128[] memory quantities = new uint128[](2);
        (quantities[0], quantities[1]) = (a, b);
        refuse(abi.encodeWithSelector(IWarehouseReceipts.SplitNotExact.selector, good));
        vm.prank(factory);
        receipts.split(good, quantities);
    }

    function test_into_one_or_with_nothing_is_refused() public {
        uint128[] memory quantities = new uint128[](1);
        quantities[0] = 100;
        refuse(abi.encodeWithSelector(IWarehouseReceipts.SplitNotExact.selector, good));
        vm.prank(factory);
        receipts.split(good, quantities);
        quantities = new uint128[](2);
        quantities[1] = 100;
        refuse(abi.encodeWithSelector(IWarehouseReceipts.AmountZero.selector));
        vm.prank(factory);
        receipts.split(good, quantities);
    }

    function testFuzz_by_another_is_refused(uint256 seed) public {
        uint128[] memory quantities = new uint128[](2);
        (quantities[0], quantities[1]) = (50, 50);
        refuse(abi.encodeWithSelector(IWarehouseReceipts.NotTheHolder.selector, good, anyone(seed)));
        vm.prank(anyone(seed));
        receipts.split(good, quantities);
    }

    function test_what_nobody_has_verified_is_refused() public {
        uint64 id = issued(10);
        uint128[] memory quantities = new uint128[](2);
        (quantities[0], quantities[1]) = (5, 5);
        refuseReceipt(id, IWarehouseReceipts.State.ISSUED);
        vm.prank(factory);
        receipts.split(id, quantities);
    }

    function test_a_pledge_has_no_more_receipts_than_can_be_looked_through() public {
        uint64 id = pledged();
        uint128[] memory quantities = new uint128[](65);
        for (uint256 i = 0; i < 65; ++i) {
            quantities[i] = i == 0 ? 36 : 1;
        }
        refuse(abi.encodeWithSelector(IWarehouseReceipts.TooManyReceipts.selector, id));
        vm.prank(factory);
        receipts.split(good, quantities);
    }
}
