// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";

contract ReceivablesRegisterBatchTest is ClaimsWorld {
    function testFuzz_each_is_drafted_and_registered(uint8 raw) public {
        IReceivables.Terms[] memory all = new IReceivables.Terms[](raw % 20);
        for (uint256 i = 0; i < all.length; ++i) {
            all[i] = claimTerms(IReceivables.Kind.RECEIVABLE, core, tierOne, uint128(i + 1), DUE);
        }
        vm.prank(tierOne);
        uint64[] memory roots = receivables.registerBatch(all);
        equal(roots.length, all.length, "as many");
        for (uint256 i = 0; i < roots.length; ++i) {
            inState(roots[i], IReceivables.State.REGISTERED, "registered");
            equal(unpaid(roots[i]), i + 1, "with its amount");
        }
    }

    function test_one_that_is_refused_takes_all_back() public {
        IReceivables.Terms[] memory all = new IReceivables.Terms[](2);
        all[0] = usual();
        all[1] = all[0];
        refuse(abi.encodeWithSelector(IReceivables.InvoiceAlreadyLive.selector, all[0].invoice));
        vm.prank(tierOne);
        receivables.registerBatch(all);
        equal(receivables.claimCount(), 0, "none");
    }
}
