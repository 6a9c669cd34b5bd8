// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {CreditWorld} from "support/CreditWorld.sol";
import {Days} from "support/Days.sol";

/// @notice Does with claims what parties may do and what they may not, in any order, beside a ledger of its own.
contract ClaimsHandler is CreditWorld {
    uint256 private constant MOST = 24;

    uint64[] public roots;
    mapping(uint64 root => bytes32 invoice) public invoiceOf;
    mapping(uint64 root => uint256) public redeemed;
    mapping(bytes32 invoice => uint64) public liveRoot;
    mapping(uint64 part => uint256) public timesPaid;
    uint256 public funded;
    uint256 public recoursePaid;
    uint256 public withdrawn;
    uint256 public unequalSplits;
    uint256 public secondClaims;
    uint256 public secondEncumbrances;
    uint256 public secondRecourses;
    uint64 public lastOffered;
    address[5] private _all;

    constructor() {
        deployAll();
        _all = [tierOne, tierTwo, tierThree, bank, factory];
    }

    // ---- claims

    function register(uint8 kind, uint64 rawFace, uint8 who) external {
        if (roots.length == MOST) return;
        uint128 face = uint128(bound(rawFace, 1, 1e15));
        address creditor = _all[who % 5];
        uint32 due = Days.later(calendar.today(), rawFace % 16);
        IReceivables.Terms memory t = claimTerms(IReceivables.Kind(kind % 3), core, creditor, face, due);
        t.issueDate = TODAY;
        address by = kind % 3 == 1 ? core : creditor;
        uint64 root = draftBy(by, t);
        registerBy(by, root);
        roots.push(root);
        invoiceOf[root] = t.invoice;
        liveRoot[t.invoice] = root;
        if (kind < 200) _confirm(root);
    }

    /// @dev The same invoice once more, in another claim: what its obligor registered may give way to it.
    function registerAgain(uint8 which, uint64 face) external {
        if (roots.length == 0 || roots.length == MOST) return;
        IReceivables.Terms memory t = _termsOf[roots[which % roots.length]];
        if (t.kind == IReceivables.Kind.PAYABLE) t.kind = IReceivables.Kind.RECEIVABLE;
        t.face = uint128(bound(face, 1, 1e15));
        vm.prank(t.creditor);
        try receivables.draft(t) returns (uint64 root) {
            vm.prank(t.creditor);
            try receivables.register(root, t) {
                _follows(root, t);
            } catch {}
        } catch {}
    }

    /// @dev No other claim of the invoice is open, and the new one is of what no other was paid.
    function _follows(uint64 root, IReceivables.Terms memory t) private {
        uint256 paid = 0;
        for (uint256 i = 0; i < roots.length; ++i) {
            if (invoiceOf[roots[i]] != t.invoice) continue;
            IReceivables.State state = receivables.claim(roots[i]).state;
            bool isOver = state == IReceivables.State.CANCELLED || state == IReceivables.State.SETTLED;
            if (!isOver) ++secondClaims;
            if (redeemed[roots[i]] > paid) paid = redeemed[roots[i]];
        }
        if (receivables.claim(root).redeemed != paid) ++secondClaims;
        redeemed[root] = paid;
        _termsOf[root] = t;
        roots.push(root);
        invoiceOf[root] = t.invoice;
        liveRoot[t.invoice] = root;
    }

    function confirm(uint8 which) external {
        _confirm(roots[which % roots.length]);
    }

    function cancel(uint8 which) external {
        if (which % 4 != 0) return;
        uint64 root = roots[which % roots.length];
        cancelBy(core, root);
        liveRoot[invoiceOf[root]] = 0;
    }

    function deliver(uint8 which) external {
        vm.prank(core);
        receivables.deliver(roots[which % roots.length], "note");
    }

    function dispute(uint8 which, bool resolve) external {
        uint64 root = roots[which % roots.length];
        if (resolve) receivables.resolveDispute(root, "done");
        vm.prank(core);
        receivables.dispute(root, 0, "wrong");
        if (which % 8 != 0) receivables.resolveDispute(root, "done");
    }

    function advance(uint8 raw) external {
        advanceTo(Days.later(calendar.today(), 1 + raw % 3 + (raw > 250 ? 40 : 0)));
    }

    function fund(uint8 which, uint64 raw) external {
        uint64 root = roots[which % roots.length];
        IReceivables.Claim memory c = receivables.claim(root);
        uint128 amount = uint128(bound(raw, 1, c.face - c.redeemed));
        if (raw % 8 == 0) amount = c.face - c.redeemed;
        if (raw % 3 == 0) pay(core, root, amount);
        else _fund(root, amount);
        redeemed[root] += amount;
        funded += amount;
    }

    // ---- parts

    function divide(uint8 which, uint8 child, uint64 raw, bool exact) external {
        uint64 id = _part(which, child);
        IReceivables.Part memory p = receivables.part(id);
        uint128[] memory amounts = new uint128[](2);
        uint128 left = p.amount - p.redeemed;
        amounts[0] = uint128(bound(raw, 1, left));
        amounts[1] = left - amounts[0] + (exact ? 0 : uint128(raw % 3));
        vm.prank(p.holder);
        uint64[] memory children = receivables.split(id, amounts);
        uint256 sum = 0;
        for (uint256 i = 0; i < children.length; ++i) {
            sum += receivables.part(children[i]).amount;
        }
        if (sum != left || receivables.part(id).live) ++unequalSplits;
    }

    function passOn(uint8 which, uint8 child, uint8 to, bool recourse) external {
        pass(_part(which, child), _all[to % 5], recourse || to % 2 == 0);
    }

    function offer(uint8 which, uint8 child, uint8 to, uint8 time) external {
        uint64 id = _part(which, child);
        IReceivables.Part memory p = receivables.part(id);
        bool isHeld = p.pledgee != address(0);
        vm.prank(p.holder);
        receivables.offer(id, _all[to % 5], true, uint64(block.timestamp + 1 + uint256(time) * 16));
        lastOffered = id;
        if (isHeld) ++secondEncumbrances;
    }

    function pledge(uint8 which, uint8 child, uint8 to) external {
        uint64 id = _part(which, child);
        IReceivables.Part memory p = receivables.part(id);
        IReceivables.Offer memory o = receivables.offerOf(id);
        bool isHeld = p.pledgee != address(0) || (o.part != 0 && o.expires >= block.timestamp);
        vm.prank(p.holder);
        receivables.pledge(id, _all[to % 5]);
        if (isHeld) ++secondEncumbrances;
    }

    function takeOrRelease(uint8 which, uint8 child, uint64 raw) external {
        uint64 id = _part(which, child);
        IReceivables.Part memory p = receivables.part(id);
        vm.prank(p.pledgee);
        if (raw % 3 == 0) receivables.release(id);
        else receivables.take(id, uint128(bound(raw, 0, p.redeemed - p.credited)));
    }

    function acceptOffer(uint8 which, uint8 child) external {
        uint64 id = lastOffered;
        if (which % 4 == 0) id = _part(which, child);
        uint128 unpaid = unpaidOn(id);
        IReceivables.Offer memory o = receivables.offerOf(id);
        vm.prank(o.to);
        receivables.accept(id, o.recourse, unpaid, uint64(block.timestamp));
    }

    function wait(uint8 time) external {
        vm.warp(block.timestamp + time);
    }

    // ---- recourse and money

    function demandAndPay(uint8 which, uint8 child) external {
        uint64 id = _late(which, child);
        IReceivables.Part memory p = receivables.part(id);
        vm.prank(p.holder);
        receivables.demandRecourse(id);
        address endorser = receivables.endorserOf(id);
        uint256 owed = p.amount - p.redeemed;
        give(endorser, owed);
        vm.prank(endorser);
        token.approve(address(receivables), owed);
        vm.prank(endorser);
        receivables.payRecourse(id);
        recoursePaid += owed;
        ++timesPaid[p.endorsed];
        vm.prank(endorser);
        try receivables.payRecourse(id) {
            ++secondRecourses;
        } catch {}
    }

    function collect(uint8 which) external {
        receivables.collect(partsOf(roots[which % roots.length]));
    }

    function withdraw(uint8 who) external {
        withdrawn += receivables.withdraw(address(token), _all[who % 5]);
    }

    // ---- for the invariants

    function rootCount() external view returns (uint256) {
        return roots.length;
    }

    function claimOf(uint64 root) external view returns (IReceivables.Claim memory) {
        return receivables.claim(root);
    }

    /// @notice What is unpaid on a claim's live parts, and how many it has had.
    function unpaidOf(uint64 root) external view returns (uint256, uint256) {
        return (unpaid(root), madeOf(root));
    }

    /// @notice What was paid on claims and is no part's whole unit yet.
    function carriedSum() external view returns (uint256 sum) {
        for (uint256 i = 0; i < roots.length; ++i) {
            IReceivables.Claim memory c = receivables.claim(roots[i]);
            if (c.state != IReceivables.State.CANCELLED) sum += unpaid(roots[i]) + c.redeemed - c.face;
        }
    }

    /// @dev What is credited, and what waits on parts for their holders or pledgees.
    function kept() external view returns (uint256 sum) {
        for (uint256 i = 0; i < 5; ++i) {
            sum += receivables.claimable(address(token), _all[i]);
        }
        for (uint256 i = 0; i < roots.length; ++i) {
            uint64[] memory live = partsOf(roots[i]);
            for (uint256 j = 0; j < live.length; ++j) {
                IReceivables.Part memory p = receivables.part(live[j]);
                sum += p.redeemed - p.credited;
            }
        }
    }

    function held() external view returns (uint256) {
        return token.balanceOf(address(receivables));
    }

    /// @dev Parts of a claim that are pledged and under an offer at once.
    function twiceBound(uint64 root) external view returns (uint256 count) {
        uint64[] memory live = partsOf(root);
        for (uint256 i = 0; i < live.length; ++i) {
            IReceivables.Offer memory o = receivables.offerOf(live[i]);
            bool isOffered = o.part != 0 && o.expires >= block.timestamp;
            if (isOffered && receivables.part(live[i]).pledgee != address(0)) ++count;
        }
    }

    /// @dev Paid, and collected by nobody yet.
    function _fund(uint64 root, uint128 amount) private {
        give(core, amount);
        vm.prank(core);
        token.approve(address(receivables), amount);
        vm.prank(core);
        receivables.fund(root, amount);
    }

    function _confirm(uint64 root) private {
        uint64[] memory one = new uint64[](1);
        one[0] = root;
        if (receivables.claim(root).state != IReceivables.State.REGISTERED) return;
        vm.prank(core);
        receivables.confirm(one);
    }

    /// @dev A part that is overdue and endorsed, or any.
    function _late(uint8 which, uint8 child) private view returns (uint64) {
        for (uint256 i = 0; i < roots.length; ++i) {
            uint64 root = roots[(which + i) % roots.length];
            uint64[] memory live = partsOf(root);
            IReceivables.Claim memory c = receivables.claim(root);
            bool isOwed = c.kind != IReceivables.Kind.ORDER || c.deliveredOn != 0;
            if (!isOwed || calendar.today() <= c.dueDate) continue;
            for (uint256 j = 0; j < live.length; ++j) {
                IReceivables.Part memory p = receivables.part(live[j]);
                if (p.recourse && p.pledgee == address(0)) return live[j];
            }
        }
        return _part(which, child);
    }

    function _part(uint8 which, uint8 child) private view returns (uint64) {
        uint64[] memory live = partsOf(roots[which % roots.length]);
        return live[child % live.length];
    }
}

contract ClaimsInvariants {
    ClaimsHandler private _handler;

    error Broken(string rule, uint256 found, uint256 wanted);

    function setUp() public {
        _handler = new ClaimsHandler();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @notice Rule 1: live parts are face less redeemed, children are their parent, the root's terms never change.
    function invariant_live_parts_are_face_less_redeemed() public view {
        for (uint256 i = 0; i < _handler.rootCount(); ++i) {
            uint64 root = _handler.roots(i);
            IReceivables.Claim memory c = _handler.claimOf(root);
            bool isCancelled = c.state == IReceivables.State.CANCELLED;
            uint256 owed = isCancelled ? 0 : c.face - _handler.redeemed(root);
            (uint256 unpaid, uint256 made) = _handler.unpaidOf(root);
            // What is paid and is no part's whole unit yet: less than one for each that was made.
            uint256 carried = unpaid - owed;
            if (carried != 0 && carried >= made) revert Broken("carried", carried, made);
            if (made == 1 || c.state == IReceivables.State.SETTLED) _same("live parts", unpaid, owed);
            _same("redeemed", c.redeemed, _handler.redeemed(root));
        }
        _same("children", _handler.unequalSplits(), 0);
    }

    /// @notice Rule 2: one live claim an invoice, one encumbrance a part; and no endorser pays twice.
    function invariant_one_claim_an_invoice_one_encumbrance_a_part() public view {
        _same("second claims", _handler.secondClaims(), 0);
        _same("second encumbrances", _handler.secondEncumbrances(), 0);
        _same("second recourses", _handler.secondRecourses(), 0);
        for (uint256 i = 0; i < _handler.rootCount(); ++i) {
            uint64 root = _handler.roots(i);
            IReceivables.Claim memory c = _handler.claimOf(root);
            bool isOver = c.state == IReceivables.State.CANCELLED || c.state == IReceivables.State.SETTLED;
            if (!isOver) _same("live", _handler.liveRoot(_handler.invoiceOf(root)), root);
            _same("bound twice", _handler.twiceBound(root), 0);
        }
    }

    /// @notice Nothing vanishes: what came in is credited, waits on a part, is carried on its claim or was withdrawn.
    function invariant_what_came_in_is_somebodys() public view {
        uint256 kept = _handler.kept() + _handler.carriedSum();
        _same("held", _handler.held(), kept);
        _same("came in", kept + _handler.withdrawn(), _handler.funded() + _handler.recoursePaid());
    }

    function _same(string memory rule, uint256 found, uint256 wanted) private pure {
        if (found != wanted) revert Broken(rule, found, wanted);
    }
}
