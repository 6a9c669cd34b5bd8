// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IStoppable} from "./IStoppable.sol";
import {Interest} from "../libraries/Interest.sol";

/// @title Delivery against payment: all legs of a deal, or none
/// @notice A deal is a list of movements. Whoever gives something up in it must have signed it (EIP-712) or bring it.
/// What is signed binds its value: a part that has been paid since, a receipt that is smaller or a share that has been
/// diluted is not what was signed for, and the deal is refused as a whole.
interface ISettlement is IStoppable {
    enum Asset {
        CLAIM_PART,
        WAREHOUSE_RECEIPT,
        PROJECT_SHARE,
        DEPOSIT_TOKEN
    }

    /// @param asset what moves from `from` to `to`.
    /// @param id part or receipt; the project for shares; the token's address for deposits.
    /// @param amount shares or minor units. A part or a receipt moves whole: for a part it is the least that must still be
    /// unpaid on it, for a receipt its least quantity.
    /// @param supply for shares: the most shares that the project may have then; 0 for all else.
    /// @param recourse for a part: whether `from` answers for it afterwards.
    struct Leg {
        Asset asset;
        address from;
        address to;
        bytes32 id;
        uint256 amount;
        uint256 supply;
        bool recourse;
    }

    /// @param nonce the maker's, so that the same terms can be dealt twice.
    /// @param deadline chain time, seconds.
    struct Deal {
        Leg[] legs;
        uint256 nonce;
        uint64 deadline;
    }

    struct Signature {
        address signer;
        bytes signature;
    }

    event DealSettled(bytes32 indexed deal, address indexed by);
    event DealRevoked(bytes32 indexed deal, address indexed by);
    /// @notice A part was sold below its amount: price and rest are (amount × (basis − rate × time)) ÷ and mod basis.
    event PartDiscounted(
        uint64 indexed part, uint256 amount, uint32 ratePpm, uint32 from, uint32 to, uint256 price, uint256 rest
    );

    error DealExpired(uint64 deadline);
    error DealEmpty();
    /// @notice The leg's id, amount, supply or recourse is none that its asset has.
    error LegInvalid(uint256 index);
    /// @notice The project has more shares by now than the leg was signed for.
    error SupplyTooLarge(uint256 index, uint256 supply, uint256 most);
    /// @notice Today's price is below what the seller takes, or above what the buyer pays.
    error PriceNotAgreed(uint64 part, uint256 price, uint256 least, uint256 most);
    error CurrencyDiffers(uint64 part, address claimToken, address quoteToken);
    error DealDone(bytes32 deal);
    error DealRevokedBy(bytes32 deal, address signer);
    error SignatureMissing(bytes32 deal, address signer);
    error SignatureInvalid(bytes32 deal, address signer);

    /// @notice Carry out a deal once.
    /// @dev Deposits move by allowance to this contract.
    function settle(Deal calldata deal, Signature[] calldata signatures) external returns (bytes32 id);

    /// @notice Sell a part at a discount: the buyer's signed quote names the rate, the seller brings it; the price is
    /// computed from today's business date to the claim's due date, rounded down, and its rounding is in the event.
    /// @param leastPrice what the seller takes at least.
    function discount(Quote calldata quote, uint128 leastPrice, bytes calldata buyerSignature)
        external
        returns (uint256 price);

    /// @param unpaid least that must still be unpaid on the part.
    /// @param mostPrice what the buyer pays at most.
    /// @param ratePpm annual discount rate.
    struct Quote {
        uint64 part;
        address seller;
        address buyer;
        address token;
        uint128 unpaid;
        uint128 mostPrice;
        uint32 ratePpm;
        Interest.Convention convention;
        bool recourse;
        uint256 nonce;
        uint64 deadline;
    }

    /// @notice Take one's own signature back.
    function revoke(bytes32 deal) external;

    /// @notice The price of `quote` today, and the rest that rounding leaves.
    function priceOf(Quote calldata quote) external view returns (uint256 price, uint256 rest);

    /// @notice What is signed for a deal, or a quote.
    function dealDigest(Deal calldata deal) external view returns (bytes32);
    function quoteDigest(Quote calldata quote) external view returns (bytes32);
    function isDone(bytes32 deal) external view returns (bool);
}
