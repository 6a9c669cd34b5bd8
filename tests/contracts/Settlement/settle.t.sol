// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IParticipantRegistry} from "contracts/interfaces/IParticipantRegistry.sol";
import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {ISettlement} from "contracts/interfaces/ISettlement.sol";
import {IWarehouseReceipts} from "contracts/interfaces/IWarehouseReceipts.sol";
import {DealWorld} from "support/DealWorld.sol";
import {PlayMoney} from "support/PlayMoney.sol";

contract SettlementSettleTest is DealWorld {
    function testFuzz_both_legs(uint32 raw) public {
        uint256 price = bound(raw, 1, 2_000_000);
        bytes32 id = settle(dealAt(price));
        equal(token.balanceOf(tierOne), price, "paid");
        holds(buyer, "delivered");
        isTrue(settlement.isDone(id), "done");
    }

    function testFuzz_or_neither(uint64 more) public {
        ISettlement.Deal memory d = dealAt(2_000_001 + uint256(more));
        ISettlement.Signature[] memory all = signed(settlement.dealDigest(d));
        vm.expectRevert();
        settleWith(d, all);
        holds(tierOne, "nothing moved");
        isTrue(receivables.part(part).live, "nothing was burned");
        equal(token.balanceOf(buyer), 2_000_000, "nothing was paid");
        (d.legs[0], d.legs[1]) = (d.legs[1], dealAt(1).legs[0]);
        d.legs[0].amount = 1;
        d.legs[1].id = bytes32(uint256(part) + 1);
        all = signed(settlement.dealDigest(d));
        vm.expectRevert();
        settleWith(d, all);
        equal(token.balanceOf(buyer), 2_000_000, "nothing was paid in the other order");
    }

    function test_receipts_shares_and_tokens_of_many_in_one_deal() public {
        uint64 receipt = stored(buyer, "resin", 5);
        receipts.verify(receipt, "seen");
        shares.openProject(PROJECT, address(token), operator, 60);
        vm.prank(operator);
        shares.issue(PROJECT, buyer, 60);
        ISettlement.Deal memory d = dealAt(7);
        ISettlement.Leg[] memory legs = new ISettlement.Leg[](4);
        (legs[0], legs[1]) = (d.legs[0], d.legs[1]);
        legs[2] = leg(ISettlement.Asset.WAREHOUSE_RECEIPT, buyer, tierTwo, receipt, 5);
        legs[3] = leg(ISettlement.Asset.PROJECT_SHARE, buyer, tierThree, uint256(PROJECT), 20);
        d.legs = legs;
        settle(d);
        holds(buyer, "the claim");
        equal(receipts.receipt(receipt).holder, tierTwo, "the receipt");
        equal(shares.balanceOf(PROJECT, tierThree), 20, "the shares");
        equal(token.balanceOf(tierOne), 7, "the money");
    }

    function test_twice_is_refused() public {
        ISettlement.Deal memory d = dealAt(1);
        ISettlement.Signature[] memory all = signed(settlement.dealDigest(d));
        bytes32 id = settleWith(d, all);
        refuse(abi.encodeWithSelector(ISettlement.DealDone.selector, id));
        settleWith(d, all);
    }

    function test_without_legs_is_refused() public {
        ISettlement.Deal memory d;
        refuse(abi.encodeWithSelector(ISettlement.DealEmpty.selector));
        settlement.settle(d, new ISettlement.Signature[](0));
    }

    function testFuzz_who_gives_something_up_must_have_agreed(uint256 seed) public {
        ISettlement.Deal memory d = dealAt(1);
        bytes32 id = settlement.dealDigest(d);
        ISettlement.Signature[] memory all = signed(id);
        refuse(abi.encodeWithSelector(ISettlement.SignatureMissing.selector, id, tierOne));
        vm.prank(anyone(seed));
        settlement.settle(d, all);
        refuse(abi.encodeWithSelector(ISettlement.SignatureMissing.selector, id, buyer));
        settleWith(d, new ISettlement.Signature[](0));
    }

    function testFuzz_what_was_signed_is_the_deal_in_every_field(uint8 which) public {
        ISettlement.Deal memory d = dealAt(1);
        ISettlement.Signature[] memory all = signed(settlement.dealDigest(d));
        if (which % 10 == 0) d.nonce++;
        if (which % 10 == 1) d.deadline++;
        if (which % 10 == 2) d.legs[0].to = tierTwo;
        if (which % 10 == 3) d.legs[1].amount++;
        if (which % 10 == 4) d.legs[0].recourse = true;
        if (which % 10 == 5) d.legs[0].id = bytes32(uint256(part) + 1);
        if (which % 10 == 6) d.legs[1].from = tierTwo;
        if (which % 10 == 7) d.legs[0].asset = ISettlement.Asset.WAREHOUSE_RECEIPT;
        if (which % 10 == 8) d.legs[0].amount--;
        if (which % 10 == 9) d.legs[0].supply++;
        bytes32 id = settlement.dealDigest(d);
        refuse(abi.encodeWithSelector(ISettlement.SignatureInvalid.selector, id, buyer));
        settleWith(d, all);
    }

    function testFuzz_after_its_deadline_is_refused(uint32 late) public {
        ISettlement.Deal memory d = dealAt(1);
        ISettlement.Signature[] memory all = signed(settlement.dealDigest(d));
        vm.warp(uint256(d.deadline) + 1 + late);
        refuse(abi.encodeWithSelector(ISettlement.DealExpired.selector, d.deadline));
        settleWith(d, all);
    }

    function _refuseLeg(uint256 which, ISettlement.Leg memory bad) private {
        ISettlement.Deal memory d = dealAt(1);
        d.legs[which] = bad;
        ISettlement.Signature[] memory all = signed(settlement.dealDigest(d));
        refuse(abi.encodeWithSelector(ISettlement.LegInvalid.selector, which));
        settleWith(d, all);
    }

    function testFuzz_a_field_that_its_asset_does_not_have_is_refused(uint128 high) public {
        uint256 above = uint256(bound(high, 1, type(uint64).max));
        ISettlement.Deal memory d = dealAt(1);
        ISettlement.Leg memory bad = d.legs[0];
        bad.id = bytes32(above << 64 | part);
        _refuseLeg(0, bad);
        bad = dealAt(1).legs[0];
        bad.amount = above << 128;
        _refuseLeg(0, bad);
        bad.amount = 0;
        _refuseLeg(0, bad);
        (bad.amount, bad.supply) = (1, above);
        _refuseLeg(0, bad);
        bad = leg(ISettlement.Asset.WAREHOUSE_RECEIPT, tierOne, buyer, 1, 0);
        _refuseLeg(0, bad);
        bad = leg(ISettlement.Asset.PROJECT_SHARE, tierOne, buyer, uint256(PROJECT), 1);
        bad.supply = 0;
        _refuseLeg(0, bad);
        bad = dealAt(1).legs[1];
        bad.supply = above;
        _refuseLeg(1, bad);
        bad = dealAt(1).legs[1];
        bad.id = bytes32(above << 160 | uint160(address(token)));
        _refuseLeg(1, bad);
        bad = dealAt(0).legs[1];
        _refuseLeg(1, bad);
        bad = dealAt(1).legs[1];
        bad.recourse = true;
        _refuseLeg(1, bad);
    }

    function testFuzz_a_part_that_was_paid_since_is_refused_as_a_whole(uint32 raw) public {
        uint128 paid = uint128(bound(raw, 1, 999_999));
        ISettlement.Deal memory d = dealAt(980_000);
        ISettlement.Signature[] memory all = signed(settlement.dealDigest(d));
        pay(core, root, paid);
        refuse(
            abi.encodeWithSelector(IReceivables.UnpaidTooLittle.selector, part, 1_000_000 - paid, uint128(1_000_000))
        );
        settleWith(d, all);
        equal(token.balanceOf(buyer), 2_000_000, "the buyer keeps the money");
        d.legs[0].amount = 1_000_000 - paid;
        settle(d);
        holds(buyer, "signed for what is left, it passes");
    }

    function test_a_part_of_an_order_that_a_draw_has_paid_is_refused() public {
        uint64 line = openLine(1_000_000);
        (uint64 order_, uint64 owed) = owedClaim(IReceivables.Kind.ORDER, factory, supplier, 1_000_000, 20261231);
        ISettlement.Deal memory d = dealAt(950_000);
        d.legs[0] = leg(ISettlement.Asset.CLAIM_PART, supplier, buyer, owed, 1_000_000);
        d.legs[1].to = supplier;
        ISettlement.Signature[] memory all = signed(settlement.dealDigest(d));
        ICreditLine.Instalment[] memory plan = bullet(20260705, 999_999);
        vm.prank(factory);
        credit.draw(line, order_, 999_999, ICreditLine.Plan.BULLET, plan, 0);
        refuse(abi.encodeWithSelector(IReceivables.UnpaidTooLittle.selector, owed, uint128(1), uint128(1_000_000)));
        vm.prank(supplier);
        settlement.settle(d, all);
        equal(token.balanceOf(supplier), 999_999, "financed once");
    }

    function testFuzz_a_receipt_is_taken_for_its_quantity_at_least(uint128 least) public {
        vm.assume(least != 0);
        uint64 receipt = stored(tierOne, "resin", 5);
        receipts.verify(receipt, "seen");
        ISettlement.Deal memory d = dealAt(7);
        d.legs[0] = leg(ISettlement.Asset.WAREHOUSE_RECEIPT, tierOne, buyer, receipt, least);
        ISettlement.Signature[] memory all = signed(settlement.dealDigest(d));
        if (least > 5) {
            refuse(
                abi.encodeWithSelector(IWarehouseReceipts.QuantityTooSmall.selector, receipt, uint128(5), least)
            );
        }
        settleWith(d, all);
        equal(receipts.receipt(receipt).holder, least > 5 ? tierOne : buyer, "for five at most");
    }

    function testFuzz_shares_that_were_diluted_since_are_refused(uint64 more) public {
        shares.openProject(PROJECT, address(token), operator, type(uint96).max);
        vm.prank(operator);
        shares.issue(PROJECT, tierOne, 60);
        ISettlement.Deal memory d = dealAt(7);
        d.legs[0] = leg(ISettlement.Asset.PROJECT_SHARE, tierOne, buyer, uint256(PROJECT), 60);
        ISettlement.Signature[] memory all = signed(settlement.dealDigest(d));
        if (more != 0) {
            address[] memory holders = new address[](1);
            holders[0] = tierOne;
            vm.prank(tierOne);
            shares.consent(PROJECT, operator, more, 60, type(uint64).max);
            vm.prank(operator);
            shares.increase(PROJECT, operator, more, holders);
            refuse(abi.encodeWithSelector(ISettlement.SupplyTooLarge.selector, 0, 60 + uint256(more), 60));
        }
        settleWith(d, all);
        equal(shares.balanceOf(PROJECT, buyer), more == 0 ? 60 : 0, "all of the project or nothing");
    }

    function test_a_leg_in_play_money_is_refused() public {
        PlayMoney play = new PlayMoney();
        play.print(buyer, 1e9);
        vm.prank(buyer);
        play.approve(address(settlement), 1e9);
        ISettlement.Deal memory d = dealAt(7);
        d.legs[1].id = bytes32(uint256(uint160(address(play))));
        ISettlement.Signature[] memory all = signed(settlement.dealDigest(d));
        refuse(abi.encodeWithSelector(IParticipantRegistry.TokenNotAdmitted.selector, address(play)));
        settleWith(d, all);
    }

    function test_an_offer_or_a_pledge_stands_before_it() public {
        vm.prank(tierOne);
        receivables.pledge(part, bank);
        ISettlement.Deal memory d = dealAt(1);
        ISettlement.Signature[] memory all = signed(settlement.dealDigest(d));
        refuse(abi.encodeWithSelector(IReceivables.PartEncumbered.selector, part));
        settleWith(d, all);
    }

    function test_in_a_pause_is_refused() public {
        ISettlement.Deal memory d = dealAt(1);
        settlement.pause();
        refusePaused();
        settleWith(d, new ISettlement.Signature[](0));
    }
}
