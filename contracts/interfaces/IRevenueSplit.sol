// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IClaimable} from "./IClaimable.sol";
import {IStoppable} from "./IStoppable.sol";

import {Waterfall} from "../libraries/Waterfall.sol";

/// @title Revenue is shared out the moment it is settled, by dated terms
/// @notice A distribution takes a project's matched revenue out of its collection account and credits the recipients in
/// the order of the tiers: refunds, tax, goods suppliers per unit sold, platform fee, loan sweep, the allocations (site,
/// manufacturer, operator, investors …) and at last the residual recipient, who gets what is left.
/// @dev How a tier is paid: its entitlement is a function of the period's running totals (see Waterfall), the difference
/// to what it was before is added to what the tier is owed, and what it is owed is paid as far as this distribution's
/// money goes. What can't be paid stays owed and comes first within its tier next time, the oldest debt first; what was
/// paid too much (a refund came later) is a negative debt and is set off. Of the debts from before a distribution looks at
/// the 64 oldest; the others come after them, in their order. A debt is its creditor's: other terms take it
/// from nobody and give it to nobody else. What is credited is what was received. A month in which the terms change is one
/// period: what is fixed, and minimums, are due once, by the terms of its first distribution.
///
/// A pool is a list of investors with their weights, of any length, under one account that terms name like any other; a
/// distribution credits that account. An investor can take, at any time, the floor of its share of all that was ever paid
/// to the pool, less what it took. What the floors leave over, less than a minor unit an investor, is the pool's until the
/// terms no longer name it: then it is ended, and all that was paid is its investors' to the unit. What comes late begins
/// a new run. The account is derived from the list, so that the same list is the same pool under all terms. The list is
/// added in pieces by anybody: its name is the hash of its first piece and of the name of what follows, so that no other
/// investors can be added.
/// All amounts in minor units of the project's token; business dates are YYYYMMDD.
interface IRevenueSplit is IClaimable, IStoppable {
    enum Tier {
        REFUND,
        TAX,
        GOODS,
        FEE,
        SWEEP,
        ALLOCATION,
        RESIDUAL
    }

    enum Supply {
        ON_CREDIT,
        PREPAID
    }

    enum Period {
        DAY,
        MONTH
    }

    /// @param goods SHA-256 of the commodity code; 0 for all goods that have no line of their own.
    /// @param supplier who is due the cost: the supplier (ON_CREDIT), or who paid it in advance (PREPAID).
    /// @param unitCost minor units a unit sold.
    struct Goods {
        bytes32 goods;
        address supplier;
        Supply supply;
        uint88 unitCost;
    }

    struct Investor {
        address account;
        uint64 weight;
    }

    /// @param effectiveFrom first business date on which these terms hold.
    /// @param period what minimums, caps and fixed amounts are counted by.
    /// @param sweepAccount the loan's account; zero for no sweep.
    struct Terms {
        uint32 effectiveFrom;
        Period period;
        address refundAccount;
        address taxAccount;
        address feeAccount;
        address sweepAccount;
        address residualAccount;
        Waterfall.Senior senior;
        Goods[] goods;
        Waterfall.Allocation[] allocations;
    }

    struct Units {
        bytes32 goods;
        uint64 count;
    }

    /// @param project whose revenue.
    /// @param batch name of these facts; a batch is distributed once.
    /// @param periodStart first business date of the facts; it chooses the terms.
    /// @param periodEnd last business date, in the same period as the first.
    /// @param gross what the buyers paid.
    /// @param refunds what of it goes back to buyers.
    /// @param tax what of it is tax.
    /// @param units what was sold.
    /// @param headSize size of the anchored head that proves the records behind these facts.
    /// @param facts SHA-256 of the facts' canonical encoding.
    struct Distribution {
        bytes32 project;
        bytes32 batch;
        uint32 periodStart;
        uint32 periodEnd;
        uint128 gross;
        uint128 refunds;
        uint128 tax;
        uint64 headSize;
        bytes32 facts;
        Units[] units;
    }

    /// @notice What one account gets by one tier.
    struct Credit {
        Tier tier;
        address account;
        uint256 amount;
    }

    event ProjectOpened(bytes32 indexed project, address indexed token);
    /// @notice `version` counts the project's terms from 1.
    event TermsSet(bytes32 indexed project, uint256 indexed version, uint32 effectiveFrom, bytes32 termsHash);
    event Distributed(
        bytes32 indexed project,
        bytes32 indexed batch,
        uint256 indexed version,
        uint32 periodStart,
        uint32 periodEnd,
        uint256 gross,
        uint64 headSize,
        bytes32 facts
    );
    /// @notice What `tier` owes `account` after this distribution, when it changed.
    event Owed(bytes32 indexed project, bytes32 indexed batch, address indexed account, Tier tier, int256 amount);
    event Credited(
        bytes32 indexed project, bytes32 indexed batch, address indexed account, Tier tier, uint256 amount
    );
    /// @notice `piece` stands in the pool's list; `next` is the name of what follows it, 0 when the list is complete.
    event InvestorsAdded(bytes32 indexed project, address indexed pool, bytes32 next, Investor[] piece);
    /// @notice `account` has taken what it could of the pool.
    event PoolTaken(bytes32 indexed project, address indexed pool, address indexed account, uint256 amount);
    /// @notice The pool's run has ended when `paid` had ever been paid to it.
    event PoolEnded(bytes32 indexed project, address indexed pool, uint256 paid);

    error ProjectAlreadyOpen(bytes32 project);
    error ProjectUnknown(bytes32 project);
    /// @notice Terms must begin after the last terms and after the last business date that was distributed.
    error TermsRetroactive(uint32 effectiveFrom, uint32 notBefore);
    error TermsInvalid(string rule);
    /// @notice No terms hold on this business date.
    error NoTermsOn(bytes32 project, uint32 businessDate);
    /// @notice The date lies after the latest that can be meant now: for a distribution, today where the day begins first;
    /// for terms, a year from today.
    error DateTooFar(uint32 businessDate, uint32 latest);
    /// @notice The two dates lie in two periods or under two terms, or in the wrong order.
    error PeriodInvalid(uint32 periodStart, uint32 periodEnd);
    error AlreadyDistributed(bytes32 project, bytes32 batch);
    error HeadNotAnchored(uint64 size);
    error GoodsUnknown(bytes32 goods);
    /// @notice A distribution has so many kinds of goods at most; the rest is another one's.
    error TooManyUnits(uint256 units, uint256 most);
    /// @notice These are not the investors that the list goes on with: `next` is the name of those.
    error InvestorsNotNext(address pool, bytes32 next);
    error InvestorInvalid(address pool, address account, string rule);
    /// @notice There is no such pool, or not all its investors were added.
    error PoolIncomplete(address pool);
    /// @notice The terms of the last distribution name the pool, or there was none.
    error PoolStillInForce(address pool);
    error NotAnInvestor(address pool, address account);
    /// @notice A pool's balance is its investors', each its share.
    error AccountIsPool(address account);

    /// @notice Let `project` be paid in `token`, which is admitted; its collection account for it must be open.
    /// @dev Role REGISTRAR.
    function openProject(bytes32 project, address token) external;

    /// @notice Add terms to `project`. Terms by another period than the last begin on the first of a month.
    /// @dev Role REGISTRAR. Their size is bounded, so that every distribution fits into a block.
    /// @return version its number, from 1.
    function setTerms(bytes32 project, Terms calldata terms) external returns (uint256 version);

    /// @notice Share out one batch of matched revenue.
    /// @dev Role ORACLE; stops while paused. Reverts as a whole, or credits everybody.
    function distribute(Distribution calldata d) external;

    /// @notice Add `piece` to the pool of `list`, whose next investors it is.
    /// @dev Anyone. `list` is keccak256(abi.encode(first piece, name of the second)) and so on, the last `next` is 0. Terms
    /// can name the pool when all its investors were added; an investor is a participant that was certified.
    /// @return pool the account that terms name.
    function addInvestors(bytes32 project, bytes32 list, Investor[] calldata piece, bytes32 next)
        external
        returns (address pool);

    /// @notice Pay `account` all that it can take of the pool. Anyone may call; the money goes to the account itself.
    /// @dev Who has more than 500 ended runs behind it gets what is due of 500, and calls again.
    function takePool(address pool, address account) external returns (uint256 amount);

    /// @notice End the present run of a pool that terms no longer name: what was paid so far is its investors' whole.
    /// @dev Anyone, once terms that do not name the pool have had a distribution; and again after a late payment.
    function endPool(address pool) external;

    /// @notice What `distribute(d)` would credit now.
    function preview(Distribution calldata d) external view returns (Credit[] memory credits);

    /// @notice What `tier` still owes `account` (negative: was paid too much).
    function owed(bytes32 project, Tier tier, address account) external view returns (int256);

    /// @notice What `account` can take of the pool.
    function claimableOfPool(address pool, address account) external view returns (uint256);

    /// @notice The account of the pool of `list` in `project`, whether its investors were added or not.
    function poolOf(bytes32 project, bytes32 list) external view returns (address);

    /// @notice The project of a pool that has all its investors.
    function projectOfPool(address pool) external view returns (bytes32);

    /// @notice The name of the investors that are still to be added to the pool of `list`; 0 when it is complete.
    function nextInvestors(bytes32 project, bytes32 list) external view returns (bytes32);

    /// @notice The account's weight in the pool, 0 for none, and the sum of the weights.
    function weightOf(address pool, address account) external view returns (uint64 weight, uint64 weights);

    /// @notice What the pool's investors have taken.
    function takenOf(address pool) external view returns (uint256);

    /// @notice What was distributed of `project` so far, gross.
    function distributed(bytes32 project) external view returns (uint256);

    function isDistributed(bytes32 project, bytes32 batch) external view returns (bool);

    function versionCount(bytes32 project) external view returns (uint256);

    /// @notice The terms number `version`, from 1.
    function termsOf(bytes32 project, uint256 version) external view returns (Terms memory);

    /// @notice The number of the terms that hold on `businessDate`.
    function versionOn(bytes32 project, uint32 businessDate) external view returns (uint256);

    /// @notice Running totals of the period that `businessDate` lies in, by the periods of `version`.
    function totalsOf(bytes32 project, uint256 version, uint32 businessDate)
        external
        view
        returns (Waterfall.Totals memory);

    function tokenOf(bytes32 project) external view returns (address);

    /// @notice How many kinds of goods one distribution may have.
    function MOST_UNITS() external view returns (uint256);
}
