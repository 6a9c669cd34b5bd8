// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IParticipantRegistry} from "contracts/interfaces/IParticipantRegistry.sol";
import {IProjectShare} from "contracts/interfaces/IProjectShare.sol";
import {ShareWorld} from "support/ShareWorld.sol";

contract ProjectShareTransferTest is ShareWorld {
    function testFuzz_what_was_earned_before_stays_the_sellers(uint64 first, uint64 second, uint8 raw) public {
        uint256 moved = bound(raw, 1, 60);
        first = uint64(bound(first, 1, type(uint64).max));
        second = uint64(bound(second, 1, type(uint64).max));
        income(first);
        uint256 before = shares.claimable(PROJECT, investorA);
        vm.prank(investorA);
        shares.transfer(PROJECT, investorC, moved);
        equal(shares.claimable(PROJECT, investorA), before, "the seller's");
        equal(shares.claimable(PROJECT, investorC), 0, "not the buyer's");
        uint256 parts = shares.earned(PROJECT, investorA);
        income(second);
        uint256 after_ = shares.earned(PROJECT, investorA) - parts;
        isTrue(_near(shares.earned(PROJECT, investorC), uint256(second) << 96, moved), "what comes after is");
        isTrue(_near(after_, uint256(second) << 96, 60 - moved), "by what it kept");
    }

    /// @dev `parts` is what `count` of 100 shares get of `amount`; what was carried adds less than a part a share.
    function _near(uint256 parts, uint256 amount, uint256 count) private pure returns (bool) {
        return parts <= (amount + 100) / 100 * count && parts + count >= amount / 100 * count;
    }

    function test_income_that_nobody_has_taken_in_is_the_sellers_too() public {
        token.mint(shares.accountOf(PROJECT), 1_000, "first");
        vm.prank(investorA);
        shares.transfer(PROJECT, investorC, 60);
        equal(shares.claimable(PROJECT, investorA), 600, "it came in before the transfer");
    }

    function test_revenue_that_is_distributed_and_not_withdrawn_is_the_sellers_too() public {
        distribute(10_000);
        vm.prank(investorA);
        shares.transfer(PROJECT, investorC, 60);
        equal(shares.claimable(PROJECT, investorA), 840, "60 % of the pool's 14 %");
        equal(shares.claimable(PROJECT, investorC), 0, "nothing");
    }

    function testFuzz_more_than_one_has_is_refused(uint64 more) public {
        refuse(
            abi.encodeWithSelector(IProjectShare.SharesTooFew.selector, PROJECT, investorA, 60, 61 + uint256(more))
        );
        vm.prank(investorA);
        shares.transfer(PROJECT, investorC, 61 + uint256(more));
    }

    function test_none_is_refused() public {
        refuse(abi.encodeWithSelector(IProjectShare.AmountZero.selector));
        vm.prank(investorA);
        shares.transfer(PROJECT, investorC, 0);
    }

    function test_to_or_by_who_is_not_active_is_refused() public {
        refuse(abi.encodeWithSelector(IParticipantRegistry.ParticipantNotActive.selector, stranger));
        vm.prank(investorA);
        shares.transfer(PROJECT, stranger, 1);
        participants.freeze(investorA, "word");
        refuse(abi.encodeWithSelector(IParticipantRegistry.ParticipantNotActive.selector, investorA));
        vm.prank(investorA);
        shares.transfer(PROJECT, investorC, 1);
    }

    function test_of_a_project_that_is_not_open_is_refused() public {
        refuse(abi.encodeWithSelector(IProjectShare.ProjectUnknown.selector, bytes32("other")));
        vm.prank(investorA);
        shares.transfer("other", investorC, 1);
    }

    function test_in_a_pause_is_refused() public {
        shares.pause();
        refusePaused();
        vm.prank(investorA);
        shares.transfer(PROJECT, investorC, 1);
    }

    function test_to_oneself_changes_nothing() public {
        income(1_000);
        vm.prank(investorA);
        shares.transfer(PROJECT, investorA, 60);
        equal(shares.balanceOf(PROJECT, investorA), 60, "as many");
        equal(shares.claimable(PROJECT, investorA), 600, "as much");
    }

    /// The question answers what the transfer would.
    function testFuzz_one_can_ask_before(uint8 what, uint8 count) public {
        if (what % 4 == 1) participants.freeze(investorA, "order");
        if (what % 4 == 2) shares.pause();
        address to = what % 4 == 3 ? stranger : investorB;
        (bool may, bytes memory why) = shares.canTransfer(PROJECT, investorA, to, count);
        vm.prank(investorA);
        (bool done, bytes memory said) = address(shares).call(abi.encodeCall(shares.transfer, (PROJECT, to, count)));
        isTrue(may == done, "may, and does");
        equal(keccak256(why), keccak256(said), "and for the same reason not");
        isTrue(may == (what % 4 == 0 && count != 0 && count <= 60), "only when nothing is in its way");
    }
}
