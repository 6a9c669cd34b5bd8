// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Claimable} from "./Claimable.sol";
import {Deliverable} from "./Deliverable.sol";
import {Stoppable} from "./Stoppable.sol";
import {IBusinessCalendar} from "./interfaces/IBusinessCalendar.sol";
import {IDepositToken} from "./interfaces/IDepositToken.sol";
import {IParticipantRegistry} from "./interfaces/IParticipantRegistry.sol";
import {IReceivables} from "./interfaces/IReceivables.sol";
import {ClaimTerms} from "./libraries/ClaimTerms.sol";
import {Parts} from "./libraries/Parts.sol";

/// @title What is held of claims: their parts, and the money that was paid on them
/// @notice Documented in interfaces/IReceivables.sol. Receivables is this, and how a claim comes to be and ends.
abstract contract ClaimParts is IReceivables, Stoppable, Deliverable, Claimable {
    using SafeERC20 for IERC20;

    /// @dev Two slots. `party` is the obligor; of a draft, who drafted it. `token` is its place in `_tokens`, from 1.
    struct ClaimSlots {
        address party;
        uint80 redeemed;
        State state;
        bool disputed;
        uint80 face;
        uint32 dueDate;
        uint16 defaultDays;
        Kind kind;
        uint16 token;
        uint48 whole;
        uint32 deliveredOn;
    }

    /// @dev Two slots. `base` is what had been paid on the claim when the part was made.
    struct PartSlots {
        address holder;
        uint48 root;
        uint48 endorsed;
        uint80 amount;
        uint80 base;
        uint80 credited;
        Standing standing;
        bool recourse;
    }

    enum Standing {
        GONE,
        HELD,
        PLEDGED,
        DEMANDED
    }

    IParticipantRegistry public immutable participants;
    IBusinessCalendar public immutable calendar;
    /// @notice How many claims there are; their ids count from 1.
    uint48 public claimCount;
    /// @notice How many parts there are; their ids count from 1.
    uint48 public partCount;

    mapping(uint64 root => ClaimSlots) internal _claims;
    mapping(uint64 id => PartSlots) internal _parts;
    address[] internal _tokens;
    mapping(address token => uint16) private _numberOf;
    mapping(uint64 part => address) private _pledgees;
    mapping(uint64 part => Offer) private _offers;

    constructor(address participants_, address calendar_) {
        participants = IParticipantRegistry(participants_);
        calendar = IBusinessCalendar(calendar_);
    }

    // ---- writes

    /// @inheritdoc IReceivables
    function poke(uint64 root) public returns (State) {
        ClaimSlots storage c = _claims[root];
        if (c.state == State.NONE) revert ClaimUnknown(root);
        uint32 today = _today();
        // What is delivered late is due when it is delivered, and late after that.
        uint32 due = c.deliveredOn > c.dueDate ? c.deliveredOn : c.dueDate;
        if (c.state == State.CONFIRMED && today >= due) {
            if (c.kind == Kind.ORDER && c.deliveredOn == 0) return c.state;
            _moveTo(root, c, State.MATURED);
        }
        if (c.state == State.MATURED && today > due) _moveTo(root, c, State.OVERDUE);
        if (c.state == State.OVERDUE || c.state == State.RECOURSE) {
            if (ClaimTerms.isLongAfter(due, today, c.defaultDays)) {
                _moveTo(root, c, State.DEFAULTED);
            }
        }
        return c.state;
    }

    /// @inheritdoc IReceivables
    function collect(uint64[] calldata ids) public {
        for (uint256 i = 0; i < ids.length; ++i) {
            PartSlots storage p = _parts[ids[i]];
            if (p.standing == Standing.GONE || p.standing == Standing.PLEDGED) continue;
            _collect(ids[i], p);
            if (p.credited == p.amount) _burn(p);
        }
    }

    /// @inheritdoc IReceivables
    function collectAndWithdraw(uint64[] calldata ids, address token, address account) external returns (uint256) {
        collect(ids);
        return withdraw(token, account);
    }

    /// @inheritdoc IReceivables
    function split(uint64 id, uint128[] calldata amounts) external whenNotPaused returns (uint64[] memory children) {
        _requireFree(id, _movable(id, msg.sender));
        if (amounts.length < 2) revert SplitNotExact(id);
        PartSlots memory piece = _replace(id);
        _claims[piece.root].whole = 0;
        (uint256 whole, uint256 sum, uint48 last) = (piece.amount, 0, partCount);
        children = new uint64[](amounts.length);
        for (uint256 i = 0; i < amounts.length; ++i) {
            if (amounts[i] == 0 || amounts[i] > whole) revert SplitNotExact(id);
            sum += amounts[i];
            piece.amount = uint80(amounts[i]);
            children[i] = ++last;
            _mint(last, piece, id);
        }
        if (sum != whole) revert SplitNotExact(id);
        partCount = last;
        emit PartSplit(id, children);
    }

    /// @inheritdoc IReceivables
    function offer(uint64 id, address to, bool recourse, uint64 expires) external whenNotPaused {
        _requireFree(id, _movable(id, msg.sender));
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
        _requireFree(id, _parts[id]);
        return _pass(id, from, to, recourse, unpaid);
    }

    /// @inheritdoc IReceivables
    function pledge(uint64 id, address pledgee) external whenNotPaused {
        PartSlots storage p = _movable(id, msg.sender);
        _requireFree(id, p);
        _requireMay(pledgee, Parts.TAKE_PLEDGES);
        // What was paid before is the holder's.
        _collect(id, p);
        (p.standing, _pledgees[id]) = (Standing.PLEDGED, pledgee);
        emit PartPledged(id, pledgee);
    }

    /// @inheritdoc IReceivables
    function take(uint64 id, uint128 amount) external {
        PartSlots storage p = _pledged(id);
        uint128 retained = _redeemed(p) - p.credited;
        if (amount > retained) revert RetainedTooLittle(id, retained, amount);
        p.credited += uint80(amount);
        _credit(p.root, msg.sender, amount);
        emit RetainedTaken(id, msg.sender, amount);
    }

    /// @inheritdoc IReceivables
    function release(uint64 id) external {
        PartSlots storage p = _pledged(id);
        uint80 retained = _redeemed(p) - p.credited;
        p.credited += retained;
        _credit(p.root, p.holder, retained);
        emit PartReleased(id, retained);
        (p.standing, _pledgees[id]) = (Standing.HELD, address(0));
        if (p.credited == p.amount) _burn(p);
    }

    /// @inheritdoc IReceivables
    function demandRecourse(uint64 id) external {
        PartSlots storage p = _held(id, msg.sender);
        _requireMay(msg.sender, Parts.END);
        State state = poke(p.root);
        if (state != State.OVERDUE && state != State.RECOURSE && state != State.DEFAULTED) {
            revert StateNotAllowed(p.root, state);
        }
        if (p.standing == Standing.PLEDGED) revert PartEncumbered(id);
        address endorser = endorserOf(id);
        if (endorser == address(0)) revert NoRecourse(id);
        if (p.standing == Standing.DEMANDED) revert RecourseAlreadyDemanded(id);
        p.standing = Standing.DEMANDED;
        if (state == State.OVERDUE) _moveTo(p.root, _claims[p.root], State.RECOURSE);
        emit RecourseDemanded(id, endorser, p.amount - _redeemed(p));
    }

    /// @inheritdoc IReceivables
    function payRecourse(uint64 id) external returns (uint64 regained) {
        PartSlots storage gone = _parts[id];
        if (gone.standing == Standing.GONE || _redeemed(gone) == gone.amount) revert PartNotLive(id);
        if (gone.standing != Standing.DEMANDED) revert RecourseNotDemanded(id);
        if (msg.sender != endorserOf(id)) revert NotTheEndorser(id, msg.sender);
        PartSlots memory p = _replace(id);
        uint80 owed = p.amount;
        _credit(p.root, p.holder, owed);
        PartSlots storage before = _parts[p.endorsed];
        (p.holder, p.endorsed, p.recourse) = (msg.sender, before.endorsed, before.recourse);
        regained = _follow(p, id);
        emit RecoursePaid(id, msg.sender, regained, owed);
        IERC20(_tokenOf(p.root)).safeTransferFrom(msg.sender, address(this), owed);
    }

    // ---- reads

    /// @inheritdoc IReceivables
    function part(uint64 id) external view returns (Part memory) {
        PartSlots storage p = _parts[id];
        return Part(
            p.root,
            p.endorsed,
            p.recourse,
            p.standing == Standing.DEMANDED,
            p.standing != Standing.GONE,
            p.holder,
            _pledgees[id],
            p.amount,
            _redeemed(p),
            p.credited
        );
    }

    /// @inheritdoc IReceivables
    function offerOf(uint64 id) public view returns (Offer memory) {
        return _offers[id];
    }

    /// @inheritdoc IReceivables
    function endorserOf(uint64 id) public view returns (address) {
        PartSlots storage p = _parts[id];
        return p.recourse ? _parts[p.endorsed].holder : address(0);
    }

    // ---- internals

    function _moveTo(uint64 root, ClaimSlots storage c, State state) internal {
        c.state = state;
        emit ClaimStateChanged(root, state);
    }

    /// @dev What of the part's amount has been paid since it was made. A part that is gone keeps what it had.
    function _redeemed(PartSlots storage p) private view returns (uint80) {
        if (p.standing == Standing.GONE) return p.credited;
        ClaimSlots storage c = _claims[p.root];
        return uint80(uint256(c.redeemed - p.base) * p.amount / (c.face - p.base));
    }

    function _collect(uint64 id, PartSlots storage p) internal {
        uint80 paid = _redeemed(p) - p.credited;
        if (paid == 0) return;
        p.credited += paid;
        _credit(p.root, p.holder, paid);
        emit PartCollected(id, p.holder, paid);
    }

    /// @dev Burn the part and mint its one child with the new holder. A payment changes what a part is worth and not its
    /// id: who takes it says for how much at least.
    function _pass(uint64 id, address from, address to, bool recourse, uint128 least) private returns (uint64) {
        _requireMay(to, Parts.HOLDER);
        _movable(id, from);
        if (least == 0) revert AmountZero();
        PartSlots memory p = _replace(id);
        if (p.amount < least) revert UnpaidTooLittle(id, p.amount, least);
        (p.holder, p.endorsed, p.recourse) = (to, uint48(id), recourse);
        return _follow(p, id);
    }

    /// @dev Give the part's holder what was paid on it, and burn it; what is unpaid on it is for its children.
    function _replace(uint64 id) private returns (PartSlots memory child) {
        PartSlots storage p = _parts[id];
        _collect(id, p);
        _burn(p);
        child = p;
        (child.amount, child.base) = (p.amount - p.credited, _claims[p.root].redeemed);
        (child.credited, child.standing) = (0, Standing.HELD);
    }

    /// @dev The one child of the part `id`: where that was the whole claim, it is now.
    function _follow(PartSlots memory p, uint64 id) private returns (uint48 child) {
        child = ++partCount;
        _mint(child, p, id);
        if (_claims[p.root].whole == id) _claims[p.root].whole = child;
    }

    function _mint(uint48 id, PartSlots memory p, uint64 parent) internal {
        _parts[id] = p;
        emit PartMinted(id, p.root, p.holder, parent, p.amount, p.recourse);
    }

    function _burn(PartSlots storage p) internal {
        p.standing = Standing.GONE;
    }

    function _credit(uint64 root, address account, uint128 amount) private {
        _keepFor(_tokenOf(root), account, amount);
    }

    /// @dev The token's place among those that claims are in.
    function _number(address token) internal returns (uint16 number) {
        number = _numberOf[token];
        if (number == 0) {
            _tokens.push(token);
            number = SafeCast.toUint16(_tokens.length);
            _numberOf[token] = number;
        }
    }

    function _isLedger(address token, address account) internal view returns (bool) {
        return IDepositToken(token).isLedger(account);
    }

    function _tokenOf(uint64 root) internal view returns (address) {
        return _tokens[_claims[root].token - 1];
    }

    function _held(uint64 id, address account) internal view returns (PartSlots storage p) {
        p = _parts[id];
        if (p.standing == Standing.GONE) revert PartNotLive(id);
        if (p.holder != account) revert NotTheHolder(id, account);
    }

    /// @dev A part that is pledged to the caller.
    function _pledged(uint64 id) private view returns (PartSlots storage p) {
        p = _parts[id];
        if (p.standing != Standing.PLEDGED) revert PartNotPledged(id);
        if (msg.sender != _pledgees[id]) revert NotThePledgee(id, msg.sender);
        _requireMay(msg.sender, Parts.END);
    }

    /// @dev A live part of `account`, of a confirmed claim that is neither due nor in dispute.
    function _movable(uint64 id, address account) private returns (PartSlots storage p) {
        p = _held(id, account);
        _requireMay(account, Parts.PASS_ON);
        if (_claims[p.root].disputed) revert ClaimInDispute(p.root);
        State state = poke(p.root);
        if (state != State.CONFIRMED) revert StateNotAllowed(p.root, state);
    }

    /// @dev Neither pledged nor under an offer that still holds.
    function _requireFree(uint64 id, PartSlots storage p) private view {
        if (p.standing == Standing.PLEDGED) revert PartEncumbered(id);
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
