// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {IBusinessCalendar} from "./interfaces/IBusinessCalendar.sol";
import {IDepositToken} from "./interfaces/IDepositToken.sol";
import {IParticipantRegistry} from "./interfaces/IParticipantRegistry.sol";
import {IReceivables} from "./interfaces/IReceivables.sol";
import {BusinessDate} from "./libraries/BusinessDate.sol";
import {Waterfall} from "./libraries/Waterfall.sol";

/// @title Receivables
/// @notice Documented in interfaces/IReceivables.sol.
contract Receivables is IReceivables, AccessManaged, Pausable, EIP712 {
    using SafeERC20 for IERC20;

    /// @notice Most live parts of one claim: what `fund` can share out in one transaction.
    uint256 public constant MAX_PARTS = 64;
    bytes32 private constant CONFIRMATION = keccak256(
        "Confirmation(uint64 root,uint64 deadline,uint8 kind,address obligor,address creditor,address token,uint128 face,uint32 issueDate,uint32 dueDate,uint16 defaultDays,bytes32 invoice,bytes32 document)"
    );

    IParticipantRegistry public immutable participants;
    IBusinessCalendar public immutable calendar;
    /// @notice The contract that settles deliveries against payments; zero until set.
    address public settlement;
    /// @notice How many claims and parts there are; their ids count from 1.
    uint64 public claimCount;
    uint64 public partCount;

    mapping(uint64 root => Claim) private _claims;
    mapping(uint64 root => address) private _drafter;
    mapping(uint64 root => uint64[]) private _live;
    mapping(uint64 part => uint256) private _place;
    mapping(uint64 id => Part) private _parts;
    mapping(uint64 part => Offer) private _offers;
    mapping(bytes32 invoice => uint64) private _rootOf;
    mapping(address token => mapping(address account => uint256)) private _claimable;

    constructor(address access, address participants_, address calendar_)
        AccessManaged(access)
        EIP712("Counterfoil Receivables", "1")
    {
        participants = IParticipantRegistry(participants_);
        calendar = IBusinessCalendar(calendar_);
    }

    // ---- claims

    /// @inheritdoc IReceivables
    function draft(Terms calldata terms) public whenNotPaused returns (uint64 root) {
        if (
            terms.face == 0 || terms.invoice == 0 || terms.obligor == terms.creditor || terms.token.code.length == 0
                || !IDepositToken(terms.token).isLedger(address(this)) || !BusinessDate.isValid(terms.issueDate) || !BusinessDate.isValid(terms.dueDate)
                || terms.dueDate < terms.issueDate || (terms.kind == Kind.PAYABLE && msg.sender != terms.obligor)
        ) revert ClaimTermsInvalid();
        _requireActive(terms.obligor);
        _requireActive(terms.creditor);
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
        bytes32 invoice = c.terms.invoice;
        if (_rootOf[invoice] != 0) revert InvoiceAlreadyLive(invoice, _rootOf[invoice]);
        _rootOf[invoice] = root;
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
    function confirm(uint64[] calldata roots) external whenNotPaused {
        for (uint256 i = 0; i < roots.length; ++i) {
            Claim storage c = _in(roots[i], State.REGISTERED);
            if (msg.sender != c.terms.obligor) revert NotAParty(roots[i], msg.sender);
            _confirm(roots[i], c);
        }
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
            // Before its confirmation a claim has one part, which can't move.
            delete _rootOf[c.terms.invoice];
            _burn(_live[root][0]);
        }
        c.state = State.CANCELLED;
        emit ClaimCancelled(root);
    }

    /// @inheritdoc IReceivables
    function deliver(uint64 root, bytes32 document) external {
        Claim storage c = _claims[root];
        bool isStanding = c.state == State.CONFIRMED || c.state == State.SETTLED;
        if (!isStanding || c.terms.kind != Kind.ORDER || c.delivered) revert StateNotAllowed(root, c.state);
        if (msg.sender != c.terms.obligor) revert NotAParty(root, msg.sender);
        c.delivered = true;
        emit ClaimDelivered(root, document);
    }

    /// @inheritdoc IReceivables
    function dispute(uint64 root, uint64 id, bytes32 reason) external {
        Claim storage c = _claims[root];
        if (c.state < State.REGISTERED || c.state == State.SETTLED || c.state == State.CANCELLED) {
            revert StateNotAllowed(root, c.state);
        }
        bool holds = _parts[id].live && _parts[id].root == root && _parts[id].holder == msg.sender;
        if (!holds && msg.sender != c.terms.obligor && msg.sender != c.terms.creditor) {
            revert NotAParty(root, msg.sender);
        }
        if (c.disputed) revert ClaimInDispute(root);
        c.disputed = true;
        emit ClaimDisputed(root, msg.sender, reason);
    }

    /// @inheritdoc IReceivables
    function resolveDispute(uint64 root, bytes32 outcome) external restricted {
        if (!_claims[root].disputed) revert ClaimNotInDispute(root);
        _claims[root].disputed = false;
        emit DisputeResolved(root, outcome);
    }

    /// @inheritdoc IReceivables
    function poke(uint64 root) public returns (State) {
        Claim storage c = _claims[root];
        if (c.state == State.NONE) revert ClaimUnknown(root);
        uint32 today = calendar.today();
        if (c.state == State.CONFIRMED && today >= c.terms.dueDate) {
            if (c.terms.kind == Kind.ORDER && !c.delivered) return c.state;
            _moveTo(root, c, State.MATURED);
        }
        if (c.state == State.MATURED && today > c.terms.dueDate) _moveTo(root, c, State.OVERDUE);
        if (c.state == State.OVERDUE || c.state == State.RECOURSE) {
            if (BusinessDate.daysBetween(c.terms.dueDate, today) > c.terms.defaultDays) {
                _moveTo(root, c, State.DEFAULTED);
            }
        }
        return c.state;
    }

    /// @inheritdoc IReceivables
    function fund(uint64 root, uint128 amount) external {
        poke(root);
        Claim storage c = _claims[root];
        State state = c.state;
        if (state < State.CONFIRMED || state == State.SETTLED || state == State.CANCELLED) {
            revert StateNotAllowed(root, state);
        }
        if (amount == 0) revert AmountZero();
        uint256 unpaid = c.terms.face - c.redeemed;
        if (amount > unpaid) revert FundingTooMuch(root, unpaid, amount);
        c.redeemed += amount;
        emit ClaimFunded(root, msg.sender, amount, c.redeemed);
        uint64[] memory live = _ascending(_live[root]);
        uint256[] memory owed = new uint256[](live.length);
        for (uint256 i = 0; i < live.length; ++i) {
            owed[i] = _parts[live[i]].amount - _parts[live[i]].redeemed;
        }
        uint256[] memory shares = Waterfall.largestRemainder(amount, owed);
        for (uint256 i = 0; i < live.length; ++i) {
            if (shares[i] != 0) _redeem(_parts[live[i]], live[i], uint128(shares[i]), c.terms.token);
        }
        if (c.redeemed == c.terms.face) _moveTo(root, c, State.SETTLED);
        IERC20(c.terms.token).safeTransferFrom(msg.sender, address(this), amount);
    }

    // ---- parts

    /// @inheritdoc IReceivables
    function split(uint64 id, uint128[] calldata amounts) external whenNotPaused returns (uint64[] memory children) {
        _movable(id, msg.sender);
        _requireFree(id);
        Part memory piece = part(id);
        if (piece.redeemed != 0) revert PartRedeemedInPart(id, piece.redeemed);
        if (amounts.length < 2) revert SplitNotExact(id);
        (uint256 whole, uint256 sum) = (piece.amount, 0);
        _burn(id);
        piece.parent = id;
        children = new uint64[](amounts.length);
        for (uint256 i = 0; i < amounts.length; ++i) {
            if (amounts[i] == 0) revert AmountZero();
            sum += amounts[i];
            piece.amount = amounts[i];
            children[i] = _mint(piece);
        }
        if (sum != whole) revert SplitNotExact(id);
        emit PartSplit(id, children);
    }

    /// @inheritdoc IReceivables
    function offer(uint64 id, address to, bool recourse, uint64 expires) external whenNotPaused {
        _movable(id, msg.sender);
        _requireFree(id);
        _requireActive(to);
        if (to == msg.sender || expires <= block.timestamp) revert OfferInvalid(id);
        _offers[id] = Offer(id, to, recourse, expires);
        emit PartOffered(id, to, recourse, expires);
    }

    /// @inheritdoc IReceivables
    function accept(uint64 id, bool recourse, uint128 unpaid, uint64 deadline)
        external
        whenNotPaused
        returns (uint64 child)
    {
        _requireInTime(deadline);
        Offer memory o = offerOf(id);
        if (o.part == 0 || o.expires < block.timestamp) revert OfferNotOpen(id);
        if (msg.sender != o.to) revert NotTheOfferee(id, msg.sender);
        if (recourse != o.recourse) revert OfferDiffers(id, o.recourse);
        _requireUnpaid(id, unpaid);
        delete _offers[id];
        emit OfferEnded(id, true);
        return _pass(id, _parts[id].holder, o.to, o.recourse);
    }

    /// @inheritdoc IReceivables
    function endOffer(uint64 id) external {
        Offer memory o = offerOf(id);
        if (o.part == 0) revert OfferNotOpen(id);
        if (msg.sender != o.to && msg.sender != _parts[id].holder && o.expires >= block.timestamp) {
            revert NotTheOfferee(id, msg.sender);
        }
        delete _offers[id];
        emit OfferEnded(id, false);
    }

    /// @inheritdoc IReceivables
    function pledge(uint64 id, address pledgee) external whenNotPaused {
        Part storage p = _movable(id, msg.sender);
        _requireFree(id);
        if (pledgee.code.length == 0) _requireActive(pledgee);
        p.pledgee = pledgee;
        emit PartPledged(id, pledgee);
    }

    /// @inheritdoc IReceivables
    function take(uint64 id, uint128 amount) external {
        Part storage p = _pledged(id);
        if (amount > p.retained) revert RetainedTooLittle(id, p.retained, amount);
        p.retained -= amount;
        _claimable[_claims[p.root].terms.token][msg.sender] += amount;
        emit RetainedTaken(id, msg.sender, amount);
    }

    /// @inheritdoc IReceivables
    function release(uint64 id) external {
        Part storage p = _pledged(id);
        _claimable[_claims[p.root].terms.token][p.holder] += p.retained;
        emit PartReleased(id, p.retained);
        (p.retained, p.pledgee) = (0, address(0));
        if (p.redeemed == p.amount) _burn(id);
    }

    /// @inheritdoc IReceivables
    function transferBySettlement(uint64 id, address from, address to, bool recourse, uint128 unpaid)
        external
        whenNotPaused
        returns (uint64)
    {
        if (msg.sender != settlement) revert NotTheSettlement(msg.sender);
        _requireFree(id);
        _requireUnpaid(id, unpaid);
        return _pass(id, from, to, recourse);
    }

    /// @inheritdoc IReceivables
    function demandRecourse(uint64 id) external {
        Part storage p = _held(id, msg.sender);
        State state = poke(p.root);
        if (state != State.OVERDUE && state != State.RECOURSE && state != State.DEFAULTED) {
            revert StateNotAllowed(p.root, state);
        }
        if (p.pledgee != address(0)) revert PartEncumbered(id);
        address endorser = endorserOf(id);
        if (endorser == address(0)) revert NoRecourse(id);
        if (p.demanded) revert RecourseAlreadyDemanded(id);
        p.demanded = true;
        if (state == State.OVERDUE) _moveTo(p.root, _claims[p.root], State.RECOURSE);
        emit RecourseDemanded(id, endorser, p.amount - p.redeemed);
    }

    /// @inheritdoc IReceivables
    function payRecourse(uint64 id) external returns (uint64 regained) {
        Part memory p = part(id);
        if (!p.live) revert PartNotLive(id);
        if (!p.demanded) revert RecourseNotDemanded(id);
        if (msg.sender != endorserOf(id)) revert NotTheEndorser(id, msg.sender);
        address token = _claims[p.root].terms.token;
        uint128 owed = p.amount - p.redeemed;
        _claimable[token][p.holder] += owed;
        Part memory before = part(_parts[p.received].parent);
        _burn(id);
        (p.parent, p.holder, p.demanded) = (id, msg.sender, false);
        (p.received, p.depth, p.recourse) = (before.received, before.depth, before.recourse);
        regained = _mint(p);
        emit RecoursePaid(id, msg.sender, regained, owed);
        IERC20(token).safeTransferFrom(msg.sender, address(this), owed);
    }

    /// @inheritdoc IReceivables
    function withdraw(address token, address account) external returns (uint256 amount) {
        amount = _claimable[token][account];
        if (amount == 0) revert NothingToWithdraw(token, account);
        _claimable[token][account] = 0;
        emit Withdrawn(token, account, amount);
        IERC20(token).safeTransfer(account, amount);
    }

    // ---- set-up

    /// @notice Name the settlement contract, once.
    function setSettlement(address settlement_) external restricted {
        if (settlement != address(0)) revert SettlementAlreadySet(settlement);
        settlement = settlement_;
    }

    /// @inheritdoc IReceivables
    function pause() external restricted {
        _pause();
    }

    /// @inheritdoc IReceivables
    function unpause() external restricted {
        _unpause();
    }

    // ---- reads

    /// @inheritdoc IReceivables
    function claim(uint64 root) public view returns (Claim memory) {
        return _claims[root];
    }

    /// @inheritdoc IReceivables
    function part(uint64 id) public view returns (Part memory) {
        return _parts[id];
    }

    /// @inheritdoc IReceivables
    function partsOf(uint64 root) external view returns (uint64[] memory) {
        return _live[root];
    }

    /// @inheritdoc IReceivables
    function offerOf(uint64 id) public view returns (Offer memory) {
        return _offers[id];
    }

    /// @inheritdoc IReceivables
    function claimable(address token, address account) external view returns (uint256) {
        return _claimable[token][account];
    }

    /// @inheritdoc IReceivables
    function provenance(uint64 id) external view returns (uint64[] memory line) {
        uint256 length = 0;
        for (uint64 step = id; step != 0; step = _parts[step].parent) {
            ++length;
        }
        line = new uint64[](length);
        for (uint256 i = 0; i < length; ++i) {
            (line[i], id) = (id, _parts[id].parent);
        }
    }

    /// @inheritdoc IReceivables
    function endorserOf(uint64 id) public view returns (address) {
        Part storage p = _parts[id];
        return p.recourse ? _parts[_parts[p.received].parent].holder : address(0);
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
        _requireActive(c.terms.obligor);
        if (c.disputed) revert ClaimInDispute(root);
        c.state = State.CONFIRMED;
        emit ClaimConfirmed(root);
    }

    function _moveTo(uint64 root, Claim storage c, State state) private {
        c.state = state;
        emit ClaimStateChanged(root, state);
    }

    function _redeem(Part storage p, uint64 id, uint128 amount, address token) private {
        p.redeemed += amount;
        emit PartRedeemed(id, p.holder, amount);
        if (p.pledgee != address(0)) {
            p.retained += amount;
        } else {
            _claimable[token][p.holder] += amount;
            if (p.redeemed == p.amount) _burn(id);
        }
    }

    /// @dev Burn the part and mint its one child with the new holder.
    function _pass(uint64 id, address from, address to, bool recourse) private returns (uint64 child) {
        _requireActive(to);
        _movable(id, from);
        Part memory p = part(id);
        _burn(id);
        (p.parent, p.depth, p.recourse, p.holder) = (id, p.depth + 1, recourse, to);
        child = _mint(p);
        _parts[child].received = child;
    }

    /// @dev Put `p` among the live parts of its claim; its id and `live` are set here.
    function _mint(Part memory p) private returns (uint64 id) {
        uint64[] storage live = _live[p.root];
        if (live.length == MAX_PARTS) revert TooManyParts(p.root);
        id = ++partCount;
        p.live = true;
        _parts[id] = p;
        _place[id] = live.length;
        live.push(id);
        emit PartMinted(id, p.root, p.holder, p.parent, p.amount, p.recourse);
    }

    function _burn(uint64 id) private {
        Part storage p = _parts[id];
        p.live = false;
        uint64[] storage live = _live[p.root];
        uint64 last = live[live.length - 1];
        live[_place[id]] = last;
        _place[last] = _place[id];
        live.pop();
        delete _place[id];
    }

    function _in(uint64 root, State state) private view returns (Claim storage c) {
        c = _claims[root];
        if (c.state == State.NONE) revert ClaimUnknown(root);
        if (c.state != state) revert StateNotAllowed(root, c.state);
    }

    function _held(uint64 id, address account) private view returns (Part storage p) {
        p = _parts[id];
        if (!p.live) revert PartNotLive(id);
        if (p.holder != account) revert NotTheHolder(id, account);
    }

    /// @dev A part that is pledged to the caller.
    function _pledged(uint64 id) private view returns (Part storage p) {
        p = _parts[id];
        if (p.pledgee == address(0)) revert PartNotPledged(id);
        if (msg.sender != p.pledgee) revert NotThePledgee(id, msg.sender);
    }

    /// @dev A live part of `account`, of a confirmed claim that is neither due nor in dispute.
    function _movable(uint64 id, address account) private returns (Part storage p) {
        p = _held(id, account);
        _requireActive(account);
        if (_claims[p.root].disputed) revert ClaimInDispute(p.root);
        State state = poke(p.root);
        if (state != State.CONFIRMED) revert StateNotAllowed(p.root, state);
    }

    /// @dev Neither pledged nor under an offer that still holds.
    function _requireFree(uint64 id) private view {
        if (_parts[id].pledgee != address(0)) revert PartEncumbered(id);
        if (_offers[id].part != 0 && _offers[id].expires >= block.timestamp) revert PartEncumbered(id);
    }

    /// @dev A payment changes what a part is worth and not its id: who takes it says for how much at least.
    function _requireUnpaid(uint64 id, uint128 least) private view {
        if (least == 0) revert AmountZero();
        uint128 unpaid = _parts[id].amount - _parts[id].redeemed;
        if (unpaid < least) revert UnpaidTooLittle(id, unpaid, least);
    }

    function _requireInTime(uint64 deadline) private view {
        if (block.timestamp > deadline) revert DeadlinePassed(deadline);
    }

    function _requireActive(address account) private view {
        if (!participants.isActive(account)) revert ParticipantNotActive(account);
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
