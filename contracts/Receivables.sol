// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ClaimParts} from "./ClaimParts.sol";
import {IReceivables} from "./interfaces/IReceivables.sol";
import {ClaimTerms} from "./libraries/ClaimTerms.sol";
import {Parts} from "./libraries/Parts.sol";

/// @title Receivables
/// @notice Documented in interfaces/IReceivables.sol.
contract Receivables is ClaimParts, EIP712 {
    using SafeERC20 for IERC20;

    /// @dev The hash of a claim's id and terms, by its invoice: for its creditor, whom the obligor is, where that registered
    /// it, and else for the two together.
    mapping(bytes32 invoice => bytes32) private _termsOf;
    mapping(uint64 root => bytes32 terms) private _drafts;
    mapping(uint64 root => mapping(address account => bool)) private _hasDisputed;

    constructor(address access, address participants_, address calendar_)
        AccessManaged(access)
        EIP712("Counterfoil Receivables", "1")
        ClaimParts(participants_, calendar_)
    {}

    // ---- writes

    /// @inheritdoc IReceivables
    function draft(Terms calldata terms) external whenNotPaused returns (uint64 root) {
        root = ++claimCount;
        ClaimTerms.check(root, terms, participants, true);
        (_drafts[root],,) = ClaimTerms.names(root, terms);
        (_claims[root].party, _claims[root].state) = (msg.sender, State.DRAFT);
    }

    /// @inheritdoc IReceivables
    function register(uint64 root, Terms calldata terms) external whenNotPaused {
        if (msg.sender != _in(root, State.DRAFT).party) revert NotAParty(root, msg.sender);
        _endDraft(root, terms);
        if (!_register(root, terms, false)) revert InvoiceAlreadyLive(terms.invoice);
    }

    /// @inheritdoc IReceivables
    function registerBatch(Terms[] calldata terms) external whenNotPaused returns (uint64[] memory roots) {
        roots = new uint64[](terms.length);
        uint48 last = claimCount;
        for (uint256 i = 0; i < terms.length; ++i) {
            if (_register(last + 1, terms[i], true)) roots[i] = ++last;
        }
        if (claimCount == last && terms.length != 0) revert InvoiceAlreadyLive(terms[0].invoice);
        claimCount = last;
    }

    /// @inheritdoc IReceivables
    function confirm(uint64[] calldata roots) external whenNotPaused returns (uint256 confirmed) {
        for (uint256 i = 0; i < roots.length; ++i) {
            uint64 root = roots[i];
            ClaimSlots storage c = _claims[root];
            if (c.state <= State.DRAFT) _in(root, State.REGISTERED);
            if (msg.sender != c.party) revert NotAParty(root, msg.sender);
            if (c.state == State.REGISTERED && !c.disputed) {
                _confirm(root, c);
                ++confirmed;
            }
        }
        if (confirmed == 0 && roots.length != 0) _confirm(roots[0], _in(roots[0], State.REGISTERED));
    }

    /// @inheritdoc IReceivables
    function confirmBySignature(uint64 root, Terms calldata terms, uint64 deadline, bytes calldata signature)
        external
        whenNotPaused
    {
        _requireInTime(deadline);
        ClaimSlots storage c = _in(root, State.REGISTERED);
        if (!ClaimTerms.isConfirmed(c.party, confirmationDigest(root, terms, deadline), signature)) {
            revert ConfirmationInvalid(root);
        }
        _confirm(root, c);
    }

    /// @inheritdoc IReceivables
    function cancel(uint64 root, Terms calldata terms) external {
        ClaimSlots storage c = _claims[root];
        if (msg.sender != terms.creditor && msg.sender != terms.obligor) revert NotAParty(root, msg.sender);
        if (c.state == State.DRAFT) {
            _endDraft(root, terms);
        } else {
            _in(root, State.REGISTERED);
            // Before its confirmation a claim has one part, which can't move. What was paid on the invoice is known by it.
            _requireTerms(root, terms);
        }
        _cancel(root, c);
    }

    /// @inheritdoc IReceivables
    function deliver(uint64 root, bytes32 document) external {
        ClaimSlots storage c = _claims[root];
        // What was paid for is acknowledged too, whatever became of the claim.
        if ((c.state != State.CONFIRMED && c.redeemed == 0) || c.kind != Kind.ORDER || c.deliveredOn != 0) {
            revert StateNotAllowed(root, c.state);
        }
        if (msg.sender != c.party) revert NotAParty(root, msg.sender);
        c.deliveredOn = _today();
        emit ClaimDelivered(root, document);
    }

    /// @inheritdoc IReceivables
    function dispute(uint64 root, uint64 id, bytes32 reason) external {
        ClaimSlots storage c = _claims[root];
        if (c.state < State.REGISTERED || c.state == State.SETTLED || c.state == State.CANCELLED) {
            revert StateNotAllowed(root, c.state);
        }
        // Who holds a piece keeps it by himself: the others' are not his to stop.
        if (msg.sender != c.party && (id != c.whole || msg.sender != _parts[id].holder)) {
            revert NotAParty(root, msg.sender);
        }
        if (c.disputed) revert ClaimInDispute(root);
        if (_hasDisputed[root][msg.sender]) revert DisputedBefore(root, msg.sender);
        (c.disputed, _hasDisputed[root][msg.sender]) = (true, true);
        emit ClaimDisputed(root, msg.sender, reason);
    }

    /// @inheritdoc IReceivables
    function resolveDispute(uint64 root, bytes32 outcome) external restricted {
        if (!_claims[root].disputed) revert ClaimNotInDispute(root);
        _claims[root].disputed = false;
        emit DisputeResolved(root, outcome);
    }

    /// @inheritdoc IReceivables
    function fund(uint64 root, uint128 amount) public returns (uint128 paid) {
        State state = poke(root);
        ClaimSlots storage c = _claims[root];
        if (!_isOwed(state)) revert StateNotAllowed(root, state);
        if (amount == 0) revert AmountZero();
        address token = _tokenOf(root);
        // Early payment changes what is traded: it is the obligor's alone, or a ledger's that lends to it; and nothing is
        // lent for what has fallen due.
        if (msg.sender != c.party && (state == State.CONFIRMED) != _isLedger(token, msg.sender)) {
            revert NotAParty(root, msg.sender);
        }
        paid = c.face - c.redeemed;
        if (amount < paid) paid = amount;
        c.redeemed += uint80(paid);
        emit ClaimFunded(root, msg.sender, paid, c.redeemed);
        if (c.redeemed == c.face) _moveTo(root, c, State.SETTLED);
        IERC20(token).safeTransferFrom(msg.sender, address(this), paid);
    }

    /// @inheritdoc IReceivables
    function fundBatch(uint64[] calldata roots, uint128[] calldata amounts) external returns (uint256 paid) {
        if (roots.length != amounts.length) revert AmountsDiffer(roots.length, amounts.length);
        for (uint256 i = 0; i < roots.length; ++i) {
            if (_isOwed(poke(roots[i]))) paid += fund(roots[i], amounts[i]);
        }
    }

    // ---- reads

    /// @inheritdoc IReceivables
    function claim(uint64 root) public view returns (Claim memory) {
        ClaimSlots memory c = _claims[root];
        return Claim(
            c.state,
            c.disputed,
            c.kind,
            c.face == 0 ? address(0) : c.party,
            c.token == 0 ? address(0) : _tokens[c.token - 1],
            c.face,
            c.redeemed,
            c.dueDate,
            c.defaultDays,
            c.deliveredOn,
            c.whole
        );
    }

    /// @inheritdoc IReceivables
    function confirmationDigest(uint64 root, Terms calldata terms, uint64 deadline) public view returns (bytes32) {
        _requireTerms(root, terms);
        return _hashTypedDataV4(ClaimTerms.confirmation(root, terms, deadline));
    }

    // ---- internals

    function _confirm(uint64 root, ClaimSlots storage c) private {
        _requireMay(c.party, Parts.OBLIGOR);
        if (c.disputed) revert ClaimInDispute(root);
        c.state = State.CONFIRMED;
        emit ClaimConfirmed(root);
    }

    function _endDraft(uint64 root, Terms calldata terms) private {
        (bytes32 hash,,) = ClaimTerms.names(root, terms);
        if (_drafts[root] != hash) revert TermsDiffer(root);
        delete _drafts[root];
    }

    function _cancel(uint64 root, ClaimSlots storage c) private {
        _burn(_parts[c.whole]);
        (c.whole, c.state) = (0, State.CANCELLED);
        emit ClaimCancelled(root);
    }

    /// @dev Who isn't a party can't take an invoice, and an obligor only for what it owes itself, until its creditor states
    /// it. What was paid on the invoice before is set off. False where the invoice is taken.
    function _register(uint64 root, Terms calldata terms, bool isNew) private returns (bool) {
        (bytes32 hash, bytes32 byCreditor, bytes32 byBoth) = ClaimTerms.names(root, terms);
        bool isOwn = msg.sender == terms.creditor;
        uint80 paid = 0;
        bool isFree = true;
        bytes32 known = _termsOf[byCreditor];
        if (known != 0) (isFree, paid) = _follow(known, terms, false, 0);
        known = _termsOf[byBoth];
        if (known != 0 && isFree) (isFree, paid) = _follow(known, terms, isOwn, paid);
        if (!isFree) return false;
        ClaimTerms.check(root, terms, participants, isNew);
        _termsOf[isOwn ? byCreditor : byBoth] = hash;
        _begin(root, terms, paid);
        if (msg.sender == terms.obligor) _confirm(root, _claims[root]);
        return true;
    }

    function _begin(uint64 root, Terms calldata terms, uint80 paid) private {
        ClaimSlots memory c;
        (c.party, c.state, c.kind) = (terms.obligor, State.REGISTERED, terms.kind);
        (c.face, c.dueDate, c.defaultDays) = (uint80(terms.face), terms.dueDate, terms.defaultDays);
        (c.token, c.whole, c.redeemed) = (_number(terms.token), ++partCount, paid);
        _claims[root] = c;
        PartSlots memory first;
        (first.root, first.holder, first.amount) = (uint48(root), terms.creditor, c.face - paid);
        (first.standing, first.base) = (Standing.HELD, paid);
        emit ClaimRegistered(root, c.whole);
        if (paid != 0) emit ClaimSetOff(root, paid);
        _mint(c.whole, first, 0);
    }

    /// @dev Whether the invoice is free behind the claim that `known` is of, and what was paid on that: `least` or more. A
    /// claim that gives way ends: what was paid on it is the creditor's. What was paid in full stays settled.
    function _follow(bytes32 known, Terms calldata terms, bool isCreditors, uint80 least)
        private
        returns (bool isFree, uint80 paid)
    {
        uint64 root = uint48(uint256(known));
        ClaimSlots storage c = _claims[root];
        PartSlots storage p = _parts[c.whole];
        isCreditors = isCreditors && p.holder == terms.creditor && p.standing != Standing.PLEDGED;
        (isFree, paid) = ClaimTerms.follow(claim(root), terms, participants, isCreditors, least);
        if (isFree && _isOwed(c.state)) {
            _collect(c.whole, p);
            _cancel(root, c);
        }
    }

    /// @dev `terms` are the claim's.
    function _requireTerms(uint64 root, Terms calldata terms) private view {
        (bytes32 hash, bytes32 byCreditor, bytes32 byBoth) = ClaimTerms.names(root, terms);
        if (_termsOf[byCreditor] != hash && _termsOf[byBoth] != hash) revert TermsDiffer(root);
    }

    function _isOwed(State state) private pure returns (bool) {
        return state >= State.CONFIRMED && state != State.SETTLED && state != State.CANCELLED;
    }

    function _in(uint64 root, State state) private view returns (ClaimSlots storage c) {
        c = _claims[root];
        if (c.state == State.NONE) revert ClaimUnknown(root);
        if (c.state != state) revert StateNotAllowed(root, c.state);
    }
}
