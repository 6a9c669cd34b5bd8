// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDeliverable} from "contracts/interfaces/IDeliverable.sol";
import {CreditWorld} from "support/CreditWorld.sol";

/// @notice What is tested of every asset that the settlement contract delivers.
abstract contract DeliverableTests is CreditWorld {
    function asset() internal view virtual returns (IDeliverable);

    /// @dev A delivery, by whoever is the caller next.
    function deliverSomething() internal virtual;

    function test_the_admin_puts_another_contract_in_its_place() public {
        address before = asset().settlement();
        vm.expectEmit();
        emit IDeliverable.SettlementSet(address(token));
        asset().setSettlement(address(token));
        equal(uint160(asset().settlement()), uint160(address(token)), "the new one");
        refuse(abi.encodeWithSelector(IDeliverable.NotTheSettlement.selector, before));
        vm.prank(before);
        deliverSomething();
    }

    function test_there_is_a_contract_and_another_one() public {
        address[3] memory wrong = [asset().settlement(), stranger, address(0)];
        for (uint256 i = 0; i < wrong.length; ++i) {
            refuse(abi.encodeWithSelector(IDeliverable.SettlementInvalid.selector, wrong[i]));
            asset().setSettlement(wrong[i]);
        }
    }

    function test_nobody_else() public {
        refuseRole(stranger);
        vm.prank(stranger);
        asset().setSettlement(address(token));
    }
}
