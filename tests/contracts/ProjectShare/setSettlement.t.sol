// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDeliverable} from "contracts/interfaces/IDeliverable.sol";
import {ShareWorld} from "support/ShareWorld.sol";

contract ProjectShareSetSettlementTest is ShareWorld {
    function test_the_admin_puts_another_contract_in_its_place() public {
        address before = shares.settlement();
        vm.expectEmit();
        emit IDeliverable.SettlementSet(address(token));
        shares.setSettlement(address(token));
        equal(uint160(shares.settlement()), uint160(address(token)), "the new one");
        refuse(abi.encodeWithSelector(IDeliverable.NotTheSettlement.selector, before));
        vm.prank(before);
        shares.transferBySettlement(PROJECT, investorA, investorB, 1);
    }

    function test_there_is_a_contract_and_another_one() public {
        address[3] memory wrong = [shares.settlement(), stranger, address(0)];
        for (uint256 i = 0; i < wrong.length; ++i) {
            refuse(abi.encodeWithSelector(IDeliverable.SettlementInvalid.selector, wrong[i]));
            shares.setSettlement(wrong[i]);
        }
    }

    function test_nobody_else() public {
        refuseRole(stranger);
        vm.prank(stranger);
        shares.setSettlement(address(token));
    }
}
