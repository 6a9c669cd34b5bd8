// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {Interest} from "contracts/libraries/Interest.sol";
import {Days} from "support/Days.sol";
import {LoanWorld} from "support/LoanWorld.sol";

/// @notice What is due is paid before what is not, and who has paid it is current.
contract CreditLineDueTest is LoanWorld {
    /// @dev Every plan, order and number of loans; each due is paid on its date, or up to the last day of grace.
    function testFuzz_who_pays_what_is_due_in_time_is_current(uint64 raw, uint8 count, uint8 grace, bool bySweep) public {
        uint64 line = _lineBy(raw);
        uint64[] memory loans = new uint64[](1 + count % 4);
        for (uint256 i = 0; i < loans.length; ++i) {
            loans[i] = _anyLoan(line, uint64(uint256(keccak256(abi.encode(raw, i)))));
        }
        uint32 today = calendar.today();
        for (uint256 step = 0; step < 40; ++step) {
            today = Days.later(today, 1 + uint256(keccak256(abi.encode(raw, step))) % (1 + grace % 4));
            advanceTo(today);
            uint256 due = 0;
            for (uint256 i = 0; i < loans.length; ++i) {
                due += credit.owed(loans[i], today).due;
                if (!bySweep) _payDue(loans[i], today);
            }
            if (bySweep && due != 0) swept(line, due);
            for (uint256 i = 0; i < loans.length; ++i) {
                ICreditLine.LoanState state = credit.poke(loans[i]);
                isTrue(
                    state == ICreditLine.LoanState.CURRENT || state == ICreditLine.LoanState.REPAID, "is not late"
                );
                equal(credit.owed(loans[i], today).due, 0, "nothing is due any more");
            }
        }
        lineIn(line, ICreditLine.LineState.ACTIVE, "and draws go on");
    }

    function testFuzz_a_unit_less_than_what_is_due_is_not_enough(uint64 raw) public {
        uint64 line = _lineBy(raw);
        uint64 loan = _anyLoan(line, raw);
        uint32 first = credit.instalmentsOf(loan)[0].date;
        advanceTo(first);
        uint256 due = credit.owed(loan, first).due;
        if (due < 2) return;
        repay(loan, due - 1);
        advanceTo(Days.later(first, 4));
        isTrue(credit.poke(loan) >= ICreditLine.LoanState.DELINQUENT, "late by one unit");
    }

    /// @dev What falls due on a date is paid on an earlier one, when interest to come is not owed yet.
    function testFuzz_who_pays_ahead_is_current(uint64 raw, uint8 ahead) public {
        uint64 line = _lineBy(raw);
        uint64 loan = _anyLoan(line, raw);
        ICreditLine.Instalment[] memory rows = credit.instalmentsOf(loan);
        uint32 today = calendar.today();
        for (uint256 i = 0; i < rows.length; ++i) {
            while (today < rows[i].date) {
                bool isDay = Days.later(today, 1 + ahead % 3) >= rows[i].date;
                if (isDay) _payDue(loan, rows[i].date);
                today = Days.next(today);
                advanceTo(today);
            }
            ICreditLine.LoanState state = credit.poke(loan);
            isTrue(state == ICreditLine.LoanState.CURRENT || state == ICreditLine.LoanState.REPAID, "is not late");
            if (i + 1 < rows.length) equal(credit.owed(loan, today).missed, 0, "none is missed");
        }
    }

    function test_the_oldest_instalment_is_paid_first_whatever_the_order() public {
        uint64[24] memory loans;
        for (uint256 i = 0; i < 24; ++i) {
            loans[i] = threeInstalments(_lineWith(i, Interest.Convention.ACT_360));
        }
        advanceTo(20260306);
        for (uint256 i = 0; i < 24; ++i) {
            ICreditLine.Owed memory o = credit.owed(loans[i], 20260306);
            repay(loans[i], 30_837_00 + o.penalty);
            loanIn(loans[i], ICreditLine.LoanState.GRACE, "the second is a day late, the first is met");
            equal(credit.owed(loans[i], 20260306).due, o.due - 30_837_00 - o.penalty, "the rest is due");
        }
    }

    function test_a_sweep_pays_what_is_due_on_a_young_loan_before_an_old_one_that_is_not() public {
        uint64 line = opened();
        uint64 first = drawBullet(line, 150_000_00, 20261205);
        uint64 second = threeInstalments(line);
        uint32[3] memory dates = [uint32(20260205), 20260305, 20260405];
        for (uint256 i = 0; i < 3; ++i) {
            advanceTo(dates[i]);
            swept(line, 32_000_00);
            equal(credit.owed(second, dates[i]).due, 0, "paid");
        }
        advanceTo(20260410);
        credit.poke(second);
        loanIn(second, ICreditLine.LoanState.REPAID, "repaid");
        lineIn(line, ICreditLine.LineState.ACTIVE, "nothing was missed");
        isTrue(credit.loan(first).repaid != 0, "the rest went to the other");
    }

    function test_a_sweep_that_is_too_small_goes_to_the_oldest_instalment_of_all_loans() public {
        uint64 line = opened();
        uint64 first = drawBullet(line, 50_000_00, 20260310);
        uint64 second = threeInstalments(line);
        advanceTo(20260311);
        // 30,000.00, and 90,000.00 at 10.8 % over 31 of 360 days
        uint256 oldest = 30_837_00;
        swept(line, oldest);
        equal(credit.loan(first).repaid + credit.loan(first).interestPaid, 0, "the older loan waits");
        ICreditLine.Loan memory n = credit.loan(second);
        equal(uint256(n.repaid) + n.interestPaid + n.penaltyPaid, oldest, "its instalment is the older one");
    }

    function test_what_is_left_goes_to_the_instalment_that_comes_next() public {
        uint64 line = opened();
        uint64 first = drawBullet(line, 50_000_00, 20261205);
        uint64 second = threeInstalments(line);
        advanceTo(20260120);
        swept(line, 30_000_00);
        equal(credit.loan(first).repaid, 0, "due in December");
        isTrue(credit.loan(second).repaid != 0, "due in February");
    }

    function test_after_the_last_date_all_is_due() public {
        (, uint64 loan) = lent();
        advanceTo(20260707);
        uint256 due = credit.owed(loan, 20260707).due;
        equal(due, total(loan), "with the interest since then");
        repay(loan, due);
        loanIn(loan, ICreditLine.LoanState.REPAID, "repaid");
    }

    function _payDue(uint64 loan, uint32 date) private {
        uint256 due = credit.owed(loan, date).due;
        if (due != 0) repay(loan, due);
    }

    function _anyLoan(uint64 line, uint64 raw) private returns (uint64) {
        uint128 amount = uint128(bound(raw, 50, 70_000_00));
        uint256 count = raw % 3 == 0 ? 1 : 1 + raw / 7 % 4;
        ICreditLine.Instalment[] memory rows = new ICreditLine.Instalment[](count);
        uint32 date = calendar.today();
        for (uint256 i = 0; i < count; ++i) {
            date = Days.later(date, 1 + (raw >> (4 * i)) % 14);
            rows[i].date = date;
            if (raw % 3 == 1) rows[i].principal = i + 1 < count ? uint128(amount / count) : 0;
        }
        uint128 rest = amount;
        for (uint256 i = 0; i < count; ++i) {
            rest -= rows[i].principal;
        }
        rows[count - 1].principal += rest;
        ICreditLine.Plan plan = raw % 3 == 0
            ? ICreditLine.Plan.BULLET
            : raw % 3 == 1 ? ICreditLine.Plan.EQUAL_PRINCIPAL : ICreditLine.Plan.INTEREST_ONLY;
        return draw(line, order(amount), amount, plan, rows, 0);
    }

    function _lineBy(uint64 raw) private returns (uint64) {
        return _lineWith(raw, Interest.Convention(raw / 24 % 4));
    }

    /// @dev An active line with one of the 24 orders of repayment.
    function _lineWith(uint256 which, Interest.Convention convention) private returns (uint64 line) {
        ICreditLine.LineTerms memory t = lineTerms(LIMIT);
        t.convention = convention;
        uint8[4] memory left = [0, 1, 2, 3];
        for (uint256 i = 0; i < 4; ++i) {
            uint256 pick = i + which % (4 - i);
            which /= 4 - i;
            (left[i], left[pick]) = (left[pick], left[i]);
            t.order[i] = ICreditLine.Debt(left[i]);
        }
        return openLineOf(t);
    }
}
