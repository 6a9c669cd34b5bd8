// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICreditLine} from "../interfaces/ICreditLine.sol";
import {BusinessDate} from "./BusinessDate.sol";
import {Interest} from "./Interest.sol";

/// @title What of a loan is due when, and how it stands
/// @notice Interest and penalty accrue from date to date without rounding. When an instalment's date is passed, the
/// interest accrued by then is posted, rounded down, as due with it. An instalment is met once all principal and interest
/// up to it are paid; the oldest is met first.
library Instalments {
    /// @param passed instalments whose date has been reached.
    /// @param principalDue of the passed ones together.
    /// @param interestAt interest due with each passed instalment and those before, minor units.
    struct Schedule {
        ICreditLine.Instalment[] instalments;
        uint256 passed;
        uint256 principalDue;
        uint256[] interestAt;
    }

    /// @dev A loan's accounts carried forward to a date; see Schedule and ICreditLine.Loan.
    struct Position {
        uint32 accruedTo;
        uint256 passed;
        uint256 principalDue;
        uint256 interest;
        uint256 penalty;
        uint256[] interestAt;
    }

    uint256 private constant MOST = 120;

    /// @notice Keep `instalments`, and answer whether they have the form of `plan`.
    function set(
        Schedule storage s,
        ICreditLine.Instalment[] calldata instalments,
        ICreditLine.Plan plan,
        uint256 amount,
        uint32 today,
        Interest.Convention convention,
        uint256 ratePpm
    ) internal returns (bool) {
        uint256 count = instalments.length;
        if (count == 0 || count > MOST) return false;
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
                uint256 interest = Interest.accrued(convention, left, ratePpm, from, one.date);
                uint256 total = one.principal + interest / Interest.denominator(convention);
                if (i == 0) first = total;
                uint256 slack = isLast ? 2 * count : 1;
                if (total + slack < first || total > first + slack) return false;
            } else if (!isLast && one.principal != 0) {
                return false;
            }
            left -= one.principal;
            from = one.date;
            s.instalments.push(one);
        }
        return left == 0 && (plan != ICreditLine.Plan.BULLET || count == 1);
    }

    /// @notice Bring the loan's accounts to `today`.
    function accrue(
        Schedule storage s,
        ICreditLine.Loan storage n,
        ICreditLine.LineTerms storage terms,
        uint32 today
    ) internal {
        if (today <= n.accruedTo) return;
        Position memory p = project(s, n, terms, today);
        for (uint256 i = s.passed; i < p.passed; ++i) {
            s.interestAt.push(p.interestAt[i]);
        }
        (s.passed, s.principalDue) = (p.passed, p.principalDue);
        (n.accruedTo, n.interest, n.penalty) = (today, p.interest, p.penalty);
    }

    /// @notice The loan's accounts on `date`, if nothing is paid until then. What is written off accrues no more.
    function project(
        Schedule storage s,
        ICreditLine.Loan storage n,
        ICreditLine.LineTerms storage terms,
        uint32 date
    ) internal view returns (Position memory p) {
        uint256 count = s.instalments.length;
        p = Position(n.accruedTo, s.passed, s.principalDue, n.interest, n.penalty, new uint256[](count));
        for (uint256 i = 0; i < p.passed; ++i) {
            p.interestAt[i] = s.interestAt[i];
        }
        bool bears = n.state != ICreditLine.LoanState.WRITTEN_OFF;
        uint256 whole = Interest.denominator(terms.convention);
        while (p.accruedTo < date) {
            bool meets = p.passed < count && s.instalments[p.passed].date <= date;
            uint32 to = meets ? s.instalments[p.passed].date : date;
            if (bears) {
                uint256 overdue = p.principalDue > n.repaid ? p.principalDue - n.repaid : 0;
                p.interest += Interest.accrued(terms.convention, n.drawn - n.repaid, terms.ratePpm, p.accruedTo, to);
                p.penalty += Interest.accrued(terms.convention, overdue, terms.penaltyPpm, p.accruedTo, to);
            }
            if (meets) {
                p.principalDue += s.instalments[p.passed].principal;
                p.interestAt[p.passed++] = p.interest / whole;
            }
            p.accruedTo = to;
        }
    }

    /// @notice What is owed on `date`, and how much of it should have been paid by then.
    function owed(
        Schedule storage s,
        ICreditLine.Loan storage n,
        ICreditLine.LineTerms storage terms,
        uint32 date
    ) internal view returns (ICreditLine.Owed memory o) {
        Position memory p = project(s, n, terms, date);
        uint256 whole = Interest.denominator(terms.convention);
        o.costs = n.costs - n.costsPaid;
        o.penalty = p.penalty / whole - n.penaltyPaid;
        o.interest = p.interest / whole - n.interestPaid;
        o.principal = n.drawn - n.repaid;
        o.due = o.costs + o.penalty + _less(p.principalDue, n.repaid);
        if (p.passed != 0) o.due += _less(p.interestAt[p.passed - 1], n.interestPaid);
        (, o.missed) = _standing(s, n, terms, p, date);
    }

    /// @notice The loan's state on `today` by its instalments, and how many in a row were missed.
    function standing(
        Schedule storage s,
        ICreditLine.Loan storage n,
        ICreditLine.LineTerms storage terms,
        uint32 today
    ) internal view returns (ICreditLine.LoanState state, uint256 missed) {
        return _standing(s, n, terms, project(s, n, terms, today), today);
    }

    function _standing(
        Schedule storage s,
        ICreditLine.Loan storage n,
        ICreditLine.LineTerms storage terms,
        Position memory p,
        uint32 today
    ) private view returns (ICreditLine.LoanState state, uint256 missed) {
        state = ICreditLine.LoanState.CURRENT;
        uint256 principal = 0;
        for (uint256 i = 0; i < p.passed; ++i) {
            principal += s.instalments[i].principal;
            if (n.repaid >= principal && n.interestPaid >= p.interestAt[i]) continue;
            uint256 late = BusinessDate.daysBetween(s.instalments[i].date, today);
            if (late == 0) continue;
            if (state == ICreditLine.LoanState.CURRENT) {
                if (late > terms.defaultDays) state = ICreditLine.LoanState.DEFAULT;
                else if (late > terms.graceDays) state = ICreditLine.LoanState.DELINQUENT;
                else state = ICreditLine.LoanState.GRACE;
            }
            if (late > terms.graceDays) ++missed;
        }
    }

    function _less(uint256 a, uint256 b) private pure returns (uint256) {
        return a > b ? a - b : 0;
    }
}
