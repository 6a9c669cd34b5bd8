// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICreditLine} from "../interfaces/ICreditLine.sol";
import {BusinessDate} from "./BusinessDate.sol";
import {Interest} from "./Interest.sol";

/// @title What of a loan is due when, what a payment is used for, and how the loan stands: one rule for all three
/// @notice Interest and penalty accrue from date to date without rounding. When an instalment's date is passed, the
/// interest accrued by then is posted, rounded down, as due with it. An instalment is met once principal and interest
/// paid come to all that is due up to it, so that what was paid ahead counts; after the last date everything is due. A
/// payment goes to what is due, the oldest instalment first, and then to the rest. So who has paid what is due is current.
/// @dev A library with code of its own, to which CreditLine is linked.
library Instalments {
    /// @param interest due with a passed instalment and those before, minor units.
    struct Row {
        uint32 date;
        uint112 principal;
        uint112 interest;
    }

    /// @param passed rows whose date has been reached; `principalDue` with them together.
    /// @param met rows that are met, from the first on; `principalMet` is that of them together.
    struct Schedule {
        Row[] rows;
        uint16 passed;
        uint16 met;
        uint112 principalDue;
        uint112 principalMet;
    }

    /// @dev A loan's accounts carried forward to a date; see Schedule and ICreditLine.Loan.
    /// @param posted interest due with the rows that are passed on the way.
    struct Position {
        uint32 accruedTo;
        uint256 passed;
        uint256 principalDue;
        uint256 interest;
        uint256 penalty;
        uint256[] posted;
    }

    /// @dev Where a loan stands while a sweep is shared out.
    /// @param row the next that money goes to, if any, by its `date`; `principal` of the rows before it.
    /// @param part what the loan is given; `due` and `total` are what it owes.
    struct Cursor {
        uint256 row;
        uint256 principal;
        uint256 date;
        uint256 part;
        uint256 due;
        uint256 total;
    }

    uint256 private constant MOST = 120;
    /// @dev No loan is of more minor units, so that a row holds the interest of any time.
    uint256 private constant MOST_PRINCIPAL = type(uint96).max;

    // ---- writes

    /// @notice Keep `instalments`, and answer whether they have the form of `plan` and end by the line's last date.
    function set(
        Schedule storage s,
        ICreditLine.Instalment[] calldata instalments,
        ICreditLine.Plan plan,
        uint256 amount,
        uint32 today,
        ICreditLine.LineTerms storage terms
    ) external returns (bool) {
        uint256 count = instalments.length;
        if (count == 0 || count > MOST || amount > MOST_PRINCIPAL) return false;
        uint32 from = today;
        uint256 left = amount;
        uint256 first = 0;
        for (uint256 i = 0; i < count; ++i) {
            ICreditLine.Instalment calldata one = instalments[i];
            if (one.date <= from || !BusinessDate.isValid(one.date) || one.principal > left) return false;
            bool isLast = i + 1 == count;
            if (plan == ICreditLine.Plan.EQUAL_PRINCIPAL) {
                uint256 floor = amount / count;
                if (one.principal < floor || one.principal > floor + (isLast ? amount % count : 1)) return false;
            } else if (plan == ICreditLine.Plan.ANNUITY) {
                uint256 interest = Interest.accrued(terms.convention, left, terms.ratePpm, from, one.date);
                uint256 total = one.principal + interest / Interest.denominator(terms.convention);
                if (i == 0) first = total;
                uint256 slack = isLast ? 2 * count : 1;
                if (total + slack < first || total > first + slack) return false;
            } else if (!isLast && one.principal != 0) {
                return false;
            }
            left -= one.principal;
            from = one.date;
            s.rows.push(Row(one.date, uint112(one.principal), 0));
        }
        return left == 0 && from <= terms.lastDue && (plan != ICreditLine.Plan.BULLET || count == 1);
    }

    /// @notice Bring the loan's accounts to `today`, and say how it stands then.
    function accrue(
        Schedule storage s,
        ICreditLine.Loan storage n,
        ICreditLine.LineTerms storage terms,
        uint32 today
    ) external returns (ICreditLine.LoanState state, uint256 missed) {
        Position memory p = _project(s, n, terms, today);
        if (today > n.accruedTo) {
            uint256 passed = s.passed;
            for (uint256 i = passed; i < p.passed; ++i) {
                s.rows[i].interest = uint112(p.posted[i - passed]);
            }
            (s.passed, s.principalDue) = (uint16(p.passed), uint112(p.principalDue));
            (n.accruedTo, n.interest, n.penalty) = (today, p.interest, p.penalty);
            p.posted = new uint256[](0);
            _meet(s, n);
        }
        return _standing(s, n, terms, p, today, _owed(s, n, terms, p));
    }

    /// @notice Use `amount`, or what is owed if that is less, on a loan that is accrued to today.
    /// @return used of it, by kind of debt.
    /// @return owing what was owed before.
    function pay(Schedule storage s, ICreditLine.Loan storage n, ICreditLine.LineTerms storage terms, uint256 amount)
        external
        returns (uint256[4] memory used, uint256 owing)
    {
        ICreditLine.Owed memory o = _owed(s, n, terms, _project(s, n, terms, n.accruedTo));
        owing = _total(o);
        used = _allocate(s, n, terms, o, amount);
        n.costsPaid += uint128(used[0]);
        n.penaltyPaid += uint128(used[1]);
        n.interestPaid += uint128(used[2]);
        n.repaid += uint128(used[3]);
        _meet(s, n);
    }

    // ---- reads

    /// @notice What is owed on `date`, and how much of it should have been paid by then.
    function owed(
        Schedule storage s,
        ICreditLine.Loan storage n,
        ICreditLine.LineTerms storage terms,
        uint32 date
    ) external view returns (ICreditLine.Owed memory o) {
        Position memory p = _project(s, n, terms, date);
        o = _owed(s, n, terms, p);
        (, o.missed) = _standing(s, n, terms, p, date, o);
    }

    /// @notice Share `amount` among a line's loans, accrued to today: by the dates of their instalments, which puts what is
    /// due before what is not, whichever loan is older; the older loan first on one date.
    /// @return parts for each of `ids`; together `amount`, or all that is owed.
    function share(
        mapping(uint64 loan => Schedule) storage schedules,
        mapping(uint64 loan => ICreditLine.Loan) storage loans,
        ICreditLine.LineTerms storage terms,
        uint64[] memory ids,
        uint256 amount
    ) external view returns (uint256[] memory parts) {
        Cursor[] memory cursors = new Cursor[](ids.length);
        uint256 due = 0;
        uint256 total = 0;
        for (uint256 i = 0; i < ids.length; ++i) {
            cursors[i] = _cursor(schedules[ids[i]], loans[ids[i]], terms);
            due += cursors[i].due;
            total += cursors[i].total;
        }
        if (amount >= total) {
            for (uint256 i = 0; i < ids.length; ++i) {
                cursors[i].part = cursors[i].total;
            }
            amount = 0;
        } else if (amount >= due) {
            for (uint256 i = 0; i < ids.length; ++i) {
                _passDue(schedules[ids[i]], cursors[i]);
            }
            amount -= due;
        }
        while (amount != 0) {
            uint256 next = _earliest(cursors);
            amount -= _goOn(schedules[ids[next]], loans[ids[next]], terms, cursors[next], amount);
        }
        parts = new uint256[](ids.length);
        for (uint256 i = 0; i < ids.length; ++i) {
            parts[i] = cursors[i].part;
        }
    }

    // ---- internals

    /// @dev A loan at the first instalment that is not met.
    function _cursor(Schedule storage s, ICreditLine.Loan storage n, ICreditLine.LineTerms storage terms)
        private
        view
        returns (Cursor memory c)
    {
        ICreditLine.Owed memory o = _owed(s, n, terms, _project(s, n, terms, n.accruedTo));
        (c.row, c.principal, c.due, c.total) = (s.met, s.principalMet, o.due, _total(o));
        // Costs and penalty may be due while every instalment is met.
        c.date = o.due != 0 && s.met == s.passed ? n.accruedTo : _dateOf(s, c.row);
    }

    /// @dev Give the loan all that is due, and go to the first instalment that is not.
    function _passDue(Schedule storage s, Cursor memory c) private view {
        (c.row, c.principal, c.part) = (s.passed, s.principalDue, c.due);
        c.date = _dateOf(s, c.row);
    }

    function _earliest(Cursor[] memory cursors) private pure returns (uint256 found) {
        for (uint256 i = 1; i < cursors.length; ++i) {
            if (cursors[i].date < cursors[found].date) found = i;
        }
    }

    /// @dev Give the loan at `c` what its next instalment needs of `amount`, and go to the one after.
    function _goOn(
        Schedule storage s,
        ICreditLine.Loan storage n,
        ICreditLine.LineTerms storage terms,
        Cursor memory c,
        uint256 amount
    ) private view returns (uint256 given) {
        uint256 whole = Interest.denominator(terms.convention);
        uint256 needed = (n.costs - n.costsPaid) + (n.penalty / whole - n.penaltyPaid);
        if (c.date == _dateOf(s, c.row)) {
            uint256 interest = c.row < s.passed ? s.rows[c.row].interest : n.interest / whole;
            c.principal += s.rows[c.row].principal;
            needed += _less(c.principal + interest, uint256(n.repaid) + n.interestPaid);
            if (++c.row == s.rows.length) needed = c.total;
        }
        given = _min(amount, _less(needed, c.part));
        c.part += given;
        c.date = _dateOf(s, c.row);
    }

    /// @dev What `amount` is used for: the oldest instalment that is not met, with what else is due, by the terms' order;
    /// then the next; then what is not due.
    function _allocate(
        Schedule storage s,
        ICreditLine.Loan storage n,
        ICreditLine.LineTerms storage terms,
        ICreditLine.Owed memory o,
        uint256 amount
    ) private view returns (uint256[4] memory used) {
        uint256[4] memory left = [o.costs, o.penalty, o.interest, o.principal];
        if (s.passed != s.rows.length) {
            uint256 principal = s.principalMet;
            for (uint256 i = s.met; i <= s.passed && amount != 0; ++i) {
                uint256[4] memory due = [left[0], left[1], 0, 0];
                if (i < s.passed) {
                    uint256 interest = s.rows[i].interest;
                    principal += s.rows[i].principal;
                    (uint256 forInterest, uint256 repaid) = (n.interestPaid + used[2], n.repaid + used[3]);
                    uint256 missing = _less(principal + interest, forInterest + repaid);
                    due[2] = _min(missing, _less(interest, forInterest));
                    due[3] = _min(missing, _less(principal, repaid));
                }
                amount = _use(terms, due, left, used, amount);
            }
        }
        _use(terms, left, left, used, amount);
    }

    /// @dev Use `amount` for `due` by the terms' order; returns the rest.
    function _use(
        ICreditLine.LineTerms storage terms,
        uint256[4] memory due,
        uint256[4] memory left,
        uint256[4] memory used,
        uint256 amount
    ) private view returns (uint256) {
        for (uint256 i = 0; i < 4; ++i) {
            uint256 which = uint256(terms.order[i]);
            uint256 part = _min(due[which], amount);
            left[which] -= part;
            used[which] += part;
            amount -= part;
        }
        return amount;
    }

    /// @dev Pass the rows that are met. The last is met when the loan is at its end.
    function _meet(Schedule storage s, ICreditLine.Loan storage n) private {
        uint256 paid = uint256(n.repaid) + n.interestPaid;
        (uint256 met, uint256 principal) = (s.met, s.principalMet);
        for (; met < s.passed && met + 1 < s.rows.length; ++met) {
            Row storage row = s.rows[met];
            if (paid < principal + row.principal + row.interest) break;
            principal += row.principal;
        }
        if (met != s.met) (s.met, s.principalMet) = (uint16(met), uint112(principal));
    }

    /// @dev The loan's accounts on `date`, if nothing is paid until then. What is written off accrues no more.
    function _project(
        Schedule storage s,
        ICreditLine.Loan storage n,
        ICreditLine.LineTerms storage terms,
        uint32 date
    ) private view returns (Position memory p) {
        uint256 first = s.passed;
        p = Position(n.accruedTo, first, s.principalDue, n.interest, n.penalty, new uint256[](0));
        if (p.accruedTo >= date) return p;
        uint256 count = s.rows.length;
        p.posted = new uint256[](count - first);
        bool bears = n.state != ICreditLine.LoanState.WRITTEN_OFF;
        uint256 whole = Interest.denominator(terms.convention);
        while (p.accruedTo < date) {
            bool meets = p.passed < count && s.rows[p.passed].date <= date;
            uint32 to = meets ? s.rows[p.passed].date : date;
            if (bears) {
                uint256 overdue = _less(p.principalDue, n.repaid);
                p.interest += Interest.accrued(terms.convention, n.drawn - n.repaid, terms.ratePpm, p.accruedTo, to);
                p.penalty += Interest.accrued(terms.convention, overdue, terms.penaltyPpm, p.accruedTo, to);
            }
            if (meets) {
                p.principalDue += s.rows[p.passed].principal;
                p.posted[p.passed++ - first] = p.interest / whole;
            }
            p.accruedTo = to;
        }
    }

    /// @dev All but `missed`.
    function _owed(
        Schedule storage s,
        ICreditLine.Loan storage n,
        ICreditLine.LineTerms storage terms,
        Position memory p
    ) private view returns (ICreditLine.Owed memory o) {
        uint256 whole = Interest.denominator(terms.convention);
        o.costs = n.costs - n.costsPaid;
        o.penalty = p.penalty / whole - n.penaltyPaid;
        o.interest = p.interest / whole - n.interestPaid;
        o.principal = n.drawn - n.repaid;
        if (p.passed == s.rows.length) {
            o.due = _total(o);
        } else {
            o.due = o.costs + o.penalty;
            if (p.passed != 0) {
                o.due += _less(
                    p.principalDue + _interestAt(s, p, p.passed - 1), uint256(n.repaid) + n.interestPaid
                );
            }
        }
    }

    /// @dev The state that a date gives, by the oldest instalment that is not met, and how many in a row were missed.
    function _standing(
        Schedule storage s,
        ICreditLine.Loan storage n,
        ICreditLine.LineTerms storage terms,
        Position memory p,
        uint32 date,
        ICreditLine.Owed memory o
    ) private view returns (ICreditLine.LoanState state, uint256 missed) {
        state = ICreditLine.LoanState.CURRENT;
        uint256 paid = uint256(n.repaid) + n.interestPaid;
        uint256 principal = s.principalMet;
        for (uint256 i = s.met; i < p.passed; ++i) {
            Row storage row = s.rows[i];
            principal += row.principal;
            bool isLast = i + 1 == s.rows.length;
            if (isLast ? o.due == 0 : paid >= principal + _interestAt(s, p, i)) continue;
            uint256 late = BusinessDate.daysBetween(row.date, date);
            if (late == 0) break;
            if (state == ICreditLine.LoanState.CURRENT) {
                if (late > terms.defaultDays) state = ICreditLine.LoanState.DEFAULT;
                else if (late > terms.graceDays) state = ICreditLine.LoanState.DELINQUENT;
                else state = ICreditLine.LoanState.GRACE;
            }
            if (late > terms.graceDays) ++missed;
        }
    }

    function _interestAt(Schedule storage s, Position memory p, uint256 row) private view returns (uint256) {
        return row < s.passed ? s.rows[row].interest : p.posted[row - s.passed];
    }

    /// @dev The date of a row; after the last one, none comes.
    function _dateOf(Schedule storage s, uint256 row) private view returns (uint256) {
        return row < s.rows.length ? s.rows[row].date : type(uint256).max;
    }

    function _total(ICreditLine.Owed memory o) private pure returns (uint256) {
        return o.costs + o.penalty + o.interest + o.principal;
    }

    function _less(uint256 a, uint256 b) private pure returns (uint256) {
        return a > b ? a - b : 0;
    }

    function _min(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
