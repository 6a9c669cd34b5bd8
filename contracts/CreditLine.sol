// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {IBusinessCalendar} from "./interfaces/IBusinessCalendar.sol";
import {IHasParties} from "./interfaces/ICommittee.sol";
import {ICreditLine} from "./interfaces/ICreditLine.sol";
import {IDepositToken} from "./interfaces/IDepositToken.sol";
import {IParticipantRegistry} from "./interfaces/IParticipantRegistry.sol";
import {IReceivables} from "./interfaces/IReceivables.sol";
import {BusinessDate} from "./libraries/BusinessDate.sol";
import {Instalments} from "./libraries/Instalments.sol";
import {Interest} from "./libraries/Interest.sol";

/// @title CreditLine
/// @notice Documented in interfaces/ICreditLine.sol.
contract CreditLine is ICreditLine, IHasParties, AccessManaged, Pausable {
    using SafeERC20 for IERC20;

    /// @notice Most loans of a line that are not closed, so that any line can be looked through in one transaction.
    uint256 public constant MAX_LOANS = 32;
    /// @notice Missed instalments in a row that freeze a line.
    uint256 public constant FREEZE_AFTER = 3;

    IParticipantRegistry public immutable participants;
    IBusinessCalendar public immutable calendar;
    IReceivables public immutable receivables;
    uint64 public lineCount;
    uint64 public loanCount;

    mapping(uint64 id => Line) private _lines;
    mapping(uint64 id => Loan) private _loans;
    mapping(uint64 loan => Instalments.Schedule) private _schedules;
    mapping(uint64 line => mapping(address supplier => bool)) private _allowed;
    mapping(address token => mapping(address account => uint256)) private _claimable;
    /// @inheritdoc ICreditLine
    mapping(uint64 part => uint64 loan) public loanSecuredBy;

    constructor(address access, address participants_, address calendar_, address receivables_) AccessManaged(access) {
        participants = IParticipantRegistry(participants_);
        calendar = IBusinessCalendar(calendar_);
        receivables = IReceivables(receivables_);
    }

    // ---- lines

    /// @inheritdoc ICreditLine
    function applyFor(LineTerms calldata terms) external whenNotPaused returns (uint64 id) {
        uint256 seen = 0;
        for (uint256 i = 0; i < 4; ++i) {
            seen |= 1 << uint256(terms.order[i]);
        }
        if (
            seen != 15 || terms.limit == 0 || terms.token == address(0) || terms.validUntil < terms.validFrom
                || !BusinessDate.isValid(terms.validFrom) || !BusinessDate.isValid(terms.validUntil)
                || terms.ratePpm > Interest.PPM || terms.penaltyPpm > Interest.PPM
                || terms.defaultDays < terms.graceDays || terms.borrower == terms.lender
        ) revert LineTermsInvalid();
        participants.requireToken(terms.token);
        _requireActive(terms.borrower);
        _requireActive(terms.lender);
        id = ++lineCount;
        if (msg.sender != terms.borrower) revert NotTheBorrower(id, msg.sender);
        _lines[id].terms = terms;
        emit LineApplied(id, terms.borrower, terms.lender, terms);
        _moveLine(id, LineState.APPLIED, terms.purpose);
        IDepositToken(terms.token).openSupervised(_key(id));
    }

    /// @inheritdoc ICreditLine
    function carry(uint64 id, Motion motion, uint32 moves) external restricted {
        Line storage l = _inState(id, motion == Motion.APPROVE ? LineState.APPLIED : LineState.FROZEN);
        if (l.moves != moves) revert LineMoved(id, l.moves);
        _moveLine(id, motion == Motion.APPROVE ? LineState.APPROVED : LineState.ACTIVE, 0);
    }

    /// @inheritdoc ICreditLine
    function activate(uint64 id) external whenNotPaused {
        _requireLender(_inState(id, LineState.APPROVED), id);
        _moveLine(id, LineState.ACTIVE, 0);
    }

    /// @inheritdoc ICreditLine
    function freeze(uint64 id, bytes32 reason) external {
        _requireLender(_inState(id, LineState.ACTIVE), id);
        _moveLine(id, LineState.FROZEN, reason);
    }

    /// @inheritdoc ICreditLine
    function close(uint64 id) external {
        Line storage l = _lines[id];
        if (msg.sender != l.terms.lender && msg.sender != l.terms.borrower) revert NotTheLender(id, msg.sender);
        if (l.state == LineState.NONE || l.state == LineState.CLOSED || l.loans.length != 0) {
            revert LineStateNotAllowed(id, l.state);
        }
        _moveLine(id, LineState.CLOSED, 0);
    }

    /// @inheritdoc ICreditLine
    function allowSupplier(uint64 id, address supplier, bool allowed) external {
        Line storage l = _lines[id];
        if (l.state == LineState.NONE) revert LineUnknown(id);
        _requireLender(l, id);
        _allowed[id][supplier] = allowed;
        emit SupplierAllowed(id, supplier, allowed);
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
        _requireActive(msg.sender);
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
        if (!Instalments.set(_schedules[id], instalments, plan, amount, today, l.terms.convention, l.terms.ratePpm)) {
            revert PlanInvalid();
        }
        if (collateral != 0) {
            IReceivables.Part memory p = _unused(collateral);
            if (receivables.claim(p.root).terms.token != l.terms.token) revert CollateralNotPledged(collateral);
            loanSecuredBy[collateral] = id;
            n.collateral = collateral;
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
        if (amount > p.retained) amount = p.retained;
        if (amount != 0) {
            receivables.take(part, uint128(amount));
            receivables.withdraw(_lines[n.line].terms.token, address(this));
            _repay(id, amount, address(this));
        }
        bool isSpent = p.redeemed == p.amount && p.retained == amount;
        if (isSpent || n.state == LoanState.REPAID || n.state == LoanState.RECOVERED) {
            n.collateral = 0;
            delete loanSecuredBy[part];
            receivables.release(part);
        }
    }

    /// @inheritdoc ICreditLine
    function returnCollateral(uint64 part) external {
        _unused(part);
        receivables.release(part);
    }

    /// @inheritdoc ICreditLine
    function addCosts(uint64 id, uint128 amount, bytes32 evidence) external {
        Loan storage n = _asLender(id);
        if (n.state < LoanState.DELINQUENT || n.state > LoanState.WRITTEN_OFF) revert LoanStateNotAllowed(id, n.state);
        if (amount == 0) revert AmountZero();
        n.costs += amount;
        emit CostsAdded(id, amount, evidence);
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

    /// @inheritdoc ICreditLine
    function withdraw(address token, address account) external returns (uint256 amount) {
        amount = _claimable[token][account];
        if (amount == 0) revert NothingToWithdraw(token, account);
        _claimable[token][account] = 0;
        emit Withdrawn(token, account, amount);
        IERC20(token).safeTransfer(account, amount);
    }

    /// @inheritdoc ICreditLine
    function pause() external restricted {
        _pause();
    }

    /// @inheritdoc ICreditLine
    function unpause() external restricted {
        _unpause();
    }

    // ---- reads

    /// @inheritdoc ICreditLine
    function line(uint64 id) external view returns (Line memory) {
        return _lines[id];
    }

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
    function isAllowed(uint64 id, address supplier) external view returns (bool) {
        return _allowed[id][supplier];
    }

    /// @inheritdoc IHasParties
    function isPartyTo(bytes calldata data, address account) external view returns (bool) {
        if (bytes4(data) != this.carry.selector) return false;
        LineTerms storage terms = _lines[abi.decode(data[4:], (uint64))].terms;
        return account == terms.borrower || account == terms.lender;
    }

    /// @inheritdoc ICreditLine
    function owed(uint64 id, uint32 date) public view returns (Owed memory) {
        Loan storage n = _known(id);
        return Instalments.owed(_schedules[id], n, _lines[n.line].terms, date);
    }

    /// @inheritdoc ICreditLine
    function claimable(address token, address account) external view returns (uint256) {
        return _claimable[token][account];
    }

    /// @inheritdoc ICreditLine
    function accountOf(uint64 id) external view returns (address) {
        return IDepositToken(_lines[id].terms.token).supervisedOf(address(this), _key(id));
    }

    // ---- internals

    /// @dev Pay the one supplier who holds the whole order, through the claim, so that the order is paid too.
    function _payOrder(Line storage l, uint64 lineId, uint64 root, uint128 amount) private returns (address supplier) {
        IReceivables.Claim memory c = receivables.claim(root);
        supplier = c.terms.creditor;
        if (!_allowed[lineId][supplier]) revert SupplierNotAllowed(lineId, supplier);
        uint64[] memory parts = receivables.partsOf(root);
        if (
            c.terms.kind != IReceivables.Kind.ORDER || c.state != IReceivables.State.CONFIRMED || c.disputed
                || c.terms.obligor != l.terms.borrower || c.terms.token != l.terms.token || parts.length != 1
                || amount > c.terms.face - c.redeemed
        ) revert OrderNotPayable(root);
        IReceivables.Part memory p = _part(parts[0]);
        if (p.holder != supplier || p.pledgee != address(0)) revert OrderNotPayable(root);
        IERC20 token = IERC20(l.terms.token);
        token.safeTransferFrom(l.terms.lender, address(this), amount);
        token.approve(address(receivables), amount);
        receivables.fund(root, amount);
        receivables.withdraw(address(token), supplier);
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
        if (_isActive(account)) {
            IERC20(token).safeTransfer(account, amount);
        } else {
            _claimable[token][account] += amount;
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

    function _moveLine(uint64 id, LineState state, bytes32 reason) private {
        _lines[id].state = state;
        ++_lines[id].moves;
        emit LineStateChanged(id, state, reason);
    }

    function _moveLoan(uint64 id, Loan storage n, LoanState state) private {
        n.state = state;
        emit LoanStateChanged(id, state);
    }

    function _inState(uint64 id, LineState state) private view returns (Line storage l) {
        l = _lines[id];
        if (l.state == LineState.NONE) revert LineUnknown(id);
        if (l.state != state) revert LineStateNotAllowed(id, l.state);
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

    function _requireLender(Line storage l, uint64 id) private view {
        if (msg.sender != l.terms.lender) revert NotTheLender(id, msg.sender);
    }

    function _requireActive(address account) private view {
        if (!_isActive(account)) revert ParticipantNotActive(account);
    }

    function _isActive(address account) private view returns (bool) {
        return participants.isActive(account);
    }

    function _today() private view returns (uint32) {
        return calendar.today();
    }

    function _part(uint64 id) private view returns (IReceivables.Part memory) {
        return receivables.part(id);
    }

    function _key(uint64 id) private pure returns (bytes32) {
        return bytes32(uint256(id));
    }
}
