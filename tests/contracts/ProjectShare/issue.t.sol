// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IParticipantRegistry} from "contracts/interfaces/IParticipantRegistry.sol";
import {IProjectShare} from "contracts/interfaces/IProjectShare.sol";
import {ShareWorld} from "support/ShareWorld.sol";

contract ProjectShareIssueTest is ShareWorld {
    bytes32 private constant NEW = "new";

    function _open(uint96 cap) private {
        shares.openProject(NEW, address(token), operator, cap);
    }

    function _issue(uint128 count) private {
        vm.prank(operator);
        shares.issue(NEW, investorA, count);
    }

    function testFuzz_the_first_shares_up_to_the_cap(uint96 cap, uint128 raw) public {
        cap = uint96(bound(cap, 1, type(uint96).max));
        uint128 count = uint128(bound(raw, 1, cap));
        _open(cap);
        _issue(count);
        equal(shares.balanceOf(NEW, investorA), count, "held");
        equal(shares.projectOf(NEW).supply, count, "supply");
        equal(shares.projectOf(NEW).cap, cap, "cap");
    }

    function testFuzz_above_the_cap_is_refused(uint96 cap, uint128 raw) public {
        cap = uint96(bound(cap, 1, type(uint96).max));
        uint128 count = uint128(bound(raw, uint256(cap) + 1, type(uint128).max));
        _open(cap);
        refuse(abi.encodeWithSelector(IProjectShare.CapExceeded.selector, NEW, cap, count));
        _issue(count);
    }

    function testFuzz_the_most_shares_that_can_be_do_not_lock_income(uint64 raw) public {
        uint256 amount = bound(raw, 1, type(uint64).max);
        _open(type(uint96).max);
        _issue(type(uint96).max);
        token.mint(shares.accountOf(NEW), amount, "one");
        shares.receiveIncome(NEW);
        isTrue(shares.projectOf(NEW).carried < type(uint96).max, "less than a minor unit waits");
        isTrue(shares.claimable(NEW, investorA) + 1 >= amount, "it is who holds them");
    }

    function testFuzz_further_ones_are_refused(uint128 more) public {
        refuse(abi.encodeWithSelector(IProjectShare.SharesAlreadyIssued.selector, PROJECT, 100));
        vm.prank(operator);
        shares.issue(PROJECT, operator, more);
    }

    function test_again_when_all_were_given_back() public {
        give(operator, 1_000);
        vm.prank(operator);
        token.approve(address(shares), 1_000);
        _open(60);
        _issue(60);
        vm.prank(operator);
        shares.offerRedemption(NEW, 1);
        vm.prank(investorA);
        shares.redeem(NEW, 60, 1, type(uint64).max);
        token.mint(shares.accountOf(NEW), 40, "between");
        _issue(60);
        equal(shares.claimable(NEW, investorA), 0, "nothing of what came while there were none");
        equal(shares.claimable(NEW, operator), 40, "which is the issuer's");
    }

    function testFuzz_by_another_is_refused(uint256 seed) public {
        refuse(abi.encodeWithSelector(IProjectShare.NotTheIssuer.selector, PROJECT, anyone(seed)));
        vm.prank(anyone(seed));
        shares.issue(PROJECT, investorA, 1);
    }

    function test_none_is_refused() public {
        _open(1);
        refuse(abi.encodeWithSelector(IProjectShare.AmountZero.selector));
        _issue(0);
    }

    function test_to_who_is_not_active_is_refused() public {
        _open(1);
        refuse(abi.encodeWithSelector(IParticipantRegistry.ParticipantNotActive.selector, stranger));
        vm.prank(operator);
        shares.issue(NEW, stranger, 1);
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
