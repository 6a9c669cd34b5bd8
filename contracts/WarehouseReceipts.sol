// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {GoodsPrices} from "./GoodsPrices.sol";
import {GoodsReceipts} from "./GoodsReceipts.sol";
import {ICreditLine} from "./interfaces/ICreditLine.sol";
import {IWarehouseReceipts} from "./interfaces/IWarehouseReceipts.sol";
import {BusinessDate} from "./libraries/BusinessDate.sol";
import {Parts} from "./libraries/Parts.sol";
import {PriceHistory} from "./libraries/PriceHistory.sol";

/// @title WarehouseReceipts
/// @notice Documented in interfaces/IWarehouseReceipts.sol.
contract WarehouseReceipts is GoodsReceipts, GoodsPrices {
    using PriceHistory for PriceHistory.Goods;

    /// @notice Most receipts of one pledge.
    uint256 public constant MAX_RECEIPTS = 64;
    uint256 private constant BASIS_POINTS = 10_000;

    ICreditLine public immutable credit;
    uint64 public pledgeCount;

    mapping(uint64 id => Pledge) private _pledges;
    mapping(uint64 line => PledgeTerms) private _terms;

    constructor(address access, address participants_, address calendar_, address credit_, uint16 maxPriceDays_)
        GoodsReceipts(participants_)
        GoodsPrices(access, calendar_, maxPriceDays_)
    {
        credit = ICreditLine(credit_);
    }

    /// @inheritdoc IWarehouseReceipts
    function split(uint64 id, uint128[] calldata quantities) external returns (uint64[] memory children) {
        Receipt storage r = _receipts[id];
        bool pledged = r.state == State.PLEDGED || r.state == State.PARTIAL_RELEASE;
        if (!pledged && r.state != State.VERIFIED && r.state != State.FORECLOSED) revert ReceiptStateNotAllowed(id, r.state);
        if (msg.sender != r.holder) revert NotTheHolder(id, msg.sender);
        if (quantities.length < 2) revert SplitNotExact(id);
        _requireMay(msg.sender, Parts.END);
        if (pledged) _leave(r.pledge, id);
        Receipt memory child = r;
        child.parent = id;
        r.state = State.SPLIT;
        children = new uint64[](quantities.length);
        uint256 sum = 0;
        for (uint256 i = 0; i < quantities.length; ++i) {
            if (quantities[i] == 0) revert AmountZero();
            sum += quantities[i];
            child.quantity = quantities[i];
            children[i] = ++receiptCount;
            _receipts[children[i]] = child;
            if (pledged) _join(child.pledge, children[i]);
        }
        if (sum != r.quantity) revert SplitNotExact(id);
        emit ReceiptSplit(id, children, quantities);
    }

    // ---- pledges

    /// @inheritdoc IWarehouseReceipts
    function setPledgeTerms(uint64 line, uint16 ltvBasisPoints, uint16 callDays) external {
        if (msg.sender != credit.line(line).terms.lender) revert NotTheLender(line, msg.sender);
        _requireMay(msg.sender, Parts.END);
        if (ltvBasisPoints == 0 || ltvBasisPoints > BASIS_POINTS) revert PledgeTermsInvalid(ltvBasisPoints, callDays);
        _terms[line] = PledgeTerms(ltvBasisPoints, callDays);
        emit PledgeTermsSet(line, ltvBasisPoints, callDays);
    }

    /// @inheritdoc IWarehouseReceipts
    function pledge(uint64 loan, uint64[] calldata ids, uint16 ltvBasisPoints, uint16 callDays)
        external
        whenNotPaused
        returns (uint64 id)
    {
        uint64 line = credit.loan(loan).line;
        ICreditLine.LineTerms memory terms = credit.line(line).terms;
        if (msg.sender != terms.borrower) revert NotTheBorrower(loan, msg.sender);
        _requireMay(msg.sender, Parts.PASS_ON);
        PledgeTerms memory most = pledgeTermsOf(line);
        if (ltvBasisPoints > most.ltvBasisPoints || callDays > most.callDays) {
            revert PledgeTermsInvalid(ltvBasisPoints, callDays);
        }
        id = ++pledgeCount;
        Pledge storage p = _pledges[id];
        (p.pledgor, p.pledgee, p.loan, p.open) = (msg.sender, terms.lender, loan, true);
        (p.ltvBasisPoints, p.callDays) = (ltvBasisPoints, callDays);
        emit PledgeOpened(id, loan, terms.lender, ltvBasisPoints);
        for (uint256 i = 0; i < ids.length; ++i) {
            _add(id, ids[i], State.PLEDGED);
        }
        _requireCovers(id);
    }

    /// @inheritdoc IWarehouseReceipts
    function callTopUp(uint64 id) external {
        Pledge storage p = _open(id);
        _endIfMet(id, p);
        if (p.callDate != 0) revert CallOpen(id, p.callDate);
        (uint256 value, uint256 debt, bool covers) = _currentCoverage(id);
        if (covers) revert PledgeCovers(id, value, debt);
        p.callDate = calendar.today();
        _watch(p, debt, true);
        emit TopUpCalled(id, value, debt, p.callDate);
    }

    /// @inheritdoc IWarehouseReceipts
    function topUp(uint64 id, uint64 receiptId) external {
        Pledge storage p = _open(id);
        if (msg.sender != p.pledgor) revert NotThePledgor(id, msg.sender);
        _requireMay(msg.sender, Parts.END);
        _endIfMet(id, p);
        _add(id, receiptId, State.PLEDGED);
        if (p.callDate == 0) return;
        (, uint256 debt, bool covers) = coverage(id);
        bool current = _outdated(p) == 0;
        if (covers && current) _endCall(id, p);
        else _watch(p, debt, current);
    }

    /// @inheritdoc IWarehouseReceipts
    function endCall(uint64 id) external {
        Pledge storage p = _open(id);
        if (p.callDate == 0) revert NoCall(id);
        if (!_isMet(p)) _requireCovers(id);
        _endCall(id, p);
    }

    /// @inheritdoc IWarehouseReceipts
    function release(uint64 id, uint64 receiptId) external {
        Pledge storage p = _open(id);
        Receipt storage r = _receipts[receiptId];
        if (r.pledge != id) revert ReceiptNotInPledge(id, receiptId);
        bool byPledgor = msg.sender == p.pledgor;
        if (!byPledgor && msg.sender != p.pledgee) revert NotThePledgee(id, msg.sender);
        _requireMay(msg.sender, Parts.END);
        _endIfMet(id, p);
        _leave(id, receiptId);
        (r.pledge, r.state) = (0, State.VERIFIED);
        emit ReceiptReleased(id, receiptId);
        if (byPledgor) _requireCovers(id);
        for (uint256 i = 0; i < p.receipts.length; ++i) {
            _receipts[p.receipts[i]].state = State.PARTIAL_RELEASE;
        }
        if (p.receipts.length == 0) {
            p.open = false;
            emit PledgeClosed(id);
        }
    }

    /// @inheritdoc IWarehouseReceipts
    function foreclose(uint64 id) external {
        Pledge storage p = _open(id);
        if (msg.sender != p.pledgee) revert NotThePledgee(id, msg.sender);
        _requireMay(msg.sender, Parts.END);
        ICreditLine.LoanState state = credit.poke(p.loan);
        bool failed = state == ICreditLine.LoanState.DEFAULT || state == ICreditLine.LoanState.WRITTEN_OFF;
        (uint256 value, uint256 debt, bool covers) = failed ? coverage(id) : _currentCoverage(id);
        if (debt == 0) revert PledgeCovers(id, value, debt);
        bool unmet = !covers && !_isMet(p) && BusinessDate.daysBetween(p.callDate, calendar.today()) > p.callDays;
        if (!failed && !unmet) revert NoCallExpired(id);
        for (uint256 i = 0; i < p.receipts.length; ++i) {
            Receipt storage r = _receipts[p.receipts[i]];
            (r.state, r.holder, r.pledge) = (State.FORECLOSED, p.pledgee, 0);
            emit ReceiptForeclosed(id, p.receipts[i], p.pledgee);
        }
        delete p.receipts;
        p.open = false;
        emit PledgeClosed(id);
    }

    // ---- reads

    /// @inheritdoc IWarehouseReceipts
    function pledgeOf(uint64 id) external view returns (Pledge memory) {
        return _pledges[id];
    }

    /// @inheritdoc IWarehouseReceipts
    function coverage(uint64 id) public view returns (uint256 value, uint256 debt, bool covers) {
        Pledge storage p = _pledges[id];
        value = _value(p, false);
        ICreditLine.Owed memory o = credit.owed(p.loan, calendar.today());
        debt = o.costs + o.penalty + o.interest + o.principal;
        covers = debt * BASIS_POINTS <= value * p.ltvBasisPoints;
    }

    /// @inheritdoc IWarehouseReceipts
    function standing(uint64 id) external view returns (bool current, bool called) {
        return (_outdated(_pledges[id]) == 0, !_isMet(_pledges[id]));
    }

    /// @inheritdoc IWarehouseReceipts
    function pledgeTermsOf(uint64 line) public view returns (PledgeTerms memory terms) {
        terms = _terms[line];
        if (terms.ltvBasisPoints == 0) return PledgeTerms(uint16(BASIS_POINTS), type(uint16).max);
    }

    // ---- internals

    function _endCall(uint64 id, Pledge storage p) private {
        p.callDate = 0;
        emit TopUpMet(id);
    }

    function _endIfMet(uint64 id, Pledge storage p) private {
        if (p.callDate != 0 && _isMet(p)) _endCall(id, p);
    }

    /// @dev From now on a price or a payment may meet the call; prices in force now if they are `current`.
    function _watch(Pledge storage p, uint256 debt, bool current) private {
        (p.callPosting, p.callCurrent, p.callOwed) = (_postings, current, debt + _paid(p.loan));
    }

    /// @dev No call is open, or the receipts at the highest prices since it was watched covered what was owed then less
    /// what was paid since.
    function _isMet(Pledge storage p) private view returns (bool) {
        if (p.callDate == 0) return true;
        uint256 paid = _paid(p.loan);
        return paid >= p.callOwed || (p.callOwed - paid) * BASIS_POINTS <= _value(p, true) * p.ltvBasisPoints;
    }

    /// @dev At the newest prices, or at the highest since the call is watched.
    function _value(Pledge storage p, bool highest) private view returns (uint256 value) {
        for (uint256 i = 0; i < p.receipts.length; ++i) {
            Receipt storage r = _receipts[p.receipts[i]];
            PriceHistory.Goods storage g = _prices[r.goods];
            uint256 price = highest ? g.highestSince(p.callPosting, p.callCurrent) : g.newestPrice();
            value += r.quantity * price;
        }
    }

    function _paid(uint64 loan) private view returns (uint256) {
        ICreditLine.Loan memory l = credit.loan(loan);
        return uint256(l.repaid) + l.costsPaid + l.interestPaid + l.penaltyPaid;
    }

    function _add(uint64 id, uint64 receiptId, State state) private {
        Receipt storage r = _in(receiptId, State.VERIFIED);
        if (msg.sender != r.holder) revert NotTheHolder(receiptId, msg.sender);
        if (_prices[r.goods].newestPrice() == 0) revert PriceUnknown(r.goods);
        (r.state, r.pledge) = (state, id);
        _join(id, receiptId);
        emit ReceiptPledged(id, receiptId);
    }

    function _join(uint64 id, uint64 receiptId) private {
        if (_pledges[id].receipts.length == MAX_RECEIPTS) revert TooManyReceipts(id);
        _pledges[id].receipts.push(receiptId);
    }

    function _leave(uint64 id, uint64 receiptId) private {
        uint64[] storage all = _pledges[id].receipts;
        uint256 place = 0;
        while (all[place] != receiptId) ++place;
        all[place] = all[all.length - 1];
        all.pop();
    }

    function _requireCovers(uint64 id) private view {
        (uint256 value, uint256 debt, bool covers) = _currentCoverage(id);
        if (!covers) revert PledgeTooSmall(id, value, debt);
    }

    /// @dev By prices that may be used today; where nothing is owed, none is.
    function _currentCoverage(uint64 id) private view returns (uint256 value, uint256 debt, bool covers) {
        (value, debt, covers) = coverage(id);
        bytes32 goods = debt == 0 ? bytes32(0) : _outdated(_pledges[id]);
        if (goods == 0) return (value, debt, covers);
        (, uint32 date) = _prices[goods].newest();
        revert PriceNotCurrent(goods, date, calendar.today());
    }

    /// @dev Goods in the pledge whose price may not be used today; 0 when there are none.
    function _outdated(Pledge storage p) private view returns (bytes32 goods) {
        uint32 today = calendar.today();
        for (uint256 i = 0; i < p.receipts.length; ++i) {
            goods = _receipts[p.receipts[i]].goods;
            if (!_prices[goods].isCurrent(today, maxPriceDays)) return goods;
        }
        return 0;
    }

    function _open(uint64 id) private view returns (Pledge storage p) {
        p = _pledges[id];
        if (!p.open) revert PledgeUnknown(id);
    }
}
