// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";

contract ReceivablesFundBatchTest is ClaimsWorld {
    function _three() private returns (uint64[] memory roots, uint128[] memory amounts) {
        roots = new uint64[](3);
        amounts = new uint128[](3);
        for (uint256 i = 0; i < 3; ++i) {
            (roots[i],) = confirmed();
            amounts[i] = uint128(100 * (i + 1));
        }
        approve(core, 10_000);
    }

    function test_each_claim_is_paid_its_amount() public {
        (uint64[] memory roots, uint128[] memory amounts) = _three();
        vm.prank(core);
        equal(receivables.fundBatch(roots, amounts), 600, "together");
        for (uint256 i = 0; i < 3; ++i) {
            equal(receivables.claim(roots[i]).redeemed, amounts[i], "its own");
        }
        equal(token.balanceOf(core), 9_400, "and no more");
    }

    function test_what_is_no_longer_owed_stops_no_other() public {
        (uint64[] memory roots, uint128[] memory amounts) = _three();
        vm.prank(core);
        receivables.fund(roots[0], 1_000);
        roots[1] = registered();
        vm.prank(core);
        equal(receivables.fundBatch(roots, amounts), 300, "the third");
        equal(receivables.claim(roots[1]).redeemed, 0, "not owed yet");
    }

    function test_of_more_than_is_unpaid_only_that_is_taken() public {
        (uint64[] memory roots, uint128[] memory amounts) = _three();
        amounts[0] = 5_000;
        roots[2] = roots[0];
        vm.prank(core);
        equal(receivables.fundBatch(roots, amounts), 1_200, "the first once");
    }

    function test_anothers_claim_before_it_is_due_is_refused() public {
        (uint64[] memory roots, uint128[] memory amounts) = _three();
        (roots[1],) = payable_(factory, tierOne, 1_000, DUE);
        refuse(abi.encodeWithSelector(IReceivables.NotAParty.selector, roots[1], core));
        vm.prank(core);
        receivables.fundBatch(roots, amounts);
        equal(receivables.claim(roots[0]).redeemed, 0, "none");
    }

    function testFuzz_other_than_one_amount_a_claim_is_refused(uint8 count) public {
        (uint64[] memory roots,) = _three();
        vm.assume(count != 3);
        refuse(abi.encodeWithSelector(IReceivables.AmountsDiffer.selector, 3, uint256(count)));
        vm.prank(core);
        receivables.fundBatch(roots, new uint128[](count));
    }
}
