// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Claimable} from "./Claimable.sol";
import {IClaimable} from "./interfaces/IClaimable.sol";
import {IDepositToken} from "./interfaces/IDepositToken.sol";
import {IParticipantRegistry} from "./interfaces/IParticipantRegistry.sol";
import {IRevenueSplit} from "./interfaces/IRevenueSplit.sol";
import {SplitPools} from "./libraries/SplitPools.sol";

/// @title What the recipients of a split have to their credit, and how they take it
/// @notice Documented in interfaces/IRevenueSplit.sol. A pool has a balance like everybody; its investors take it out of
/// there, each its share. RevenueSplit is this, and what is credited to whom.
abstract contract SplitBalances is IRevenueSplit, Claimable {
    using SafeERC20 for IDepositToken;

    // ---- types

    /// @dev Who takes first writes no slot that was zero.
    /// @param weights their sum; 0 while nobody was added.
    /// @param taken what all investors have taken.
    /// @param runs how many have ended.
    /// @param next the name of the investors that are still to be added.
    /// @param ends what had been paid in when each run ended.
    struct Pool {
        uint64 weights;
        uint128 taken;
        uint64 runs;
        address token;
        bool isComplete;
        bytes32 project;
        bytes32 next;
        mapping(uint256 run => uint256) ends;
    }

    /// @param before the weight of those before it in the list.
    /// @param taken what it has taken in its present run.
    struct Share {
        uint64 weight;
        uint64 before;
        uint128 taken;
    }

    // ---- storage

    /// @dev Runs that one call goes over, about 5,000 gas each; who has more of them behind it takes again.
    uint256 private constant MOST_RUNS = 500;

    IParticipantRegistry public immutable participants;

    mapping(address pool => Pool) private _pools;
    mapping(address pool => mapping(address account => Share)) private _shares;
    /// @dev How many runs of the pool the account has finished.
    mapping(address pool => mapping(address account => uint256)) private _finished;

    constructor(address participants_) {
        participants = IParticipantRegistry(participants_);
    }

    // ---- writes

    /// @inheritdoc IRevenueSplit
    function addInvestors(bytes32 project, bytes32 list, Investor[] calldata piece, bytes32 next)
        external
        returns (address pool)
    {
        pool = poolOf(project, list);
        Pool storage p = _pools[pool];
        bytes32 wanted = p.next;
        uint64 sum = p.weights;
        if (sum == 0) {
            p.token = tokenOf(project);
            if (p.token == address(0)) revert ProjectUnknown(project);
            p.project = project;
            wanted = list;
        }
        if (piece.length == 0 || SplitPools.nameOf(piece, next) != wanted) revert InvestorsNotNext(pool, wanted);
        for (uint256 i = 0; i < piece.length; ++i) {
            (address account, uint64 weight) = (piece[i].account, piece[i].weight);
            if (weight == 0) revert InvestorInvalid(pool, account, "a weight is zero");
            if (_shares[pool][account].weight != 0) revert InvestorInvalid(pool, account, "it stands twice");
            // An account of a contract that shares its income on is paid by the terms directly: what it can take at any
            // time would be its owners' of that time.
            if (participants.participant(account).certifiedUntil == 0) {
                revert InvestorInvalid(pool, account, "no participant");
            }
            _shares[pool][account] = Share(weight, sum, 0);
            sum += weight;
        }
        p.weights = sum;
        p.next = next;
        p.isComplete = next == 0;
        emit InvestorsAdded(project, pool, next, piece);
    }

    /// @inheritdoc IRevenueSplit
    function takePool(address pool, address account) external returns (uint256 amount) {
        Pool storage p = _complete(pool);
        Share memory share;
        uint256 finished;
        (amount, share, finished) = _due(pool, account, MOST_RUNS);
        if (finished != 0 && finished != _finished[pool][account]) _finished[pool][account] = finished;
        else if (amount == 0) revert NothingToWithdraw(p.token, account);
        _shares[pool][account] = share;
        address token = p.token;
        _credits[token][pool] -= amount;
        p.taken += SafeCast.toUint128(amount);
        emit PoolTaken(p.project, pool, account, amount);
        IDepositToken(token).safeTransfer(account, amount);
    }

    /// @inheritdoc IClaimable
    function withdraw(address token, address account) public override(Claimable, IClaimable) returns (uint256) {
        if (_pools[account].token != address(0)) revert AccountIsPool(account);
        return super.withdraw(token, account);
    }

    // ---- reads

    /// @inheritdoc IRevenueSplit
    function claimableOfPool(address pool, address account) external view returns (uint256 amount) {
        _complete(pool);
        (amount,,) = _due(pool, account, type(uint256).max);
    }

    /// @inheritdoc IRevenueSplit
    function poolOf(bytes32 project, bytes32 list) public view returns (address) {
        return SplitPools.accountOf(address(this), project, list);
    }

    /// @inheritdoc IRevenueSplit
    function projectOfPool(address pool) public view returns (bytes32) {
        return _complete(pool).project;
    }

    /// @inheritdoc IRevenueSplit
    function nextInvestors(bytes32 project, bytes32 list) external view returns (bytes32) {
        Pool storage p = _pools[poolOf(project, list)];
        return p.weights == 0 ? list : p.next;
    }

    /// @inheritdoc IRevenueSplit
    function weightOf(address pool, address account) external view returns (uint64 weight, uint64 weights) {
        return (_shares[pool][account].weight, _pools[pool].weights);
    }

    /// @inheritdoc IRevenueSplit
    function takenOf(address pool) external view returns (uint256) {
        return _pools[pool].taken;
    }

    /// @inheritdoc IRevenueSplit
    function tokenOf(bytes32 project) public view virtual returns (address);

    // ---- internals

    function _credit(address token, bytes32 project, bytes32 batch, Tier tier, address account, uint256 amount) internal {
        if (amount == 0) return;
        _keepFor(token, account, amount);
        emit Credited(project, batch, account, tier, amount);
    }

    /// @dev What was paid in so far is its investors' whole; what comes after it begins anew.
    function _endRun(bytes32 project, address pool) internal {
        Pool storage p = _pools[pool];
        uint256 paid = _paid(p, pool);
        if (paid == _startOf(p, p.runs)) revert NothingToWithdraw(p.token, pool);
        p.ends[p.runs++] = paid;
        emit PoolEnded(project, pool, paid);
    }

    /// @dev An account that terms of `project` name is no pool, or one of the project that has all its investors.
    function _requirePool(bytes32 project, address account) internal view {
        Pool storage p = _pools[account];
        if (p.weights == 0) return;
        if (p.project != project) revert TermsInvalid("another project's pool");
        if (!p.isComplete) revert TermsInvalid("a pool without all its investors");
    }

    function _complete(address pool) private view returns (Pool storage p) {
        p = _pools[pool];
        if (!p.isComplete) revert PoolIncomplete(pool);
    }

    /// @dev What `account` can take over at most `most` runs that it has not finished, and its share and the number of
    /// its finished runs afterwards.
    function _due(address pool, address account, uint256 most)
        private
        view
        returns (uint256 amount, Share memory share, uint256 run)
    {
        Pool storage p = _pools[pool];
        share = _shares[pool][account];
        if (share.weight == 0) revert NotAnInvestor(pool, account);
        uint256 weights = p.weights;
        uint256 ended = p.runs;
        if (ended != 0) run = _finished[pool][account];
        for (; run < ended && most != 0; --most) {
            uint256 start = _startOf(p, run);
            uint256 whole = SplitPools.wholeOf(p.ends[run] - start, share.before, share.weight, weights);
            amount += whole - share.taken;
            share.taken = 0;
            ++run;
        }
        if (run == ended) {
            uint256 floor = SplitPools.floorOf(_paid(p, pool) - _startOf(p, run), share.weight, weights);
            amount += floor - share.taken;
            share.taken = SafeCast.toUint128(floor);
        }
    }

    /// @dev All that was ever paid in.
    function _paid(Pool storage p, address pool) private view returns (uint256) {
        return _credits[p.token][pool] + p.taken;
    }

    /// @dev What had been paid in when run number `run`, from 0, began.
    function _startOf(Pool storage p, uint256 run) private view returns (uint256) {
        return run == 0 ? 0 : p.ends[run - 1];
    }
}
