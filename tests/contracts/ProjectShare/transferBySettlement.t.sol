// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDeliverable} from "contracts/interfaces/IDeliverable.sol";
import {IProjectShare} from "contracts/interfaces/IProjectShare.sol";
import {ShareWorld} from "support/ShareWorld.sol";

contract ProjectShareTransferBySettlementTest is ShareWorld {
    function test_the_settlement_moves_shares() public {
        vm.prank(address(settlement));
        shares.transferBySettlement(PROJECT, investorA, investorC, 10);
        equal(shares.balanceOf(PROJECT, investorC), 10, "moved");
    }

    function testFuzz_by_anyone_else_is_refused(uint256 seed) public {
        refuse(abi.encodeWithSelector(IDeliverable.NotTheSettlement.selector, anyone(seed)));
        vm.prank(anyone(seed));
        shares.transferBySettlement(PROJECT, investorA, investorC, 10);
    }
}
