// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRevenueSplit} from "../interfaces/IRevenueSplit.sol";
import {Waterfall} from "./Waterfall.sol";

/// @title What a distribution comes to, before anything is written
/// @notice A creditor is an account in a tier; a pool of investors has an account too. Its debt is one, whatever terms it
/// comes from, and it is nobody else's: what a creditor has not been paid stays its own when the terms no longer name it,
/// and what it was paid too much is set off against its own alone.
/// @dev A tier first pays what is owed from before, the oldest debt first, and then what is new. A distribution looks at
/// the oldest debts, MOST_DEBTORS of them, so that it fits into a block; the others wait for a place in their order, and
/// are paid without one as far as the terms still name their creditors.
library SplitPlan {
    uint256 internal constant MOST_DEBTORS = 64;

    /// @param count how many are listed.
    /// @param next the first number of those who wait, and `end` the number behind the last.
    /// @param listed creditors to whom something is owed from before, the oldest debt first, from 0 on.
    /// @param waiting those who found no place. One may stand here twice, if it was paid and is owed again, which gives it
    /// nothing twice.
    struct Debtors {
        uint64 count;
        uint64 next;
        uint64 end;
        mapping(uint256 number => uint256 creditor) listed;
        mapping(uint256 number => uint256 creditor) waiting;
    }

    /// @param creditor see creditorOf.
    /// @param before what was owed to it before.
    /// @param owed what is owed to it by now; negative when it was paid too much.
    /// @param paid what of it is paid by this distribution.
    struct Line {
        uint256 creditor;
        int256 before;
        int256 owed;
        uint256 paid;
    }

    /// @param key the period, see RevenueSplit.
    /// @param cash what is left of the gross.
    /// @param count lines in use.
    /// @param debtors creditors to whom something is owed from before, the oldest debt first.
    struct Plan {
        uint256 version;
        uint256 key;
        uint256 cash;
        uint256 count;
        Waterfall.Totals totals;
        uint256[] debtors;
        Line[] lines;
    }

    function creditorOf(IRevenueSplit.Tier tier, address account) internal pure returns (uint256) {
        return uint256(tier) << 160 | uint160(account);
    }

    function tierOf(uint256 creditor) internal pure returns (IRevenueSplit.Tier) {
        return IRevenueSplit.Tier(uint8(creditor >> 160));
    }

    function accountOf(uint256 creditor) internal pure returns (address) {
        return address(uint160(creditor));
    }

    /// @notice Pay what `tier` owes from before, as far as the cash goes.
    function payArrears(
        Plan memory plan,
        mapping(uint256 creditor => int256) storage debts,
        IRevenueSplit.Tier tier
    ) internal view {
        for (uint256 i = 0; i < plan.debtors.length; ++i) {
            if (tierOf(plan.debtors[i]) == tier) pay(plan, debts, plan.debtors[i], 0);
        }
    }

    /// @notice Add `more` to what `creditor` is owed, and pay what the cash allows.
    function pay(
        Plan memory plan,
        mapping(uint256 creditor => int256) storage debts,
        uint256 creditor,
        int256 more
    ) internal view {
        Line memory line = lineOf(plan, debts, creditor);
        line.owed += more;
        settle(plan, line);
    }

    /// @notice The line of `creditor`: the one it has, or a new one that begins with what it is owed from before.
    function lineOf(Plan memory plan, mapping(uint256 creditor => int256) storage debts, uint256 creditor)
        internal
        view
        returns (Line memory line)
    {
        for (uint256 j = plan.count; j != 0; --j) {
            line = plan.lines[j - 1];
            if (line.creditor == creditor) return line;
        }
        int256 before = debts[creditor];
        line = Line(creditor, before, before, 0);
        plan.lines[plan.count++] = line;
    }

    function settle(Plan memory plan, Line memory line) internal pure {
        int256 open = line.owed - int256(line.paid);
        if (open <= 0) return;
        uint256 amount = uint256(open) < plan.cash ? uint256(open) : plan.cash;
        line.paid += amount;
        plan.cash -= amount;
    }

    /// @notice Write the debts that changed, and keep `debtors` to those to whom something is owed.
    /// @dev Each of the plan's debtors has a line.
    function keepDebts(
        Plan memory plan,
        mapping(uint256 creditor => int256) storage debts,
        Debtors storage debtors
    ) internal {
        for (uint256 i = 0; i < plan.count; ++i) {
            Line memory line = plan.lines[i];
            int256 left = line.owed - int256(line.paid);
            if (left != line.before) debts[line.creditor] = left;
        }
        (uint64 count, uint64 next, uint64 end) = (debtors.count, debtors.next, debtors.end);
        (uint64 kept, uint64 first, uint64 last) = (0, next, end);
        for (uint256 i = 0; i < count; ++i) {
            uint256 creditor = plan.debtors[i];
            if (debts[creditor] <= 0) continue;
            if (kept != i) debtors.listed[kept] = creditor;
            ++kept;
        }
        for (uint256 i = kept; i < count; ++i) {
            delete debtors.listed[i];
        }
        // Free places are for those who wait, of whom it looks at MOST_DEBTORS.
        for (; first < end && first < next + MOST_DEBTORS && kept < MOST_DEBTORS; ++first) {
            uint256 creditor = debtors.waiting[first];
            delete debtors.waiting[first];
            if (debts[creditor] > 0) debtors.listed[kept++] = creditor;
        }
        for (uint256 i = 0; i < plan.count; ++i) {
            Line memory line = plan.lines[i];
            if (line.before > 0 || line.owed <= int256(line.paid)) continue;
            if (kept < MOST_DEBTORS && first == last) debtors.listed[kept++] = line.creditor;
            else debtors.waiting[last++] = line.creditor;
        }
        if (kept != count || first != next || last != end) {
            (debtors.count, debtors.next, debtors.end) = (kept, first, last);
        }
    }

    /// @notice Those who are listed, in their order.
    function listedOf(Debtors storage debtors) internal view returns (uint256[] memory creditors) {
        creditors = new uint256[](debtors.count);
        for (uint256 i = 0; i < creditors.length; ++i) {
            creditors[i] = debtors.listed[i];
        }
    }
}
