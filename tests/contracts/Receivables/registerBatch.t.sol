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

    /// @dev Whoever takes one invoice first stops no other.
    function testFuzz_one_whose_invoice_is_taken_is_passed_over(uint8 taken) public {
        IReceivables.Terms[] memory all = new IReceivables.Terms[](5);
        for (uint256 i = 0; i < all.length; ++i) {
            all[i] = claimTerms(IReceivables.Kind.PAYABLE, core, tierOne, uint128(i + 1), DUE);
            if ((taken >> i) & 1 == 0) continue;
            IReceivables.Terms memory t = all[i];
            t.kind = IReceivables.Kind.RECEIVABLE;
            registerBy(tierOne, draftBy(tierOne, t));
            t.kind = IReceivables.Kind.PAYABLE;
        }
        uint64 before = receivables.claimCount();
        bool isNone = taken % 32 == 31;
        if (isNone) refuse(abi.encodeWithSelector(IReceivables.InvoiceAlreadyLive.selector, all[0].invoice));
        vm.prank(core);
        uint64[] memory roots = receivables.registerBatch(all);
        if (isNone) return;
        for (uint256 i = 0; i < all.length; ++i) {
            if ((taken >> i) & 1 == 1) {
                equal(roots[i], 0, "passed over");
            } else {
                equal(roots[i], ++before, "the next");
                inState(roots[i], IReceivables.State.CONFIRMED, "owed");
            }
        }
        equal(receivables.claimCount(), before, "no number is lost");
    }

    function test_an_invoice_that_stands_twice_is_registered_once() public {
        IReceivables.Terms[] memory all = new IReceivables.Terms[](2);
        all[0] = usual();
        all[1] = all[0];
        vm.prank(tierOne);
        uint64[] memory roots = receivables.registerBatch(all);
        isTrue(roots[0] == 1 && roots[1] == 0 && receivables.claimCount() == 1, "once");
    }

    function test_one_that_can_not_be_takes_all_back() public {
        IReceivables.Terms[] memory all = new IReceivables.Terms[](2);
        (all[0], all[1]) = (usual(), usual());
        all[1].face = 0;
        refuse(abi.encodeWithSelector(IReceivables.ClaimTermsInvalid.selector));
        vm.prank(tierOne);
        receivables.registerBatch(all);
        equal(receivables.claimCount(), 0, "none");
    }
}
