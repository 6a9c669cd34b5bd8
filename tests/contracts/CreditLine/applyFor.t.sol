// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {IParticipantRegistry} from "contracts/interfaces/IParticipantRegistry.sol";
import {LoanWorld} from "support/LoanWorld.sol";
import {PlayMoney} from "support/PlayMoney.sol";

contract CreditLineApplyForTest is LoanWorld {
    function _refuseTerms(ICreditLine.LineTerms memory t) private {
        refuse(abi.encodeWithSelector(ICreditLine.LineTermsInvalid.selector));
        vm.prank(factory);
        credit.applyFor(t);
    }

    function testFuzz_a_line_has_its_terms_and_an_account_of_its_own(uint128 limit, uint32 rate) public {
        ICreditLine.LineTerms memory t = lineTerms(uint128(bound(limit, 1, type(uint128).max)));
        t.ratePpm = uint32(bound(rate, 0, 1_000_000));
        vm.prank(factory);
        uint64 line = credit.applyFor(t);
        lineIn(line, ICreditLine.LineState.APPLIED, "applied for");
        equal(keccak256(abi.encode(credit.line(line).terms)), keccak256(abi.encode(t)), "as asked");
        token.mint(credit.accountOf(line), 1, "anybody pays in");
    }

    function test_without_a_limit_is_refused() public {
        _refuseTerms(lineTerms(0));
    }

    function test_in_play_money_is_refused() public {
        ICreditLine.LineTerms memory t = lineTerms(LIMIT);
        t.token = address(new PlayMoney());
        refuse(abi.encodeWithSelector(IParticipantRegistry.TokenNotAdmitted.selector, t.token));
        vm.prank(factory);
        credit.applyFor(t);
    }

    function test_without_a_token_is_refused() public {
        ICreditLine.LineTerms memory t = lineTerms(LIMIT);
        t.token = address(0);
        _refuseTerms(t);
    }

    function test_that_ends_before_it_begins_is_refused() public {
        ICreditLine.LineTerms memory t = lineTerms(LIMIT);
        t.validUntil = t.validFrom - 1;
        _refuseTerms(t);
    }

    function test_with_dates_that_are_none_is_refused() public {
        ICreditLine.LineTerms memory t = lineTerms(LIMIT);
        t.validUntil = 20270229;
        _refuseTerms(t);
        (t.validFrom, t.validUntil) = (20260230, 20270228);
        _refuseTerms(t);
    }

    function testFuzz_with_more_than_a_hundred_per_cent_is_refused(uint32 more) public {
        ICreditLine.LineTerms memory t = lineTerms(LIMIT);
        t.ratePpm = 1_000_001 + more % 1e9;
        _refuseTerms(t);
        (t.ratePpm, t.penaltyPpm) = (0, t.ratePpm);
        _refuseTerms(t);
        (t.penaltyPpm, t.costsPpm) = (0, t.penaltyPpm);
        _refuseTerms(t);
    }

    function test_due_on_no_day_is_refused() public {
        ICreditLine.LineTerms memory t = lineTerms(LIMIT);
        t.lastDue = 20270230;
        _refuseTerms(t);
    }

    function test_in_default_before_the_grace_is_over_is_refused() public {
        ICreditLine.LineTerms memory t = lineTerms(LIMIT);
        t.defaultDays = t.graceDays - 1;
        _refuseTerms(t);
    }

    function test_with_oneself_is_refused() public {
        ICreditLine.LineTerms memory t = lineTerms(LIMIT);
        t.lender = factory;
        _refuseTerms(t);
    }

    function testFuzz_an_order_without_one_kind_of_debt_is_refused(uint8 place, uint8 instead) public {
        ICreditLine.LineTerms memory t = lineTerms(LIMIT);
        vm.assume(place % 4 != instead % 4);
        t.order[place % 4] = t.order[instead % 4];
        _refuseTerms(t);
    }

    function test_by_another_is_refused() public {
        ICreditLine.LineTerms memory t = lineTerms(LIMIT);
        refuse(abi.encodeWithSelector(ICreditLine.NotTheBorrower.selector, 1, bank));
        vm.prank(bank);
        credit.applyFor(t);
    }

    function test_with_who_is_not_active_is_refused() public {
        ICreditLine.LineTerms memory t = lineTerms(LIMIT);
        participants.freeze(bank, "word");
        refuse(abi.encodeWithSelector(IParticipantRegistry.ParticipantNotActive.selector, bank));
        vm.prank(factory);
        credit.applyFor(t);
        (t.lender, t.borrower) = (lender, stranger);
        refuse(abi.encodeWithSelector(IParticipantRegistry.ParticipantNotActive.selector, stranger));
        vm.prank(stranger);
        credit.applyFor(t);
    }

    function test_in_a_pause_is_refused() public {
        ICreditLine.LineTerms memory t = lineTerms(LIMIT);
        credit.pause();
        refusePaused();
        vm.prank(factory);
        credit.applyFor(t);
    }
}
