// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IWarehouseReceipts} from "contracts/interfaces/IWarehouseReceipts.sol";
import {WarehouseWorld} from "support/WarehouseWorld.sol";

contract WarehouseReceiptsPledgeTest is WarehouseWorld {
    function test_in_part_or_whole_by_splitting_first() public {
        uint64[] memory children = splitInTwo(good, factory, 70);
        uint64 id = pledge(ids(children[0]), 8_000, 5);
        receiptIn(children[0], IWarehouseReceipts.State.PLEDGED, "pledged");
        receiptIn(children[1], IWarehouseReceipts.State.VERIFIED, "free");
        equal(receipts.pledgeOf(id).pledgee, bank, "to the lender");
    }

    function test_one_encumbrance_a_unit() public {
        pledged();
        refuseReceipt(good, IWarehouseReceipts.State.PLEDGED);
        pledge(ids(good), 6_000, 5);
    }

    function testFuzz_what_does_not_cover_is_refused(uint16 raw) public {
        uint16 ltv = uint16(bound(raw, 1, 4_999));
        refuse(abi.encodeWithSelector(IWarehouseReceipts.PledgeTooSmall.selector, 1, 80_000_00, 40_000_00));
        pledge(ids(good), ltv, 5);
        pledge(ids(good), 5_000, 5);
    }

    function test_goods_without_a_price_are_refused() public {
        uint64 id = stored(factory, "copper", 10);
        receipts.verify(id, "seen");
        refuse(abi.encodeWithSelector(IWarehouseReceipts.PriceUnknown.selector, bytes32("copper")));
        pledge(ids(id), 6_000, 5);
    }

    function test_what_nobody_has_verified_is_refused() public {
        uint64 id = issued(1_000);
        refuseReceipt(id, IWarehouseReceipts.State.ISSUED);
        pledge(ids(id), 6_000, 5);
    }

    function test_anothers_receipt_is_refused() public {
        vm.prank(factory);
        receipts.transfer(good, tierOne);
        refuse(abi.encodeWithSelector(IWarehouseReceipts.NotTheHolder.selector, good, factory));
        pledge(ids(good), 6_000, 5);
    }

    function testFuzz_by_who_is_not_the_borrower_is_refused(uint256 seed) public {
        refuse(abi.encodeWithSelector(IWarehouseReceipts.NotTheBorrower.selector, loan, anyone(seed)));
        vm.prank(anyone(seed));
        receipts.pledge(loan, ids(good), 6_000, 5);
    }

    function test_in_a_pause_is_refused() public {
        receipts.pause();
        refusePaused();
        pledge(ids(good), 6_000, 5);
    }
}
