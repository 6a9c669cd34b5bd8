// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {IBusinessCalendar} from "./interfaces/IBusinessCalendar.sol";
import {ICreditLine} from "./interfaces/ICreditLine.sol";
import {IParticipantRegistry} from "./interfaces/IParticipantRegistry.sol";
import {IWarehouseReceipts} from "./interfaces/IWarehouseReceipts.sol";
import {BusinessDate} from "./libraries/BusinessDate.sol";

/// @title WarehouseReceipts
/// @notice Documented in interfaces/IWarehouseReceipts.sol.
contract WarehouseReceipts is IWarehouseReceipts, AccessManaged, Pausable {
    /// @notice Most receipts of one pledge.
    uint256 public constant MAX_RECEIPTS = 64;
    uint256 private constant BASIS_POINTS = 10_000;

    struct Price {
        uint128 price;
        uint32 date;
    }

    IParticipantRegistry public immutable participants;
    IBusinessCalendar public immutable calendar;
    ICreditLine public immutable credit;
    /// @notice The contract that settles deliveries against payments; zero until set.
    address public settlement;
    uint64 public receiptCount;
    uint64 public pledgeCount;

    mapping(uint64 id => Receipt) private _receipts;
    mapping(uint64 id => Pledge) private _pledges;
    mapping(bytes32 goods => Price) private _prices;
    mapping(uint64 line => PledgeTerms) private _terms;

    constructor(address access, address participants_, address calendar_, address credit_) AccessManaged(access) {
        participants = IParticipantRegistry(participants_);
        calendar = IBusinessCalendar(calendar_);
        credit = ICreditLine(credit_);
    }

    // ---- receipts

    /// @inheritdoc IWarehouseReceipts
    function issue(address holder, bytes32 goods, uint128 quantity, bytes32 document)
        external
        restricted
        whenNotPaused
        returns (uint64 id)
    {
        if (quantity == 0) revert AmountZero();
        _requireActive(holder);
        id = ++receiptCount;
        _receipts[id] = Receipt(State.ISSUED, msg.sender, holder, 0, 0, quantity, goods, document);
        emit ReceiptIssued(id, msg.sender, holder, goods, quantity);
    }

    /// @inheritdoc IWarehouseReceipts
    function verify(uint64 id, bytes32 evidence) external restricted {
        _in(id, State.ISSUED).state = State.VERIFIED;
        emit ReceiptVerified(id, msg.sender, evidence);
    }

    /// @inheritdoc IWarehouseReceipts
    function split(uint64 id, uint128[] calldata quantities) external returns (uint64[] memory children) {
        Receipt storage r = _receipts[id];
        bool pledged = r.state == State.PLEDGED || r.state == State.PARTIAL_RELEASE;
        if (!pledged && r.state != State.VERIFIED && r.state != State.FORECLOSED) revert ReceiptStateNotAllowed(id, r.state);
        if (msg.sender != r.holder) revert NotTheHolder(id, msg.sender);
        if (quantities.length < 2) revert SplitNotExact(id);
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

    /// @inheritdoc IWarehouseReceipts
    function transfer(uint64 id, address to) external {
        _transfer(id, msg.sender, to);
    }

    /// @inheritdoc IWarehouseReceipts
    function transferBySettlement(uint64 id, address from, address to) external {
        if (msg.sender != settlement) revert NotTheSettlement(msg.sender);
        _transfer(id, from, to);
    }

    /// @inheritdoc IWarehouseReceipts
    function deliver(uint64 id, bytes32 evidence) external {
        Receipt storage r = _receipts[id];
        if (r.state != State.VERIFIED && r.state != State.FORECLOSED) revert ReceiptStateNotAllowed(id, r.state);
        if (msg.sender != r.warehouse) revert NotTheWarehouse(id, msg.sender);
        r.state = State.DELIVERED;
        emit ReceiptDelivered(id, r.holder, evidence);
    }

    /// @inheritdoc IWarehouseReceipts
    function postPrice(bytes32 goods, uint128 price) external restricted {
        _prices[goods] = Price(price, calendar.today());
        emit PricePosted(goods, price, calendar.today());
    }

    // ---- pledges

    /// @inheritdoc IWarehouseReceipts
    function setPledgeTerms(uint64 line, uint16 ltvBasisPoints, uint16 callDays) external {
        if (msg.sender != credit.line(line).terms.lender) revert NotTheLender(line, msg.sender);
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
        (uint256 value, uint256 debt, bool covers) = coverage(id);
        if (covers) revert PledgeCovers(id, value, debt);
        if (p.callDate != 0) revert CallOpen(id, p.callDate);
        p.callDate = calendar.today();
        emit TopUpCalled(id, value, debt, p.callDate);
    }

    /// @inheritdoc IWarehouseReceipts
    function topUp(uint64 id, uint64 receiptId) external {
        Pledge storage p = _open(id);
        if (msg.sender != p.pledgor) revert NotThePledgor(id, msg.sender);
        _add(id, receiptId, State.PLEDGED);
        (,, bool covers) = coverage(id);
        if (covers && p.callDate != 0) _endCall(id, p);
    }

    /// @inheritdoc IWarehouseReceipts
    function endCall(uint64 id) external {
        Pledge storage p = _open(id);
        if (p.callDate == 0) revert NoCall(id);
        _requireCovers(id);
        _endCall(id, p);
    }

    /// @inheritdoc IWarehouseReceipts
    function release(uint64 id, uint64 receiptId) external {
        Pledge storage p = _open(id);
        Receipt storage r = _receipts[receiptId];
        if (r.pledge != id) revert ReceiptNotInPledge(id, receiptId);
        bool byPledgor = msg.sender == p.pledgor;
        if (!byPledgor && msg.sender != p.pledgee) revert NotThePledgee(id, msg.sender);
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
        ICreditLine.LoanState state = credit.poke(p.loan);
        (uint256 value, uint256 debt, bool covers) = coverage(id);
        bool unmet =
            p.callDate != 0 && !covers && BusinessDate.daysBetween(p.callDate, calendar.today()) > p.callDays;
        bool failed = state == ICreditLine.LoanState.DEFAULT || state == ICreditLine.LoanState.WRITTEN_OFF;
        if (debt == 0) revert PledgeCovers(id, value, debt);
        if (!unmet && !failed) revert NoCallExpired(id);
        for (uint256 i = 0; i < p.receipts.length; ++i) {
            Receipt storage r = _receipts[p.receipts[i]];
            (r.state, r.holder, r.pledge) = (State.FORECLOSED, p.pledgee, 0);
            emit ReceiptForeclosed(id, p.receipts[i], p.pledgee);
        }
        delete p.receipts;
        p.open = false;
        emit PledgeClosed(id);
    }

    // ---- set-up

    /// @notice Name the settlement contract, once.
    function setSettlement(address settlement_) external restricted {
        if (settlement != address(0)) revert SettlementAlreadySet(settlement);
        settlement = settlement_;
    }

    /// @inheritdoc IWarehouseReceipts
    function pause() external restricted {
        _pause();
    }

    /// @inheritdoc IWarehouseReceipts
    function unpause() external restricted {
        _unpause();
    }

    // ---- reads

    /// @inheritdoc IWarehouseReceipts
    function receipt(uint64 id) external view returns (Receipt memory) {
        return _receipts[id];
    }

    /// @inheritdoc IWarehouseReceipts
    function pledgeOf(uint64 id) external view returns (Pledge memory) {
        return _pledges[id];
    }

    /// @inheritdoc IWarehouseReceipts
    function priceOf(bytes32 goods) external view returns (uint128 price, uint32 date) {
        return (_prices[goods].price, _prices[goods].date);
    }

    /// @inheritdoc IWarehouseReceipts
    function coverage(uint64 id) public view returns (uint256 value, uint256 debt, bool covers) {
        Pledge storage p = _pledges[id];
        for (uint256 i = 0; i < p.receipts.length; ++i) {
            Receipt storage r = _receipts[p.receipts[i]];
            value += uint256(r.quantity) * _prices[r.goods].price;
        }
        ICreditLine.Owed memory o = credit.owed(p.loan, calendar.today());
        debt = o.costs + o.penalty + o.interest + o.principal;
        covers = debt * BASIS_POINTS <= value * p.ltvBasisPoints;
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

    function _transfer(uint64 id, address from, address to) private whenNotPaused {
        Receipt storage r = _receipts[id];
        if (r.state != State.VERIFIED && r.state != State.FORECLOSED) revert ReceiptStateNotAllowed(id, r.state);
        if (from != r.holder) revert NotTheHolder(id, from);
        _requireActive(from);
        _requireActive(to);
        r.holder = to;
        emit ReceiptTransferred(id, from, to);
    }

    function _add(uint64 id, uint64 receiptId, State state) private {
        Receipt storage r = _in(receiptId, State.VERIFIED);
        if (msg.sender != r.holder) revert NotTheHolder(receiptId, msg.sender);
        if (_prices[r.goods].price == 0) revert PriceUnknown(r.goods);
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
        (uint256 value, uint256 debt, bool covers) = coverage(id);
        if (!covers) revert PledgeTooSmall(id, value, debt);
    }

    function _open(uint64 id) private view returns (Pledge storage p) {
        p = _pledges[id];
        if (!p.open) revert PledgeUnknown(id);
    }

    function _in(uint64 id, State state) private view returns (Receipt storage r) {
        r = _receipts[id];
        if (r.state == State.NONE) revert ReceiptUnknown(id);
        if (r.state != state) revert ReceiptStateNotAllowed(id, r.state);
    }

    function _requireActive(address account) private view {
        if (!participants.isActive(account)) revert ParticipantNotActive(account);
    }
}
