// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Stoppable} from "./Stoppable.sol";
import {IBusinessCalendar} from "./interfaces/IBusinessCalendar.sol";
import {IHasParties} from "./interfaces/ICommittee.sol";
import {IConsortiumRules} from "./interfaces/IConsortiumRules.sol";
import {ICreditLine} from "./interfaces/ICreditLine.sol";
import {IDepositToken} from "./interfaces/IDepositToken.sol";
import {IParticipantRegistry} from "./interfaces/IParticipantRegistry.sol";
import {BusinessDate} from "./libraries/BusinessDate.sol";
import {Interest} from "./libraries/Interest.sol";
import {Parts} from "./libraries/Parts.sol";

/// @title Lines of credit: what was agreed, and who may use it
/// @notice Documented in interfaces/ICreditLine.sol. CreditLine is this, and the loans of a line.
abstract contract CreditLines is ICreditLine, IHasParties, Stoppable {
    IParticipantRegistry public immutable participants;
    IBusinessCalendar public immutable calendar;
    uint64 public lineCount;

    mapping(uint64 id => Line) internal _lines;
    mapping(uint64 line => mapping(address supplier => bool)) internal _allowed;

    constructor(address access, address participants_, address calendar_) AccessManaged(access) {
        participants = IParticipantRegistry(participants_);
        calendar = IBusinessCalendar(calendar_);
    }

    // ---- writes

    /// @inheritdoc ICreditLine
    function applyFor(LineTerms calldata terms) external whenNotPaused returns (uint64 id) {
        uint256 seen = 0;
        for (uint256 i = 0; i < 4; ++i) {
            seen |= 1 << uint256(terms.order[i]);
        }
        if (
            seen != 15 || terms.limit == 0 || terms.token == address(0) || terms.validUntil < terms.validFrom
                || !BusinessDate.isValid(terms.validFrom) || !BusinessDate.isValid(terms.validUntil)
                || !BusinessDate.isValid(terms.lastDue)
                || terms.ratePpm > Interest.PPM || terms.penaltyPpm > Interest.PPM || terms.costsPpm > Interest.PPM
                || terms.defaultDays < terms.graceDays || terms.borrower == terms.lender
        ) revert LineTermsInvalid();
        IConsortiumRules rules = participants.requireToken(terms.token);
        _requireMay(terms.borrower, Parts.BORROWER);
        _requireMay(terms.lender, Parts.LENDER);
        id = ++lineCount;
        if (msg.sender != terms.borrower) revert NotTheBorrower(id, msg.sender);
        if (address(rules) != address(0)) rules.requireTerms(id, abi.encode(terms));
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

    // ---- reads

    /// @inheritdoc ICreditLine
    function line(uint64 id) external view returns (Line memory) {
        return _lines[id];
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
    function accountOf(uint64 id) external view returns (address) {
        return IDepositToken(_lines[id].terms.token).supervisedOf(address(this), _key(id));
    }

    // ---- internals

    function _moveLine(uint64 id, LineState state, bytes32 reason) internal {
        _lines[id].state = state;
        ++_lines[id].moves;
        emit LineStateChanged(id, state, reason);
    }

    function _inState(uint64 id, LineState state) internal view returns (Line storage l) {
        l = _lines[id];
        if (l.state == LineState.NONE) revert LineUnknown(id);
        if (l.state != state) revert LineStateNotAllowed(id, l.state);
    }

    function _requireLender(Line storage l, uint64 id) internal view {
        if (msg.sender != l.terms.lender) revert NotTheLender(id, msg.sender);
        _requireMay(msg.sender, Parts.END);
    }

    function _key(uint64 id) internal pure returns (bytes32) {
        return bytes32(uint256(id));
    }

    function _requireMay(address account, uint8 act) internal view {
        participants.requireMay(account, act);
    }

    function _requireToken(address token) internal view {
        participants.requireToken(token);
    }
}
