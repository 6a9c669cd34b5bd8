// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {ISettlement} from "contracts/interfaces/ISettlement.sol";
import {Interest} from "contracts/libraries/Interest.sol";
import {CreditWorld} from "support/CreditWorld.sol";

contract SettlementTest is CreditWorld {
    uint64 private _root;
    uint64 private _part;

    function setUp() public {
        deployAll();
        (_root, _part) = payable_(core, tierOne, 1_000_000, 20260405);
        give(buyer, 2_000_000);
        vm.prank(buyer);
        token.approve(address(settlement), type(uint256).max);
    }

    function _deal(uint256 price) private view returns (ISettlement.Deal memory d) {
        d.legs = new ISettlement.Leg[](2);
        d.legs[0] = ISettlement.Leg(
            ISettlement.Asset.CLAIM_PART, tierOne, buyer, bytes32(uint256(_part)), 0, false
        );
        d.legs[1] = ISettlement.Leg(
            ISettlement.Asset.DEPOSIT_TOKEN, buyer, tierOne, bytes32(uint256(uint160(address(token)))), price, false
        );
        d.deadline = uint64(block.timestamp + 100);
    }

    function _signed(bytes32 digest) private pure returns (ISettlement.Signature[] memory all) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(BUYER_KEY, digest);
        all = new ISettlement.Signature[](1);
        all[0] = ISettlement.Signature(vm.addr(BUYER_KEY), abi.encodePacked(r, s, v));
    }

    function test_both_legs_or_neither() public {
        ISettlement.Deal memory d = _deal(990_000);
        ISettlement.Signature[] memory all = _signed(settlement.dealDigest(d));
        vm.prank(tierOne);
        settlement.settle(d, all);
        equal(token.balanceOf(tierOne), 990_000, "paid");
        uint64 now_ = receivables.partsOf(_root)[0];
        equal(uint160(receivables.part(now_).holder), uint160(buyer), "delivered");
        bytes32 digest = settlement.dealDigest(d);
        vm.expectRevert(abi.encodeWithSelector(ISettlement.DealDone.selector, digest));
        vm.prank(tierOne);
        settlement.settle(d, all);
    }

    function test_a_leg_that_fails_takes_the_other_back() public {
        ISettlement.Deal memory d = _deal(2_000_001);
        ISettlement.Signature[] memory all = _signed(settlement.dealDigest(d));
        vm.expectRevert();
        vm.prank(tierOne);
        settlement.settle(d, all);
        equal(uint160(receivables.part(_part).holder), uint160(tierOne), "nothing moved");
        isTrue(receivables.part(_part).live, "nothing was burned");
    }

    function test_who_gives_something_up_must_have_agreed() public {
        ISettlement.Deal memory d = _deal(990_000);
        bytes32 digest = settlement.dealDigest(d);
        ISettlement.Signature[] memory all = _signed(digest);
        vm.expectRevert(abi.encodeWithSelector(ISettlement.SignatureMissing.selector, digest, tierOne));
        vm.prank(stranger);
        settlement.settle(d, all);
        vm.expectRevert(abi.encodeWithSelector(ISettlement.SignatureMissing.selector, digest, buyer));
        vm.prank(tierOne);
        settlement.settle(d, new ISettlement.Signature[](0));
        all = _signed(keccak256("something else"));
        vm.expectRevert(abi.encodeWithSelector(ISettlement.SignatureInvalid.selector, digest, buyer));
        vm.prank(tierOne);
        settlement.settle(d, all);
    }

    function test_a_deal_ends_with_its_deadline_and_with_its_revocation() public {
        ISettlement.Deal memory d = _deal(990_000);
        bytes32 digest = settlement.dealDigest(d);
        ISettlement.Signature[] memory all = _signed(digest);
        vm.prank(buyer);
        settlement.revoke(digest);
        vm.expectRevert(abi.encodeWithSelector(ISettlement.DealRevokedBy.selector, digest, buyer));
        vm.prank(tierOne);
        settlement.settle(d, all);
        vm.warp(block.timestamp + 101);
        vm.expectRevert(abi.encodeWithSelector(ISettlement.DealExpired.selector, d.deadline));
        vm.prank(tierOne);
        settlement.settle(d, all);
    }

    function test_a_discount_is_rounded_down_and_says_by_how_much() public {
        ISettlement.Quote memory q = ISettlement.Quote(
            _part, tierOne, buyer, address(token), 54_321, Interest.Convention.ACT_360, true, 1,
            uint64(block.timestamp + 100)
        );
        (uint256 price, uint256 rest) = settlement.priceOf(q);
        // 1,000,000 x (1 - 0.054321 x 90 / 360) = 986,419.75
        equal(price, 986_419, "rounded down");
        equal(rest, 270_000_000, "three quarters of 360,000,000");
        ISettlement.Signature[] memory all = _signed(settlement.quoteDigest(q));
        vm.prank(tierOne);
        settlement.discount(q, all[0].signature);
        equal(token.balanceOf(tierOne), 986_419, "paid at once");
        uint64 now_ = receivables.partsOf(_root)[0];
        equal(uint160(receivables.endorserOf(now_)), uint160(tierOne), "with recourse");
        calendar.advance(20260405);
        pay(core, _root, 1_000_000);
        equal(receivables.claimable(address(token), buyer), 1_000_000, "the buyer is paid the face");
    }

    function test_an_offer_or_a_pledge_stands_before_a_settlement() public {
        vm.prank(tierOne);
        receivables.pledge(_part, bank);
        ISettlement.Deal memory d = _deal(990_000);
        ISettlement.Signature[] memory all = _signed(settlement.dealDigest(d));
        vm.expectRevert(abi.encodeWithSelector(IReceivables.PartEncumbered.selector, _part));
        vm.prank(tierOne);
        settlement.settle(d, all);
    }
}
