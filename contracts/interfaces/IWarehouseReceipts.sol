// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDeliverable} from "./IDeliverable.sol";
import {IStoppable} from "./IStoppable.sol";

/// @title Electronic warehouse receipts: goods that lie somewhere, held, passed on and pledged
/// @notice A warehouse issues a receipt, a supervisor verifies it against the goods. Its holder passes it on or pledges it
/// for a loan of a credit line; a posted price says whether the pledge still covers the loan. A receipt stands for its
/// whole quantity: a part is pledged, released or passed on by splitting first.
/// @dev Quantities in the receipt's own units, prices in minor units a unit, dates YYYYMMDD of the business calendar.
interface IWarehouseReceipts is IDeliverable, IStoppable {
    enum State {
        NONE,
        ISSUED,
        VERIFIED,
        PLEDGED,
        PARTIAL_RELEASE,
        DELIVERED,
        FORECLOSED,
        SPLIT,
        SURRENDERED
    }

    /// @param parent the receipt that this one was split from; 0 for the first.
    /// @param goods SHA-256 of the goods' code and quality.
    /// @param document SHA-256 commitment to the papers behind it.
    struct Receipt {
        State state;
        address warehouse;
        address holder;
        uint64 parent;
        uint64 pledge;
        uint128 quantity;
        bytes32 goods;
        bytes32 document;
    }

    /// @param loan of the credit line contract; what is owed on it is what the receipts secure.
    /// @param ltvBasisPoints most that the loan may be of the receipts' value.
    /// @param callDays days that the holder has to top up.
    /// @param callDate business date of an open call; 0 for none.
    /// @param callPosting number of the last price posting before the call is watched from.
    /// @param callCurrent whether prices in force at that posting were current, and count.
    /// @param callOwed what was owed then and had been paid before, together, minor units.
    struct Pledge {
        address pledgor;
        address pledgee;
        uint64 loan;
        uint16 ltvBasisPoints;
        uint16 callDays;
        uint32 callDate;
        bool open;
        uint48 callPosting;
        bool callCurrent;
        uint256 callOwed;
        uint64[] receipts;
    }

    /// @notice What a lender allows at most in pledges for the loans of a line.
    struct PledgeTerms {
        uint16 ltvBasisPoints;
        uint16 callDays;
    }

    event ReceiptIssued(
        uint64 indexed receipt, address indexed warehouse, address indexed holder, bytes32 goods, uint128 quantity
    );
    event ReceiptVerified(uint64 indexed receipt, address indexed supervisor, bytes32 evidence);
    event ReceiptSplit(uint64 indexed receipt, uint64[] children, uint128[] quantities);
    event ReceiptTransferred(uint64 indexed receipt, address indexed from, address indexed to);
    event ReceiptSurrendered(uint64 indexed receipt, address indexed holder);
    event ReceiptGivenBack(uint64 indexed receipt, address indexed by, bytes32 reason);
    event ReceiptDelivered(uint64 indexed receipt, address indexed holder, bytes32 evidence);
    event PricePosted(bytes32 indexed goods, uint128 price, uint32 date);
    event PledgeOpened(uint64 indexed pledge, uint64 indexed loan, address indexed pledgee, uint16 ltvBasisPoints);
    event ReceiptPledged(uint64 indexed pledge, uint64 indexed receipt);
    event ReceiptReleased(uint64 indexed pledge, uint64 indexed receipt);
    event TopUpCalled(uint64 indexed pledge, uint256 value, uint256 owed, uint32 callDate);
    event TopUpMet(uint64 indexed pledge);
    event PledgeClosed(uint64 indexed pledge);
    event PledgeTermsSet(uint64 indexed line, uint16 ltvBasisPoints, uint16 callDays);
    event ReceiptForeclosed(uint64 indexed pledge, uint64 indexed receipt, address indexed pledgee);

    error ReceiptUnknown(uint64 receipt);
    error ReceiptStateNotAllowed(uint64 receipt, State state);
    error NotTheHolder(uint64 receipt, address account);
    error NotTheWarehouse(uint64 receipt, address account);
    /// @notice The warehouse has issued a receipt for this paper already, or none was named.
    error DocumentUsed(bytes32 document, uint64 receipt);
    /// @notice Who issued a receipt or holds it does not verify it.
    error VerifiedByItself(uint64 receipt, address account);
    /// @notice The receipt stands for less than it is taken for.
    error QuantityTooSmall(uint64 receipt, uint128 quantity, uint128 least);
    error SplitNotExact(uint64 receipt);
    error PledgeUnknown(uint64 pledge);
    error NotTheLender(uint64 line, address account);
    /// @notice Looser than the line's lender allows.
    error PledgeTermsInvalid(uint16 ltvBasisPoints, uint16 callDays);
    error NotTheBorrower(uint64 loan, address account);
    error NotThePledgor(uint64 pledge, address account);
    error NotThePledgee(uint64 pledge, address account);
    error PledgeTooSmall(uint64 pledge, uint256 value, uint256 owed);
    error PledgeCovers(uint64 pledge, uint256 value, uint256 owed);
    error CallOpen(uint64 pledge, uint32 callDate);
    error NoCall(uint64 pledge);
    error NoCallExpired(uint64 pledge);
    error ReceiptNotInPledge(uint64 pledge, uint64 receipt);
    error TooManyReceipts(uint64 pledge);
    error PriceUnknown(bytes32 goods);
    /// @notice The price is of a day that has not come.
    error PriceAhead(bytes32 goods, uint32 date, uint32 today);
    /// @notice A price of a later day is posted already.
    error PriceSuperseded(bytes32 goods, uint32 date, uint32 newest);
    /// @notice The newest price is too old to be used today.
    error PriceNotCurrent(bytes32 goods, uint32 date, uint32 today);
    error AmountZero();

    /// @notice The caller keeps `quantity` of `goods` for `holder`.
    /// @dev Role WAREHOUSE.
    function issue(address holder, bytes32 goods, uint128 quantity, bytes32 document)
        external
        returns (uint64 receipt);

    /// @notice The goods were seen.
    /// @dev Role SUPERVISOR.
    function verify(uint64 receipt, bytes32 evidence) external;

    /// @notice Replace a verified or foreclosed receipt by children of `quantities`; a pledged one stays pledged in its
    /// children.
    function split(uint64 receipt, uint128[] calldata quantities) external returns (uint64[] memory children);

    /// @notice Pass a free, verified receipt on.
    function transfer(uint64 receipt, address to) external;

    /// @notice Pass a receipt on for a settlement that both sides signed.
    /// @dev By the Settlement contract.
    /// @param quantity least that the receipt must stand for.
    function transferBySettlement(uint64 receipt, address from, address to, uint128 quantity) external;

    /// @notice Give the receipt up for its goods: it moves no more until they are handed out or it is given back.
    /// @dev By the holder.
    function surrender(uint64 receipt) external;

    /// @notice The goods are not handed out: the receipt is the holder's as before. `reason` is a SHA-256.
    /// @dev By the warehouse or the holder.
    function giveBack(uint64 receipt, bytes32 reason) external;

    /// @notice The goods were handed to the holder who has surrendered the receipt; it ends.
    /// @dev By its warehouse.
    function deliver(uint64 receipt, bytes32 evidence) external;

    /// @notice Say what one unit of `goods` is worth on `date`: today or an earlier business date, and none before the
    /// newest price's. Another price of the same date replaces the first.
    /// @dev Role ORACLE.
    function postPrice(bytes32 goods, uint128 price, uint32 date) external;

    /// @notice Say what pledges for the loans of a line may have at most; 100 % and any number of days until then.
    /// @dev By the line's lender. Pledges that are open keep their own terms.
    function setPledgeTerms(uint64 line, uint16 ltvBasisPoints, uint16 callDays) external;

    /// @notice Pledge receipts for a loan to its lender; their value must cover it.
    /// @dev By the loan's borrower, who holds the receipts. Each price must be current: of today or of one of the
    /// `maxPriceDays` days before.
    function pledge(uint64 loan, uint64[] calldata receipts, uint16 ltvBasisPoints, uint16 callDays)
        external
        returns (uint64 id);

    /// @notice Ask for more when what is owed is above what the receipts allow; anyone, at current prices.
    function callTopUp(uint64 pledge) external;

    /// @notice Add a receipt to a pledge; a call that is met thereby ends. By its pledgor.
    function topUp(uint64 pledge, uint64 receipt) external;

    /// @notice End a call that was met by a repayment or a better price: the next one gives its days anew. Anyone.
    /// @dev A call that was met at any time since is over, whether anybody has ended it or not: it forecloses nothing.
    /// The highest price of each kind of goods since then counts, and of what is owed what was owed then less what was
    /// paid since; where several kinds peaked on different days, that is in the pledgor's favour.
    function endCall(uint64 pledge) external;

    /// @notice Give a receipt of the pledge free. By the pledgee; by the pledgor too, as long as the rest covers the loan
    /// at current prices, or nothing is owed.
    function release(uint64 pledge, uint64 receipt) external;

    /// @notice Take the receipts over: the call has expired unmet, or the loan is in default. By the pledgee.
    /// @dev A call needs current prices, a default none. What the goods bring is paid on the loan by `repay`; a surplus is between the two, outside.
    function foreclose(uint64 pledge) external;

    /// @notice How many days old a price may be when it is used.
    function maxPriceDays() external view returns (uint16);

    function receipt(uint64 id) external view returns (Receipt memory);
    function pledgeOf(uint64 id) external view returns (Pledge memory);

    /// @notice What pledges for the line's loans may have at most.
    function pledgeTermsOf(uint64 line) external view returns (PledgeTerms memory);

    /// @notice Price a unit in minor units, and the date that it was posted for.
    function priceOf(bytes32 goods) external view returns (uint128 price, uint32 date);

    /// @notice What the pledge's receipts are worth by the newest prices, however old, what is owed on its loan, and whether the one covers the other.
    function coverage(uint64 pledge) external view returns (uint256 value, uint256 owed, bool covers);

    /// @notice Whether every price of the pledge may be used today, and whether a call is open that nothing has met.
    function standing(uint64 pledge) external view returns (bool current, bool called);

    /// @notice Whether `from` may pass the receipt on to `to` now, and if not, the error (selector and arguments) that says
    /// why.
    function canTransfer(uint64 receipt, address from, address to) external view returns (bool may, bytes memory why);

    /// @notice Passes where that transfer would, and reverts as it would.
    function requireTransfer(uint64 receipt, address from, address to) external view;
}
