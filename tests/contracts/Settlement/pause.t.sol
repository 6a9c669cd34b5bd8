// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealWorld} from "support/DealWorld.sol";

contract SettlementPauseTest is DealWorld {
    function testFuzz_by_the_guardian_lifted_by_the_committee(address caller) public {
        checkPause(address(settlement), caller);
    }
}
