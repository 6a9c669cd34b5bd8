// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IClaimable} from "contracts/interfaces/IClaimable.sol";
import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {LoanWorld} from "support/LoanWorld.sol";

contract CreditLineRepayTest is LoanWorld {
    function testFuzz_a_repayment_goes_by_the_order_and_nothing_vanishes(uint64 raw, uint8 turn) public {
        ICreditLine.Debt[4] memory by;
        for (uint256 i = 0; i < 4; ++i) {
            by[i] = ICreditLine.Debt((i + turn) % 4);
        }
        uint64 loan = _lateWith(by);
        uint256[4] memory before = _debts(loan);
        uint256 owing = before[0] + before[1] + before[2] + before[3];
        uint256 amount = bound(raw, 1, owing - 1);
        uint256 had = token.balanceOf(bank);
        equal(repay(loan, amount), amount, "taken whole");
        equal(token.balanceOf(bank) - had, amount, "the lender has it");
        uint256[4] memory left = _debts(loan);
        equal(left[0] + left[1] + left[2] + left[3], owing - amount, "the rest is owed");
        for (uint256 i = 0; i < 3; ++i) {
            bool isMet = left[uint256(by[i])] == 0;
            isTrue(isMet || left[uint256(by[i + 1])] == before[uint256(by[i + 1])], "the next only after it");
        }
    }

    /// @dev A loan that owes costs, penalty, interest and principal, on a line with that order.
    function _lateWith(ICreditLine.Debt[4] memory by) private returns (uint64 loan) {
        ICreditLine.LineTerms memory t = lineTerms(LIMIT);
        t.order = by;
        vm.prank(factory);
        uint64 line = credit.applyFor(t);
        vote(0, line, ICreditLine.Motion.APPROVE);
        vote(1, line, ICreditLine.Motion.APPROVE);
        vm.prank(bank);
        credit.activate(line);
        vm.prank(bank);
        credit.allowSupplier(line, supplier, true);
        give(bank, LIMIT);
        vm.prank(bank);
        token.approve(address(credit), type(uint256).max);
        loan = drawBullet(line, 50_000_00, 20260301);
        advanceTo(20260410);
        addCosts(loan, 123_45);
    }

    function _debts(uint64 loan) private view returns (uint256[4] memory) {
        ICreditLine.Owed memory o = credit.owed(loan, calendar.today());
        return [o.costs, o.penalty, o.interest, o.principal];
    }

    function test_all_and_no_more_is_taken_and_the_loan_leaves_its_line() public {
        (uint64 line, uint64 loan) = lent();
        uint64 second = drawBullet(line, 1_00, END);
        uint64 third = drawBullet(line, 1_00, END);
        advanceTo(END);
        // 100,000.00 at 10.8 % over 181 of 360 days: 5,430.00
        equal(repay(loan, 200_000_00), 105_430_00, "no more than is owed");
        loanIn(loan, ICreditLine.LoanState.REPAID, "repaid");
        equal(credit.line(line).principal, 2_00, "the others are outstanding");
        isTrue(credit.line(line).loans[0] == second && credit.line(line).loans[1] == third, "in their order");
    }

    function testFuzz_early_and_partly_bears_less_interest_from_that_day(uint32 raw) public {
        (, uint64 loan) = lent();
        uint256 amount = bound(raw, 1, 99_999_99);
        repay(loan, amount);
        advanceTo(END);
        uint256 interest = credit.owed(loan, END).interest;
        equal(interest, (100_000_00 - amount) * 108_000 * 181 / 360_000_000, "on what is left");
        equal(credit.owed(loan, END).due, 100_000_00 - amount + interest, "due");
    }

    function test_by_anyone_in_every_state_of_line_and_loan() public {
        (uint64 line, uint64 loan) = late(20261101);
        lineIn(line, ICreditLine.LineState.FROZEN, "frozen");
        loanIn(loan, ICreditLine.LoanState.DEFAULT, "in default");
        _payBy(buyer, loan, 1_000);
        vm.prank(bank);
        credit.writeOff(loan);
        _payBy(buyer, loan, 1_000);
    }

    function test_in_a_pause_of_this_contract_and_of_the_token() public {
        (, uint64 loan) = lent();
        give(buyer, 1_000);
        vm.prank(buyer);
        token.approve(address(credit), 1_000);
        credit.pause();
        token.pause();
        vm.prank(buyer);
        equal(credit.repay(loan, 1_000), 1_000, "repaid");
        equal(token.balanceOf(bank), LIMIT - 100_000_00 + 1_000, "the lender has it");
    }

    function test_a_lender_who_cannot_receive_is_credited_and_paid_later() public {
        (, uint64 loan) = lent();
        participants.freeze(bank, "word");
        equal(repay(loan, 1_000), 1_000, "repaid all the same");
        equal(credit.claimable(address(token), bank), 1_000, "held for the lender");
        equal(token.balanceOf(address(credit)), 1_000, "here");
        refuse(abi.encodeWithSignature("HolderNotAccepted(address)", bank));
        credit.withdraw(address(token), bank);
        participants.unfreeze(bank);
        uint256 had = token.balanceOf(bank);
        equal(credit.withdraw(address(token), bank), 1_000, "paid");
        equal(token.balanceOf(bank), had + 1_000, "there");
        refuse(abi.encodeWithSelector(IClaimable.NothingToWithdraw.selector, address(token), bank));
        credit.withdraw(address(token), bank);
    }

    function _payBy(address who, uint64 loan, uint256 amount) private {
        give(who, amount);
        vm.prank(who);
        token.approve(address(credit), amount);
        vm.prank(who);
        equal(credit.repay(loan, amount), amount, "repaid");
    }

    function test_nothing_is_refused() public {
        (, uint64 loan) = lent();
        refuse(abi.encodeWithSelector(ICreditLine.AmountZero.selector));
        credit.repay(loan, 0);
    }

    function test_a_loan_that_owes_nothing_is_refused() public {
        (, uint64 loan) = lent();
        repay(loan, 100_000_00);
        refuse(abi.encodeWithSelector(ICreditLine.NothingOwed.selector, loan));
        credit.repay(loan, 1);
    }

    function test_a_loan_that_is_not_there_is_refused() public {
        refuse(abi.encodeWithSelector(ICreditLine.LoanUnknown.selector, 9));
        credit.repay(9, 1);
    }
}
