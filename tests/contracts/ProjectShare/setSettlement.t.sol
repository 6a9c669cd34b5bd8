// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProjectShare} from "contracts/interfaces/IProjectShare.sol";
import {ShareWorld} from "support/ShareWorld.sol";

contract ProjectShareSetSettlementTest is ShareWorld {
    function test_once_by_the_admin() public {
        refuse(abi.encodeWithSelector(IProjectShare.SettlementAlreadySet.selector, address(settlement)));
        shares.setSettlement(stranger);
        refuseRole(stranger);
        vm.prank(stranger);
        shares.setSettlement(stranger);
    }
}
