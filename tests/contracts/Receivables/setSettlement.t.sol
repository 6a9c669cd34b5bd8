// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDeliverable} from "contracts/interfaces/IDeliverable.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";
import {DeliverableTests} from "support/DeliverableTests.sol";

contract ReceivablesSetSettlementTest is ClaimsWorld, DeliverableTests {
    function asset() internal view override returns (IDeliverable) {
        return receivables;
    }

    function deliverSomething() internal override {
        receivables.transferBySettlement(1, tierOne, tierTwo, false, 1);
    }
}
