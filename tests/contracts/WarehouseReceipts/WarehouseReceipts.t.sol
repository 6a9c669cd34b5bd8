// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {IWarehouseReceipts} from "contracts/interfaces/IWarehouseReceipts.sol";
import {CreditWorld} from "support/CreditWorld.sol";

contract WarehouseReceiptsTest is CreditWorld {
    bytes32 private constant RESIN = keccak256("resin, grade A");
    uint64 private _receipt;
    uint64 private _loan;

    function setUp() public {
        deployAll();
        receipts.postPrice(RESIN, 800_00);
        _receipt = receipts.issue(factory, RESIN, 100, "papers");
        receipts.verify(_receipt, "seen");
        _loan = drawBullet(openLine(300_000_00), 40_000_00, 20261201);
    }

    function _state(uint64 id) private view returns (uint256) {
        return uint256(receipts.receipt(id).state);
    }

    function _halves(uint64 id) private returns (uint64[] memory children) {
        uint128[] memory quantities = new uint128[](2);
        quantities[0] = receipts.receipt(id).quantity / 2;
        quantities[1] = receipts.receipt(id).quantity - quantities[0];
        vm.prank(receipts.receipt(id).holder);
        return receipts.split(id, quantities);
    }

    function _pledge(uint64 id, uint16 ltv) private returns (uint64) {
        uint64[] memory all = new uint64[](1);
        all[0] = id;
        vm.prank(factory);
        return receipts.pledge(_loan, all, ltv, 5);
    }

    function test_a_receipt_that_nobody_has_verified_moves_nowhere() public {
        uint64 fresh = receipts.issue(factory, RESIN, 10, "papers");
        vm.expectRevert(
            abi.encodeWithSelector(
                IWarehouseReceipts.ReceiptStateNotAllowed.selector, fresh, IWarehouseReceipts.State.ISSUED
            )
        );
        vm.prank(factory);
        receipts.transfer(fresh, tierOne);
    }

    function test_a_receipt_is_split_and_passed_on_and_delivered() public {
        uint64[] memory halves = _halves(_receipt);
        vm.prank(factory);
        receipts.transfer(halves[0], tierOne);
        vm.prank(tierOne);
        receipts.transfer(halves[0], tierTwo);
        receipts.deliver(halves[0], "note");
        equal(_state(halves[0]), uint256(IWarehouseReceipts.State.DELIVERED), "gone");
        equal(_state(_receipt), uint256(IWarehouseReceipts.State.SPLIT), "the parent is no more");
        equal(receipts.receipt(halves[1]).quantity, 50, "the other half stays");
        vm.expectRevert(
            abi.encodeWithSelector(
                IWarehouseReceipts.ReceiptStateNotAllowed.selector, _receipt, IWarehouseReceipts.State.SPLIT
            )
        );
        vm.prank(factory);
        receipts.transfer(_receipt, tierOne);
    }

    function test_one_encumbrance_a_unit() public {
        uint64 first = _pledge(_receipt, 6_000);
        uint64[] memory all = new uint64[](1);
        all[0] = _receipt;
        bytes memory pledged = abi.encodeWithSelector(
            IWarehouseReceipts.ReceiptStateNotAllowed.selector, _receipt, IWarehouseReceipts.State.PLEDGED
        );
        vm.expectRevert(pledged);
        vm.prank(factory);
        receipts.pledge(_loan, all, 6_000, 5);
        vm.expectRevert(pledged);
        vm.prank(factory);
        receipts.transfer(_receipt, tierOne);
        vm.expectRevert(pledged);
        receipts.deliver(_receipt, "note");
        equal(receipts.pledgeOf(first).receipts.length, 1, "one pledge");
    }

    function test_a_pledge_that_does_not_cover_is_refused() public {
        uint64[] memory all = new uint64[](1);
        all[0] = _receipt;
        vm.expectRevert(
            abi.encodeWithSelector(IWarehouseReceipts.PledgeTooSmall.selector, uint64(1), 80_000_00, 40_000_00)
        );
        vm.prank(factory);
        receipts.pledge(_loan, all, 4_999, 5);
        uint64 unpriced = receipts.issue(factory, "copper", 10, "papers");
        receipts.verify(unpriced, "seen");
        all[0] = unpriced;
        vm.expectRevert(abi.encodeWithSelector(IWarehouseReceipts.PriceUnknown.selector, bytes32("copper")));
        vm.prank(factory);
        receipts.pledge(_loan, all, 6_000, 5);
    }

    function test_split_pledged_price_falls_topped_up_released_in_parts() public {
        uint64[] memory halves = _halves(_receipt);
        uint64[] memory quarters = _halves(halves[1]);
        uint64 extra = receipts.issue(factory, RESIN, 60, "papers");
        receipts.verify(extra, "seen");
        uint64[] memory all = new uint64[](3);
        (all[0], all[1], all[2]) = (halves[0], quarters[0], quarters[1]);
        vm.prank(factory);
        uint64 pledge = receipts.pledge(_loan, all, 6_000, 5);
        vm.expectRevert(
            abi.encodeWithSelector(IWarehouseReceipts.PledgeCovers.selector, pledge, 80_000_00, 40_000_00)
        );
        receipts.callTopUp(pledge);
        receipts.postPrice(RESIN, 500_00);
        vm.prank(stranger);
        receipts.callTopUp(pledge);
        vm.prank(factory);
        receipts.topUp(pledge, extra);
        equal(receipts.pledgeOf(pledge).callDate, 0, "the call is met");
        vm.expectRevert(
            abi.encodeWithSelector(IWarehouseReceipts.PledgeTooSmall.selector, pledge, 55_000_00, 40_000_00)
        );
        vm.prank(factory);
        receipts.release(pledge, halves[0]);
        repay(_loan, 20_000_00);
        vm.prank(factory);
        receipts.release(pledge, halves[0]);
        equal(_state(halves[0]), uint256(IWarehouseReceipts.State.VERIFIED), "free again");
        equal(_state(extra), uint256(IWarehouseReceipts.State.PARTIAL_RELEASE), "the others stay");
        repay(_loan, 30_000_00);
        uint64[] memory left = receipts.pledgeOf(pledge).receipts;
        for (uint256 i = 0; i < left.length; ++i) {
            vm.prank(factory);
            receipts.release(pledge, left[i]);
        }
        isTrue(!receipts.pledgeOf(pledge).open, "the pledge is closed");
    }

    function test_a_pledged_receipt_stays_pledged_in_its_children() public {
        uint64 pledge = _pledge(_receipt, 6_000);
        uint64[] memory halves = _halves(_receipt);
        equal(receipts.pledgeOf(pledge).receipts.length, 2, "both");
        (uint256 value,,) = receipts.coverage(pledge);
        equal(value, 80_000_00, "of the same value");
        vm.prank(bank);
        receipts.release(pledge, halves[0]);
        equal(receipts.receipt(halves[0]).pledge, 0, "released by the lender");
    }

    function test_a_call_that_is_not_met_is_foreclosed_and_not_a_day_before() public {
        uint64 pledge = _pledge(_receipt, 6_000);
        receipts.postPrice(RESIN, 500_00);
        receipts.callTopUp(pledge);
        calendar.advance(20260110);
        vm.expectRevert(abi.encodeWithSelector(IWarehouseReceipts.NoCallExpired.selector, pledge));
        vm.prank(bank);
        receipts.foreclose(pledge);
        calendar.advance(20260111);
        vm.prank(bank);
        receipts.foreclose(pledge);
        equal(_state(_receipt), uint256(IWarehouseReceipts.State.FORECLOSED), "foreclosed");
        vm.prank(bank);
        receipts.transfer(_receipt, tierOne);
        receipts.deliver(_receipt, "sold");
    }

    function test_a_loan_in_default_is_foreclosed_without_a_call() public {
        uint64 pledge = _pledge(_receipt, 6_000);
        calendar.advance(20270302);
        equal(uint256(credit.poke(_loan)), uint256(ICreditLine.LoanState.DEFAULT), "in default");
        vm.prank(bank);
        receipts.foreclose(pledge);
        equal(uint160(receipts.receipt(_receipt).holder), uint160(bank), "the lender's");
    }
}
