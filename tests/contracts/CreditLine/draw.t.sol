// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DepositToken} from "contracts/DepositToken.sol";
import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {IParticipantRegistry} from "contracts/interfaces/IParticipantRegistry.sol";
import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {Days} from "support/Days.sol";
import {LoanWorld} from "support/LoanWorld.sol";

contract CreditLineDrawTest is LoanWorld {
    function testFuzz_a_draw_pays_the_supplier_and_never_the_borrower(uint128 raw) public {
        uint64 line = opened();
        uint128 amount = uint128(bound(raw, 1, LIMIT));
        uint64 loan = drawBullet(line, amount, END);
        equal(token.balanceOf(supplier), amount, "the supplier has it");
        equal(token.balanceOf(factory), 0, "the borrower has nothing");
        equal(token.balanceOf(address(credit)) + token.balanceOf(address(receivables)), 0, "nothing stays between");
        equal(credit.line(line).principal, amount, "drawn");
        uint64 root = credit.loan(loan).orderRoot;
        equal(uint256(receivables.claim(root).state), uint256(IReceivables.State.SETTLED), "the order is paid");
    }

    function testFuzz_draws_on_an_order_go_up_to_what_is_unpaid(uint128 raw) public {
        uint64 line = opened();
        uint64 root = order(1_000);
        uint128 first = uint128(bound(raw, 1, 999));
        draw(line, root, first, ICreditLine.Plan.BULLET, bullet(END, first), 0);
        _refuseOrder(line, root, 1_001 - first);
        draw(line, root, 1_000 - first, ICreditLine.Plan.BULLET, bullet(END, 1_000 - first), 0);
    }

    function _refuseOrder(uint64 line, uint64 root, uint128 amount) private {
        refuse(abi.encodeWithSelector(ICreditLine.OrderNotPayable.selector, root));
        draw(line, root, amount, ICreditLine.Plan.BULLET, bullet(END, amount), 0);
    }

    function test_what_is_no_order_is_refused() public {
        uint64 line = opened();
        (uint64 root,) = owedClaim(IReceivables.Kind.PAYABLE, factory, supplier, 1_000, 20261231);
        _refuseOrder(line, root, 1_000);
    }

    function test_anothers_order_is_refused() public {
        uint64 line = opened();
        (uint64 root,) = owedClaim(IReceivables.Kind.ORDER, core, supplier, 1_000, 20261231);
        _refuseOrder(line, root, 1_000);
    }

    function test_an_order_that_is_not_confirmed_is_refused() public {
        uint64 line = opened();
        IReceivables.Terms memory t = claimTerms(IReceivables.Kind.ORDER, factory, supplier, 1_000, 20261231);
        uint64 root = draftBy(supplier, t);
        _refuseOrder(line, root, 1_000);
    }

    function test_an_order_in_dispute_is_refused() public {
        uint64 line = opened();
        uint64 root = order(1_000);
        vm.prank(factory);
        receivables.dispute(root, 0, "wrong");
        _refuseOrder(line, root, 1_000);
    }

    function test_an_order_in_parts_is_refused() public {
        uint64 line = opened();
        uint64 root = order(1_000);
        uint64 part = wholeOf(root);
        uint128[] memory amounts = new uint128[](2);
        (amounts[0], amounts[1]) = (400, 600);
        vm.prank(supplier);
        receivables.split(part, amounts);
        _refuseOrder(line, root, 1_000);
    }

    function test_an_order_that_was_passed_on_is_refused() public {
        uint64 line = opened();
        uint64 root = order(1_000);
        pass(wholeOf(root), tierOne, false);
        refuse(abi.encodeWithSelector(ICreditLine.SupplierNotAllowed.selector, line, tierOne));
        draw(line, root, 1_000, ICreditLine.Plan.BULLET, bullet(END, 1_000), 0);
    }

    function test_an_order_that_is_pledged_is_refused() public {
        uint64 line = opened();
        uint64 root = order(1_000);
        uint64 part = wholeOf(root);
        vm.prank(supplier);
        receivables.pledge(part, bank);
        _refuseOrder(line, root, 1_000);
    }

    function test_an_order_in_another_token_is_refused() public {
        uint64 line = opened();
        DepositToken other = new DepositToken(address(access), address(participants), bank, "Other", "o", "CNY", 2);
        other.addLedger(address(receivables));
        participants.admitToken(address(other), "CNY", bank);
        IReceivables.Terms memory t = claimTerms(IReceivables.Kind.ORDER, factory, supplier, 1_000, 20261231);
        t.token = address(other);
        uint64 root = draftBy(factory, t);
        registerBy(factory, root);
        _refuseOrder(line, root, 1_000);
    }

    /// @dev Whether or not anybody has poked the order: nothing is lent for what has fallen due.
    function testFuzz_an_order_that_has_fallen_due_is_refused(bool poked) public {
        uint64 line = opened();
        (uint64 root,) = owedClaim(IReceivables.Kind.ORDER, factory, supplier, 1_000, 20260201);
        vm.prank(factory);
        receivables.deliver(root, "note");
        advanceTo(20260320);
        if (poked) receivables.poke(root);
        refuse(
            poked
                ? abi.encodeWithSelector(ICreditLine.OrderNotPayable.selector, root)
                : abi.encodeWithSelector(IReceivables.NotAParty.selector, root, address(credit))
        );
        draw(line, root, 1_000, ICreditLine.Plan.BULLET, bullet(END, 1_000), 0);
    }

    function test_a_supplier_who_is_not_allowed_is_refused() public {
        uint64 line = opened();
        (uint64 root,) = owedClaim(IReceivables.Kind.ORDER, factory, tierOne, 1_000, 20261231);
        refuse(abi.encodeWithSelector(ICreditLine.SupplierNotAllowed.selector, line, tierOne));
        draw(line, root, 1_000, ICreditLine.Plan.BULLET, bullet(END, 1_000), 0);
    }

    function testFuzz_above_the_limit_is_refused(uint64 raw) public {
        uint64 line = opened();
        uint128 first = uint128(bound(raw, 1, LIMIT));
        drawBullet(line, first, END);
        uint64 root = order(LIMIT);
        uint128 more = LIMIT - first + 1;
        refuse(abi.encodeWithSelector(ICreditLine.LimitExceeded.selector, line, LIMIT, uint256(LIMIT) + 1));
        draw(line, root, more, ICreditLine.Plan.BULLET, bullet(END, more), 0);
    }

    function test_what_is_repaid_can_be_drawn_again() public {
        uint64 line = opened();
        uint64 loan = drawBullet(line, LIMIT, END);
        repay(loan, 500_00);
        give(bank, 500_00);
        drawBullet(line, 500_00, END);
        equal(credit.line(line).principal, LIMIT, "to the limit again");
    }

    function test_no_more_loans_than_can_be_looked_through_at_once() public {
        uint64 line = opened();
        for (uint256 i = 0; i < 32; ++i) {
            drawBullet(line, 1, END);
        }
        uint64 root = order(1);
        refuse(abi.encodeWithSelector(ICreditLine.LimitExceeded.selector, line, LIMIT, 33));
        draw(line, root, 1, ICreditLine.Plan.BULLET, bullet(END, 1), 0);
    }

    function test_outside_its_dates_is_refused() public {
        ICreditLine.LineTerms memory t = lineTerms(LIMIT);
        t.validFrom = 20260106;
        vm.prank(factory);
        uint64 line = credit.applyFor(t);
        vote(0, line, ICreditLine.Motion.APPROVE);
        vote(1, line, ICreditLine.Motion.APPROVE);
        vm.prank(bank);
        credit.activate(line);
        uint64 root = order(100);
        refuse(abi.encodeWithSelector(ICreditLine.LineNotValidOn.selector, line, TODAY));
        draw(line, root, 100, ICreditLine.Plan.BULLET, bullet(20280101, 100), 0);
        advanceTo(20270106);
        refuse(abi.encodeWithSelector(ICreditLine.LineNotValidOn.selector, line, 20270106));
        draw(line, root, 100, ICreditLine.Plan.BULLET, bullet(20280101, 100), 0);
    }

    function test_a_line_that_is_not_open_is_refused() public {
        uint64 line = approved();
        uint64 root = order(1);
        refuseLine(line, ICreditLine.LineState.APPROVED);
        draw(line, root, 1, ICreditLine.Plan.BULLET, bullet(END, 1), 0);
        line = frozen();
        refuseLine(line, ICreditLine.LineState.FROZEN);
        draw(line, root, 1, ICreditLine.Plan.BULLET, bullet(END, 1), 0);
    }

    function test_three_missed_instalments_stop_a_draw_that_nobody_poked_for() public {
        uint64 line = opened();
        threeInstalments(line);
        uint64 root = order(1);
        advanceTo(20260409);
        refuseLine(line, ICreditLine.LineState.FROZEN);
        draw(line, root, 1, ICreditLine.Plan.BULLET, bullet(END, 1), 0);
    }

    function testFuzz_by_another_is_refused(uint256 seed) public {
        uint64 line = opened();
        uint64 root = order(1);
        ICreditLine.Instalment[] memory plan = bullet(END, 1);
        refuse(abi.encodeWithSelector(ICreditLine.NotTheBorrower.selector, line, anyone(seed)));
        vm.prank(anyone(seed));
        credit.draw(line, root, 1, ICreditLine.Plan.BULLET, plan, 0);
    }

    function test_by_a_borrower_who_is_frozen_is_refused() public {
        uint64 line = opened();
        uint64 root = order(1);
        participants.freeze(factory, "word");
        refuse(abi.encodeWithSelector(IParticipantRegistry.ParticipantNotActive.selector, factory));
        draw(line, root, 1, ICreditLine.Plan.BULLET, bullet(END, 1), 0);
    }

    function test_nothing_is_refused() public {
        uint64 line = opened();
        uint64 root = order(1);
        refuse(abi.encodeWithSelector(ICreditLine.AmountZero.selector));
        draw(line, root, 0, ICreditLine.Plan.BULLET, bullet(END, 0), 0);
    }

    function test_in_a_pause_is_refused() public {
        uint64 line = opened();
        uint64 root = order(1);
        credit.pause();
        refusePaused();
        draw(line, root, 1, ICreditLine.Plan.BULLET, bullet(END, 1), 0);
    }

    function test_a_lender_without_the_money_pays_nobody() public {
        uint64 line = opened();
        uint256 has = token.balanceOf(bank);
        vm.prank(bank);
        token.withdraw(has, "away");
        uint64 root = order(1);
        vm.expectRevert();
        draw(line, root, 1, ICreditLine.Plan.BULLET, bullet(END, 1), 0);
        equal(credit.line(line).principal, 0, "nothing was lent");
    }

    /// A lender agrees to a last date, and no loan of the line is due after it.
    function testFuzz_no_instalment_is_due_after_the_lines_last_date(uint32 raw) public {
        ICreditLine.LineTerms memory t = lineTerms(1_000);
        t.lastDue = END;
        uint64 line = openLineOf(t);
        uint64 root = order(1_000);
        uint32 date = Days.later(END, bound(raw, 0, 3) == 0 ? 0 : bound(raw, 1, 400));
        if (date > END) refuse(abi.encodeWithSelector(ICreditLine.PlanInvalid.selector));
        draw(line, root, 1_000, ICreditLine.Plan.BULLET, bullet(date, 1_000), 0);
    }
}
