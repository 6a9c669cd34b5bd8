// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";

contract ReceivablesResolveDisputeTest is ClaimsWorld {
    function test_transfers_are_open_again() public {
        (uint64 root, uint64 part) = confirmed();
        disputed(root);
        receivables.resolveDispute(root, "in order");
        pass(part, tierTwo, false);
    }

    function test_without_a_dispute_is_refused() public {
        (uint64 root,) = confirmed();
        refuse(abi.encodeWithSelector(IReceivables.ClaimNotInDispute.selector, root));
        receivables.resolveDispute(root, "in order");
    }

    function testFuzz_without_the_role_is_refused(uint256 seed) public {
        (uint64 root,) = confirmed();
        disputed(root);
        refuseRole(anyone(seed));
        vm.prank(anyone(seed));
        receivables.resolveDispute(root, "in order");
    }
}
