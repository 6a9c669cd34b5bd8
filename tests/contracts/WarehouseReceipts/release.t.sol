// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IWarehouseReceipts} from "contracts/interfaces/IWarehouseReceipts.sol";
import {WarehouseWorld} from "support/WarehouseWorld.sol";

contract WarehouseReceiptsReleaseTest is WarehouseWorld {
    function test_in_parts_as_the_loan_is_repaid() public {
        uint64[] memory children = splitInTwo(good, factory, 50);
        uint64[] memory list = new uint64[](2);
        (list[0], list[1]) = (children[0], children[1]);
        uint64 id = pledge(list, 6_000, 5);
        refuse(abi.encodeWithSelector(IWarehouseReceipts.PledgeTooSmall.selector, id, 40_000_00, 40_000_00));
        vm.prank(factory);
        receipts.release(id, children[0]);
        repay(loan, 20_000_00);
        vm.prank(factory);
        receipts.release(id, children[0]);
        receiptIn(children[0], IWarehouseReceipts.State.VERIFIED, "free");
        receiptIn(children[1], IWarehouseReceipts.State.PARTIAL_RELEASE, "what is left");
        repay(loan, 20_000_00);
        vm.prank(factory);
        receipts.release(id, children[1]);
        isTrue(!receipts.pledgeOf(id).open, "closed");
        refuse(abi.encodeWithSelector(IWarehouseReceipts.PledgeUnknown.selector, id));
        vm.prank(factory);
        receipts.release(id, children[1]);
    }

    function test_the_lender_releases_whatever_is_owed_and_in_a_pause() public {
        uint64 id = pledged();
        receipts.pause();
        vm.prank(bank);
        receipts.release(id, good);
        receiptIn(good, IWarehouseReceipts.State.VERIFIED, "free");
    }

    function testFuzz_by_another_is_refused(uint256 seed) public {
        uint64 id = pledged();
        refuse(abi.encodeWithSelector(IWarehouseReceipts.NotThePledgee.selector, id, anyone(seed)));
        vm.prank(anyone(seed));
        receipts.release(id, good);
    }

    function test_what_is_not_in_the_pledge_is_refused() public {
        uint64 id = pledged();
        uint64 other = verified(5);
        refuse(abi.encodeWithSelector(IWarehouseReceipts.ReceiptNotInPledge.selector, id, other));
        vm.prank(bank);
        receipts.release(id, other);
    }
}
