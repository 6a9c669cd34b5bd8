// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DepositToken} from "contracts/DepositToken.sol";
import {IParticipantRegistry} from "contracts/interfaces/IParticipantRegistry.sol";
import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {ISettlement} from "contracts/interfaces/ISettlement.sol";
import {Interest} from "contracts/libraries/Interest.sol";
import {DealWorld} from "support/DealWorld.sol";
import {PlayMoney} from "support/PlayMoney.sol";

contract SettlementDiscountTest is DealWorld {
    function test_rounded_down_and_by_how_much_is_in_the_event() public {
        ISettlement.Quote memory q = quote(54_321, true);
        bytes memory signature = accepted(q);
        // 1,000,000 x (1 - 0.054321 x 90 / 360) = 986,419.75
        vm.expectEmit();
        emit ISettlement.PartDiscounted(part, 1_000_000, 54_321, TODAY, DUE, 986_419, 270_000_000);
        equal(discount(q, signature), 986_419, "rounded down");
        equal(token.balanceOf(tierOne), 986_419, "paid at once");
        holds(buyer, "delivered");
        equal(receivables.endorserOf(wholeOf(root)), tierOne, "with recourse");
    }

    function test_without_recourse_nobody_answers() public {
        ISettlement.Quote memory q = quote(54_321, false);
        discount(q, accepted(q));
        equal(receivables.endorserOf(wholeOf(root)), address(0), "nobody");
        advanceTo(20260406);
        uint64 now_ = wholeOf(root);
        refuse(abi.encodeWithSelector(IReceivables.NoRecourse.selector, now_));
        vm.prank(buyer);
        receivables.demandRecourse(now_);
    }

    function testFuzz_price_and_rounding_are_the_face_less_the_discount(uint32 rate, uint16 paid, uint8 days_, uint8 by)
        public
    {
        ISettlement.Quote memory q = quote(rate % 1_000_000, true);
        q.convention = Interest.Convention(by % 4);
        if (paid != 0) pay(core, root, paid);
        q.unpaid = unpaidOn(part);
        advanceTo(20260201 + days_ % 28);
        (uint256 price, uint256 rest) = settlement.priceOf(q);
        uint256 whole = Interest.denominator(q.convention);
        uint256 face = 1_000_000 - uint256(paid);
        uint256 less = Interest.accrued(q.convention, face, q.ratePpm, calendar.today(), DUE);
        equal(price * whole + rest + less, face * whole, "to the last digit");
        isTrue(rest < whole, "rounded by less than a unit");
        bytes memory signature = accepted(q);
        equal(discount(q, signature), price, "as quoted today");
    }

    function testFuzz_more_than_the_face_is_refused(uint32 raw) public {
        uint32 rate = uint32(bound(raw, 4_000_001, type(uint32).max));
        ISettlement.Quote memory q = quote(rate, true);
        bytes memory signature = accepted(q);
        refuse(abi.encodeWithSelector(Interest.DiscountAboveFace.selector, 1_000_000, rate, TODAY, DUE));
        discount(q, signature);
    }

    function test_in_another_banks_token_of_the_same_currency() public {
        ISettlement.Quote memory q = quote(0, true);
        DepositToken other = _token("CNY");
        q.token = address(other);
        discount(q, accepted(q));
        equal(other.balanceOf(tierOne), 1_000_000, "paid");
    }

    function test_in_play_money_is_refused() public {
        ISettlement.Quote memory q = quote(0, true);
        q.token = address(new PlayMoney());
        bytes memory signature = accepted(q);
        refuse(abi.encodeWithSelector(IParticipantRegistry.TokenNotAdmitted.selector, q.token));
        discount(q, signature);
    }

    /// @dev The currency is what the consortium has admitted it for, whatever the token says.
    function test_in_another_currency_is_refused() public {
        ISettlement.Quote memory q = quote(0, true);
        q.token = address(_token("CNY"));
        participants.admitToken(q.token, "USD", address(this));
        bytes memory signature = accepted(q);
        refuse(abi.encodeWithSelector(ISettlement.CurrencyDiffers.selector, part, address(token), q.token));
        discount(q, signature);
    }

    function _token(string memory currency) private returns (DepositToken other) {
        other = new DepositToken(address(access), address(participants), address(this), "Other", "o", currency, 2);
        participants.admitToken(address(other), "CNY", address(this));
        other.mint(buyer, 1_000_000, "entry");
        vm.prank(buyer);
        other.approve(address(settlement), 1_000_000);
    }

    function testFuzz_by_anyone_but_the_seller_is_refused(uint256 seed) public {
        ISettlement.Quote memory q = quote(1, true);
        bytes32 id = settlement.quoteDigest(q);
        bytes memory signature = accepted(q);
        refuse(abi.encodeWithSelector(ISettlement.SignatureMissing.selector, id, tierOne));
        vm.prank(anyone(seed));
        settlement.discount(q, 0, signature);
    }

    function testFuzz_what_the_buyer_signed_is_the_quote_in_every_field(uint8 which) public {
        ISettlement.Quote memory q = quote(1_000, true);
        bytes memory signature = accepted(q);
        if (which % 8 == 0) q.nonce++;
        if (which % 8 == 1) q.deadline++;
        if (which % 8 == 2) q.ratePpm--;
        if (which % 8 == 3) q.recourse = false;
        if (which % 8 == 4) q.convention = Interest.Convention.ACT_365F;
        if (which % 8 == 5) q.part++;
        if (which % 8 == 6) q.unpaid--;
        if (which % 8 == 7) q.mostPrice--;
        bytes32 id = settlement.quoteDigest(q);
        refuse(abi.encodeWithSelector(ISettlement.SignatureInvalid.selector, id, buyer));
        discount(q, signature);
    }

    function testFuzz_what_was_paid_since_the_quote_is_refused(uint32 raw) public {
        uint128 paid = uint128(bound(raw, 1, 999_999));
        ISettlement.Quote memory q = quote(54_321, true);
        bytes memory signature = accepted(q);
        pay(core, root, paid);
        refuse(
            abi.encodeWithSelector(IReceivables.UnpaidTooLittle.selector, part, 1_000_000 - paid, uint128(1_000_000))
        );
        discount(q, signature);
        q.unpaid = 1_000_000 - paid;
        discount(q, accepted(q));
        holds(buyer, "for what is left, it may be sold");
    }

    function test_a_quote_for_nothing_is_refused() public {
        ISettlement.Quote memory q = quote(54_321, true);
        q.unpaid = 0;
        bytes memory signature = accepted(q);
        refuse(abi.encodeWithSelector(IReceivables.AmountZero.selector));
        discount(q, signature);
    }

    /// @dev 986,419 on the day of the quote; each day that passes adds to it.
    function testFuzz_the_price_is_between_what_both_have_said(uint128 least, uint128 most) public {
        ISettlement.Quote memory q = quote(54_321, true);
        q.mostPrice = most;
        bytes memory signature = accepted(q);
        bool agreed = least <= 986_419 && 986_419 <= most;
        if (!agreed) refuse(abi.encodeWithSelector(ISettlement.PriceNotAgreed.selector, part, 986_419, least, most));
        vm.prank(tierOne);
        settlement.discount(q, least, signature);
        holds(agreed ? buyer : tierOne, "sold where both agree");
    }

    function test_the_very_price_is_agreed_and_a_day_later_it_is_another() public {
        ISettlement.Quote memory q = quote(54_321, true);
        q.mostPrice = 986_419;
        bytes memory signature = accepted(q);
        advanceTo(TODAY + 1);
        (uint256 price,) = settlement.priceOf(q);
        refuse(abi.encodeWithSelector(ISettlement.PriceNotAgreed.selector, part, price, 986_419, 986_419));
        vm.prank(tierOne);
        settlement.discount(q, 986_419, signature);
        q.mostPrice = uint128(price);
        signature = accepted(q);
        vm.prank(tierOne);
        equal(settlement.discount(q, uint128(price), signature), price, "at the very price");
    }

    function test_twice_after_its_deadline_or_revoked_is_refused() public {
        ISettlement.Quote memory q = quote(1_000, true);
        bytes32 id = settlement.quoteDigest(q);
        bytes memory signature = accepted(q);
        discount(q, signature);
        refuse(abi.encodeWithSelector(ISettlement.DealDone.selector, id));
        discount(q, signature);
        q.nonce++;
        id = settlement.quoteDigest(q);
        signature = accepted(q);
        vm.prank(buyer);
        settlement.revoke(id);
        refuse(abi.encodeWithSelector(ISettlement.DealRevokedBy.selector, id, buyer));
        discount(q, signature);
        vm.warp(uint256(q.deadline) + 1);
        refuse(abi.encodeWithSelector(ISettlement.DealExpired.selector, q.deadline));
        discount(q, signature);
    }

    function test_what_is_due_already_is_refused() public {
        advanceTo(DUE);
        ISettlement.Quote memory q = quote(1_000, true);
        bytes memory signature = accepted(q);
        refuse(
            abi.encodeWithSelector(IReceivables.StateNotAllowed.selector, root, IReceivables.State.MATURED)
        );
        discount(q, signature);
    }

    function test_in_a_pause_is_refused() public {
        ISettlement.Quote memory q = quote(1_000, true);
        bytes memory signature = accepted(q);
        settlement.pause();
        refusePaused();
        discount(q, signature);
    }

    function test_a_buyer_without_the_money_gets_nothing() public {
        ISettlement.Quote memory q = quote(1_000, true);
        bytes memory signature = accepted(q);
        vm.prank(buyer);
        token.withdraw(2_000_000, "away");
        vm.expectRevert();
        discount(q, signature);
        holds(tierOne, "nothing moved");
    }
}
