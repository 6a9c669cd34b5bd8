// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {Interest} from "contracts/libraries/Interest.sol";
import {LoanWorld} from "support/LoanWorld.sol";

contract CreditLinePokeTest is LoanWorld {
    function _poke(uint64 loan, uint32 date) private returns (uint256) {
        advanceTo(date);
        vm.prank(stranger);
        return uint256(credit.poke(loan));
    }

    function test_grace_delinquency_and_default_by_the_business_date_alone() public {
        (uint64 line, uint64 loan) = lent();
        vm.warp(block.timestamp + 3000 days);
        equal(_poke(loan, 20260705), uint256(ICreditLine.LoanState.CURRENT), "due today is not late");
        equal(_poke(loan, 20260706), uint256(ICreditLine.LoanState.GRACE), "a day late");
        equal(_poke(loan, 20260708), uint256(ICreditLine.LoanState.GRACE), "three days late");
        equal(_poke(loan, 20260709), uint256(ICreditLine.LoanState.DELINQUENT), "four days late");
        equal(_poke(loan, 20261003), uint256(ICreditLine.LoanState.DELINQUENT), "90 days late");
        lineIn(line, ICreditLine.LineState.ACTIVE, "one was missed");
        equal(_poke(loan, 20261004), uint256(ICreditLine.LoanState.DEFAULT), "91 days late");
        lineIn(line, ICreditLine.LineState.FROZEN, "who is in default draws nothing");
    }

    function test_paying_what_is_due_brings_it_back() public {
        (, uint64 loan) = late(20260710);
        repay(loan, credit.owed(loan, 20260710).interest + credit.owed(loan, 20260710).penalty);
        loanIn(loan, ICreditLine.LoanState.DELINQUENT, "principal is due still");
        repay(loan, 100_000_00);
        loanIn(loan, ICreditLine.LoanState.REPAID, "paid");
    }

    function test_three_missed_in_a_row_freeze_and_the_committee_alone_lifts_it() public {
        uint64 line = opened();
        uint64 loan = threeInstalments(line);
        _poke(loan, 20260408);
        lineIn(line, ICreditLine.LineState.ACTIVE, "the third is in grace");
        _poke(loan, 20260409);
        lineIn(line, ICreditLine.LineState.FROZEN, "frozen by anyone");
        // penalty: 30,000.00 over 28 days, 60,000.00 over 31, 90,000.00 over 4, at 5 %, of 360 days
        equal(credit.owed(loan, 20260409).penalty, (840_000_00 + 1_860_000_00 + 360_000_00) * 5 / 36_000, "penalty");
        repay(loan, credit.owed(loan, 20260409).due);
        lineIn(line, ICreditLine.LineState.FROZEN, "paying does not lift it");
        vote(0, line, ICreditLine.Motion.LIFT_FREEZE);
        vote(1, line, ICreditLine.Motion.LIFT_FREEZE);
        lineIn(line, ICreditLine.LineState.ACTIVE, "the committee does");
        drawBullet(line, 1_000, 20261201);
    }

    function test_a_freeze_lifted_with_the_arrears_unpaid_comes_back() public {
        uint64 line = opened();
        uint64 loan = threeInstalments(line);
        _poke(loan, 20260409);
        vote(0, line, ICreditLine.Motion.LIFT_FREEZE);
        vote(1, line, ICreditLine.Motion.LIFT_FREEZE);
        credit.poke(loan);
        lineIn(line, ICreditLine.LineState.FROZEN, "frozen again");
    }

    function test_two_missed_and_one_paid_between_do_not_freeze() public {
        uint64 line = opened();
        uint64 loan = threeInstalments(line);
        _poke(loan, 20260315);
        equal(credit.owed(loan, 20260315).missed, 2, "two in a row");
        repay(loan, 33_000_00);
        _poke(loan, 20260409);
        lineIn(line, ICreditLine.LineState.ACTIVE, "the oldest was met");
    }

    function testFuzz_interest_over_any_cut_is_the_same(uint8 cut, uint8 more, uint8 convention) public {
        ICreditLine.LineTerms memory t = lineTerms(LIMIT);
        t.convention = Interest.Convention(convention % 4);
        uint64 line = _lineOf(t);
        uint64 whole = drawBullet(line, 12_345_678, 20261201);
        uint64 parts = drawBullet(line, 12_345_678, 20261201);
        _poke(parts, 20260106 + uint32(cut) % 20);
        _poke(parts, 20260201 + uint32(more) % 28);
        _poke(whole, 20261115);
        credit.poke(parts);
        equal(credit.loan(whole).interest, credit.loan(parts).interest, "numerators");
    }

    function _lineOf(ICreditLine.LineTerms memory t) private returns (uint64 line) {
        vm.prank(factory);
        line = credit.applyFor(t);
        vote(0, line, ICreditLine.Motion.APPROVE);
        vote(1, line, ICreditLine.Motion.APPROVE);
        vm.prank(bank);
        credit.activate(line);
        vm.prank(bank);
        credit.allowSupplier(line, supplier, true);
        give(bank, LIMIT);
        vm.prank(bank);
        token.approve(address(credit), LIMIT);
    }

    function test_a_loan_that_is_not_there_is_refused() public {
        refuse(abi.encodeWithSelector(ICreditLine.LoanUnknown.selector, 9));
        credit.poke(9);
    }
}
