// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {ISettlement} from "contracts/interfaces/ISettlement.sol";
import {IWarehouseReceipts} from "contracts/interfaces/IWarehouseReceipts.sol";
import {Days} from "support/Days.sol";
import {SixParties} from "support/SixParties.sol";

/// @notice Six parties do all that the asset contracts offer, with each other, with themselves and in circles.
contract WholeHandler is SixParties {
    uint64[] private _pledges;

    constructor() {
        settle_();
    }

    // ---- claims

    function claim(uint8 kind, uint8 obligor, uint8 creditor, uint32 face, uint8 days_) external {
        if (roots.length == 40) return;
        uint32 due = Days.later(calendar.today(), days_ % 40);
        IReceivables.Terms memory t = claimTerms(
            IReceivables.Kind(kind % 3), _party(obligor), _party(creditor), uint128(face % MOST) + 1, due
        );
        t.issueDate = calendar.today();
        address by = kind % 3 == 1 ? t.obligor : t.creditor;
        uint64 root = draftBy(by, t);
        registerBy(by, root);
        roots.push(root);
        _moved(t.obligor, t.creditor);
    }

    function confirm(uint8 which) external {
        uint64[] memory list = new uint64[](1);
        list[0] = _root(which);
        address obligor = receivables.claim(list[0]).obligor;
        vm.prank(obligor);
        receivables.confirm(list);
        _moved(obligor, obligor);
    }

    function deliverOrder(uint8 which) external {
        address obligor = receivables.claim(_root(which)).obligor;
        vm.prank(obligor);
        receivables.deliver(_root(which), "note");
    }

    function dispute(uint8 which, uint8 child, bool resolved) external {
        uint64 root = _root(which);
        uint64 id = _part(which, child);
        address holder = receivables.part(id).holder;
        if (resolved) return receivables.resolveDispute(root, "over");
        vm.prank(holder);
        receivables.dispute(root, id, "no");
    }

    function splitPart(uint8 which, uint8 child, uint16 raw) external {
        uint64 id = _part(which, child);
        IReceivables.Part memory p = receivables.part(id);
        uint128[] memory amounts = new uint128[](2);
        amounts[0] = uint128(bound(raw, 1, p.amount - p.redeemed));
        amounts[1] = p.amount - p.redeemed - amounts[0];
        vm.prank(p.holder);
        receivables.split(id, amounts);
    }

    function passPart(uint8 which, uint8 child, uint8 to, bool recourse) external {
        uint64 id = _part(which, child);
        address from = receivables.part(id).holder;
        uint128 least = unpaidOn(id);
        vm.prank(from);
        receivables.offer(id, _party(to), recourse, uint64(block.timestamp + 1 days));
        vm.prank(_party(to));
        receivables.accept(id, recourse, least, type(uint64).max);
        _moved(from, _party(to));
    }

    function pledgePart(uint8 which, uint8 child, uint8 to) external {
        uint64 id = _part(which, child);
        address from = receivables.part(id).holder;
        vm.prank(from);
        receivables.pledge(id, to % 2 == 0 ? address(credit) : _party(to));
        _moved(from, from);
    }

    function releasePart(uint8 which, uint8 child, uint32 amount) external {
        uint64 id = _part(which, child);
        address pledgee = receivables.part(id).pledgee;
        vm.prank(pledgee);
        if (amount % 2 == 0) receivables.take(id, amount);
        else receivables.release(id);
    }

    function fund(uint8 which, uint8 payer, uint32 amount) external {
        uint256[] memory before = _standings();
        vm.prank(_party(payer));
        receivables.fund(_root(which), uint128(amount) + 1);
        _noWorse(before);
        ++done;
    }

    /// @dev Anybody's unit first; then what the obligor owes passes all the same.
    function dust(uint8 which, uint8 by) external {
        uint64 root = _root(which);
        vm.prank(_party(by));
        receivables.fund(root, 1);
        IReceivables.Claim memory c = receivables.claim(root);
        if (c.redeemed == c.face || isFrozen[c.obligor]) return;
        if (token.balanceOf(c.obligor) < c.face) _mintTo(c.obligor, c.face);
        vm.prank(c.obligor);
        try receivables.fund(root, c.face) {}
        catch {
            ++blockedByDust;
        }
    }

    function collectParts(uint8 which) external {
        receivables.collect(partsOf(_root(which)));
    }

    function recourse(uint8 which, uint8 child, bool pays) external {
        uint64 id = _part(which, child);
        address by = pays ? receivables.endorserOf(id) : receivables.part(id).holder;
        vm.prank(by);
        if (pays) receivables.payRecourse(id);
        else receivables.demandRecourse(id);
    }

    function takeCredits(uint8 who, bool ofCredit) external {
        address account = _party(who);
        for (uint256 i = 0; i < COUNT && receivables.claimable(address(token), account) == 0; ++i) {
            account = all[i];
        }
        if (ofCredit) credit.withdraw(address(token), account);
        else receivables.withdraw(address(token), account);
        _moved(account, account);
    }

    // ---- deals

    function deal(uint8 which, uint8 child, uint8 to, uint32 price, uint16 count, bool withShares) external {
        uint64 id = _part(which, child);
        address from = receivables.part(id).holder;
        ISettlement.Deal memory d;
        d.legs = new ISettlement.Leg[](withShares ? 3 : 2);
        d.legs[0] =
            ISettlement.Leg(ISettlement.Asset.CLAIM_PART, from, _party(to), bytes32(uint256(id)), unpaidOn(id), 0, price % 2 == 0);
        d.legs[1] = ISettlement.Leg(
            ISettlement.Asset.DEPOSIT_TOKEN, _party(to), from, bytes32(uint256(uint160(address(token)))), price, 0, false
        );
        if (withShares) {
            uint256 there = shares.projectOf(PROJECT).supply;
            d.legs[2] =
                ISettlement.Leg(ISettlement.Asset.PROJECT_SHARE, _party(to), from, PROJECT, count % 100 + 1, there, false);
        }
        (d.nonce, d.deadline) = (done, type(uint64).max);
        ISettlement.Signature[] memory signatures = new ISettlement.Signature[](2);
        bytes32 digest = settlement.dealDigest(d);
        signatures[0] = _signed(from, digest);
        signatures[1] = _signed(_party(to), digest);
        settlement.settle(d, signatures);
        _moved(from, _party(to));
    }

    // ---- loans

    function draw(uint8 which, uint8 order, uint32 amount, uint8 days_, uint8 child, bool secured) external {
        if (loans.length == 16) return;
        uint64 line = lines[which % lines.length];
        address borrower = credit.line(line).terms.borrower;
        uint128 drawn = uint128(amount % MOST) + 1;
        uint32 due = Days.later(calendar.today(), 1 + days_ % 60);
        ICreditLine.Instalment[] memory plan = bullet(due, drawn);
        (uint64 root,) = owedClaim(IReceivables.Kind.ORDER, borrower, _party(order), drawn, due);
        roots.push(root);
        uint64 collateral = secured ? _part(order, child) : 0;
        vm.prank(borrower);
        loans.push(credit.draw(line, root, drawn, ICreditLine.Plan.BULLET, plan, collateral));
        _moved(borrower, credit.line(line).terms.lender);
    }

    function repay(uint8 which, uint8 payer, uint32 amount) external {
        uint256[] memory before = _standings();
        vm.prank(_party(payer));
        credit.repay(_loan(which), uint256(amount) + 1);
        _noWorse(before);
        ++done;
    }

    function sweep(uint8 which, uint32 amount) external {
        uint64 line = lines[which % lines.length];
        _mintTo(credit.accountOf(line), uint256(amount) + 1);
        uint256[] memory before = _standings();
        credit.sweep(line);
        _noWorse(before);
    }

    function collect(uint8 which) external {
        uint256[] memory before = _standings();
        credit.collect(_loan(which));
        _noWorse(before);
        ++done;
    }

    function costs(uint8 which, uint32 amount, uint8 step) external {
        uint64 loan = _loan(which);
        ICreditLine.LineTerms memory t = credit.line(credit.loan(loan).line).terms;
        if (step % 4 == 3) return credit.admitCosts(loan);
        if (step % 4 == 2) return credit.decideCosts(loan, amount, "why");
        vm.prank(step % 4 == 1 ? t.borrower : t.lender);
        if (step % 4 == 1) credit.disputeCosts(loan, "why");
        else credit.stateCosts(loan, amount, "why");
        _moved(step % 4 == 1 ? address(0) : t.lender, address(0));
    }

    function writeOff(uint8 which, uint8 chance) external {
        if (chance % 4 != 0) return;
        address lender_ = credit.line(credit.loan(_loan(which)).line).terms.lender;
        vm.prank(lender_);
        credit.writeOff(_loan(which));
        _moved(lender_, lender_);
    }

    function liftFreeze(uint8 which) external {
        for (uint256 i = 0; i < 2; ++i) {
            voteOn(committee[i], lines[which % lines.length], ICreditLine.Motion.LIFT_FREEZE);
        }
    }

    // ---- goods

    function store(uint8 who, uint16 quantity) external {
        if (receipts.receiptCount() > 40) return;
        receipts.verify(stored(_party(who), "resin", uint128(quantity) + 1), "seen");
        _moved(_party(who), _party(who));
    }

    function passGoods(uint8 which, uint8 to) external {
        uint64 id = _receipt(which);
        address from = receipts.receipt(id).holder;
        vm.prank(from);
        receipts.transfer(id, _party(to));
        _moved(from, _party(to));
    }

    function handOut(uint8 which, bool back) external {
        uint64 id = _receipt(which);
        address holder = receipts.receipt(id).holder;
        vm.prank(holder);
        receipts.surrender(id);
        vm.prank(keeper);
        if (back) receipts.giveBack(id, "later");
        else receipts.deliver(id, "out");
        _moved(holder, holder);
    }

    function pledgeGoods(uint8 which, uint8 loan) external {
        uint64[] memory list = new uint64[](1);
        list[0] = _receipt(which);
        address holder = credit.line(credit.loan(_loan(loan)).line).terms.borrower;
        vm.prank(holder);
        _pledges.push(receipts.pledge(_loan(loan), list, 10_000, 3));
        _moved(holder, holder);
    }

    function call(uint8 which, bool ended) external {
        uint64 id = _pledges[which % _pledges.length];
        if (ended) receipts.endCall(id);
        else receipts.callTopUp(id);
    }

    function foreclose(uint8 which, bool released) external {
        uint64 id = _pledges[which % _pledges.length];
        IWarehouseReceipts.Pledge memory p = receipts.pledgeOf(id);
        vm.prank(p.pledgee);
        if (released) receipts.release(id, p.receipts[0]);
        else receipts.foreclose(id);
        _moved(p.pledgee, p.pledgee);
    }

    // ---- shares

    function passShares(uint8 from, uint8 to, uint16 count) external {
        vm.prank(_party(from));
        shares.transfer(PROJECT, _party(to), count % 200 + 1);
        _moved(_party(from), _party(to));
    }

    function income(uint32 amount, uint8 who) external {
        _mintTo(shares.accountOf(PROJECT), uint256(amount) + 1);
        shares.withdraw(PROJECT, _party(who));
        _moved(_party(who), _party(who));
    }

    function redeem(uint8 who, uint16 count, uint16 price) external {
        vm.prank(all[0]);
        shares.offerRedemption(PROJECT, price);
        vm.prank(_party(who));
        shares.redeem(PROJECT, count % 20 + 1, price, type(uint64).max);
        _moved(_party(who), all[0]);
    }

    // ---- internals

    function _root(uint8 which) private view returns (uint64) {
        return roots[which % roots.length];
    }

    function _part(uint8 which, uint8 child) private view returns (uint64) {
        uint64[] memory live = partsOf(_root(which));
        return live[child % live.length];
    }

    function _loan(uint8 which) private view returns (uint64) {
        return loans[which % loans.length];
    }

    function _receipt(uint8 which) private view returns (uint64) {
        return which % receipts.receiptCount() + 1;
    }

    function _signed(address who, bytes32 digest) private view returns (ISettlement.Signature memory) {
        uint256 i = 0;
        while (all[i] != who) ++i;
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_keys[i], digest);
        return ISettlement.Signature(who, abi.encodePacked(r, s, v));
    }
}

contract WholeInvariants {
    WholeHandler private _handler;

    error Broken(string rule, uint256 found, uint256 wanted);

    function setUp() public {
        _handler = new WholeHandler();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @notice Every token is a bank's deposit, and every ledger holds what it owes.
    function invariant_cash_is_what_is_owed() public view {
        (uint256 total, uint256 attested) = _handler.supply();
        _same("attested", attested, total);
        _same("minted less burnt", _handler.minted() - _handler.burnt(), total);
        (address receivables, address credit, address shares) = _handler.ledgers();
        _same("claims", _handler.cashOf(receivables), _handler.owedByReceivables());
        _same("credit", _handler.cashOf(credit), _handler.owedByCredit());
        (uint256 received, uint256 paid) = _handler.sharesBooks();
        _same("shares' income", _handler.cashOf(shares), received - paid);
    }

    function invariant_parts_loans_and_shares_add_up() public view {
        (uint256 claims, uint256 lines) = _handler.counts();
        (uint256[] memory carried, uint256[] memory made) = _handler.carriedOn();
        for (uint256 i = 0; i < claims; ++i) {
            if (carried[i] != 0 && carried[i] >= made[i]) revert Broken("parts", carried[i], made[i]);
        }
        for (uint256 i = 0; i < lines; ++i) {
            (uint256 said, uint256 sum) = _handler.principalOf(i);
            _same("principal", said, sum);
        }
        (uint256 held, uint256 there) = _handler.sharesHeld();
        _same("shares", held, there);
    }

    function invariant_nothing_of_the_frozen_moves() public view {
        _same("moved", _handler.movedWhileFrozen(), 0);
        _same("frozen estates", _handler.frozenThatMoved(), 0);
    }

    function invariant_nobody_is_worse_by_anothers_payment() public view {
        _same("worsened", _handler.worsened(), 0);
        _same("blocked by dust", _handler.blockedByDust(), 0);
    }

    function _same(string memory rule, uint256 found, uint256 wanted) private pure {
        if (found != wanted) revert Broken(rule, found, wanted);
    }
}
