// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDeliverable} from "contracts/interfaces/IDeliverable.sol";
import {DeliverableTests} from "support/DeliverableTests.sol";
import {ShareWorld} from "support/ShareWorld.sol";

contract ProjectShareSetSettlementTest is ShareWorld, DeliverableTests {
    function asset() internal view override returns (IDeliverable) {
        return shares;
    }

    function deliverSomething() internal override {
        shares.transferBySettlement(PROJECT, investorA, investorB, 1);
    }
}
