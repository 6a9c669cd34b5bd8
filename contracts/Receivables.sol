// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {ClaimParts} from "./ClaimParts.sol";
import {IReceivables} from "./interfaces/IReceivables.sol";
import {BusinessDate} from "./libraries/BusinessDate.sol";
import {Parts} from "./libraries/Parts.sol";
import {Waterfall} from "./libraries/Waterfall.sol";

/// @title Receivables
/// @notice Documented in interfaces/IReceivables.sol.
contract Receivables is ClaimParts, EIP712 {
    using SafeERC20 for IERC20;

    bytes32 private constant CONFIRMATION = keccak256(
        "Confirmation(uint64 root,uint64 deadline,uint8 kind,address obligor,address creditor,address token,uint128 face,uint32 issueDate,uint32 dueDate,uint16 defaultDays,bytes32 invoice,bytes32 document)"
    );

    /// @notice How many claims there are; their ids count from 1.
    uint64 public claimCount;

    mapping(uint64 root => address) private _drafter;
    /// @dev By the invoice with its creditor, where that registered it, and with its creditor and its obligor.
    mapping(bytes32 key => uint64) private _rootOf;
    mapping(uint64 root => mapping(address account => bool)) private _hasDisputed;

    constructor(address access, address participants_, address calendar_)
        AccessManaged(access)
        EIP712("Counterfoil Receivables", "1")
        ClaimParts(participants_, calendar_)
    {}

    // ---- writes

    /// @inheritdoc IReceivables
    function draft(Terms calldata terms) public whenNotPaused returns (uint64 root) {
        participants.requireToken(terms.token);
        if (
            terms.face == 0 || terms.invoice == 0 || terms.obligor == terms.creditor
                || !_isLedger(terms.token, address(this)) || !BusinessDate.isValid(terms.issueDate)
                || !BusinessDate.isValid(terms.dueDate) || terms.dueDate < terms.issueDate
                || (terms.kind == Kind.PAYABLE && msg.sender != terms.obligor)
        ) revert ClaimTermsInvalid();
        _requireMay(terms.obligor, Parts.OBLIGOR);
        _requireMay(terms.creditor, Parts.CREDITOR);
        root = ++claimCount;
        if (msg.sender != terms.creditor && msg.sender != terms.obligor) revert NotAParty(root, msg.sender);
        Claim storage c = _claims[root];
        c.state = State.DRAFT;
        c.terms = terms;
        _drafter[root] = msg.sender;
        emit ClaimDrafted(root, terms.obligor, terms.creditor, terms);
    }

    /// @inheritdoc IReceivables
    function register(uint64 root) public whenNotPaused {
        Claim storage c = _in(root, State.DRAFT);
        if (msg.sender != _drafter[root]) revert NotAParty(root, msg.sender);
        (bytes32 byCreditor, bytes32 byBoth) = _invoiceKeys(c.terms);
        _takeInvoice(byBoth, root, c);
        if (msg.sender == c.terms.creditor) _takeInvoice(byCreditor, root, c);
        c.state = State.REGISTERED;
        Part memory first;
        (first.root, first.holder, first.amount) = (root, c.terms.creditor, c.terms.face);
        emit ClaimRegistered(root, _mint(first));
        if (msg.sender == c.terms.obligor) _confirm(root, c);
    }

    /// @inheritdoc IReceivables
    function registerBatch(Terms[] calldata terms) external returns (uint64[] memory roots) {
        roots = new uint64[](terms.length);
        for (uint256 i = 0; i < terms.length; ++i) {
            roots[i] = draft(terms[i]);
            register(roots[i]);
        }
    }

    /// @inheritdoc IReceivables
    function confirm(uint64[] calldata roots) external whenNotPaused returns (uint256 confirmed) {
        for (uint256 i = 0; i < roots.length; ++i) {
            uint64 root = roots[i];
            Claim storage c = _claims[root];
            if (c.state == State.NONE) revert ClaimUnknown(root);
            if (msg.sender != c.terms.obligor) revert NotAParty(root, msg.sender);
            if (c.state == State.REGISTERED && !c.disputed) {
                _confirm(root, c);
                ++confirmed;
            }
        }
        if (confirmed == 0 && roots.length != 0) _confirm(roots[0], _in(roots[0], State.REGISTERED));
    }

    /// @inheritdoc IReceivables
    function confirmBySignature(uint64 root, uint64 deadline, bytes calldata signature) external whenNotPaused {
        _requireInTime(deadline);
        Claim storage c = _in(root, State.REGISTERED);
        if (!SignatureChecker.isValidSignatureNow(c.terms.obligor, confirmationDigest(root, deadline), signature)) {
            revert ConfirmationInvalid(root);
        }
        _confirm(root, c);
    }

    /// @inheritdoc IReceivables
    function cancel(uint64 root) external {
        Claim storage c = _claims[root];
        if (c.state != State.DRAFT && c.state != State.REGISTERED) revert StateNotAllowed(root, c.state);
        if (msg.sender != c.terms.creditor && msg.sender != c.terms.obligor) revert NotAParty(root, msg.sender);
        if (c.state == State.REGISTERED) {
            // Before its confirmation a claim has one part, which can't move, and its creditor has registered it.
            (bytes32 byCreditor, bytes32 byBoth) = _invoiceKeys(c.terms);
            delete _rootOf[byCreditor];
            delete _rootOf[byBoth];
            _burn(_live[root][0]);
        }
        c.state = State.CANCELLED;
        emit ClaimCancelled(root);
    }

    /// @inheritdoc IReceivables
    function deliver(uint64 root, bytes32 document) external {
        Claim storage c = _claims[root];
        bool isStanding = c.state == State.CONFIRMED || c.state == State.SETTLED;
        if (!isStanding || c.terms.kind != Kind.ORDER || c.deliveredOn != 0) revert StateNotAllowed(root, c.state);
        if (msg.sender != c.terms.obligor) revert NotAParty(root, msg.sender);
        c.deliveredOn = _today();
        emit ClaimDelivered(root, document);
    }

    /// @inheritdoc IReceivables
    function dispute(uint64 root, uint64 id, bytes32 reason) external {
        Claim storage c = _claims[root];
        if (c.state < State.REGISTERED || c.state == State.SETTLED || c.state == State.CANCELLED) {
            revert StateNotAllowed(root, c.state);
        }
        bool holds = _parts[id].live && _parts[id].root == root && _parts[id].holder == msg.sender;
        if (!holds && msg.sender != c.terms.obligor) revert NotAParty(root, msg.sender);
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
    function fund(uint64 root, uint128 amount) external returns (uint128 paid) {
        State state = poke(root);
        Claim storage c = _claims[root];
        if (state < State.CONFIRMED || state == State.SETTLED || state == State.CANCELLED) {
            revert StateNotAllowed(root, state);
        }
        if (amount == 0) revert AmountZero();
        address token = c.terms.token;
        // Early payment changes what is traded: it is the obligor's alone, or a ledger's that lends to it.
        if (state == State.CONFIRMED && msg.sender != c.terms.obligor && !_isLedger(token, msg.sender)) {
            revert NotAParty(root, msg.sender);
        }
        paid = c.terms.face - c.redeemed;
        if (amount < paid) paid = amount;
        c.redeemed += paid;
        emit ClaimFunded(root, msg.sender, paid, c.redeemed);
        uint64[] memory live = _ascending(_live[root]);
        uint256[] memory owed = new uint256[](live.length);
        for (uint256 i = 0; i < live.length; ++i) {
            owed[i] = _parts[live[i]].amount - _parts[live[i]].redeemed;
        }
        uint256[] memory shares = Waterfall.largestRemainder(paid, owed);
        for (uint256 i = 0; i < live.length; ++i) {
            if (shares[i] != 0) _redeem(live[i], uint128(shares[i]));
        }
        if (c.redeemed == c.terms.face) _moveTo(root, c, State.SETTLED);
        IERC20(token).safeTransferFrom(msg.sender, address(this), paid);
    }

    // ---- reads

    /// @inheritdoc IReceivables
    function claim(uint64 root) public view returns (Claim memory) {
        return _claims[root];
    }

    /// @inheritdoc IReceivables
    function confirmationDigest(uint64 root, uint64 deadline) public view returns (bytes32) {
        Terms memory t = claim(root).terms;
        return _hashTypedDataV4(
            keccak256(bytes.concat(abi.encode(CONFIRMATION, root, deadline), abi.encode(t)))
        );
    }

    // ---- internals

    function _confirm(uint64 root, Claim storage c) private {
        _requireMay(c.terms.obligor, Parts.OBLIGOR);
        if (c.disputed) revert ClaimInDispute(root);
        c.state = State.CONFIRMED;
        emit ClaimConfirmed(root);
    }

    /// @dev Who isn't a party can't take an invoice, and an obligor only for what it owes itself.
    function _invoiceKeys(Terms storage t) private view returns (bytes32 byCreditor, bytes32 byBoth) {
        byCreditor = keccak256(abi.encode(t.creditor, t.invoice));
        byBoth = keccak256(abi.encode(t.obligor, byCreditor));
    }

    function _takeInvoice(bytes32 key, uint64 root, Claim storage c) private {
        if (_rootOf[key] != 0) revert InvoiceAlreadyLive(c.terms.invoice, _rootOf[key]);
        _rootOf[key] = root;
    }

    function _in(uint64 root, State state) private view returns (Claim storage c) {
        c = _claims[root];
        if (c.state == State.NONE) revert ClaimUnknown(root);
        if (c.state != state) revert StateNotAllowed(root, c.state);
    }

    function _ascending(uint64[] memory ids) private pure returns (uint64[] memory) {
        for (uint256 i = 1; i < ids.length; ++i) {
            uint64 id = ids[i];
            uint256 j = i;
            for (; j != 0 && ids[j - 1] > id; --j) {
                ids[j] = ids[j - 1];
            }
            ids[j] = id;
        }
        return ids;
    }
}
