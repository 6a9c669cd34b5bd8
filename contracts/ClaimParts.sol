// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Claimable} from "./Claimable.sol";
import {Deliverable} from "./Deliverable.sol";
import {Stoppable} from "./Stoppable.sol";
import {IBusinessCalendar} from "./interfaces/IBusinessCalendar.sol";
import {IDepositToken} from "./interfaces/IDepositToken.sol";
import {IParticipantRegistry} from "./interfaces/IParticipantRegistry.sol";
import {IReceivables} from "./interfaces/IReceivables.sol";
import {BusinessDate} from "./libraries/BusinessDate.sol";
import {Parts} from "./libraries/Parts.sol";

/// @title What is held of claims: their parts, and the money that was paid on them
/// @notice Documented in interfaces/IReceivables.sol. Receivables is this, and how a claim comes to be and ends.
abstract contract ClaimParts is IReceivables, Stoppable, Deliverable, Claimable {
    using SafeERC20 for IERC20;

    /// @notice A part is at least one of so many equal shares of what is unpaid on its claim.
    uint256 private constant LEAST_SHARE = 64;

    IParticipantRegistry public immutable participants;
    IBusinessCalendar public immutable calendar;
    /// @notice How many parts there are; their ids count from 1.
    uint64 public partCount;

    mapping(uint64 root => Claim) internal _claims;
    mapping(uint64 root => uint64[]) internal _live;
    mapping(uint64 id => Part) internal _parts;
    mapping(uint64 part => uint256) private _place;
    mapping(uint64 part => Offer) private _offers;

    constructor(address participants_, address calendar_) {
        participants = IParticipantRegistry(participants_);
        calendar = IBusinessCalendar(calendar_);
    }

    // ---- writes

    /// @inheritdoc IReceivables
    function poke(uint64 root) public returns (State) {
        Claim storage c = _claims[root];
        if (c.state == State.NONE) revert ClaimUnknown(root);
        uint32 today = _today();
        // What is delivered late is due when it is delivered, and late after that.
        uint32 due = c.deliveredOn > c.terms.dueDate ? c.deliveredOn : c.terms.dueDate;
        if (c.state == State.CONFIRMED && today >= due) {
            if (c.terms.kind == Kind.ORDER && c.deliveredOn == 0) return c.state;
            _moveTo(root, c, State.MATURED);
        }
        if (c.state == State.MATURED && today > due) _moveTo(root, c, State.OVERDUE);
        if (c.state == State.OVERDUE || c.state == State.RECOURSE) {
            if (BusinessDate.daysBetween(due, today) > c.terms.defaultDays) {
                _moveTo(root, c, State.DEFAULTED);
            }
        }
        return c.state;
    }

    /// @inheritdoc IReceivables
    function split(uint64 id, uint128[] calldata amounts) external whenNotPaused returns (uint64[] memory children) {
        _movable(id, msg.sender);
        _requireFree(id);
        if (amounts.length < 2) revert SplitNotExact(id);
        Part memory piece = part(id);
        uint128 least = leastPart(piece.root);
        (uint256 whole, uint256 sum) = (piece.amount - piece.redeemed, 0);
        _burn(id);
        children = new uint64[](amounts.length);
        for (uint256 i = 0; i < amounts.length; ++i) {
            if (amounts[i] < least) revert PartTooSmall(id, amounts[i], least);
            sum += amounts[i];
            children[i] = _child(piece, id, amounts[i]);
        }
        if (sum != whole) revert SplitNotExact(id);
        emit PartSplit(id, children);
    }

    /// @inheritdoc IReceivables
    function offer(uint64 id, address to, bool recourse, uint64 expires) external whenNotPaused {
        _movable(id, msg.sender);
        _requireFree(id);
        _requireMay(to, Parts.HOLDER);
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
        delete _offers[id];
        emit OfferEnded(id, true);
        return _pass(id, _parts[id].holder, o.to, recourse, unpaid);
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
    function transferBySettlement(uint64 id, address from, address to, bool recourse, uint128 unpaid)
        external
        onlySettlement
        whenNotPaused
        returns (uint64)
    {
        _requireFree(id);
        return _pass(id, from, to, recourse, unpaid);
    }

    /// @inheritdoc IReceivables
    function pledge(uint64 id, address pledgee) external whenNotPaused {
        Part storage p = _movable(id, msg.sender);
        _requireFree(id);
        _requireMay(pledgee, Parts.TAKE_PLEDGES);
        p.pledgee = pledgee;
        emit PartPledged(id, pledgee);
    }

    /// @inheritdoc IReceivables
    function take(uint64 id, uint128 amount) external {
        Part storage p = _pledged(id);
        if (amount > p.retained) revert RetainedTooLittle(id, p.retained, amount);
        p.retained -= amount;
        _credit(p.root, msg.sender, amount);
        emit RetainedTaken(id, msg.sender, amount);
    }

    /// @inheritdoc IReceivables
    function release(uint64 id) external {
        Part storage p = _pledged(id);
        _credit(p.root, p.holder, p.retained);
        emit PartReleased(id, p.retained);
        (p.retained, p.pledgee) = (0, address(0));
        if (p.redeemed == p.amount) _burn(id);
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
        uint128 owed = p.amount - p.redeemed;
        _credit(p.root, p.holder, owed);
        Part storage before = _parts[_parts[p.received].parent];
        _burn(id);
        (p.holder, p.demanded) = (msg.sender, false);
        (p.received, p.depth, p.recourse) = (before.received, before.depth, before.recourse);
        regained = _child(p, id, owed);
        emit RecoursePaid(id, msg.sender, regained, owed);
        IERC20(_tokenOf(p.root)).safeTransferFrom(msg.sender, address(this), owed);
    }

    // ---- reads

    /// @inheritdoc IReceivables
    function part(uint64 id) public view returns (Part memory) {
        return _parts[id];
    }

    /// @inheritdoc IReceivables
    function partsOf(uint64 root) external view returns (uint64[] memory) {
        return _live[root];
    }

    /// @inheritdoc IReceivables
    function leastPart(uint64 root) public view returns (uint128) {
        Claim storage c = _claims[root];
        return uint128((uint256(c.terms.face) - c.redeemed + LEAST_SHARE - 1) / LEAST_SHARE);
    }

    /// @inheritdoc IReceivables
    function offerOf(uint64 id) public view returns (Offer memory) {
        return _offers[id];
    }

    /// @inheritdoc IReceivables
    function endorserOf(uint64 id) public view returns (address) {
        Part storage p = _parts[id];
        return p.recourse ? _parts[_parts[p.received].parent].holder : address(0);
    }

    // ---- internals

    function _moveTo(uint64 root, Claim storage c, State state) internal {
        c.state = state;
        emit ClaimStateChanged(root, state);
    }

    /// @dev What the obligor has paid of a part is its holder's, or waits for its pledgee.
    function _redeem(uint64 id, uint128 amount) internal {
        Part storage p = _parts[id];
        p.redeemed += amount;
        emit PartRedeemed(id, p.holder, amount);
        if (p.pledgee != address(0)) {
            p.retained += amount;
        } else {
            _credit(p.root, p.holder, amount);
            if (p.redeemed == p.amount) _burn(id);
        }
    }

    /// @dev Burn the part and mint its one child with the new holder. A payment changes what a part is worth and not its
    /// id: who takes it says for how much at least.
    function _pass(uint64 id, address from, address to, bool recourse, uint128 least) private returns (uint64 child) {
        _requireMay(to, Parts.HOLDER);
        _movable(id, from);
        Part memory p = part(id);
        uint128 unpaid = p.amount - p.redeemed;
        if (least == 0) revert AmountZero();
        if (unpaid < least) revert UnpaidTooLittle(id, unpaid, least);
        _burn(id);
        (p.depth, p.recourse, p.holder) = (p.depth + 1, recourse, to);
        child = _child(p, id, unpaid);
        _parts[child].received = child;
    }

    /// @dev A child of the part `id`, of `amount` that is unpaid on it, and else as `p`.
    function _child(Part memory p, uint64 id, uint128 amount) private returns (uint64) {
        (p.parent, p.amount, p.redeemed) = (id, amount, 0);
        return _mint(p);
    }

    /// @dev Put `p` among the live parts of its claim; its id and `live` are set here.
    function _mint(Part memory p) internal returns (uint64 id) {
        uint64[] storage live = _live[p.root];
        id = ++partCount;
        p.live = true;
        _parts[id] = p;
        _place[id] = live.length;
        live.push(id);
        emit PartMinted(id, p.root, p.holder, p.parent, p.amount, p.recourse);
    }

    function _burn(uint64 id) internal {
        Part storage p = _parts[id];
        p.live = false;
        uint64[] storage live = _live[p.root];
        uint64 last = live[live.length - 1];
        live[_place[id]] = last;
        _place[last] = _place[id];
        live.pop();
        delete _place[id];
    }

    function _credit(uint64 root, address account, uint128 amount) private {
        _keepFor(_tokenOf(root), account, amount);
    }

    function _isLedger(address token, address account) internal view returns (bool) {
        return IDepositToken(token).isLedger(account);
    }

    function _tokenOf(uint64 root) internal view returns (address) {
        return _claims[root].terms.token;
    }

    function _held(uint64 id, address account) internal view returns (Part storage p) {
        p = _parts[id];
        if (!p.live) revert PartNotLive(id);
        if (p.holder != account) revert NotTheHolder(id, account);
    }

    /// @dev A part that is pledged to the caller.
    function _pledged(uint64 id) private view returns (Part storage p) {
        p = _parts[id];
        if (p.pledgee == address(0)) revert PartNotPledged(id);
        if (msg.sender != p.pledgee) revert NotThePledgee(id, msg.sender);
        _requireMay(msg.sender, Parts.END);
    }

    /// @dev A live part of `account`, of a confirmed claim that is neither due nor in dispute.
    function _movable(uint64 id, address account) private returns (Part storage p) {
        p = _held(id, account);
        _requireMay(account, Parts.PASS_ON);
        if (_claims[p.root].disputed) revert ClaimInDispute(p.root);
        State state = poke(p.root);
        if (state != State.CONFIRMED) revert StateNotAllowed(p.root, state);
    }

    /// @dev Neither pledged nor under an offer that still holds.
    function _requireFree(uint64 id) private view {
        if (_parts[id].pledgee != address(0)) revert PartEncumbered(id);
        if (_offers[id].part != 0 && _offers[id].expires >= block.timestamp) revert PartEncumbered(id);
    }

    function _requireInTime(uint64 deadline) internal view {
        if (block.timestamp > deadline) revert DeadlinePassed(deadline);
    }

    function _requireMay(address account, uint8 act) internal view {
        participants.requireMay(account, act);
    }

    function _today() internal view returns (uint32) {
        return calendar.today();
    }
}
