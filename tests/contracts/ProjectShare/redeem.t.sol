// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProjectShare} from "contracts/interfaces/IProjectShare.sol";
import {ShareWorld} from "support/ShareWorld.sol";

contract ProjectShareRedeemTest is ShareWorld {
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
        equal(shares.redeem(PROJECT, count), count * 150, "at 150");
        equal(token.balanceOf(investorA), count * 150, "paid");
        equal(shares.projectOf(PROJECT).supply, 100 - count, "gone");
        equal(shares.claimable(PROJECT, investorA), 600, "its income waits");
    }

    function test_a_pause_of_both_does_not_hinder_it() public {
        _offered();
        shares.pause();
        token.pause();
        vm.prank(investorA);
        shares.redeem(PROJECT, 1);
    }

    function test_without_an_offer_is_refused() public {
        refuse(abi.encodeWithSelector(IProjectShare.NoRedemption.selector, PROJECT));
        vm.prank(investorA);
        shares.redeem(PROJECT, 10);
    }

    function test_none_and_too_many_are_refused() public {
        _offered();
        refuse(abi.encodeWithSelector(IProjectShare.AmountZero.selector));
        vm.prank(investorA);
        shares.redeem(PROJECT, 0);
        refuse(abi.encodeWithSelector(IProjectShare.SharesTooFew.selector, PROJECT, investorA, 60, 61));
        vm.prank(investorA);
        shares.redeem(PROJECT, 61);
    }
}
