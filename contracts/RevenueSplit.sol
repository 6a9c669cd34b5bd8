// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {IDepositToken} from "./interfaces/IDepositToken.sol";
import {IRecordAnchor} from "./interfaces/IRecordAnchor.sol";
import {IRevenueSplit} from "./interfaces/IRevenueSplit.sol";
import {Waterfall} from "./libraries/Waterfall.sol";

/// @title RevenueSplit
/// @notice Documented in interfaces/IRevenueSplit.sol.
contract RevenueSplit is IRevenueSplit, AccessManaged, Pausable {
    using SafeERC20 for IDepositToken;

    // ---- types

    /// @param paid what the pool has been given under this version, since it was last settled.
    /// @param carried what of it is with no investor yet.
    struct Pool {
        uint128 paid;
        uint128 carried;
    }

    struct Project {
        address token;
        uint32 lastDate;
        uint256 lastVersion;
        uint256 distributed;
        uint256 carried;
    }

    /// @dev One line of a plan: what a tier's debt grows by, and what is paid of it.
    struct Line {
        Tier tier;
        address account;
        int256 owed;
        uint256 paid;
    }

    /// @dev What a distribution comes to, before anything is written.
    /// @param key version and period, see _keyOf.
    /// @param cash what is left of the gross.
    /// @param count lines in use.
    /// @param pool what the investors' pool is paid.
    struct Plan {
        uint256 version;
        uint256 key;
        uint256 cash;
        uint256 count;
        uint256 pool;
        Waterfall.Totals totals;
        Line[] lines;
    }

    // ---- storage

    IRecordAnchor public immutable anchor;

    mapping(bytes32 project => Project) private _projects;
    mapping(bytes32 project => Terms[]) private _terms;
    mapping(bytes32 project => mapping(bytes32 batch => bool)) private _distributed;
    /// @dev Key: version and period, see _periodKey.
    mapping(bytes32 project => mapping(uint256 key => Waterfall.Totals)) private _totals;
    mapping(bytes32 project => mapping(uint256 key => bool)) private _started;
    mapping(bytes32 project => mapping(uint256 version => Pool)) private _pools;
    mapping(bytes32 project => mapping(Tier => mapping(address account => int256))) private _owed;
    mapping(address token => mapping(address account => uint256)) private _claimable;
    /// @dev Line of a goods code in its version's terms, plus 1.
    mapping(bytes32 project => mapping(uint256 version => mapping(bytes32 goods => uint256))) private _goodsLine;

    constructor(address access, address anchor_) AccessManaged(access) {
        anchor = IRecordAnchor(anchor_);
    }

    // ---- writes

    /// @inheritdoc IRevenueSplit
    function openProject(bytes32 project, address token) external restricted {
        if (_projects[project].token != address(0)) revert ProjectAlreadyOpen(project);
        if (token == address(0)) revert TermsInvalid("token is zero");
        _projects[project].token = token;
        emit ProjectOpened(project, token);
    }

    /// @inheritdoc IRevenueSplit
    function setTerms(bytes32 project, Terms calldata t) external restricted returns (uint256 version) {
        Project storage p = _known(project);
        Terms[] storage all = _terms[project];
        version = all.length + 1;
        _requireDate(t.effectiveFrom);
        uint32 notBefore = p.lastDate;
        if (version > 1 && all[version - 2].effectiveFrom > notBefore) notBefore = all[version - 2].effectiveFrom;
        if (t.effectiveFrom <= notBefore) revert TermsRetroactive(t.effectiveFrom, notBefore);
        _requireTerms(t);

        Terms storage kept = all.push();
        kept.effectiveFrom = t.effectiveFrom;
        kept.period = t.period;
        kept.refundAccount = t.refundAccount;
        kept.taxAccount = t.taxAccount;
        kept.feeAccount = t.feeAccount;
        kept.sweepAccount = t.sweepAccount;
        kept.residualAccount = t.residualAccount;
        kept.senior = t.senior;
        mapping(bytes32 goods => uint256) storage lines = _goodsLine[project][version];
        for (uint256 i = 0; i < t.goods.length; ++i) {
            if (t.goods[i].supplier == address(0)) revert TermsInvalid("a goods supplier is zero");
            if (lines[t.goods[i].goods] != 0) revert TermsInvalid("a goods code stands twice");
            kept.goods.push(t.goods[i]);
            lines[t.goods[i].goods] = i + 1;
        }
        for (uint256 i = 0; i < t.allocations.length; ++i) {
            kept.allocations.push(t.allocations[i]);
        }
        for (uint256 i = 0; i < t.investors.length; ++i) {
            kept.investors.push(t.investors[i]);
        }
        emit TermsSet(project, version, t.effectiveFrom, keccak256(abi.encode(t)));
    }

    /// @inheritdoc IRevenueSplit
    function distribute(Distribution calldata d) external restricted whenNotPaused {
        Project storage p = _known(d.project);
        if (_distributed[d.project][d.batch]) revert AlreadyDistributed(d.project, d.batch);
        if (!anchor.isAnchored(d.headSize)) revert HeadNotAnchored(d.headSize);
        Plan memory plan = _plan(d);

        _distributed[d.project][d.batch] = true;
        _totals[d.project][plan.key] = plan.totals;
        _started[d.project][plan.key] = true;
        if (d.periodEnd > p.lastDate) p.lastDate = d.periodEnd;
        if (plan.version > p.lastVersion) p.lastVersion = plan.version;
        p.distributed += d.gross;
        if (d.gross != 0) IDepositToken(p.token).collect(d.project, d.gross);
        emit Distributed(d.project, d.batch, plan.version, d.periodStart, d.periodEnd, d.gross, d.headSize, d.facts);

        for (uint256 i = 0; i < plan.count; ++i) {
            Line memory line = plan.lines[i];
            int256 left = line.owed - int256(line.paid);
            if (_owed[d.project][line.tier][line.account] != left) _owed[d.project][line.tier][line.account] = left;
            if (line.account != address(0)) _credit(p.token, d, line.tier, line.account, line.paid);
        }
        _creditInvestors(p, d, plan.version, plan.pool);
        emit Carried(d.project, d.batch, p.carried);
    }

    /// @inheritdoc IRevenueSplit
    function settleCarried(bytes32 project, uint256 version) external {
        Project storage p = _known(project);
        if (version == 0 || version >= p.lastVersion) revert VersionStillInForce(project, version);
        Pool storage pool = _pools[project][version];
        Investor[] storage investors = _terms[project][version - 1].investors;
        uint256 left = pool.carried;
        uint256 paid = pool.paid;
        if (left == 0) return;
        // All that was paid has now been given: what comes late to this version is shared out as a pool of its own.
        pool.carried = 0;
        pool.paid = 0;
        p.carried -= left;
        uint256[] memory weights = new uint256[](investors.length);
        uint256 sum = 0;
        for (uint256 i = 0; i < weights.length; ++i) {
            weights[i] = investors[i].weight;
            sum += weights[i];
        }
        uint256[] memory shares = Waterfall.largestRemainder(paid, weights);
        for (uint256 i = 0; i < weights.length; ++i) {
            uint256 extra = shares[i] - paid * weights[i] / sum;
            if (extra == 0) continue;
            _claimable[p.token][investors[i].account] += extra;
            emit Credited(project, bytes32(version), investors[i].account, Tier.ALLOCATION, extra);
        }
    }

    /// @inheritdoc IRevenueSplit
    function withdraw(address token) external returns (uint256) {
        return withdrawFor(token, msg.sender);
    }

    /// @inheritdoc IRevenueSplit
    function withdrawFor(address token, address account) public returns (uint256 amount) {
        amount = _claimable[token][account];
        if (amount == 0) revert NothingToWithdraw(account);
        _claimable[token][account] = 0;
        emit Withdrawn(token, account, amount);
        IDepositToken(token).safeTransfer(account, amount);
    }

    /// @inheritdoc IRevenueSplit
    function pause() external restricted {
        _pause();
    }

    /// @inheritdoc IRevenueSplit
    function unpause() external restricted {
        _unpause();
    }

    // ---- reads

    /// @inheritdoc IRevenueSplit
    function preview(Distribution calldata d) external view returns (Credit[] memory credits, uint256 carried_) {
        _known(d.project);
        Plan memory plan = _plan(d);
        Investor[] storage investors = _terms[d.project][plan.version - 1].investors;
        credits = new Credit[](plan.count + investors.length);
        uint256 count = 0;
        for (uint256 i = 0; i < plan.count; ++i) {
            Line memory line = plan.lines[i];
            if (line.paid == 0 || line.account == address(0)) continue;
            credits[count++] = Credit(line.tier, line.account, line.paid);
        }
        carried_ = _projects[d.project].carried + plan.pool;
        if (plan.pool != 0) {
            uint256 before = _pools[d.project][plan.version].paid;
            uint256[] memory shares = _shares(investors, before, before + plan.pool);
            for (uint256 i = 0; i < shares.length; ++i) {
                if (shares[i] == 0) continue;
                carried_ -= shares[i];
                credits[count++] = Credit(Tier.ALLOCATION, investors[i].account, shares[i]);
            }
        }
        assembly ("memory-safe") {
            mstore(credits, count)
        }
    }

    /// @inheritdoc IRevenueSplit
    function claimable(address token, address account) external view returns (uint256) {
        return _claimable[token][account];
    }

    /// @inheritdoc IRevenueSplit
    function owed(bytes32 project, Tier tier, address account) external view returns (int256) {
        return _owed[project][tier][account];
    }

    /// @inheritdoc IRevenueSplit
    function carried(bytes32 project) external view returns (uint256) {
        return _projects[project].carried;
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
        for (version = all.length; version != 0; --version) {
            if (all[version - 1].effectiveFrom <= businessDate) return version;
        }
        revert NoTermsOn(project, businessDate);
    }

    /// @inheritdoc IRevenueSplit
    function totalsOf(bytes32 project, uint256 version, uint32 businessDate)
        external
        view
        returns (Waterfall.Totals memory)
    {
        return _totals[project][_keyOf(_terms[project][version - 1].period, version, businessDate)];
    }

    /// @inheritdoc IRevenueSplit
    function tokenOf(bytes32 project) external view returns (address) {
        return _projects[project].token;
    }

    // ---- internals

    /// @dev Which lines are paid what; writes nothing.
    function _plan(Distribution calldata d) private view returns (Plan memory plan) {
        _requireDate(d.periodStart);
        _requireDate(d.periodEnd);
        plan.version = versionOn(d.project, d.periodStart);
        plan.key = _periodKey(d, plan.version);
        plan.totals = _totals[d.project][plan.key];
        plan.cash = d.gross;
        Terms storage terms = _terms[d.project][plan.version - 1];
        Waterfall.Allocation[] memory allocations = terms.allocations;
        plan.lines = new Line[](5 + terms.goods.length + allocations.length);

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
        for (uint256 i = 0; i < due.length; ++i) {
            uint256 before = plan.cash;
            _pay(plan, d.project, Tier.ALLOCATION, allocations[i].account, int256(dueAfter[i]) - int256(due[i]));
            if (allocations[i].account == address(0)) plan.pool += before - plan.cash;
        }
        plan.lines[plan.count++] = Line(Tier.RESIDUAL, terms.residualAccount, int256(plan.cash), plan.cash);
    }

    /// @dev Goods are due by the unit. Every supplier of the terms has one line, so that what it is owed from before is
    /// paid too, whatever was sold this time.
    function _payGoods(Plan memory plan, Distribution calldata d, Terms storage terms) private view {
        uint256 first = plan.count;
        for (uint256 i = 0; i < terms.goods.length; ++i) {
            _lineOf(plan, d.project, Tier.GOODS, terms.goods[i].supplier);
        }
        mapping(bytes32 goods => uint256) storage lines = _goodsLine[d.project][plan.version];
        for (uint256 i = 0; i < d.units.length; ++i) {
            uint256 number = lines[d.units[i].goods];
            if (number == 0) number = lines[0];
            if (number == 0) revert GoodsUnknown(d.units[i].goods);
            Goods storage g = terms.goods[number - 1];
            uint256 cost = uint256(g.unitCost) * d.units[i].count;
            plan.totals.goodsCost += SafeCast.toUint128(cost);
            plan.totals.units += d.units[i].count;
            _lineOf(plan, d.project, Tier.GOODS, g.supplier).owed += int256(cost);
        }
        for (uint256 j = first; j < plan.count; ++j) {
            _settle(plan, plan.lines[j]);
        }
    }

    /// @dev Add `more` to what `account` is owed by `tier`, and pay what the cash allows.
    function _pay(Plan memory plan, bytes32 project, Tier tier, address account, int256 more) private view {
        Line memory line = _lineOf(plan, project, tier, account);
        line.owed += more;
        _settle(plan, line);
    }

    /// @dev The line of `account` in `tier`: the one it has, or a new one that begins with what it is owed from before.
    function _lineOf(Plan memory plan, bytes32 project, Tier tier, address account)
        private
        view
        returns (Line memory line)
    {
        for (uint256 j = plan.count; j != 0; --j) {
            line = plan.lines[j - 1];
            if (line.tier == tier && line.account == account) return line;
        }
        line = Line(tier, account, _owed[project][tier][account], 0);
        plan.lines[plan.count++] = line;
    }

    function _settle(Plan memory plan, Line memory line) private pure {
        int256 open = line.owed - int256(line.paid);
        if (open <= 0) return;
        uint256 pay = uint256(open) < plan.cash ? uint256(open) : plan.cash;
        line.paid += pay;
        plan.cash -= pay;
    }

    /// @dev At any time each investor has been given floor(paid to the pool × weight / sum of weights); the rest, less
    /// than a unit an investor, is carried.
    function _creditInvestors(Project storage p, Distribution calldata d, uint256 version, uint256 amount) private {
        if (amount == 0) return;
        Pool storage pool = _pools[d.project][version];
        Investor[] storage investors = _terms[d.project][version - 1].investors;
        // Floors of a growing total may take more than this payment: then a part of what was carried is given out.
        uint256 left = amount + pool.carried;
        uint256[] memory shares = _shares(investors, pool.paid, pool.paid + amount);
        for (uint256 i = 0; i < shares.length; ++i) {
            left -= shares[i];
            _credit(p.token, d, Tier.ALLOCATION, investors[i].account, shares[i]);
        }
        p.carried = p.carried + left - pool.carried;
        pool.paid += uint128(amount);
        pool.carried = uint128(left);
    }

    /// @dev What each investor gains when the pool's total rises from `before` to `afterwards`.
    function _shares(Investor[] storage investors, uint256 before, uint256 afterwards)
        private
        view
        returns (uint256[] memory shares)
    {
        shares = new uint256[](investors.length);
        uint256 sum = 0;
        for (uint256 i = 0; i < shares.length; ++i) {
            shares[i] = investors[i].weight;
            sum += shares[i];
        }
        for (uint256 i = 0; i < shares.length; ++i) {
            shares[i] = afterwards * shares[i] / sum - before * shares[i] / sum;
        }
    }

    function _credit(address token, Distribution calldata d, Tier tier, address account, uint256 amount) private {
        if (amount == 0) return;
        _claimable[token][account] += amount;
        emit Credited(d.project, d.batch, account, tier, amount);
    }

    function _known(bytes32 project) private view returns (Project storage p) {
        p = _projects[project];
        if (p.token == address(0)) revert ProjectUnknown(project);
    }

    function _periodKey(Distribution calldata d, uint256 version) private view returns (uint256 key) {
        Period period = _terms[d.project][version - 1].period;
        key = _keyOf(period, version, d.periodStart);
        if (d.periodEnd < d.periodStart || _keyOf(period, version, d.periodEnd) != key) {
            revert PeriodInvalid(d.periodStart, d.periodEnd);
        }
    }

    function _keyOf(Period period, uint256 version, uint32 businessDate) private pure returns (uint256) {
        return version << 32 | (period == Period.DAY ? businessDate : businessDate / 100);
    }

    function _requireDate(uint32 businessDate) private pure {
        uint32 month = businessDate / 100 % 100;
        uint32 day = businessDate % 100;
        if (businessDate < 19700101 || businessDate > 99991231 || month < 1 || month > 12 || day < 1 || day > 31) {
            revert BusinessDateInvalid(businessDate);
        }
    }

    function _requireTerms(Terms calldata t) private pure {
        if (t.residualAccount == address(0)) revert TermsInvalid("the residual account is zero");
        if (t.refundAccount == address(0)) revert TermsInvalid("the refund account is zero");
        if (t.taxAccount == address(0)) revert TermsInvalid("the tax account is zero");
        if (t.feeAccount == address(0) && t.senior.feeBasisPoints != 0) revert TermsInvalid("the fee account is zero");
        if (t.sweepAccount == address(0) && t.senior.sweepBasisPoints != 0) {
            revert TermsInvalid("the sweep account is zero");
        }
        if (t.senior.feeBasisPoints > Waterfall.BASIS_POINTS || t.senior.sweepBasisPoints > Waterfall.BASIS_POINTS) {
            revert TermsInvalid("more than 10,000 basis points");
        }
        uint256 weights = 0;
        for (uint256 i = 0; i < t.investors.length; ++i) {
            if (t.investors[i].account == address(0)) revert TermsInvalid("an investor is zero");
            weights += t.investors[i].weight;
        }
        for (uint256 i = 0; i < t.allocations.length; ++i) {
            Waterfall.Allocation calldata a = t.allocations[i];
            bool isShare = a.basis == Waterfall.Basis.NET_BASIS_POINTS || a.basis == Waterfall.Basis.REMAINDER_BASIS_POINTS;
            if (isShare && a.value > Waterfall.BASIS_POINTS) revert TermsInvalid("more than 10,000 basis points");
            if (a.cap != 0 && a.minimum > a.cap) revert TermsInvalid("a minimum lies above its cap");
            if (a.account == address(0) && weights == 0) revert TermsInvalid("a pool without investors");
        }
    }
}
