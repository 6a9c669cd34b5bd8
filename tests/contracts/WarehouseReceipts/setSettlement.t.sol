// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDeliverable} from "contracts/interfaces/IDeliverable.sol";
import {DeliverableTests} from "support/DeliverableTests.sol";
import {WarehouseWorld} from "support/WarehouseWorld.sol";

contract WarehouseReceiptsSetSettlementTest is WarehouseWorld, DeliverableTests {
    function asset() internal view override returns (IDeliverable) {
        return receipts;
    }

    function deliverSomething() internal override {
        receipts.transferBySettlement(1, factory, lender, 1);
    }
}
