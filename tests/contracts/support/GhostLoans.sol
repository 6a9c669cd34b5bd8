// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {Interest} from "contracts/libraries/Interest.sol";
import {Days} from "support/Days.sol";

/// @notice Loans counted day by day, as one would by hand: no formula is shared with the contracts.
library GhostLoans {
    /// @param units numerators of interest and penalty accrued, as CreditLine keeps them.
    /// @param dueInterest interest due with the last instalment that was reached, minor units.
    struct Loan {
        ICreditLine.LineTerms terms;
        ICreditLine.Instalment[] plan;
        uint256 drawn;
        uint256 repaid;
        uint256 writtenOff;
        uint256 costs;
        uint256 interest;
        uint256 penalty;
        uint256 costsPaid;
        uint256 interestPaid;
        uint256 penaltyPaid;
        uint256[] interestAt;
        bool isWrittenOff;
    }

    /// @notice One day passes, from `date` to the next.
    function pass(Loan storage g, uint32 date) internal {
        if (!g.isWrittenOff) {
            uint256 unit = unitOf(g.terms.convention, date);
            g.interest += (g.drawn - g.repaid) * g.terms.ratePpm * unit;
            g.penalty += overdue(g, date) * g.terms.penaltyPpm * unit;
        }
        uint32 today = Days.next(date);
        if (g.interestAt.length < g.plan.length && g.plan[g.interestAt.length].date == today) {
            g.interestAt.push(g.interest / yearOf(g.terms.convention));
        }
    }

    /// @notice Principal that should have been paid by `date` and was not.
    function overdue(Loan storage g, uint32 date) internal view returns (uint256) {
        uint256 sum = 0;
        for (uint256 i = 0; i < g.plan.length && g.plan[i].date <= date; ++i) {
            sum += g.plan[i].principal;
        }
        return sum > g.repaid ? sum - g.repaid : 0;
    }

    /// @notice How much of a year the day after `date` is, in the convention's units.
    function unitOf(Interest.Convention by, uint32 date) internal pure returns (uint256) {
        if (by == Interest.Convention.ACT_ACT_ISDA) return Days.isLeap(date / 10_000) ? 365 : 366;
        if (by != Interest.Convention.THIRTY_E_360) return 1;
        uint32 d = date % 100;
        uint32 last = Days.length(date / 10_000, date / 100 % 100);
        if (d < last) return d == 30 ? 0 : 1;
        // From the last day of a month to the first: every month has thirty days.
        return d == 31 ? 1 : 31 - d;
    }

    /// @notice What the numerators are divided by.
    function yearOf(Interest.Convention by) internal pure returns (uint256) {
        if (by == Interest.Convention.ACT_365F) return 365_000_000;
        return by == Interest.Convention.ACT_ACT_ISDA ? 365 * 366 * 1_000_000 : 360_000_000;
    }

    /// @notice Costs, penalty, interest and principal that are owed now.
    function debts(Loan storage g) internal view returns (uint256[4] memory) {
        uint256 year = yearOf(g.terms.convention);
        return [
            g.costs - g.costsPaid, g.penalty / year - g.penaltyPaid, g.interest / year - g.interestPaid,
            g.drawn - g.repaid
        ];
    }

    /// @notice Use `amount`: for each instalment that was reached and lacks something, the oldest first, what it lacks, with
    /// costs and penalty, by the line's order; then for the rest. After the last date nothing is left to come.
    /// @return paid what was used of it.
    function pay(Loan storage g, uint256 amount) internal returns (uint256 paid, uint256 principal) {
        uint256 had = g.repaid;
        uint256 sum = 0;
        uint256 left = amount;
        for (uint256 i = 0; i <= g.interestAt.length && g.interestAt.length != g.plan.length; ++i) {
            uint256[4] memory most = debts(g);
            (most[2], most[3]) = (0, 0);
            if (i < g.interestAt.length) {
                sum += g.plan[i].principal;
                uint256 has = g.repaid + g.interestPaid;
                uint256 lacks = sum + g.interestAt[i] > has ? sum + g.interestAt[i] - has : 0;
                if (lacks == 0) continue;
                if (g.interestAt[i] > g.interestPaid) most[2] = g.interestAt[i] - g.interestPaid;
                if (most[2] > lacks) most[2] = lacks;
                most[3] = lacks - most[2];
            }
            left -= _use(g, most, left);
        }
        left -= _use(g, debts(g), left);
        (paid, principal) = (amount - left, g.repaid - had);
        if (g.isWrittenOff) g.writtenOff -= principal;
    }

    function _use(Loan storage g, uint256[4] memory most, uint256 amount) private returns (uint256 used) {
        for (uint256 i = 0; i < 4; ++i) {
            uint256 which = uint256(g.terms.order[i]);
            uint256 part = most[which] < amount - used ? most[which] : amount - used;
            if (which == 0) g.costsPaid += part;
            else if (which == 1) g.penaltyPaid += part;
            else if (which == 2) g.interestPaid += part;
            else g.repaid += part;
            used += part;
        }
    }

    /// @notice What should have been paid by now.
    function due(Loan storage g) internal view returns (uint256 sum) {
        uint256 reached = g.interestAt.length;
        if (reached == g.plan.length) return total(g);
        uint256[4] memory owed = debts(g);
        sum = owed[0] + owed[1];
        if (reached == 0) return sum;
        uint256 wanted = g.interestAt[reached - 1];
        for (uint256 i = 0; i < reached; ++i) {
            wanted += g.plan[i].principal;
        }
        uint256 has = g.repaid + g.interestPaid;
        if (wanted > has) sum += wanted - has;
    }

    /// @notice Instalments, with their interest, that are unpaid for more than the days of grace.
    function missed(Loan storage g, uint32 today) internal view returns (uint256 count) {
        uint256 principal = 0;
        for (uint256 i = 0; i < g.interestAt.length; ++i) {
            principal += g.plan[i].principal;
            bool isMet = g.repaid + g.interestPaid >= principal + g.interestAt[i];
            if (i + 1 == g.plan.length) isMet = total(g) == 0;
            if (!isMet && Days.later(g.plan[i].date, g.terms.graceDays) < today) ++count;
        }
    }

    function total(Loan storage g) internal view returns (uint256) {
        uint256[4] memory owed = debts(g);
        return owed[0] + owed[1] + owed[2] + owed[3];
    }
}
