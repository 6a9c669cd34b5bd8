// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Claimable} from "./Claimable.sol";
import {CreditLines} from "./CreditLines.sol";
import {ICreditLine} from "./interfaces/ICreditLine.sol";
import {IDepositToken} from "./interfaces/IDepositToken.sol";
import {IReceivables} from "./interfaces/IReceivables.sol";
import {BusinessDate} from "./libraries/BusinessDate.sol";
import {Instalments} from "./libraries/Instalments.sol";
import {Interest} from "./libraries/Interest.sol";
import {Parts} from "./libraries/Parts.sol";

/// @title CreditLine
/// @notice Documented in interfaces/ICreditLine.sol.
contract CreditLine is CreditLines, Claimable {
    using SafeERC20 for IERC20;

    /// @notice Most loans of a line that are not closed, so that any line can be looked through in one transaction.
    uint256 public constant MAX_LOANS = 32;
    /// @notice Missed instalments in a row that freeze a line.
    uint256 public constant FREEZE_AFTER = 3;
    /// @notice Days that a borrower has to dispute costs before they are owed.
    uint256 public constant OBJECTION_DAYS = 14;

    IReceivables public immutable receivables;
    uint64 public loanCount;

    mapping(uint64 id => Loan) private _loans;
    mapping(uint64 loan => Instalments.Schedule) private _schedules;
    mapping(uint64 loan => StatedCosts) private _stated;
    /// @inheritdoc ICreditLine
    mapping(uint64 part => uint64 loan) public loanSecuredBy;

    constructor(address access, address participants_, address calendar_, address receivables_) CreditLines(access, participants_, calendar_) {
        receivables = IReceivables(receivables_);
    }

    // ---- loans

    /// @inheritdoc ICreditLine
    function draw(
        uint64 lineId,
        uint64 orderRoot,
        uint128 amount,
        Plan plan,
        Instalment[] calldata instalments,
        uint64 collateral
    ) external whenNotPaused returns (uint64 id) {
        Line storage l = _lines[lineId];
        if (msg.sender != l.terms.borrower) revert NotTheBorrower(lineId, msg.sender);
        _requireMay(msg.sender, Parts.BORROWER);
        _requireToken(l.terms.token);
        for (uint256 i = l.loans.length; i != 0; --i) {
            poke(l.loans[i - 1]);
        }
        _inState(lineId, LineState.ACTIVE);
        uint32 today = _today();
        if (today < l.terms.validFrom || today > l.terms.validUntil) revert LineNotValidOn(lineId, today);
        uint256 wanted = uint256(l.principal) + amount;
        if (wanted > l.terms.limit || l.loans.length == MAX_LOANS) {
            revert LimitExceeded(lineId, l.terms.limit, wanted);
        }
        if (amount == 0) revert AmountZero();
        id = ++loanCount;
        Loan storage n = _loans[id];
        (n.plan, n.line, n.orderRoot, n.accruedTo, n.drawn) = (plan, lineId, orderRoot, today, amount);
        if (!Instalments.set(_schedules[id], instalments, plan, amount, today, l.terms)) {
            revert PlanInvalid();
        }
        if (collateral != 0) {
            IReceivables.Part memory p = _unused(collateral);
            if (receivables.claim(p.root).token != l.terms.token) revert CollateralNotPledged(collateral);
            loanSecuredBy[collateral] = id;
            n.collateral = collateral;
            emit CollateralBound(id, collateral);
        }
        l.principal += amount;
        l.loans.push(id);
        _moveLoan(id, n, LoanState.CURRENT);
        emit LoanScheduled(id, plan, instalments, collateral);
        emit Drawn(id, lineId, _payOrder(l, lineId, orderRoot, amount), orderRoot, amount);
    }

    /// @inheritdoc ICreditLine
    function repay(uint64 id, uint256 amount) external returns (uint256 paid) {
        return _repay(id, amount, msg.sender);
    }

    /// @inheritdoc ICreditLine
    function sweep(uint64 lineId) external returns (uint256 amount) {
        Line storage l = _lines[lineId];
        if (l.state == LineState.NONE) revert LineUnknown(lineId);
        amount = IDepositToken(l.terms.token).drain(_key(lineId));
        uint256 left = amount;
        uint64[] memory loans = l.loans;
        for (uint256 i = 0; i < loans.length && amount != 0; ++i) {
            poke(loans[i]);
        }
        uint256[] memory parts = Instalments.share(_schedules, _loans, l.terms, loans, amount);
        for (uint256 i = 0; i < loans.length; ++i) {
            if (parts[i] != 0) left -= _repay(loans[i], parts[i], address(this));
        }
        emit Swept(lineId, amount, left);
        if (left != 0) _payOut(l.terms.token, l.terms.borrower, left);
    }

    /// @inheritdoc ICreditLine
    function collect(uint64 id) external returns (uint256 amount) {
        Loan storage n = _known(id);
        uint64 part = n.collateral;
        IReceivables.Part memory p = _part(part);
        if (part == 0 || p.pledgee != address(this)) revert CollateralNotPledged(part);
        amount = _total(owed(id, _today()));
        uint256 retained = p.redeemed - p.credited;
        if (amount > retained) amount = retained;
        if (amount != 0) {
            receivables.take(part, uint128(amount));
            receivables.withdraw(_lines[n.line].terms.token, address(this));
            _repay(id, amount, address(this));
        }
        bool isSpent = p.redeemed == p.amount && retained == amount;
        if (isSpent || n.state == LoanState.REPAID || n.state == LoanState.RECOVERED) {
            n.collateral = 0;
            delete loanSecuredBy[part];
            emit CollateralFreed(id, part);
            _release(part);
        }
    }

    /// @inheritdoc ICreditLine
    function returnCollateral(uint64 part) external {
        _unused(part);
        _release(part);
    }

    /// @inheritdoc ICreditLine
    function stateCosts(uint64 id, uint128 amount, bytes32 evidence) external {
        Loan storage n = _asLender(id);
        if (n.state < LoanState.DELINQUENT || n.state > LoanState.WRITTEN_OFF) revert LoanStateNotAllowed(id, n.state);
        if (amount == 0) revert AmountZero();
        StatedCosts memory c = _stated[id];
        _requireCosts(id, c.amount == 0, c);
        uint256 most = uint256(n.drawn) * _lines[n.line].terms.costsPpm / Interest.PPM;
        uint256 wanted = uint256(n.costs) + amount;
        if (wanted > most) revert CostsTooHigh(id, most, wanted);
        _stated[id] = StatedCosts(amount, _today(), false, evidence);
        emit CostsStated(id, amount, evidence);
    }

    /// @inheritdoc ICreditLine
    function disputeCosts(uint64 id, bytes32 reason) external {
        Loan storage n = _known(id);
        StatedCosts memory c = _stated[id];
        if (msg.sender != _lines[n.line].terms.borrower) revert NotTheBorrower(n.line, msg.sender);
        _requireCosts(id, c.amount != 0 && !c.disputed, c);
        _stated[id].disputed = true;
        emit CostsDisputed(id, reason);
    }

    /// @inheritdoc ICreditLine
    function admitCosts(uint64 id) external {
        StatedCosts memory c = _stated[id];
        bool stands = c.amount != 0 && !c.disputed;
        _requireCosts(id, stands && BusinessDate.daysBetween(c.date, _today()) >= OBJECTION_DAYS, c);
        _addCosts(id, c.amount, c.evidence);
    }

    /// @inheritdoc ICreditLine
    function decideCosts(uint64 id, uint128 amount, bytes32 outcome) external restricted {
        StatedCosts memory c = _stated[id];
        _requireCosts(id, c.disputed, c);
        if (amount > c.amount) revert CostsTooHigh(id, c.amount, amount);
        emit CostsDecided(id, amount, outcome);
        _addCosts(id, amount, c.evidence);
    }

    /// @inheritdoc ICreditLine
    function poke(uint64 id) public returns (LoanState) {
        Loan storage n = _known(id);
        Line storage l = _lines[n.line];
        (LoanState state, uint256 missed) = Instalments.accrue(_schedules[id], n, l.terms, _today());
        if (n.state == LoanState.WRITTEN_OFF || n.state >= LoanState.RECOVERED) return n.state;
        if (state != n.state) _moveLoan(id, n, state);
        bool isMissing = missed >= FREEZE_AFTER;
        if (l.state == LineState.ACTIVE && (isMissing || state == LoanState.DEFAULT)) {
            _moveLine(n.line, LineState.FROZEN, isMissing ? bytes32("three instalments missed") : bytes32("loan in default"));
        }
        return state;
    }

    /// @inheritdoc ICreditLine
    function writeOff(uint64 id) external {
        Loan storage n = _asLender(id);
        if (n.state != LoanState.DEFAULT) revert LoanStateNotAllowed(id, n.state);
        n.writtenOff = n.drawn - n.repaid;
        _lines[n.line].principal -= n.writtenOff;
        _moveLoan(id, n, LoanState.WRITTEN_OFF);
    }

    // ---- reads

    /// @inheritdoc ICreditLine
    function loan(uint64 id) external view returns (Loan memory) {
        return _loans[id];
    }

    /// @inheritdoc ICreditLine
    function instalmentsOf(uint64 id) external view returns (Instalment[] memory found) {
        Instalments.Row[] storage rows = _schedules[id].rows;
        found = new Instalment[](rows.length);
        for (uint256 i = 0; i < found.length; ++i) {
            found[i] = Instalment(rows[i].date, rows[i].principal);
        }
    }

    /// @inheritdoc ICreditLine
    function owed(uint64 id, uint32 date) public view returns (Owed memory) {
        Loan storage n = _known(id);
        return Instalments.owed(_schedules[id], n, _lines[n.line].terms, date);
    }

    /// @inheritdoc ICreditLine
    function statedCosts(uint64 id) external view returns (StatedCosts memory) {
        return _stated[id];
    }

    // ---- internals

    function _requireCosts(uint64 id, bool isReady, StatedCosts memory c) private pure {
        if (!isReady) revert CostsNotReady(id, c.amount, c.date, c.disputed);
    }

    /// @dev What was stated is owed now, or a part of it; a loan that is repaid meanwhile owes nothing more.
    function _addCosts(uint64 id, uint128 amount, bytes32 evidence) private {
        delete _stated[id];
        Loan storage n = _loans[id];
        if (amount == 0 || n.state >= LoanState.RECOVERED) return;
        poke(id);
        n.costs += amount;
        emit CostsAdded(id, amount, evidence);
    }

    /// @dev Pay the one supplier who holds the whole order, through the claim, so that the order is paid too.
    function _payOrder(Line storage l, uint64 lineId, uint64 root, uint128 amount) private returns (address supplier) {
        IReceivables.Claim memory c = receivables.claim(root);
        IReceivables.Part memory p = _part(c.whole);
        if (
            c.kind != IReceivables.Kind.ORDER || c.state != IReceivables.State.CONFIRMED || c.disputed
                || c.obligor != l.terms.borrower || c.token != l.terms.token || !p.live || p.pledgee != address(0)
                || amount > c.face - c.redeemed
        ) revert OrderNotPayable(root);
        supplier = p.holder;
        if (!_allowed[lineId][supplier]) revert SupplierNotAllowed(lineId, supplier);
        IERC20 token = IERC20(l.terms.token);
        token.safeTransferFrom(l.terms.lender, address(this), amount);
        token.approve(address(receivables), amount);
        receivables.fund(root, amount);
        uint64[] memory paid = new uint64[](1);
        paid[0] = c.whole;
        receivables.collectAndWithdraw(paid, address(token), supplier);
    }

    function _repay(uint64 id, uint256 amount, address payer) private returns (uint256 paid) {
        poke(id);
        Loan storage n = _loans[id];
        Line storage l = _lines[n.line];
        (uint256[4] memory debts, uint256 owing) = Instalments.pay(_schedules[id], n, l.terms, amount);
        if (owing == 0) revert NothingOwed(id);
        if (amount == 0) revert AmountZero();
        paid = debts[0] + debts[1] + debts[2] + debts[3];
        if (n.state == LoanState.WRITTEN_OFF) n.writtenOff -= uint128(debts[3]);
        else l.principal -= uint128(debts[3]);
        emit Repaid(id, payer, debts[0], debts[1], debts[2], debts[3]);
        if (paid == owing) _end(id, n, l);
        else poke(id);
        // Through this contract: a token's pause stops what goes from participant to participant, and no repayment.
        if (payer != address(this)) IERC20(l.terms.token).safeTransferFrom(payer, address(this), paid);
        _payOut(l.terms.token, l.terms.lender, paid);
    }

    /// @dev Who can't receive now is credited: nobody's standing stops another's repayment.
    function _payOut(address token, address account, uint256 amount) private {
        if (participants.isActive(account)) {
            IERC20(token).safeTransfer(account, amount);
        } else {
            _keepFor(token, account, amount);
            emit PaymentHeld(token, account, amount);
        }
    }

    /// @dev All is paid: the loan leaves its line.
    function _end(uint64 id, Loan storage n, Line storage l) private {
        _moveLoan(id, n, n.state == LoanState.WRITTEN_OFF ? LoanState.RECOVERED : LoanState.REPAID);
        uint64[] storage loans = l.loans;
        uint256 place = 0;
        while (loans[place] != id) ++place;
        for (; place + 1 < loans.length; ++place) {
            loans[place] = loans[place + 1];
        }
        loans.pop();
    }

    /// @dev A part that the caller has pledged to this contract and that secures no loan.
    function _unused(uint64 part) private view returns (IReceivables.Part memory p) {
        p = _part(part);
        if (p.pledgee != address(this) || p.holder != msg.sender || loanSecuredBy[part] != 0) {
            revert CollateralNotPledged(part);
        }
    }

    function _total(Owed memory o) private pure returns (uint256) {
        return o.costs + o.penalty + o.interest + o.principal;
    }

    function _moveLoan(uint64 id, Loan storage n, LoanState state) private {
        n.state = state;
        emit LoanStateChanged(id, state);
    }

    function _known(uint64 id) private view returns (Loan storage n) {
        n = _loans[id];
        if (n.state == LoanState.NONE) revert LoanUnknown(id);
    }

    /// @dev The loan in the state that today gives it, for its lender.
    function _asLender(uint64 id) private returns (Loan storage n) {
        poke(id);
        n = _loans[id];
        _requireLender(_lines[n.line], n.line);
    }

    function _today() private view returns (uint32) {
        return calendar.today();
    }

    function _part(uint64 id) private view returns (IReceivables.Part memory) {
        return receivables.part(id);
    }


    function _release(uint64 part) private {
        receivables.release(part);
    }
}
