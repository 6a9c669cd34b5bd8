// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDeliverable} from "contracts/interfaces/IDeliverable.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";

contract ReceivablesSetSettlementTest is ClaimsWorld {
    function test_the_admin_puts_another_contract_in_its_place() public {
        address before = receivables.settlement();
        vm.expectEmit();
        emit IDeliverable.SettlementSet(address(token));
        receivables.setSettlement(address(token));
        equal(uint160(receivables.settlement()), uint160(address(token)), "the new one");
        refuse(abi.encodeWithSelector(IDeliverable.NotTheSettlement.selector, before));
        vm.prank(before);
        receivables.transferBySettlement(1, tierOne, tierTwo, false, 1);
    }

    function test_there_is_a_contract_and_another_one() public {
        address[3] memory wrong = [receivables.settlement(), stranger, address(0)];
        for (uint256 i = 0; i < wrong.length; ++i) {
            refuse(abi.encodeWithSelector(IDeliverable.SettlementInvalid.selector, wrong[i]));
            receivables.setSettlement(wrong[i]);
        }
    }

    function test_nobody_else() public {
        refuseRole(stranger);
        vm.prank(stranger);
        receivables.setSettlement(address(token));
    }
}
