// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISettlement} from "contracts/interfaces/ISettlement.sol";
import {DealWorld} from "support/DealWorld.sol";

contract SettlementRevokeTest is DealWorld {
    function testFuzz_ones_own_signature_and_no_others(uint256 seed) public {
        ISettlement.Deal memory d = dealAt(1);
        ISettlement.Signature[] memory all = signed(settlement.dealDigest(d));
        bytes32 id = settlement.dealDigest(d);
        vm.prank(anyone(seed));
        settlement.revoke(id);
        vm.prank(buyer);
        settlement.revoke(id);
        refuse(abi.encodeWithSelector(ISettlement.DealRevokedBy.selector, id, buyer));
        settleWith(d, all);
    }

    function test_what_is_done_is_refused() public {
        bytes32 id = settle(dealAt(1));
        refuse(abi.encodeWithSelector(ISettlement.DealDone.selector, id));
        vm.prank(buyer);
        settlement.revoke(id);
    }
}
