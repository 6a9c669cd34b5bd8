// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IWarehouseReceipts} from "contracts/interfaces/IWarehouseReceipts.sol";
import {WarehouseWorld} from "support/WarehouseWorld.sol";

contract WarehouseReceiptsForecloseTest is WarehouseWorld {
    function test_a_call_that_is_not_met_is_foreclosed_and_not_a_day_before() public {
        uint64 id = called();
        advanceTo(20260110);
        refuse(abi.encodeWithSelector(IWarehouseReceipts.NoCallExpired.selector, id));
        vm.prank(bank);
        receipts.foreclose(id);
        advanceTo(20260111);
        vm.prank(bank);
        receipts.foreclose(id);
        receiptIn(good, IWarehouseReceipts.State.FORECLOSED, "foreclosed");
        equal(receipts.receipt(good).holder, bank, "the lender's");
        isTrue(!receipts.pledgeOf(id).open, "closed");
        vm.prank(bank);
        receipts.transfer(good, tierOne);
    }

    function test_a_call_that_was_met_in_the_meantime_is_refused() public {
        uint64 id = called();
        advanceTo(20260201);
        receipts.postPrice(RESIN, 800_00, calendar.today());
        refuse(abi.encodeWithSelector(IWarehouseReceipts.NoCallExpired.selector, id));
        vm.prank(bank);
        receipts.foreclose(id);
    }

    function test_a_loan_in_default_or_written_off_needs_no_call() public {
        uint64 id = pledged();
        advanceTo(20270302);
        vm.prank(bank);
        receipts.foreclose(id);
        equal(receipts.receipt(good).holder, bank, "the lender's");
    }

    function test_a_loan_that_is_written_off_needs_no_call() public {
        uint64 id = pledged();
        advanceTo(20270302);
        vm.prank(bank);
        credit.writeOff(loan);
        vm.prank(bank);
        receipts.foreclose(id);
    }

    function test_what_is_repaid_is_refused() public {
        uint64 id = called();
        repay(loan, 41_000_00);
        advanceTo(20260201);
        refuse(abi.encodeWithSelector(IWarehouseReceipts.PledgeCovers.selector, id, 50_000_00, 0));
        vm.prank(bank);
        receipts.foreclose(id);
    }

    function testFuzz_by_another_is_refused(uint256 seed) public {
        uint64 id = called();
        advanceTo(20260201);
        refuse(abi.encodeWithSelector(IWarehouseReceipts.NotThePledgee.selector, id, anyone(seed)));
        vm.prank(anyone(seed));
        receipts.foreclose(id);
    }
}
