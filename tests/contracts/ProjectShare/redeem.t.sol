// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProjectShare} from "contracts/interfaces/IProjectShare.sol";
import {ShareWorld} from "support/ShareWorld.sol";

contract ProjectShareRedeemTest is ShareWorld {
    uint64 private constant END = type(uint64).max;

    function _offered() private {
        give(operator, 10_000);
        vm.prank(operator);
        token.approve(address(shares), 10_000);
        vm.prank(operator);
        shares.offerRedemption(PROJECT, 150);
    }

    function testFuzz_at_the_offered_price_and_what_was_earned_stays(uint8 raw) public {
        uint256 count = bound(raw, 1, 60);
        income(1_000);
        _offered();
        vm.prank(investorA);
        equal(shares.redeem(PROJECT, count, 150, END), count * 150, "at 150");
        equal(token.balanceOf(investorA), count * 150, "paid");
        equal(shares.projectOf(PROJECT).supply, 100 - count, "gone");
        equal(shares.claimable(PROJECT, investorA), 600, "its income waits");
    }

    function test_a_pause_of_both_does_not_hinder_it() public {
        _offered();
        shares.pause();
        token.pause();
        vm.prank(investorA);
        shares.redeem(PROJECT, 1, 150, END);
    }

    function testFuzz_for_less_than_the_holder_takes_is_refused(uint128 raw) public {
        uint128 least = uint128(bound(raw, 151, type(uint128).max));
        _offered();
        refuse(
            abi.encodeWithSelector(IProjectShare.RedemptionPriceTooLow.selector, PROJECT, uint128(150), least)
        );
        vm.prank(investorA);
        shares.redeem(PROJECT, 10, least, END);
        equal(shares.balanceOf(PROJECT, investorA), 60, "the shares are still there");
    }

    function test_a_price_that_the_issuer_lowered_before_it_is_refused() public {
        _offered();
        vm.prank(operator);
        shares.offerRedemption(PROJECT, 149);
        refuse(
            abi.encodeWithSelector(IProjectShare.RedemptionPriceTooLow.selector, PROJECT, uint128(149), uint128(150))
        );
        vm.prank(investorA);
        shares.redeem(PROJECT, 10, 150, END);
        vm.prank(operator);
        shares.offerRedemption(PROJECT, 151);
        vm.prank(investorA);
        equal(shares.redeem(PROJECT, 10, 150, END), 1_510, "a better one is paid");
    }

    function testFuzz_after_the_deadline_is_refused(uint8 left, uint8 late) public {
        _offered();
        uint64 deadline = uint64(block.timestamp + left);
        vm.warp(block.timestamp + late);
        if (late > left) refuse(abi.encodeWithSelector(IProjectShare.DeadlinePassed.selector, deadline));
        vm.prank(investorA);
        shares.redeem(PROJECT, 10, 150, deadline);
        equal(shares.balanceOf(PROJECT, investorA), late > left ? 60 : 50, "in time or not at all");
    }

    function test_without_an_offer_is_refused() public {
        refuse(abi.encodeWithSelector(IProjectShare.NoRedemption.selector, PROJECT));
        vm.prank(investorA);
        shares.redeem(PROJECT, 10, 150, END);
    }

    function test_none_and_too_many_are_refused() public {
        _offered();
        refuse(abi.encodeWithSelector(IProjectShare.AmountZero.selector));
        vm.prank(investorA);
        shares.redeem(PROJECT, 0, 150, END);
        refuse(abi.encodeWithSelector(IProjectShare.SharesTooFew.selector, PROJECT, investorA, 60, 61));
        vm.prank(investorA);
        shares.redeem(PROJECT, 61, 150, END);
    }
}
