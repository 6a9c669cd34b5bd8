// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BusinessCalendar} from "contracts/BusinessCalendar.sol";
import {Committee} from "contracts/Committee.sol";
import {CreditLine} from "contracts/CreditLine.sol";
import {ProjectShare} from "contracts/ProjectShare.sol";
import {Receivables} from "contracts/Receivables.sol";
import {Settlement} from "contracts/Settlement.sol";
import {WarehouseReceipts} from "contracts/WarehouseReceipts.sol";
import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {BusinessDate} from "contracts/libraries/BusinessDate.sol";
import {Interest} from "contracts/libraries/Interest.sol";
import {Roles} from "contracts/libraries/Roles.sol";
import {Ledger} from "support/Ledger.sol";

/// @notice The asset side beside the ledger; the test contract holds every role, and the committee has three members.
abstract contract CreditWorld is Ledger {
    uint32 internal constant TODAY = 20260105;
    uint256 internal constant YEAR_2098 = 4_039_372_800;
    uint16 internal constant MAX_PRICE_DAYS = 7;
    uint256 internal constant CORE_KEY = 0xC0DE;
    uint256 internal constant BUYER_KEY = 0xB1D;

    BusinessCalendar internal calendar;
    Receivables internal receivables;
    CreditLine internal credit;
    Committee internal voting;
    WarehouseReceipts internal receipts;
    ProjectShare internal shares;
    Settlement internal settlement;

    address internal core;
    address internal buyer;
    address internal factory = address(0x0002_0001);
    address internal tierOne = address(0x0002_0002);
    address internal tierTwo = address(0x0002_0003);
    address internal tierThree = address(0x0002_0004);
    address internal bank = address(0x0002_0005);
    address[3] internal committee = [address(0x0002_0011), address(0x0002_0012), address(0x0002_0013)];
    address internal keeper = address(0x0002_0021);
    uint256 private _entries;
    uint256 private _papers;
    uint256 private _invoices;
    mapping(uint64 root => IReceivables.Terms) internal _termsOf;

    /// @dev The chain's time is far ahead, as when old data is replayed: what bounds the date by it has its own tests.
    function deployAll() internal {
        if (block.timestamp < YEAR_2098) vm.warp(YEAR_2098);
        deploy();
        core = vm.addr(CORE_KEY);
        buyer = vm.addr(BUYER_KEY);
        calendar = new BusinessCalendar(address(access));
        receivables = new Receivables(address(access), address(participants), address(calendar));
        credit = new CreditLine(address(access), address(participants), address(calendar), address(receivables));
        receipts = new WarehouseReceipts(
            address(access), address(participants), address(calendar), address(credit), MAX_PRICE_DAYS
        );
        shares = new ProjectShare(address(access), address(participants));
        settlement = new Settlement(
            address(access),
            address(participants),
            address(calendar),
            address(receivables),
            address(receipts),
            address(shares)
        );
        receivables.setSettlement(address(settlement));
        receipts.setSettlement(address(settlement));
        shares.setSettlement(address(settlement));
        participants.addPledgee(address(credit));
        token.addLedger(address(receivables));
        token.addLedger(address(credit));
        token.addLedger(address(shares));
        grant(address(calendar), Roles.CALENDAR, calendar.advance.selector);
        grant(address(calendar), Roles.COMMITTEE, calendar.jump.selector);
        grant(address(receivables), Roles.SUPERVISOR, receivables.resolveDispute.selector);
        grant(address(receipts), Roles.WAREHOUSE, receipts.issue.selector);
        grant(address(receipts), Roles.SUPERVISOR, receipts.verify.selector);
        grant(address(receipts), Roles.ORACLE, receipts.postPrice.selector);
        grant(address(shares), Roles.REGISTRAR, shares.openProject.selector);
        grant(address(credit), Roles.COMMITTEE, credit.carry.selector);
        grant(address(credit), Roles.SUPERVISOR, credit.decideCosts.selector);
        access.grantRole(Roles.WAREHOUSE, keeper, 0);
        address[5] memory pausable =
            [address(receivables), address(credit), address(receipts), address(shares), address(settlement)];
        for (uint256 i = 0; i < 5; ++i) {
            grant(pausable[i], Roles.GUARDIAN, receivables.pause.selector);
            grant(pausable[i], Roles.COMMITTEE, receivables.unpause.selector);
        }
        grant(address(token), Roles.GUARDIAN, token.pause.selector);
        grant(address(token), Roles.COMMITTEE, token.unpause.selector);
        address[] memory members = new address[](3);
        for (uint256 i = 0; i < 3; ++i) {
            members[i] = committee[i];
        }
        address[] memory asked = new address[](1);
        asked[0] = address(credit);
        voting = new Committee(address(access), members, 2, asked);
        access.grantRole(Roles.COMMITTEE, address(voting), 0);
        address[7] memory all = [core, buyer, factory, tierOne, tierTwo, tierThree, bank];
        for (uint256 i = 0; i < all.length; ++i) {
            participants.admit(all[i], type(uint128).max, bytes32(100 + i));
            participants.certify(all[i], uint64(block.timestamp + 3650 days), 0);
        }
        calendar.advance(TODAY);
    }

    /// @dev What any of the five contracts does while it is paused, and who may pause it.
    function checkPause(address target, address caller) internal {
        address outside = anyone(uint160(caller));
        refuseRole(outside);
        vm.prank(outside);
        Receivables(target).pause();
        Receivables(target).pause();
        isTrue(Receivables(target).paused(), "paused");
        refuseRole(outside);
        vm.prank(outside);
        Receivables(target).unpause();
        Receivables(target).unpause();
        isTrue(!Receivables(target).paused(), "open again");
    }

    /// @dev A receipt of the keeper's for `holder`, not verified yet.
    function stored(address holder, bytes32 goods, uint128 quantity) internal returns (uint64) {
        vm.prank(keeper);
        return receipts.issue(holder, goods, quantity, bytes32(++_papers));
    }

    /// @dev Costs that the borrower disputed in vain.
    function addCosts(uint64 loan, uint128 amount) internal {
        vm.prank(bank);
        credit.stateCosts(loan, amount, "letter");
        vm.prank(factory);
        credit.disputeCosts(loan, "too much");
        credit.decideCosts(loan, amount, "right");
    }

    /// @dev Makes `date` the business date, by the committee's votes where it is far ahead.
    function advanceTo(uint32 date) internal {
        if (BusinessDate.daysBetween(calendar.today(), date) <= 31) return calendar.advance(date);
        bytes memory data = abi.encodeCall(BusinessCalendar.jump, (calendar.today(), date));
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(committee[i]);
            voting.vote(address(calendar), data, "memo");
        }
    }

    function give(address to, uint256 amount) internal {
        token.mint(to, amount, bytes32(uint256(1e6) + ++_entries));
    }

    function claimTerms(IReceivables.Kind kind, address obligor, address creditor, uint128 face, uint32 due)
        internal
        returns (IReceivables.Terms memory)
    {
        return IReceivables.Terms(
            kind, obligor, creditor, address(token), face, TODAY, due, 30, bytes32(++_invoices), keccak256("papers"), 0
        );
    }

    /// @dev A claim that `obligor` has confirmed by registering it, and its first part.
    function payable_(address obligor, address creditor, uint128 face, uint32 due)
        internal
        returns (uint64 root, uint64 part)
    {
        return owedClaim(IReceivables.Kind.PAYABLE, obligor, creditor, face, due);
    }

    function owedClaim(IReceivables.Kind kind, address obligor, address creditor, uint128 face, uint32 due)
        internal
        returns (uint64 root, uint64 part)
    {
        IReceivables.Terms memory t = claimTerms(kind, obligor, creditor, face, due);
        root = draftBy(obligor, t);
        registerBy(obligor, root);
        part = wholeOf(root);
    }

    function draftBy(address who, IReceivables.Terms memory t) internal returns (uint64 root) {
        vm.prank(who);
        root = receivables.draft(t);
        _termsOf[root] = t;
    }

    function registerBy(address who, uint64 root) internal {
        vm.prank(who);
        receivables.register(root, _termsOf[root]);
    }

    function cancelBy(address who, uint64 root) internal {
        vm.prank(who);
        receivables.cancel(root, _termsOf[root]);
    }

    /// @dev The part that holds all of a claim, or 0.
    function wholeOf(uint64 root) internal view returns (uint64) {
        return receivables.claim(root).whole;
    }

    /// @dev The live parts of a claim.
    function partsOf(uint64 root) internal view returns (uint64[] memory live) {
        uint256 count = 0;
        live = new uint64[](receivables.partCount());
        for (uint64 id = 1; id <= live.length; ++id) {
            IReceivables.Part memory p = receivables.part(id);
            if (p.live && p.root == root) live[count++] = id;
        }
        assembly ("memory-safe") {
            mstore(live, count)
        }
    }

    function pass(uint64 part, address to, bool recourse) internal returns (uint64) {
        address from = receivables.part(part).holder;
        vm.prank(from);
        receivables.offer(part, to, recourse, uint64(block.timestamp + 1 days));
        uint128 least = unpaidOn(part);
        vm.prank(to);
        return receivables.accept(part, recourse, least, uint64(block.timestamp));
    }

    /// @dev What is paid is collected for every holder at once.
    function pay(address who, uint64 root, uint128 amount) internal {
        give(who, amount);
        vm.prank(who);
        token.approve(address(receivables), amount);
        vm.prank(who);
        receivables.fund(root, amount);
        receivables.collect(partsOf(root));
    }

    function unpaidOn(uint64 part) internal view returns (uint128) {
        IReceivables.Part memory p = receivables.part(part);
        return p.amount - p.redeemed;
    }

    /// @dev How many parts a claim has had.
    function madeOf(uint64 root) internal view returns (uint256 count) {
        for (uint64 id = 1; id <= receivables.partCount(); ++id) {
            if (receivables.part(id).root == root) ++count;
        }
    }

    /// @dev What is owed on the live parts of a claim.
    function unpaid(uint64 root) internal view returns (uint256 sum) {
        uint64[] memory live = partsOf(root);
        for (uint256 i = 0; i < live.length; ++i) {
            IReceivables.Part memory p = receivables.part(live[i]);
            sum += p.amount - p.redeemed;
        }
    }

    function lineTerms(uint128 limit) internal view returns (ICreditLine.LineTerms memory t) {
        t.borrower = factory;
        t.lender = bank;
        t.token = address(token);
        t.limit = limit;
        t.validFrom = TODAY;
        t.validUntil = 20270105;
        t.ratePpm = 108_000;
        t.penaltyPpm = 50_000;
        t.costsPpm = 500_000;
        t.lastDue = 20991231;
        t.convention = Interest.Convention.ACT_360;
        t.graceDays = 3;
        t.defaultDays = 90;
        t.order = [
            ICreditLine.Debt.COSTS, ICreditLine.Debt.PENALTY, ICreditLine.Debt.INTEREST, ICreditLine.Debt.PRINCIPAL
        ];
    }

    /// @dev An active line of `limit`, the lender's money ready, the supplier allowed.
    function openLine(uint128 limit) internal returns (uint64 line) {
        return openLineOf(lineTerms(limit));
    }

    /// @dev A member's vote on a motion about a line as it is now.
    function voteOn(address member, uint64 line, ICreditLine.Motion motion) internal {
        bytes memory data = carrying(line, motion);
        vm.prank(member);
        voting.vote(address(credit), data, keccak256("memo"));
    }

    function carrying(uint64 line, ICreditLine.Motion motion) internal view returns (bytes memory) {
        return abi.encodeCall(credit.carry, (line, motion, credit.line(line).moves));
    }

    function openLineOf(ICreditLine.LineTerms memory t) internal returns (uint64 line) {
        vm.prank(factory);
        line = credit.applyFor(t);
        for (uint256 i = 0; i < 2; ++i) {
            voteOn(committee[i], line, ICreditLine.Motion.APPROVE);
        }
        vm.prank(bank);
        credit.activate(line);
        vm.prank(bank);
        credit.allowSupplier(line, supplier, true);
        give(bank, t.limit);
        vm.prank(bank);
        token.approve(address(credit), type(uint256).max);
    }

    function order(uint128 face) internal returns (uint64 root) {
        (root,) = owedClaim(IReceivables.Kind.ORDER, factory, supplier, face, 20261231);
    }

    function bullet(uint32 date, uint128 principal) internal pure returns (ICreditLine.Instalment[] memory plan) {
        plan = new ICreditLine.Instalment[](1);
        plan[0] = ICreditLine.Instalment(date, principal);
    }

    function drawBullet(uint64 line, uint128 amount, uint32 date) internal returns (uint64 loan) {
        uint64 root = order(amount);
        ICreditLine.Instalment[] memory plan = bullet(date, amount);
        vm.prank(factory);
        return credit.draw(line, root, amount, ICreditLine.Plan.BULLET, plan, 0);
    }

    function repay(uint64 loan, uint256 amount) internal returns (uint256 paid) {
        give(factory, amount);
        vm.prank(factory);
        token.approve(address(credit), amount);
        vm.prank(factory);
        return credit.repay(loan, amount);
    }
}
