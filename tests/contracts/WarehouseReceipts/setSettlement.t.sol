// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IWarehouseReceipts} from "contracts/interfaces/IWarehouseReceipts.sol";
import {WarehouseWorld} from "support/WarehouseWorld.sol";

contract WarehouseReceiptsSetSettlementTest is WarehouseWorld {
    function test_once_by_the_admin() public {
        refuse(abi.encodeWithSelector(IWarehouseReceipts.SettlementAlreadySet.selector, address(settlement)));
        receipts.setSettlement(stranger);
        refuseRole(stranger);
        vm.prank(stranger);
        receipts.setSettlement(stranger);
    }
}
