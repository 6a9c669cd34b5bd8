// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProjectShare} from "contracts/interfaces/IProjectShare.sol";
import {ShareWorld} from "support/ShareWorld.sol";

contract ProjectShareIssueTest is ShareWorld {
    function testFuzz_new_shares_earn_from_now_on(uint64 raw) public {
        income(1_000);
        uint128 more = uint128(bound(raw, 1, type(uint64).max));
        vm.prank(operator);
        shares.issue(PROJECT, investorC, more);
        equal(shares.claimable(PROJECT, investorC), 0, "nothing of what was earned before");
        equal(shares.claimable(PROJECT, investorA), 600, "which is who held shares then");
        equal(shares.projectOf(PROJECT).supply, 100 + uint256(more), "supply");
    }

    function testFuzz_by_another_is_refused(uint256 seed) public {
        refuse(abi.encodeWithSelector(IProjectShare.NotTheIssuer.selector, PROJECT, anyone(seed)));
        vm.prank(anyone(seed));
        shares.issue(PROJECT, investorA, 1);
    }

    function test_none_is_refused() public {
        refuse(abi.encodeWithSelector(IProjectShare.AmountZero.selector));
        vm.prank(operator);
        shares.issue(PROJECT, investorA, 0);
    }

    function test_to_who_is_not_active_is_refused() public {
        refuse(abi.encodeWithSelector(IProjectShare.ParticipantNotActive.selector, stranger));
        vm.prank(operator);
        shares.issue(PROJECT, stranger, 1);
    }

    function test_of_a_project_that_is_not_open_is_refused() public {
        refuse(abi.encodeWithSelector(IProjectShare.ProjectUnknown.selector, bytes32("other")));
        vm.prank(operator);
        shares.issue("other", investorA, 1);
    }

    function test_in_a_pause_is_refused() public {
        shares.pause();
        refusePaused();
        vm.prank(operator);
        shares.issue(PROJECT, investorA, 1);
    }
}
