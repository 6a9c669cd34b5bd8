// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {Interest} from "contracts/libraries/Interest.sol";
import {CreditWorld} from "support/CreditWorld.sol";
import {Days} from "support/Days.sol";
import {GhostLoans} from "support/GhostLoans.sol";

/// @notice Four lines, one a day count and an order of repayment each; draws, repays, sweeps, misses, freezes and lifts, and
/// tries what is forbidden, while another ledger counts the days one by one.
contract CreditHandler is CreditWorld {
    using GhostLoans for GhostLoans.Loan;

    uint128 private constant LIMIT = 10_000_000;
    uint256 private constant MOST = 16;

    uint64[4] public lines;
    uint64[] public loans;
    mapping(uint64 loan => GhostLoans.Loan) private _ghosts;
    mapping(uint64 line => uint256) public outstanding;
    mapping(uint64 line => bool) public isFrozen;
    mapping(uint64 line => uint256) private _lifts;
    uint32 public today;
    uint256 public lenderShouldHave;
    uint256 public borrowerShouldHave;
    uint256 public supplierShouldHave;

    uint256 public drawnWhileFrozen;
    uint256 public aboveLimit;
    uint256 public forbiddenDraws;
    uint256 public repaymentsRefused;
    uint256 public repaymentsWrong;
    uint256 public sweptAhead;
    uint256 public lateThoughPaid;
    uint256 public datesBack;
    uint256 public liftedByOthers;
    uint256 public notFrozen;
    uint256 public costsTooHigh;
    uint256 private _sweeps;

    constructor() {
        deployAll();
        // Months of 31 days, the turn of a year and a leap day lie ahead.
        today = 20271215;
        advanceTo(today);
        give(bank, 1e12);
        lenderShouldHave = 1e12;
        vm.prank(bank);
        token.approve(address(credit), type(uint256).max);
        vm.prank(factory);
        token.approve(address(credit), type(uint256).max);
        for (uint256 i = 0; i < 4; ++i) {
            ICreditLine.LineTerms memory t = lineTerms(LIMIT);
            t.validUntil = 20991231;
            t.convention = Interest.Convention(i);
            (t.ratePpm, t.penaltyPpm) = (uint32(108_000 + i * 12_345), uint32(50_000 + i));
            t.defaultDays = 20;
            for (uint256 j = 0; j < 4; ++j) {
                t.order[j] = ICreditLine.Debt((i + j) % 4);
            }
            vm.prank(factory);
            lines[i] = credit.applyFor(t);
            for (uint256 j = 0; j < 2; ++j) {
                voteOn(committee[j], lines[i], ICreditLine.Motion.APPROVE);
            }
            vm.prank(bank);
            credit.activate(lines[i]);
            vm.prank(bank);
            credit.allowSupplier(lines[i], supplier, true);
        }
    }

    // ---- time

    /// @dev Days pass for the other ledger one by one; the contract hears of them when it is asked.
    function advance(uint8 raw) external {
        uint256 days_ = 1 + raw % 24;
        for (; days_ != 0; --days_) {
            for (uint256 i = 0; i < loans.length; ++i) {
                _ghosts[loans[i]].pass(today);
            }
            today = Days.next(today);
        }
        advanceTo(today);
    }

    function goBack(uint32 date) external {
        if (date > today) return;
        try calendar.advance(date) {
            ++datesBack;
        } catch {}
    }

    function blockTime(uint32 more) external {
        vm.warp(block.timestamp + more % 1 weeks);
    }

    // ---- draws

    function draw(uint8 which, uint32 raw, uint8 plan) external {
        uint64 line = lines[which % 4];
        uint128 amount = uint128(bound(raw, 1, LIMIT / 2));
        if (plan % 16 == 0) amount = LIMIT;
        _draw(line, _order(factory, supplier, amount), amount, plan);
    }

    /// @dev Everything but the order and its supplier is right.
    function drawForbidden(uint8 which, uint32 raw, uint8 how) external {
        uint64 line = lines[which % 4];
        uint128 amount = uint128(bound(raw, 1, 10_000));
        uint64 root;
        if (how % 5 == 0) root = _order(factory, tierOne, amount);
        else if (how % 5 == 1) root = _order(core, supplier, amount);
        else if (how % 5 == 2) (root,) = payable_(factory, supplier, amount, 20991231);
        else if (how % 5 == 3) root = _unconfirmed(amount);
        else root = _order(core, factory, amount);
        ICreditLine.Instalment[] memory rows = bullet(Days.later(today, 30), amount);
        vm.prank(factory);
        try credit.draw(line, root, amount, ICreditLine.Plan.BULLET, rows, 0) {
            ++forbiddenDraws;
        } catch {}
    }

    // ---- money

    function repay(uint8 which, uint32 raw, uint8 whose) external {
        uint64 loan = loans[which % loans.length];
        uint256 owing = _ghosts[loan].total();
        if (owing == 0) return;
        uint256 amount = raw % 3 == 0 ? owing : bound(raw, 1, owing + 100);
        address payer = whose % 2 == 0 ? factory : buyer;
        give(payer, amount);
        vm.prank(payer);
        token.approve(address(credit), amount);
        if (whose % 8 == 0) token.pause();
        vm.prank(payer);
        try credit.repay(loan, amount) returns (uint256 paid) {
            (uint256 expected, uint256 principal) = _ghosts[loan].pay(amount);
            if (paid != expected) ++repaymentsWrong;
            _booked(loan, paid, principal);
            if (payer == factory) borrowerShouldHave += amount - paid;
        } catch {
            ++repaymentsRefused;
        }
        if (whose % 8 == 0) {
            vm.prank(address(this));
            token.unpause();
        }
    }

    function sweep(uint8 which, uint32 raw) external {
        uint64 line = lines[which % 4];
        uint256 amount = bound(raw, 0, 500_000);
        if (amount != 0) token.mint(credit.accountOf(line), amount, keccak256(abi.encode("sweep", ++_sweeps)));
        uint256 left = amount;
        uint64[] memory open = credit.line(line).loans;
        uint256[] memory had = new uint256[](open.length);
        for (uint256 i = 0; i < open.length; ++i) {
            had[i] = _paidOn(open[i]);
        }
        try credit.sweep(line) {
            uint256 dues = 0;
            uint256 owing = 0;
            for (uint256 i = 0; i < open.length; ++i) {
                dues += _ghosts[open[i]].due();
                owing += _ghosts[open[i]].total();
            }
            bool isEnough = amount >= dues;
            for (uint256 i = 0; i < open.length; ++i) {
                uint256 part = _paidOn(open[i]) - had[i];
                if (!isEnough && part > _ghosts[open[i]].due()) ++sweptAhead;
                (uint256 paid, uint256 principal) = _ghosts[open[i]].pay(part);
                if (paid != part) ++repaymentsWrong;
                if (isEnough && _ghosts[open[i]].due() != 0) ++sweptAhead;
                if (part != 0) _booked(open[i], paid, principal);
                left -= paid;
            }
            if (left != 0 && amount - left != owing) ++repaymentsWrong;
            borrowerShouldHave += left;
        } catch {
            ++repaymentsRefused;
        }
    }

    /// @dev To the unit, whatever the plan and the order; or a unit less, which must not be enough.
    function payDue(uint8 which, bool isShort) external {
        uint64 loan = loans[which % loans.length];
        uint256 dues = credit.owed(loan, today).due;
        if (dues != _ghosts[loan].due()) ++repaymentsWrong;
        uint256 amount = isShort && dues != 0 ? dues - 1 : dues;
        if (amount != 0) {
            give(factory, amount);
            vm.prank(factory);
            credit.repay(loan, amount);
            (uint256 paid, uint256 principal) = _ghosts[loan].pay(amount);
            _booked(loan, paid, principal);
        }
        if (credit.owed(loan, today).due != dues - amount) ++repaymentsWrong;
        bool isLate = credit.poke(loan) > ICreditLine.LoanState.CURRENT && !_isOver(loan);
        if (isLate && amount == dues) ++lateThoughPaid;
        _look(loan);
    }

    function stateCosts(uint8 which, uint16 amount) external {
        uint64 loan = _oldestIn(which, ICreditLine.LoanState.DELINQUENT);
        vm.prank(bank);
        credit.stateCosts(loan, amount, "letter");
        _look(loan);
    }

    function admitCosts(uint8 which, uint16 part, bool disputed) external {
        uint64 loan = loans[which % loans.length];
        uint128 amount = credit.statedCosts(loan).amount;
        bool hasEnded = credit.loan(loan).state >= ICreditLine.LoanState.RECOVERED;
        if (disputed) {
            vm.prank(factory);
            credit.disputeCosts(loan, "too much");
            amount = uint128(uint256(amount) * part / type(uint16).max);
            credit.decideCosts(loan, amount, "in part");
        } else {
            credit.admitCosts(loan);
        }
        if (!hasEnded) _ghosts[loan].costs += amount;
        if (credit.loan(loan).costs > uint256(credit.loan(loan).drawn) / 2) ++costsTooHigh;
        _look(loan);
    }

    function writeOff(uint8 which) external {
        uint64 loan = _oldestIn(which, ICreditLine.LoanState.DEFAULT);
        vm.prank(bank);
        credit.writeOff(loan);
        GhostLoans.Loan storage g = _ghosts[loan];
        (g.isWrittenOff, g.writtenOff) = (true, g.drawn - g.repaid);
        outstanding[credit.loan(loan).line] -= g.writtenOff;
        _look(loan);
    }

    // ---- freezing

    function poke(uint8 which) external {
        uint64 loan = loans[which % loans.length];
        vm.prank(stranger);
        ICreditLine.LoanState state = credit.poke(loan);
        uint64 line = credit.loan(loan).line;
        bool isOver = state >= ICreditLine.LoanState.WRITTEN_OFF;
        bool isFrozen_ = credit.line(line).state == ICreditLine.LineState.FROZEN;
        if (!isOver && _ghosts[loan].missed(today) >= 3 && !isFrozen_) ++notFrozen;
        _look(loan);
    }

    function freeze(uint8 which, uint8 chance) external {
        if (chance % 8 != 0) return;
        vm.prank(bank);
        credit.freeze(lines[which % 4], "word");
        _noteFrozen(lines[which % 4]);
    }

    function lift(uint8 which, uint8 member) external {
        uint64 line = lines[which % 4];
        if (!isFrozen[line]) return;
        voteOn(committee[member % 3], line, ICreditLine.Motion.LIFT_FREEZE);
        if (++_lifts[line] == 2) (isFrozen[line], _lifts[line]) = (false, 0);
    }

    function liftOtherwise(uint8 which, uint8 who) external {
        uint64 line = lines[which % 4];
        address[4] memory all = [bank, factory, stranger, supplier];
        if (!isFrozen[line]) return;
        bytes memory data = carrying(line, ICreditLine.Motion.LIFT_FREEZE);
        vm.prank(all[who % 4]);
        try voting.vote(address(credit), data, "memo") {
            ++liftedByOthers;
        } catch {}
        uint32 moves = credit.line(line).moves;
        vm.prank(who % 8 < 4 ? committee[who % 3] : all[who % 4]);
        try credit.carry(line, ICreditLine.Motion.LIFT_FREEZE, moves) {
            ++liftedByOthers;
        } catch {}
        vm.prank(all[who % 4]);
        try credit.activate(line) {
            ++liftedByOthers;
        } catch {}
    }

    // ---- for the invariants

    function loanCount() external view returns (uint256) {
        return loans.length;
    }

    function lineOf(uint64 line) external view returns (ICreditLine.Line memory) {
        return credit.line(line);
    }

    function loanOf(uint64 loan) external view returns (ICreditLine.Loan memory) {
        return credit.loan(loan);
    }

    function owedOf(uint64 loan) external view returns (ICreditLine.Owed memory) {
        return credit.owed(loan, today);
    }

    function ghostOf(uint64 loan) external view returns (GhostLoans.Loan memory) {
        return _ghosts[loan];
    }

    function debtsOf(uint64 loan) external view returns (uint256[4] memory) {
        return _ghosts[loan].debts();
    }

    function dateOnChain() external view returns (uint32) {
        return calendar.today();
    }

    function has() external view returns (uint256 lenders, uint256 borrowers, uint256 suppliers, uint256 between) {
        lenders = token.balanceOf(bank);
        borrowers = token.balanceOf(factory);
        suppliers = token.balanceOf(supplier);
        between = token.balanceOf(address(credit)) + token.balanceOf(address(receivables));
    }

    // ---- internals

    function _paidOn(uint64 loan) private view returns (uint256) {
        ICreditLine.Loan memory n = credit.loan(loan);
        return uint256(n.costsPaid) + n.penaltyPaid + n.interestPaid + n.repaid;
    }

    function _isOver(uint64 loan) private view returns (bool) {
        return credit.loan(loan).state >= ICreditLine.LoanState.WRITTEN_OFF;
    }

    function _draw(uint64 line, uint64 root, uint128 amount, uint8 plan) private {
        if (loans.length == MOST) return;
        ICreditLine.Instalment[] memory rows = _rows(amount, plan);
        ICreditLine.Plan form = plan % 3 == 0
            ? ICreditLine.Plan.BULLET
            : plan % 3 == 1 ? ICreditLine.Plan.EQUAL_PRINCIPAL : ICreditLine.Plan.REVENUE_SHARE;
        bool wasFrozen = isFrozen[line];
        bool isTooMuch = outstanding[line] + amount > LIMIT;
        vm.prank(factory);
        uint64 loan = credit.draw(line, root, amount, form, rows, 0);
        if (wasFrozen) ++drawnWhileFrozen;
        if (isTooMuch) ++aboveLimit;
        loans.push(loan);
        GhostLoans.Loan storage g = _ghosts[loan];
        (g.terms, g.drawn) = (credit.line(line).terms, amount);
        for (uint256 i = 0; i < rows.length; ++i) {
            g.plan.push(rows[i]);
        }
        outstanding[line] += amount;
        lenderShouldHave -= amount;
        supplierShouldHave += amount;
        _look(loan);
    }

    function _rows(uint128 amount, uint8 plan) private view returns (ICreditLine.Instalment[] memory rows) {
        if (plan % 3 == 0) return bullet(Days.later(today, 1 + plan), amount);
        rows = new ICreditLine.Instalment[](4);
        uint32 date = today;
        for (uint256 i = 0; i < 4; ++i) {
            date = Days.later(date, 1 + plan % 12);
            rows[i].date = date;
            if (plan % 3 == 1) rows[i].principal = i < 3 ? amount / 4 : amount - 3 * (amount / 4);
        }
        if (plan % 3 == 2) rows[3].principal = amount;
    }

    /// @dev A loan that has come to `state`, or any.
    function _oldestIn(uint8 which, ICreditLine.LoanState state) private returns (uint64 loan) {
        for (uint256 i = 0; i < loans.length; ++i) {
            loan = loans[(which + i) % loans.length];
            bool isThere = credit.poke(loan) == state;
            _look(loan);
            if (isThere) return loan;
        }
        return loans[which % loans.length];
    }

    function _booked(uint64 loan, uint256 paid, uint256 principal) private {
        uint64 line = credit.loan(loan).line;
        lenderShouldHave += paid;
        if (!_ghosts[loan].isWrittenOff) outstanding[line] -= principal;
        _look(loan);
    }

    function _look(uint64 loan) private {
        _noteFrozen(credit.loan(loan).line);
    }

    /// @dev From here on only the committee's votes may open it.
    function _noteFrozen(uint64 line) private {
        bool now_ = credit.line(line).state == ICreditLine.LineState.FROZEN;
        if (now_ && !isFrozen[line]) (isFrozen[line], _lifts[line]) = (true, 0);
    }

    function _order(address obligor, address creditor, uint128 amount) private returns (uint64 root) {
        (root,) = owedClaim(IReceivables.Kind.ORDER, obligor, creditor, amount, 20991231);
    }

    function _unconfirmed(uint128 amount) private returns (uint64 root) {
        IReceivables.Terms memory t = claimTerms(IReceivables.Kind.ORDER, factory, supplier, amount, 20991231);
        root = draftBy(supplier, t);
        registerBy(supplier, root);
    }
}

contract CreditInvariants {
    CreditHandler private _handler;

    error Broken(string rule, uint256 found, uint256 wanted);

    function setUp() public {
        _handler = new CreditHandler();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @notice Rule 5: principal = draws - repaid - written off, within the limit; frozen means no draw; repaying works.
    function invariant_principal_is_what_was_drawn_less_repaid_less_written_off() public view {
        for (uint256 i = 0; i < 4; ++i) {
            uint64 id = _handler.lines(i);
            ICreditLine.Line memory line = _handler.lineOf(id);
            _same("principal", line.principal, _handler.outstanding(id));
            _same("above the limit", line.principal > line.terms.limit ? 1 : 0, 0);
        }
        for (uint256 i = 0; i < _handler.loanCount(); ++i) {
            uint64 id = _handler.loans(i);
            ICreditLine.Loan memory loan = _handler.loanOf(id);
            _same("drawn", loan.drawn, _handler.ghostOf(id).drawn);
            _same("repaid", loan.repaid, _handler.ghostOf(id).repaid);
            _same("written off", loan.writtenOff, _handler.ghostOf(id).writtenOff);
        }
        _same("drawn while frozen", _handler.drawnWhileFrozen(), 0);
        _same("drawn above the limit", _handler.aboveLimit(), 0);
        _same("repayments refused", _handler.repaymentsRefused(), 0);
    }

    /// @notice Rule 6: interest and penalty are what day by day gives, unrounded, however they were asked for.
    /// @dev Rule 10 with it: the other ledger knows business dates only.
    function invariant_interest_adds_up_day_by_day() public view {
        for (uint256 i = 0; i < _handler.loanCount(); ++i) {
            uint64 id = _handler.loans(i);
            ICreditLine.Loan memory loan = _handler.loanOf(id);
            GhostLoans.Loan memory ghost = _handler.ghostOf(id);
            if (loan.accruedTo == _handler.today()) {
                _same("interest, unrounded", loan.interest, ghost.interest);
                _same("penalty, unrounded", loan.penalty, ghost.penalty);
            }
            ICreditLine.Owed memory owed = _handler.owedOf(id);
            uint256[4] memory debts = _handler.debtsOf(id);
            _same("interest", owed.interest, debts[2]);
            _same("penalty", owed.penalty, debts[1]);
        }
    }

    /// @notice Rule 7: the order of repayment is followed and nothing vanishes.
    function invariant_repayments_go_by_their_order_and_nothing_vanishes() public view {
        for (uint256 i = 0; i < _handler.loanCount(); ++i) {
            uint64 id = _handler.loans(i);
            ICreditLine.Loan memory loan = _handler.loanOf(id);
            GhostLoans.Loan memory ghost = _handler.ghostOf(id);
            _same("costs paid", loan.costsPaid, ghost.costsPaid);
            _same("penalty paid", loan.penaltyPaid, ghost.penaltyPaid);
            _same("interest paid", loan.interestPaid, ghost.interestPaid);
            _same("principal paid", loan.repaid, ghost.repaid);
        }
        _same("taken", _handler.repaymentsWrong(), 0);
        (uint256 lenders,,, uint256 between) = _handler.has();
        _same("the lender has", lenders, _handler.lenderShouldHave());
        _same("left between", between, 0);
    }

    /// @notice Rule 13: who has paid what was due is CURRENT, and a sweep pays what is due on any loan before what is not.
    function invariant_who_paid_what_was_due_is_current() public view {
        _same("late though paid", _handler.lateThoughPaid(), 0);
        _same("swept ahead of what was due", _handler.sweptAhead(), 0);
    }

    /// @notice Rule 10: business dates move forward only.
    function invariant_dates_move_forward_only() public view {
        _same("today", _handler.dateOnChain(), _handler.today());
        _same("back", _handler.datesBack(), 0);
    }

    /// @notice Rule 11: three missed in a row freeze when anyone asks, and only the committee lifts it.
    function invariant_missed_instalments_freeze_and_the_committee_lifts() public view {
        _same("not frozen", _handler.notFrozen(), 0);
        _same("costs above their terms", _handler.costsTooHigh(), 0);
        _same("lifted by others", _handler.liftedByOthers(), 0);
        for (uint256 i = 0; i < 4; ++i) {
            uint64 id = _handler.lines(i);
            bool isFrozen = _handler.lineOf(id).state == ICreditLine.LineState.FROZEN;
            _same("frozen", isFrozen ? 1 : 0, _handler.isFrozen(id) ? 1 : 0);
        }
    }

    /// @notice Rule 12: a draw pays an allowed supplier's confirmed order, and never the borrower.
    function invariant_draws_pay_allowed_suppliers_for_confirmed_orders() public view {
        _same("forbidden draws", _handler.forbiddenDraws(), 0);
        (, uint256 borrowers, uint256 suppliers,) = _handler.has();
        _same("the supplier has", suppliers, _handler.supplierShouldHave());
        _same("the borrower has", borrowers, _handler.borrowerShouldHave());
    }

    function _same(string memory rule, uint256 found, uint256 wanted) private pure {
        if (found != wanted) revert Broken(rule, found, wanted);
    }
}
