// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IWarehouseReceipts} from "contracts/interfaces/IWarehouseReceipts.sol";
import {WarehouseWorld} from "support/WarehouseWorld.sol";

contract WarehouseReceiptsEndCallTest is WarehouseWorld {
    function test_a_call_that_was_met_by_repaying_ends_and_the_next_gives_its_days_anew() public {
        uint64 id = called();
        repay(loan, 10_000_00);
        vm.prank(stranger);
        receipts.endCall(id);
        equal(receipts.pledgeOf(id).callDate, 0, "met");
        advanceTo(20260201);
        receipts.postPrice(RESIN, 400_00, calendar.today());
        refuse(abi.encodeWithSelector(IWarehouseReceipts.NoCallExpired.selector, id));
        vm.prank(bank);
        receipts.foreclose(id);
        receipts.callTopUp(id);
        equal(receipts.pledgeOf(id).callDate, 20260201, "from today");
    }

    function test_while_it_is_unmet_is_refused() public {
        uint64 id = called();
        refuse(abi.encodeWithSelector(IWarehouseReceipts.PledgeTooSmall.selector, id, 50_000_00, 40_000_00));
        receipts.endCall(id);
    }

    function test_without_a_call_is_refused() public {
        uint64 id = pledged();
        refuse(abi.encodeWithSelector(IWarehouseReceipts.NoCall.selector, id));
        receipts.endCall(id);
    }
}
