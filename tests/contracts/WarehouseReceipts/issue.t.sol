// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IParticipantRegistry} from "contracts/interfaces/IParticipantRegistry.sol";
import {IWarehouseReceipts} from "contracts/interfaces/IWarehouseReceipts.sol";
import {WarehouseWorld} from "support/WarehouseWorld.sol";

contract WarehouseReceiptsIssueTest is WarehouseWorld {
    function testFuzz_a_receipt_is_its_holders_and_nobody_has_seen_the_goods(uint128 raw) public {
        uint64 id = issued(uint128(bound(raw, 1, type(uint128).max)));
        receiptIn(id, IWarehouseReceipts.State.ISSUED, "issued");
        IWarehouseReceipts.Receipt memory r = receipts.receipt(id);
        isTrue(r.holder == factory && r.warehouse == keeper && r.goods == RESIN, "as issued");
        refuseReceipt(id, IWarehouseReceipts.State.ISSUED);
        vm.prank(factory);
        receipts.transfer(id, tierOne);
    }

    function test_nothing_is_refused() public {
        refuse(abi.encodeWithSelector(IWarehouseReceipts.AmountZero.selector));
        issued(0);
    }

    function test_for_who_is_not_active_is_refused() public {
        refuse(abi.encodeWithSelector(IParticipantRegistry.ParticipantNotActive.selector, stranger));
        vm.prank(keeper);
        receipts.issue(stranger, RESIN, 1, "papers");
    }

    function testFuzz_without_the_role_is_refused(uint256 seed) public {
        refuseRole(anyone(seed));
        vm.prank(anyone(seed));
        receipts.issue(factory, RESIN, 1, "papers");
    }

    /// One paper is one receipt of a warehouse, whoever is to hold it; another warehouse has papers of its own.
    function test_a_paper_stands_behind_one_receipt() public {
        vm.startPrank(keeper);
        uint64 id = receipts.issue(factory, RESIN, 1, "slip 7");
        refuse(abi.encodeWithSelector(IWarehouseReceipts.DocumentUsed.selector, bytes32("slip 7"), id));
        receipts.issue(tierOne, RESIN, 1, "slip 7");
        refuse(abi.encodeWithSelector(IWarehouseReceipts.DocumentUsed.selector, bytes32(0), 0));
        receipts.issue(factory, RESIN, 1, 0);
        vm.stopPrank();
        receipts.issue(factory, RESIN, 1, "slip 7");
    }

    function test_in_a_pause_is_refused() public {
        receipts.pause();
        refusePaused();
        issued(1);
    }
}
