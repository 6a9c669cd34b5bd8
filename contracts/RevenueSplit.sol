// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {SplitBalances} from "./SplitBalances.sol";
import {Stoppable} from "./Stoppable.sol";
import {IDepositToken} from "./interfaces/IDepositToken.sol";
import {IRecordAnchor} from "./interfaces/IRecordAnchor.sol";
import {IRevenueSplit} from "./interfaces/IRevenueSplit.sol";
import {BusinessDate} from "./libraries/BusinessDate.sol";
import {SplitPlan} from "./libraries/SplitPlan.sol";
import {SplitTerms} from "./libraries/SplitTerms.sol";
import {Waterfall} from "./libraries/Waterfall.sol";

/// @title RevenueSplit
/// @notice Documented in interfaces/IRevenueSplit.sol.
contract RevenueSplit is SplitBalances, Stoppable {
    using SplitPlan for SplitPlan.Plan;

    // ---- types

    struct Project {
        address token;
        uint32 lastDate;
        uint256 lastVersion;
        uint256 distributed;
    }

    // ---- storage

    /// @dev Where a day begins first, it does so that long before it does in UTC.
    uint256 private constant FIRST_ZONE = 14 hours;
    uint256 private constant TERMS_AHEAD = 366 days;
    /// @inheritdoc IRevenueSplit
    uint256 public constant MOST_UNITS = 256;

    IRecordAnchor public immutable anchor;

    mapping(bytes32 project => Project) private _projects;
    mapping(bytes32 project => Terms[]) private _terms;
    mapping(bytes32 project => mapping(bytes32 batch => bool)) private _distributed;
    /// @dev Key: the period, see _keyOf; a month of two terms is one period.
    mapping(bytes32 project => mapping(uint256 key => Waterfall.Totals)) private _totals;
    mapping(bytes32 project => mapping(uint256 key => bool)) private _started;
    /// @dev See SplitPlan for creditors.
    mapping(bytes32 project => mapping(uint256 creditor => int256)) private _debts;
    mapping(bytes32 project => SplitPlan.Debtors) private _debtors;
    /// @dev Line of a goods code in its version's terms, plus 1.
    mapping(bytes32 project => mapping(uint256 version => mapping(bytes32 goods => uint256))) private _goodsLine;

    constructor(address access, address participants_, address anchor_)
        SplitBalances(participants_)
        AccessManaged(access)
    {
        anchor = IRecordAnchor(anchor_);
    }

    // ---- writes

    /// @inheritdoc IRevenueSplit
    function openProject(bytes32 project, address token) external restricted {
        if (_projects[project].token != address(0)) revert ProjectAlreadyOpen(project);
        participants.requireToken(token);
        _projects[project].token = token;
        emit ProjectOpened(project, token);
    }

    /// @inheritdoc IRevenueSplit
    function setTerms(bytes32 project, Terms calldata t) external restricted returns (uint256 version) {
        Project storage p = _known(project);
        Terms[] storage all = _terms[project];
        version = all.length + 1;
        _requireDate(t.effectiveFrom, TERMS_AHEAD);
        uint32 notBefore = p.lastDate;
        if (version > 1 && all[version - 2].effectiveFrom > notBefore) notBefore = all[version - 2].effectiveFrom;
        if (t.effectiveFrom <= notBefore) revert TermsRetroactive(t.effectiveFrom, notBefore);
        if (version > 1 && all[version - 2].period != t.period && t.effectiveFrom % 100 != 1) {
            revert TermsInvalid("another period begins with a month");
        }
        address[] memory accounts = SplitTerms.set(t, all.push(), _goodsLine[project][version]);
        for (uint256 i = 0; i < accounts.length; ++i) {
            _requirePool(project, accounts[i]);
        }
        emit TermsSet(project, version, t.effectiveFrom, keccak256(abi.encode(t)));
    }

    /// @inheritdoc IRevenueSplit
    function distribute(Distribution calldata d) external restricted whenNotPaused {
        Project storage p = _known(d.project);
        if (_distributed[d.project][d.batch]) revert AlreadyDistributed(d.project, d.batch);
        if (!anchor.isAnchored(d.headSize)) revert HeadNotAnchored(d.headSize);
        if (d.units.length > MOST_UNITS) revert TooManyUnits(d.units.length, MOST_UNITS);
        SplitPlan.Plan memory plan = _plan(d);

        _distributed[d.project][d.batch] = true;
        _totals[d.project][plan.key] = plan.totals;
        _started[d.project][plan.key] = true;
        if (d.periodEnd > p.lastDate) p.lastDate = d.periodEnd;
        if (plan.version > p.lastVersion) p.lastVersion = plan.version;
        p.distributed += d.gross;
        if (d.gross != 0) IDepositToken(p.token).collect(d.project, d.gross);
        emit Distributed(d.project, d.batch, plan.version, d.periodStart, d.periodEnd, d.gross, d.headSize, d.facts);

        plan.keepDebts(_debts[d.project], _debtors[d.project]);
        for (uint256 i = 0; i < plan.count; ++i) {
            SplitPlan.Line memory line = plan.lines[i];
            address account = SplitPlan.accountOf(line.creditor);
            Tier tier = SplitPlan.tierOf(line.creditor);
            int256 left = line.owed - int256(line.paid);
            if (left != line.before) emit Owed(d.project, d.batch, account, tier, left);
            if (account != address(0)) _credit(p.token, d.project, d.batch, tier, account, line.paid);
        }
    }

    /// @inheritdoc IRevenueSplit
    function endPool(address pool) external {
        bytes32 project = projectOfPool(pool);
        uint256 version = _projects[project].lastVersion;
        if (version == 0) revert PoolStillInForce(pool);
        address[] memory accounts = SplitTerms.accountsOf(_terms[project][version - 1]);
        for (uint256 i = 0; i < accounts.length; ++i) {
            if (accounts[i] == pool) revert PoolStillInForce(pool);
        }
        _endRun(project, pool);
    }

    // ---- reads

    /// @inheritdoc IRevenueSplit
    function preview(Distribution calldata d) external view returns (Credit[] memory credits) {
        _known(d.project);
        SplitPlan.Plan memory plan = _plan(d);
        credits = new Credit[](plan.count);
        uint256 count = 0;
        for (uint256 i = 0; i < plan.count; ++i) {
            SplitPlan.Line memory line = plan.lines[i];
            address account = SplitPlan.accountOf(line.creditor);
            if (line.paid == 0 || account == address(0)) continue;
            credits[count++] = Credit(SplitPlan.tierOf(line.creditor), account, line.paid);
        }
        assembly ("memory-safe") {
            mstore(credits, count)
        }
    }

    /// @inheritdoc IRevenueSplit
    function owed(bytes32 project, Tier tier, address account) external view returns (int256) {
        return _debts[project][SplitPlan.creditorOf(tier, account)];
    }

    /// @inheritdoc IRevenueSplit
    function distributed(bytes32 project) external view returns (uint256) {
        return _projects[project].distributed;
    }

    /// @inheritdoc IRevenueSplit
    function isDistributed(bytes32 project, bytes32 batch) external view returns (bool) {
        return _distributed[project][batch];
    }

    /// @inheritdoc IRevenueSplit
    function versionCount(bytes32 project) external view returns (uint256) {
        return _terms[project].length;
    }

    /// @inheritdoc IRevenueSplit
    function termsOf(bytes32 project, uint256 version) external view returns (Terms memory) {
        return _terms[project][version - 1];
    }

    /// @inheritdoc IRevenueSplit
    function versionOn(bytes32 project, uint32 businessDate) public view returns (uint256 version) {
        Terms[] storage all = _terms[project];
        uint256 after_ = all.length;
        while (version < after_) {
            uint256 middle = (version + after_) / 2;
            if (all[middle].effectiveFrom <= businessDate) version = middle + 1;
            else after_ = middle;
        }
        if (version == 0) revert NoTermsOn(project, businessDate);
    }

    /// @inheritdoc IRevenueSplit
    function totalsOf(bytes32 project, uint256 version, uint32 businessDate)
        external
        view
        returns (Waterfall.Totals memory)
    {
        return _totals[project][_keyOf(_terms[project][version - 1].period, businessDate)];
    }

    /// @inheritdoc IRevenueSplit
    function tokenOf(bytes32 project) public view override returns (address) {
        return _projects[project].token;
    }

    // ---- internals

    /// @dev Which lines are paid what; writes nothing.
    function _plan(Distribution calldata d) private view returns (SplitPlan.Plan memory plan) {
        _requireDate(d.periodStart, FIRST_ZONE);
        _requireDate(d.periodEnd, FIRST_ZONE);
        plan.version = versionOn(d.project, d.periodStart);
        plan.key = _periodKey(d, plan.version);
        plan.totals = _totals[d.project][plan.key];
        plan.cash = d.gross;
        Terms storage terms = _terms[d.project][plan.version - 1];
        Waterfall.Allocation[] memory allocations = terms.allocations;
        plan.debtors = SplitPlan.listedOf(_debtors[d.project]);
        plan.lines = new SplitPlan.Line[](5 + plan.debtors.length + d.units.length + allocations.length);

        (uint256 fee, uint256 sweep, uint256[] memory due) =
            Waterfall.entitlements(plan.totals, terms.senior, allocations, _started[d.project][plan.key]);
        _pay(plan, d.project, Tier.REFUND, terms.refundAccount, int256(uint256(d.refunds)));
        _pay(plan, d.project, Tier.TAX, terms.taxAccount, int256(uint256(d.tax)));
        _payGoods(plan, d, terms);
        plan.totals.gross += d.gross;
        plan.totals.refunds += d.refunds;
        plan.totals.tax += d.tax;

        (uint256 feeAfter, uint256 sweepAfter, uint256[] memory dueAfter) =
            Waterfall.entitlements(plan.totals, terms.senior, allocations, true);
        _pay(plan, d.project, Tier.FEE, terms.feeAccount, int256(feeAfter) - int256(fee));
        _pay(plan, d.project, Tier.SWEEP, terms.sweepAccount, int256(sweepAfter) - int256(sweep));
        _payAllocations(plan, d.project, allocations, due, dueAfter);
        uint256 residual = SplitPlan.creditorOf(Tier.RESIDUAL, terms.residualAccount);
        plan.lines[plan.count++] = SplitPlan.Line(residual, 0, int256(plan.cash), plan.cash);
    }

    /// @dev Pay a tier that has one account.
    function _pay(SplitPlan.Plan memory plan, bytes32 project, Tier tier, address account, int256 more) private view {
        plan.payArrears(_debts[project], tier);
        plan.pay(_debts[project], SplitPlan.creditorOf(tier, account), more);
    }

    /// @dev In the order of the terms, after what is owed from before.
    function _payAllocations(
        SplitPlan.Plan memory plan,
        bytes32 project,
        Waterfall.Allocation[] memory allocations,
        uint256[] memory due,
        uint256[] memory dueAfter
    ) private view {
        plan.payArrears(_debts[project], Tier.ALLOCATION);
        for (uint256 i = 0; i < due.length; ++i) {
            uint256 creditor = SplitPlan.creditorOf(Tier.ALLOCATION, allocations[i].account);
            plan.pay(_debts[project], creditor, int256(dueAfter[i]) - int256(due[i]));
        }
    }

    /// @dev Goods are due by the unit, in the order in which they were sold.
    function _payGoods(SplitPlan.Plan memory plan, Distribution calldata d, Terms storage terms) private view {
        uint256 first = plan.count;
        plan.payArrears(_debts[d.project], Tier.GOODS);
        mapping(bytes32 goods => uint256) storage lines = _goodsLine[d.project][plan.version];
        for (uint256 i = 0; i < d.units.length; ++i) {
            uint256 number = lines[d.units[i].goods];
            if (number == 0) number = lines[0];
            if (number == 0) revert GoodsUnknown(d.units[i].goods);
            Goods storage g = terms.goods[number - 1];
            uint256 cost = uint256(g.unitCost) * d.units[i].count;
            plan.totals.goodsCost += SafeCast.toUint128(cost);
            plan.totals.units += d.units[i].count;
            uint256 creditor = SplitPlan.creditorOf(Tier.GOODS, g.supplier);
            plan.lineOf(_debts[d.project], creditor).owed += int256(cost);
        }
        for (uint256 j = first; j < plan.count; ++j) {
            plan.settle(plan.lines[j]);
        }
    }

    function _known(bytes32 project) private view returns (Project storage p) {
        p = _projects[project];
        if (p.token == address(0)) revert ProjectUnknown(project);
    }

    function _periodKey(Distribution calldata d, uint256 version) private view returns (uint256 key) {
        Period period = _terms[d.project][version - 1].period;
        key = _keyOf(period, d.periodStart);
        bool isOne = d.periodEnd >= d.periodStart && _keyOf(period, d.periodEnd) == key;
        if (!isOne || versionOn(d.project, d.periodEnd) != version) revert PeriodInvalid(d.periodStart, d.periodEnd);
    }

    function _keyOf(Period period, uint32 businessDate) private pure returns (uint256) {
        return period == Period.DAY ? businessDate : businessDate / 100;
    }

    /// @dev A day of the calendar, and none that begins more than `ahead` seconds from now in UTC.
    function _requireDate(uint32 businessDate, uint256 ahead) private view {
        BusinessDate.check(businessDate);
        uint32 latest = BusinessDate.on(block.timestamp + ahead);
        if (businessDate > latest) revert DateTooFar(businessDate, latest);
    }
}
