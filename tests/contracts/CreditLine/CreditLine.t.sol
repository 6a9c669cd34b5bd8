// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {CreditWorld} from "support/CreditWorld.sol";

contract CreditLineTest is CreditWorld {
    function setUp() public {
        deployAll();
    }

    function _lineState(uint64 line) private view returns (uint256) {
        return uint256(credit.line(line).state);
    }

    function _state(uint64 loan) private view returns (uint256) {
        return uint256(credit.loan(loan).state);
    }

    function test_two_of_three_members_approve_and_none_votes_twice() public {
        ICreditLine.LineTerms memory t = lineTerms(300_000_00);
        vm.prank(factory);
        uint64 line = credit.applyFor(t);
        vm.prank(committee[0]);
        credit.vote(line, ICreditLine.Motion.APPROVE, "memo");
        vm.expectRevert(abi.encodeWithSelector(ICreditLine.VotedAlready.selector, line, committee[0]));
        vm.prank(committee[0]);
        credit.vote(line, ICreditLine.Motion.APPROVE, "memo");
        equal(_lineState(line), uint256(ICreditLine.LineState.APPLIED), "one is not enough");
        vm.prank(committee[2]);
        credit.vote(line, ICreditLine.Motion.APPROVE, "memo");
        equal(_lineState(line), uint256(ICreditLine.LineState.APPROVED), "two are");
        vm.expectRevert(abi.encodeWithSelector(ICreditLine.NotTheLender.selector, line, factory));
        vm.prank(factory);
        credit.activate(line);
    }

    function test_a_draw_pays_the_supplier_and_never_the_borrower() public {
        uint64 line = openLine(300_000_00);
        uint64 loan = drawBullet(line, 100_000_00, 20260705);
        equal(token.balanceOf(supplier), 100_000_00, "the supplier has it");
        equal(token.balanceOf(factory), 0, "the borrower has nothing");
        equal(credit.line(line).principal, 100_000_00, "drawn");
        IReceivables.Claim memory c = receivables.claim(credit.loan(loan).orderRoot);
        equal(uint256(c.state), uint256(IReceivables.State.SETTLED), "the order is paid");
    }

    function test_an_order_of_a_stranger_or_a_supplier_who_is_not_allowed_is_refused() public {
        uint64 line = openLine(300_000_00);
        ICreditLine.Instalment[] memory plan = bullet(20260705, 1_000);
        (uint64 root,) = owedClaim(IReceivables.Kind.ORDER, factory, tierOne, 1_000, 20261231);
        vm.expectRevert(abi.encodeWithSelector(ICreditLine.SupplierNotAllowed.selector, line, tierOne));
        vm.prank(factory);
        credit.draw(line, root, 1_000, ICreditLine.Plan.BULLET, plan, 0);
        (root,) = owedClaim(IReceivables.Kind.ORDER, core, supplier, 1_000, 20261231);
        vm.expectRevert(abi.encodeWithSelector(ICreditLine.OrderNotPayable.selector, root));
        vm.prank(factory);
        credit.draw(line, root, 1_000, ICreditLine.Plan.BULLET, plan, 0);
        (root,) = owedClaim(IReceivables.Kind.PAYABLE, factory, supplier, 1_000, 20261231);
        vm.expectRevert(abi.encodeWithSelector(ICreditLine.OrderNotPayable.selector, root));
        vm.prank(factory);
        credit.draw(line, root, 1_000, ICreditLine.Plan.BULLET, plan, 0);
    }

    function test_the_limit_and_the_validity_hold() public {
        uint64 line = openLine(1_000);
        drawBullet(line, 600, 20260705);
        uint64 root = order(401);
        ICreditLine.Instalment[] memory plan = bullet(20260705, 401);
        vm.expectRevert(abi.encodeWithSelector(ICreditLine.LimitExceeded.selector, line, 1_000, 1_001));
        vm.prank(factory);
        credit.draw(line, root, 401, ICreditLine.Plan.BULLET, plan, 0);
        calendar.advance(20270106);
        plan = bullet(20270705, 100);
        vm.expectRevert(abi.encodeWithSelector(ICreditLine.LineNotValidOn.selector, line, 20270106));
        vm.prank(factory);
        credit.draw(line, root, 100, ICreditLine.Plan.BULLET, plan, 0);
    }

    function test_interest_of_a_bullet_is_what_the_terms_say() public {
        uint64 line = openLine(300_000_00);
        uint64 loan = drawBullet(line, 100_000_00, 20260705);
        calendar.advance(20260705);
        ICreditLine.Owed memory o = credit.owed(loan, 20260705);
        // 100,000.00 at 10.8 % over 181 of 360 days: 5,430.00
        equal(o.interest, 543_000, "interest");
        equal(o.due, 10_543_000, "due today");
        equal(repay(loan, 20_000_000), 10_543_000, "no more than is owed is taken");
        equal(_state(loan), uint256(ICreditLine.LoanState.REPAID), "repaid");
        equal(credit.line(line).principal, 0, "nothing is outstanding");
        equal(credit.line(line).loans.length, 0, "the loan has left its line");
    }

    function testFuzz_interest_over_any_cut_is_the_same(uint8 cut, uint8 more) public {
        uint64 line = openLine(1e15);
        uint64 whole = drawBullet(line, 123_456_789, 20261201);
        uint64 parts = drawBullet(line, 123_456_789, 20261201);
        uint32 first = 20260106 + uint32(cut) % 20;
        uint32 second = 20260201 + uint32(more) % 28;
        calendar.advance(first);
        credit.poke(parts);
        calendar.advance(second);
        credit.poke(parts);
        calendar.advance(20261115);
        credit.poke(whole);
        credit.poke(parts);
        equal(credit.loan(whole).interest, credit.loan(parts).interest, "numerators");
    }

    function test_three_missed_instalments_freeze_the_line_and_repaying_stays_open() public {
        uint64 line = openLine(300_000_00);
        uint64 root = order(90_000_00);
        ICreditLine.Instalment[] memory plan = new ICreditLine.Instalment[](3);
        plan[0] = ICreditLine.Instalment(20260205, 30_000_00);
        plan[1] = ICreditLine.Instalment(20260305, 30_000_00);
        plan[2] = ICreditLine.Instalment(20260405, 30_000_00);
        vm.prank(factory);
        uint64 loan = credit.draw(line, root, 90_000_00, ICreditLine.Plan.EQUAL_PRINCIPAL, plan, 0);
        calendar.advance(20260205);
        equal(uint256(credit.poke(loan)), uint256(ICreditLine.LoanState.CURRENT), "due today is not late");
        calendar.advance(20260207);
        equal(uint256(credit.poke(loan)), uint256(ICreditLine.LoanState.GRACE), "in grace");
        calendar.advance(20260209);
        equal(uint256(credit.poke(loan)), uint256(ICreditLine.LoanState.DELINQUENT), "late");
        calendar.advance(20260408);
        credit.poke(loan);
        equal(_lineState(line), uint256(ICreditLine.LineState.ACTIVE), "the third is in grace");
        calendar.advance(20260409);
        vm.prank(stranger);
        credit.poke(loan);
        equal(_lineState(line), uint256(ICreditLine.LineState.FROZEN), "frozen by anyone");
        _refuseDraw(line);
        // penalty: 30,000.00 over 28 days, 60,000.00 over 31, 90,000.00 over 4, at 5 %, of 360 days
        equal(credit.owed(loan, 20260409).penalty, (840_000_00 + 1_860_000_00 + 360_000_00) * 5 / 36_000, "penalty");
        uint256 due = credit.owed(loan, 20260409).due;
        equal(repay(loan, due), due, "paid");
        equal(_lineState(line), uint256(ICreditLine.LineState.FROZEN), "and frozen still");
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(committee[i]);
            credit.vote(line, ICreditLine.Motion.LIFT_FREEZE, "memo");
        }
        drawBullet(line, 1_000, 20261201);
    }

    function _refuseDraw(uint64 line) private {
        uint64 root = order(1_000);
        ICreditLine.Instalment[] memory plan = bullet(20261201, 1_000);
        vm.expectRevert(
            abi.encodeWithSelector(
                ICreditLine.LineStateNotAllowed.selector, line, ICreditLine.LineState.FROZEN
            )
        );
        vm.prank(factory);
        credit.draw(line, root, 1_000, ICreditLine.Plan.BULLET, plan, 0);
    }

    function test_default_is_written_off_and_recovered() public {
        uint64 line = openLine(300_000_00);
        uint64 loan = drawBullet(line, 50_000_00, 20260301);
        calendar.advance(20260601);
        equal(uint256(credit.poke(loan)), uint256(ICreditLine.LoanState.DEFAULT), "92 days late");
        vm.prank(bank);
        credit.addCosts(loan, 500_00, "court");
        vm.prank(bank);
        credit.writeOff(loan);
        equal(credit.line(line).principal, 0, "principal = draws - repaid - written off");
        ICreditLine.Owed memory o = credit.owed(loan, 20260601);
        calendar.advance(20261201);
        equal(credit.owed(loan, 20261201).interest, o.interest, "what is given up bears nothing");
        repay(loan, 500_00 + o.penalty + o.interest + 20_000_00);
        equal(credit.loan(loan).writtenOff, 30_000_00, "recovered in part");
        repay(loan, 30_000_00);
        equal(_state(loan), uint256(ICreditLine.LoanState.RECOVERED), "recovered");
    }

    function testFuzz_a_repayment_goes_by_the_order_and_nothing_vanishes(uint32 raw) public {
        uint64 line = openLine(300_000_00);
        uint64 loan = drawBullet(line, 50_000_00, 20260301);
        calendar.advance(20260410);
        vm.prank(bank);
        credit.addCosts(loan, 123_45, "letter");
        ICreditLine.Owed memory o = credit.owed(loan, 20260410);
        uint256 total = o.costs + o.penalty + o.interest + o.principal;
        uint256 amount = bound(raw, 1, total - 1);
        uint256 before = token.balanceOf(bank);
        equal(repay(loan, amount), amount, "taken whole");
        equal(token.balanceOf(bank) - before, amount, "the lender has it");
        ICreditLine.Owed memory left = credit.owed(loan, 20260410);
        equal(left.costs + left.penalty + left.interest + left.principal, total - amount, "the rest is owed");
        isTrue(left.costs == 0 || left.penalty == o.penalty, "costs first");
        isTrue(left.penalty == 0 || left.interest == o.interest, "then penalty");
        isTrue(left.interest == 0 || left.principal == o.principal, "then interest");
    }

    function test_the_sweep_repays_and_gives_back_what_nobody_owes() public {
        uint64 line = openLine(300_000_00);
        uint64 loan = _drawSwept(line, 10_000_00);
        token.mint(credit.accountOf(line), 4_000_00, "sweep 1");
        calendar.advance(20260204);
        // 10,000.00 at 10.8 % over 30 of 360 days: 90.00
        equal(credit.sweep(line), 4_000_00, "swept");
        equal(credit.loan(loan).repaid, 3_910_00, "after interest");
        token.mint(credit.accountOf(line), 7_000_00, "sweep 2");
        credit.sweep(line);
        equal(_state(loan), uint256(ICreditLine.LoanState.REPAID), "repaid by itself");
        equal(token.balanceOf(factory), 910_00, "the rest is the borrower's");
        vm.expectRevert();
        vm.prank(bank);
        token.drain(bytes32(uint256(line)));
    }

    function _drawSwept(uint64 line, uint128 amount) private returns (uint64) {
        uint64 root = order(amount);
        ICreditLine.Instalment[] memory plan = bullet(20270105, amount);
        vm.prank(factory);
        return credit.draw(line, root, amount, ICreditLine.Plan.REVENUE_SHARE, plan, 0);
    }

    function test_a_pledged_claim_repays_its_loan_and_comes_back() public {
        uint64 line = openLine(300_000_00);
        (uint64 sold, uint64 part) = owedClaim(IReceivables.Kind.ORDER, core, factory, 20_000_00, 20260301);
        vm.prank(factory);
        receivables.pledge(part, address(credit));
        uint64 root = order(10_000_00);
        ICreditLine.Instalment[] memory plan = bullet(20260401, 10_000_00);
        vm.prank(factory);
        uint64 loan = credit.draw(line, root, 10_000_00, ICreditLine.Plan.BULLET, plan, part);
        vm.prank(core);
        receivables.deliver(sold, "note");
        calendar.advance(20260301);
        pay(core, sold, 20_000_00);
        uint256 owing = 10_000_00 + 165_00;
        equal(credit.collect(loan), owing, "principal and 55 days of interest");
        equal(_state(loan), uint256(ICreditLine.LoanState.REPAID), "repaid");
        equal(receivables.claimable(address(token), factory), 20_000_00 - owing, "the rest is the holder's");
    }

    function test_plans_that_are_none_are_refused() public {
        uint64 line = openLine(300_000_00);
        ICreditLine.Instalment[] memory plan = new ICreditLine.Instalment[](2);
        plan[0] = ICreditLine.Instalment(20260205, 400);
        plan[1] = ICreditLine.Instalment(20260305, 600);
        _refusePlan(line, ICreditLine.Plan.BULLET, plan);
        _refusePlan(line, ICreditLine.Plan.INTEREST_ONLY, plan);
        _refusePlan(line, ICreditLine.Plan.EQUAL_PRINCIPAL, plan);
        _refusePlan(line, ICreditLine.Plan.ANNUITY, plan);
        plan[0] = ICreditLine.Instalment(20260305, 500);
        plan[1] = ICreditLine.Instalment(20260205, 500);
        _refusePlan(line, ICreditLine.Plan.EQUAL_PRINCIPAL, plan);
        plan[0] = ICreditLine.Instalment(20260205, 500);
        plan[1] = ICreditLine.Instalment(20260305, 499);
        _refusePlan(line, ICreditLine.Plan.EQUAL_PRINCIPAL, plan);
        _refusePlan(line, ICreditLine.Plan.BULLET, new ICreditLine.Instalment[](0));
    }

    function _refusePlan(uint64 line, ICreditLine.Plan form, ICreditLine.Instalment[] memory plan) private {
        uint64 root = order(1_000);
        vm.expectRevert(abi.encodeWithSelector(ICreditLine.PlanInvalid.selector));
        vm.prank(factory);
        credit.draw(line, root, 1_000, form, plan, 0);
    }
}
