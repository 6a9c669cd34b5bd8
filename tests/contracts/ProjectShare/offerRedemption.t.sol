// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProjectShare} from "contracts/interfaces/IProjectShare.sol";
import {ShareWorld} from "support/ShareWorld.sol";

contract ProjectShareOfferRedemptionTest is ShareWorld {
    uint64 private constant END = type(uint64).max;

    function testFuzz_by_another_is_refused(uint256 seed) public {
        refuse(abi.encodeWithSelector(IProjectShare.NotTheIssuer.selector, PROJECT, anyone(seed)));
        vm.prank(anyone(seed));
        shares.offerRedemption(PROJECT, 1);
    }

    function test_a_price_of_nothing_ends_the_offer() public {
        vm.prank(operator);
        shares.offerRedemption(PROJECT, 150);
        vm.prank(operator);
        shares.offerRedemption(PROJECT, 0);
        refuse(abi.encodeWithSelector(IProjectShare.NoRedemption.selector, PROJECT));
        vm.prank(investorA);
        shares.redeem(PROJECT, 10, 150, END);
    }
}
