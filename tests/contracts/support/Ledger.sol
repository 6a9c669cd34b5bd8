// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ConsortiumAccess} from "contracts/ConsortiumAccess.sol";
import {DepositToken} from "contracts/DepositToken.sol";
import {DeviceRegistry} from "contracts/DeviceRegistry.sol";
import {ParticipantRegistry} from "contracts/ParticipantRegistry.sol";
import {RecordAnchor} from "contracts/RecordAnchor.sol";
import {RevenueSplit} from "contracts/RevenueSplit.sol";
import {IRecordAnchor} from "contracts/interfaces/IRecordAnchor.sol";
import {IRevenueSplit} from "contracts/interfaces/IRevenueSplit.sol";
import {IRecordDispute} from "contracts/interfaces/IRecordDispute.sol";
import {Cbor} from "contracts/libraries/Cbor.sol";
import {Roles} from "contracts/libraries/Roles.sol";
import {Waterfall} from "contracts/libraries/Waterfall.sol";
import {Check} from "support/Check.sol";

/// @notice A whole deployment; the test contract is ADMIN and holds every role, and is the bank.
abstract contract Ledger is Check {
    uint256 internal constant SIGNER_KEY = 0xA11CE;
    bytes32 internal constant PROJECT = keccak256("project");
    bytes32 internal constant FIGURES = keccak256("figures");
    uint32 internal constant DAY_ONE = 20260101;

    ConsortiumAccess internal access;
    ParticipantRegistry internal participants;
    DeviceRegistry internal devices;
    RecordAnchor internal anchor;
    DepositToken internal token;
    RevenueSplit internal split;
    /// @dev Of the usual investors; pools has it too.
    address internal pool;
    address[] internal pools;

    address internal operator = address(0x0001_0001);
    address internal supplier = address(0x0001_0002);
    address internal site = address(0x0001_0003);
    address internal platform = address(0x0001_0004);
    address internal lender = address(0x0001_0005);
    address internal taxes = address(0x0001_0006);
    address internal refunds = address(0x0001_0007);
    address internal investorA = address(0x0001_0008);
    address internal investorB = address(0x0001_0009);
    address internal investorC = address(0x0001_000A);
    address internal stranger = address(0x0001_00FF);

    function deploy() internal {
        if (block.timestamp < 1_767_225_600) vm.warp(1_767_225_600);
        access = new ConsortiumAccess(address(this));
        participants = new ParticipantRegistry(address(access));
        address[] memory signers = new address[](1);
        signers[0] = vm.addr(SIGNER_KEY);
        anchor = new RecordAnchor(address(access), signers, 1);
        devices = new DeviceRegistry(address(access), address(anchor));
        token = new DepositToken(address(access), address(participants), address(this), "Bank CNY", "dCNY", "CNY", 2);
        split = new RevenueSplit(address(access), address(participants), address(anchor));
        grant(address(participants), Roles.REGISTRAR, participants.admit.selector);
        grant(address(participants), Roles.REGISTRAR, participants.certify.selector);
        grant(address(participants), Roles.SUPERVISOR, participants.freeze.selector);
        grant(address(split), Roles.ORACLE, split.distribute.selector);
        grant(address(split), Roles.GUARDIAN, split.pause.selector);
        grant(address(token), Roles.BANK, token.mint.selector);
        grant(address(token), Roles.BANK, token.confirmPaid.selector);
        grant(address(token), Roles.SUPERVISOR, token.openCollection.selector);
        participants.admit(address(this), 0, 0);
        participants.admitToken(address(token), "CNY", address(this));
        token.setSplit(address(split));
        address[10] memory all = [
            operator, supplier, site, platform, lender, taxes, refunds, investorA, investorB, investorC
        ];
        for (uint256 i = 0; i < all.length; ++i) {
            participants.admit(all[i], type(uint128).max, bytes32(i + 1));
            participants.certify(all[i], uint64(block.timestamp + 3650 days), 0);
        }
        anchorHead(1, keccak256("root"));
        token.openCollection(PROJECT);
        split.openProject(PROJECT, address(token));
        delete pools;
        pool = poolOf(usualInvestors());
    }

    function usualInvestors() internal view returns (IRevenueSplit.Investor[] memory list) {
        list = new IRevenueSplit.Investor[](3);
        list[0] = IRevenueSplit.Investor(investorA, 50);
        list[1] = IRevenueSplit.Investor(investorB, 30);
        list[2] = IRevenueSplit.Investor(investorC, 20);
    }

    /// @dev The pool of these investors, added in one piece unless that was done.
    function poolOf(IRevenueSplit.Investor[] memory list) internal returns (address account) {
        bytes32 name = keccak256(abi.encode(list, bytes32(0)));
        account = split.poolOf(PROJECT, name);
        if (split.nextInvestors(PROJECT, name) == 0) return account;
        split.addInvestors(PROJECT, name, list, 0);
        pools.push(account);
    }

    /// @dev What the account can take of the usual pool.
    function share(address account) internal view returns (uint256) {
        return split.claimableOfPool(pool, account);
    }

    /// @dev What the usual pool has and its investors can't take.
    function carried() internal view returns (uint256) {
        return split.claimable(address(token), pool) - share(investorA) - share(investorB) - share(investorC);
    }

    /// @dev For sales on days of 2026, which must have begun.
    function yearLater() internal {
        vm.warp(1_767_225_600 + 365 days);
    }

    function grant(address target, uint64 role, bytes4 selector) internal {
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = selector;
        access.setTargetFunctionRole(target, selectors, role);
        access.grantRole(role, address(this), 0);
    }

    function anchorHead(uint64 size, bytes32 root) internal {
        bytes[] memory signatures = new bytes[](1);
        IRecordAnchor.Head memory head = headOf(size, root, keccak256("state"));
        signatures[0] = signHead(SIGNER_KEY, head);
        anchor.anchor(head, new bytes32[](0), signatures);
    }

    /// @dev Where a machine's chain ends, for calls that need not be shown it.
    function noEnd() internal pure returns (IRecordDispute.Slot memory end) {}

    /// @dev The leaf of a machine's slot under a state root, see docs/formats/log.md.
    function slotLeaf(bytes32 device, uint64 epoch, uint64 sequence, bytes32 digest) internal pure returns (bytes32) {
        bytes memory position = abi.encodePacked(Cbor.encodeUint(epoch), Cbor.encodeUint(sequence));
        return sha256(abi.encodePacked(bytes1(0x00), hex"845820", device, position, hex"5820", digest));
    }

    /// @dev A head that extends the newest one, without an annex.
    function headOf(uint64 size, bytes32 root, bytes32 state) internal view returns (IRecordAnchor.Head memory) {
        return IRecordAnchor.Head(root, state, FIGURES, 0, size, anchor.latestHead().size);
    }

    /// @dev One bit of one field becomes another.
    function changeHead(IRecordAnchor.Head memory head, uint256 field, uint8 bit) internal pure {
        field %= 6;
        bytes32 flip = bytes32(1 << uint256(bit));
        if (field == 0) head.root ^= flip;
        else if (field == 1) head.state ^= flip;
        else if (field == 2) head.figures ^= flip;
        else if (field == 3) head.annex ^= flip;
        else if (field == 4) head.size ^= uint64(1) << (bit % 64);
        else head.previousSize ^= uint64(1) << (bit % 64);
    }

    function signHead(uint256 key, IRecordAnchor.Head memory head) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, anchor.headDigest(head));
        return abi.encodePacked(r, s, v);
    }

    /// @dev Goods 30 a unit, fee 1 %, sweep 12 %, site 10 % at least 400 a day, pool 14 %, the rest the operator's.
    function usualTerms(uint32 from) internal view returns (IRevenueSplit.Terms memory t) {
        t.effectiveFrom = from;
        t.period = IRevenueSplit.Period.DAY;
        t.refundAccount = refunds;
        t.taxAccount = taxes;
        t.feeAccount = platform;
        t.sweepAccount = lender;
        t.residualAccount = operator;
        t.senior = Waterfall.Senior(100, 1_200, 0);
        t.goods = new IRevenueSplit.Goods[](1);
        t.goods[0] = IRevenueSplit.Goods(0, supplier, IRevenueSplit.Supply.ON_CREDIT, 30);
        t.allocations = new Waterfall.Allocation[](2);
        t.allocations[0] = Waterfall.Allocation(site, Waterfall.Basis.NET_BASIS_POINTS, 1_000, 400, 0);
        t.allocations[1] = Waterfall.Allocation(pool, Waterfall.Basis.NET_BASIS_POINTS, 1_400, 0, 0);
    }

    function fund(uint256 amount, bytes32 entry) internal {
        if (amount != 0) token.mint(token.collectionOf(PROJECT), amount, entry);
    }

    function facts(bytes32 batch, uint32 date, uint256 gross, uint256 refunded, uint256 tax, uint64 units)
        internal
        pure
        returns (IRevenueSplit.Distribution memory d)
    {
        d.project = PROJECT;
        d.batch = batch;
        d.periodStart = date;
        d.periodEnd = date;
        d.gross = uint128(gross);
        d.refunds = uint128(refunded);
        d.tax = uint128(tax);
        d.headSize = 1;
        d.facts = keccak256(abi.encode(batch));
        if (units != 0) {
            d.units = new IRevenueSplit.Units[](1);
            d.units[0] = IRevenueSplit.Units(keccak256("cola"), units);
        }
    }

    /// @dev Everything that the split owes, over all accounts that it can credit.
    function claimed() internal view returns (uint256 sum) {
        address[10] memory all = [
            operator, supplier, site, platform, lender, taxes, refunds, investorA, investorB, investorC
        ];
        for (uint256 i = 0; i < all.length; ++i) {
            sum += split.claimable(address(token), all[i]);
        }
        for (uint256 i = 0; i < pools.length; ++i) {
            sum += split.claimable(address(token), pools[i]);
        }
    }
}
