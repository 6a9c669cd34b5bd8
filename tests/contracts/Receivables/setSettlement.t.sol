// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";

contract ReceivablesSetSettlementTest is ClaimsWorld {
    function test_once_by_the_admin() public {
        refuse(abi.encodeWithSelector(IReceivables.SettlementAlreadySet.selector, address(settlement)));
        receivables.setSettlement(stranger);
        refuseRole(stranger);
        vm.prank(stranger);
        receivables.setSettlement(stranger);
    }
}
