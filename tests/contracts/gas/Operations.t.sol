// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {IRevenueSplit} from "contracts/interfaces/IRevenueSplit.sol";
import {ISettlement} from "contracts/interfaces/ISettlement.sol";
import {Interest} from "contracts/libraries/Interest.sol";
import {CreditWorld} from "support/CreditWorld.sol";

/// @notice What each operation costs as a transaction of its own; scripts/gas runs this and writes docs/gas.md.
contract OperationsGas is CreditWorld {
    uint32 private constant DUE = 20260401;
    bytes32 private constant RESIN = keccak256("resin, grade A");

    function setUp() public {
        deployAll();
    }

    function _gas(string memory group, string memory name) private {
        vm.snapshotGasLastCall(group, name);
    }

    function _claims(string memory name) private {
        _gas("1 Claims", name);
    }

    function _credit(string memory name) private {
        _gas("2 Credit", name);
    }

    function _goods(string memory name) private {
        _gas("3 Warehouse receipts", name);
    }

    function _shares(string memory name) private {
        _gas("4 Shares and revenue", name);
    }

    function _deals(string memory name) private {
        _gas("5 Settlement", name);
    }

    function _approve(address who, address spender, uint256 amount) private {
        give(who, amount);
        vm.prank(who);
        token.approve(spender, amount);
    }

    function test_gas_of_claims() public {
        IReceivables.Terms memory t = claimTerms(IReceivables.Kind.RECEIVABLE, core, tierOne, 1_000_000, DUE);
        uint64 root = draftBy(tierOne, t);
        _claims("draft");
        registerBy(tierOne, root);
        _claims("register");
        uint64[] memory roots = new uint64[](1);
        roots[0] = root;
        vm.prank(core);
        receivables.confirm(roots);
        _claims("confirm");
        IReceivables.Terms[] memory all = new IReceivables.Terms[](100);
        for (uint256 i = 0; i < 100; ++i) {
            all[i] = claimTerms(IReceivables.Kind.RECEIVABLE, core, tierOne, 1_000, DUE);
        }
        vm.prank(tierOne);
        roots = receivables.registerBatch(all);
        _claims("registerBatch, 100 claims");
        IReceivables.Terms[] memory some = new IReceivables.Terms[](40);
        for (uint256 i = 0; i < 40; ++i) {
            some[i] = claimTerms(IReceivables.Kind.RECEIVABLE, core, tierOne, 1_000, DUE);
        }
        vm.prank(tierOne);
        receivables.registerBatch(some);
        _claims("registerBatch, 40 claims");
        uint64 end = uint64(block.timestamp);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(CORE_KEY, receivables.confirmationDigest(roots[0], all[0], end));
        receivables.confirmBySignature(roots[0], all[0], end, abi.encodePacked(r, s, v));
        _claims("confirmBySignature");
        uint64[] memory rest = new uint64[](99);
        for (uint256 i = 0; i < 99; ++i) {
            rest[i] = roots[i + 1];
        }
        vm.prank(core);
        receivables.confirm(rest);
        _claims("confirm, 99 claims");
        uint64 part = wholeOf(root);
        vm.prank(tierOne);
        receivables.split(part, _parts(10, 100_000));
        _claims("split, into 10");
        (, part) = payable_(core, tierOne, 64_000, DUE);
        vm.prank(tierOne);
        receivables.split(part, _parts(64, 1_000));
        _claims("split, into 64");
    }

    function _parts(uint256 count, uint128 each) private pure returns (uint128[] memory amounts) {
        amounts = new uint128[](count);
        for (uint256 i = 0; i < count; ++i) {
            amounts[i] = each;
        }
    }

    function test_gas_of_parts() public {
        (, uint64 part) = payable_(core, tierOne, 1_000_000, DUE);
        vm.prank(tierOne);
        receivables.offer(part, tierTwo, true, uint64(block.timestamp + 10));
        _claims("offer");
        vm.prank(tierTwo);
        part = receivables.accept(part, true, 1_000_000, uint64(block.timestamp));
        _claims("accept");
        vm.prank(tierTwo);
        receivables.pledge(part, bank);
        _claims("pledge");
        vm.prank(bank);
        receivables.release(part);
        _claims("release");
        advanceTo(20260402);
        vm.prank(tierTwo);
        receivables.demandRecourse(part);
        _claims("demandRecourse");
        _approve(tierOne, address(receivables), 1_000_000);
        vm.prank(tierOne);
        receivables.payRecourse(part);
        _claims("payRecourse");
        receivables.withdraw(address(token), tierTwo);
        _claims("withdraw");
    }

    function _funded(uint256 parts, string memory name) private {
        (uint64 root, uint64 part) = payable_(core, tierOne, uint128(parts * 1_000), DUE);
        if (parts > 1) {
            vm.prank(tierOne);
            receivables.split(part, _parts(parts, 1_000));
        }
        _approve(core, address(receivables), parts * 1_000);
        vm.prank(core);
        receivables.fund(root, uint128(parts * 500));
        _claims(string.concat("fund, a half of ", name));
        vm.prank(core);
        receivables.fund(root, uint128(parts * 500));
        _claims(string.concat("fund, the rest of ", name));
        if (parts == 64) {
            receivables.collect(partsOf(root));
            _claims("collect, 64 parts of one holder");
        }
    }

    function test_gas_of_funding() public {
        _funded(1, "1 part");
        _funded(10, "10 parts");
        _funded(64, "64 parts");
    }

    function test_gas_of_a_line() public {
        ICreditLine.LineTerms memory t = lineTerms(1_000_000);
        vm.prank(factory);
        uint64 line = credit.applyFor(t);
        _credit("applyFor");
        for (uint256 i = 0; i < 2; ++i) {
            voteOn(committee[i], line, ICreditLine.Motion.APPROVE);
            _credit(i == 0 ? "vote" : "vote, the one that carries");
        }
        vm.prank(bank);
        credit.activate(line);
        _credit("activate");
        vm.prank(bank);
        credit.allowSupplier(line, supplier, true);
        _credit("allowSupplier");
        _approve(bank, address(credit), 1_000_000);
        uint64 root = order(120_000);
        ICreditLine.Instalment[] memory plan = _monthly(12, 10_000);
        vm.prank(factory);
        uint64 loan = credit.draw(line, root, 120_000, ICreditLine.Plan.EQUAL_PRINCIPAL, plan, 0);
        _credit("draw, 12 instalments");
        advanceTo(20260505);
        credit.poke(loan);
        _credit("poke, 4 instalments passed");
        give(factory, 500_000);
        vm.prank(factory);
        token.approve(address(credit), 500_000);
        vm.prank(factory);
        credit.repay(loan, 45_000);
        _credit("repay, what is due");
        token.mint(credit.accountOf(line), 10_000, "sweep");
        credit.sweep(line);
        _credit("sweep");
        vm.prank(factory);
        credit.repay(loan, 200_000);
        _credit("repay, all");
    }

    function test_gas_of_a_bullet() public {
        uint64 line = openLine(1_000_000);
        uint64 root = order(1_000);
        ICreditLine.Instalment[] memory plan = bullet(20260705, 1_000);
        vm.prank(factory);
        credit.draw(line, root, 1_000, ICreditLine.Plan.BULLET, plan, 0);
        _credit("draw, 1 instalment");
    }

    function _monthly(uint32 count, uint128 each) private pure returns (ICreditLine.Instalment[] memory plan) {
        plan = new ICreditLine.Instalment[](count);
        for (uint32 i = 0; i < count; ++i) {
            uint32 month = 1 + i;
            plan[i] = ICreditLine.Instalment((2026 + month / 12) * 10_000 + (1 + month % 12) * 100 + 5, each);
        }
    }

    function test_gas_of_goods() public {
        receipts.postPrice(RESIN, 800_00, calendar.today());
        _goods("postPrice");
        uint64 id = stored(factory, RESIN, 100);
        _goods("issue");
        receipts.verify(id, "seen");
        _goods("verify");
        uint64 loan = drawBullet(openLine(300_000_00), 40_000_00, 20261201);
        uint128[] memory quantities = new uint128[](2);
        (quantities[0], quantities[1]) = (60, 40);
        vm.prank(factory);
        uint64[] memory halves = receipts.split(id, quantities);
        _goods("split, into 2");
        vm.prank(factory);
        uint64 pledge = receipts.pledge(loan, halves, 6_000, 5);
        _goods("pledge, 2 receipts");
        receipts.postPrice(RESIN, 500_00, calendar.today());
        receipts.callTopUp(pledge);
        _goods("callTopUp");
        uint64 extra = stored(factory, RESIN, 60);
        receipts.verify(extra, "seen");
        vm.prank(factory);
        receipts.topUp(pledge, extra);
        _goods("topUp");
        vm.prank(bank);
        receipts.release(pledge, extra);
        _goods("release, 2 stay");
        vm.prank(factory);
        receipts.transfer(extra, tierOne);
        _goods("transfer");
        vm.prank(tierOne);
        receipts.surrender(extra);
        _goods("surrender");
        vm.prank(keeper);
        receipts.deliver(extra, "note");
        _goods("deliver");
        advanceTo(20270302);
        vm.prank(bank);
        receipts.foreclose(pledge);
        _goods("foreclose, 2 receipts");
    }

    function test_gas_of_shares() public {
        shares.openProject(PROJECT, address(token), operator, 100);
        _shares("openProject");
        vm.prank(operator);
        shares.issue(PROJECT, investorA, 60);
        _shares("issue");
        vm.prank(investorA);
        shares.consent(PROJECT, investorB, 40, 60, type(uint64).max);
        _shares("consent");
        address[] memory holders = new address[](1);
        holders[0] = investorA;
        vm.prank(operator);
        shares.increase(PROJECT, investorB, 40, holders);
        _shares("increase, 1 other holder");
        IRevenueSplit.Terms memory t = usualTerms(DAY_ONE);
        t.allocations[1].account = shares.accountOf(PROJECT);
        split.setTerms(PROJECT, t);
        _shares("setTerms, 2 allocations");
        fund(10_000, "day one");
        split.distribute(facts("one", DAY_ONE, 10_000, 100, 100, 3));
        _shares("distribute, 9 recipients");
        shares.receiveIncome(PROJECT);
        _shares("receiveIncome");
        vm.prank(investorA);
        shares.transfer(PROJECT, investorB, 20);
        _shares("transfer");
        shares.withdraw(PROJECT, investorA);
        _shares("withdraw");
        _approve(operator, address(shares), 1_000);
        vm.prank(operator);
        shares.offerRedemption(PROJECT, 10);
        vm.prank(investorB);
        shares.redeem(PROJECT, 20, 10, uint64(block.timestamp));
        _shares("redeem");
        vm.prank(investorB);
        token.withdraw(100, "account");
        _shares("a deposit's withdrawal");
    }

    function test_gas_of_deals() public {
        (, uint64 part) = payable_(core, tierOne, 1_000_000, DUE);
        (, uint64 second) = payable_(core, tierOne, 1_000_000, DUE);
        _approve(buyer, address(settlement), 2_000_000);
        ISettlement.Deal memory d;
        d.legs = new ISettlement.Leg[](2);
        d.legs[0] = ISettlement.Leg(ISettlement.Asset.CLAIM_PART, tierOne, buyer, bytes32(uint256(part)), 1_000_000, 0, false);
        bytes32 money = bytes32(uint256(uint160(address(token))));
        d.legs[1] = ISettlement.Leg(ISettlement.Asset.DEPOSIT_TOKEN, buyer, tierOne, money, 990_000, 0, false);
        d.deadline = uint64(block.timestamp + 10);
        ISettlement.Signature[] memory all = new ISettlement.Signature[](1);
        all[0] = ISettlement.Signature(buyer, _sign(settlement.dealDigest(d)));
        vm.prank(tierOne);
        settlement.settle(d, all);
        _deals("settle, a part against money");
        ISettlement.Quote memory q = ISettlement.Quote(
            second,
            tierOne,
            buyer,
            address(token),
            1_000_000,
            1_000_000,
            54_321,
            Interest.Convention.ACT_360,
            true,
            1,
            d.deadline
        );
        bytes memory signature = _sign(settlement.quoteDigest(q));
        vm.prank(tierOne);
        settlement.discount(q, 980_000, signature);
        _deals("discount");
        vm.prank(buyer);
        settlement.revoke("some deal");
        _deals("revoke");
        advanceTo(20260106);
        _gas("6 The business day", "advance");
    }

    function _sign(bytes32 digest) private pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(BUYER_KEY, digest);
        return abi.encodePacked(r, s, v);
    }
}
