// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {Stoppable} from "./Stoppable.sol";
import {IBusinessCalendar} from "./interfaces/IBusinessCalendar.sol";
import {IParticipantRegistry} from "./interfaces/IParticipantRegistry.sol";
import {IProjectShare} from "./interfaces/IProjectShare.sol";
import {IReceivables} from "./interfaces/IReceivables.sol";
import {ISettlement} from "./interfaces/ISettlement.sol";
import {IWarehouseReceipts} from "./interfaces/IWarehouseReceipts.sol";
import {Interest} from "./libraries/Interest.sol";

/// @title Settlement
/// @notice Documented in interfaces/ISettlement.sol.
contract Settlement is ISettlement, Stoppable, EIP712 {
    using SafeERC20 for IERC20;

    bytes32 private constant LEG =
        keccak256("Leg(uint8 asset,address from,address to,bytes32 id,uint256 amount,uint256 supply,bool recourse)");
    bytes32 private constant DEAL = keccak256(
        "Deal(Leg[] legs,uint256 nonce,uint64 deadline)Leg(uint8 asset,address from,address to,bytes32 id,uint256 amount,uint256 supply,bool recourse)"
    );
    bytes32 private constant QUOTE = keccak256(
        "Quote(uint64 part,address seller,address buyer,address token,uint128 unpaid,uint128 mostPrice,uint32 ratePpm,uint8 convention,bool recourse,uint256 nonce,uint64 deadline)"
    );

    IParticipantRegistry public immutable participants;
    IBusinessCalendar public immutable calendar;
    IReceivables public immutable receivables;
    IWarehouseReceipts public immutable receipts;
    IProjectShare public immutable shares;

    mapping(bytes32 deal => bool) private _done;
    mapping(bytes32 deal => mapping(address signer => bool)) private _revoked;

    constructor(
        address access,
        address participants_,
        address calendar_,
        address receivables_,
        address receipts_,
        address shares_
    )
        AccessManaged(access)
        EIP712("Counterfoil Settlement", "1")
    {
        participants = IParticipantRegistry(participants_);
        calendar = IBusinessCalendar(calendar_);
        receivables = IReceivables(receivables_);
        receipts = IWarehouseReceipts(receipts_);
        shares = IProjectShare(shares_);
    }

    // ---- writes

    /// @inheritdoc ISettlement
    function settle(Deal calldata deal, Signature[] calldata signatures) external whenNotPaused returns (bytes32 id) {
        if (deal.legs.length == 0) revert DealEmpty();
        id = dealDigest(deal);
        _begin(id, deal.deadline);
        for (uint256 i = 0; i < signatures.length; ++i) {
            _check(id, signatures[i].signer, signatures[i].signature);
        }
        for (uint256 i = 0; i < deal.legs.length; ++i) {
            address from = deal.legs[i].from;
            bool agreed = from == msg.sender;
            for (uint256 j = 0; j < signatures.length && !agreed; ++j) {
                agreed = signatures[j].signer == from;
            }
            if (!agreed) revert SignatureMissing(id, from);
            _move(i, deal.legs[i]);
        }
        emit DealSettled(id, msg.sender);
    }

    /// @inheritdoc ISettlement
    function discount(Quote calldata quote, uint128 leastPrice, bytes calldata buyerSignature)
        external
        whenNotPaused
        returns (uint256 price)
    {
        bytes32 id = quoteDigest(quote);
        if (msg.sender != quote.seller) revert SignatureMissing(id, quote.seller);
        _begin(id, quote.deadline);
        _check(id, quote.buyer, buyerSignature);
        _requireCurrency(quote);
        uint256 rest;
        (price, rest) = priceOf(quote);
        if (price < leastPrice || price > quote.mostPrice) {
            revert PriceNotAgreed(quote.part, price, leastPrice, quote.mostPrice);
        }
        IReceivables.Part memory p = receivables.part(quote.part);
        emit PartDiscounted(
            quote.part, p.amount - p.redeemed, quote.ratePpm, calendar.today(), _due(p.root), price, rest
        );
        receivables.transferBySettlement(quote.part, quote.seller, quote.buyer, quote.recourse, quote.unpaid);
        IERC20(quote.token).safeTransferFrom(quote.buyer, quote.seller, price);
        emit DealSettled(id, msg.sender);
    }

    /// @inheritdoc ISettlement
    function revoke(bytes32 deal) external {
        if (_done[deal]) revert DealDone(deal);
        _revoked[deal][msg.sender] = true;
        emit DealRevoked(deal, msg.sender);
    }

    // ---- reads

    /// @inheritdoc ISettlement
    function priceOf(Quote calldata quote) public view returns (uint256 price, uint256 rest) {
        IReceivables.Part memory p = receivables.part(quote.part);
        return Interest.discounted(
            quote.convention, p.amount - p.redeemed, quote.ratePpm, calendar.today(), _due(p.root)
        );
    }

    /// @inheritdoc ISettlement
    function dealDigest(Deal calldata deal) public view returns (bytes32) {
        bytes32[] memory legs = new bytes32[](deal.legs.length);
        for (uint256 i = 0; i < legs.length; ++i) {
            legs[i] = keccak256(abi.encode(LEG, deal.legs[i]));
        }
        return _hashTypedDataV4(
            keccak256(abi.encode(DEAL, keccak256(abi.encodePacked(legs)), deal.nonce, deal.deadline))
        );
    }

    /// @inheritdoc ISettlement
    function quoteDigest(Quote calldata quote) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(QUOTE, quote)));
    }

    /// @inheritdoc ISettlement
    function isDone(bytes32 deal) external view returns (bool) {
        return _done[deal];
    }

    // ---- internals

    /// @dev The price is in minor units of the claim's currency; another bank's token of that currency pays it as well.
    function _requireCurrency(Quote calldata quote) private view {
        address token = receivables.claim(receivables.part(quote.part).root).token;
        participants.requireToken(quote.token);
        if (participants.currencyOf(token) != participants.currencyOf(quote.token)) {
            revert CurrencyDiffers(quote.part, token, quote.token);
        }
    }

    function _begin(bytes32 id, uint64 deadline) private {
        if (block.timestamp > deadline) revert DealExpired(deadline);
        if (_done[id]) revert DealDone(id);
        _done[id] = true;
    }

    function _check(bytes32 id, address signer, bytes calldata signature) private view {
        if (_revoked[id][signer]) revert DealRevokedBy(id, signer);
        if (!SignatureChecker.isValidSignatureNow(signer, id, signature)) revert SignatureInvalid(id, signer);
    }

    /// @dev What is signed is what moves: no field says more than its asset has.
    function _move(uint256 index, Leg calldata leg) private {
        uint256 id = uint256(leg.id);
        bool isPart = leg.asset == Asset.CLAIM_PART;
        bool isWhole = isPart || leg.asset == Asset.WAREHOUSE_RECEIPT;
        bool isShare = leg.asset == Asset.PROJECT_SHARE;
        uint256 last = isWhole ? type(uint64).max : isShare ? id : type(uint160).max;
        uint256 most = isWhole ? type(uint128).max : leg.amount;
        if (
            id > last || leg.amount == 0 || leg.amount > most || isShare != (leg.supply != 0)
                || (leg.recourse && !isPart)
        ) revert LegInvalid(index);
        if (isPart) {
            receivables.transferBySettlement(uint64(id), leg.from, leg.to, leg.recourse, uint128(leg.amount));
        } else if (isWhole) {
            receipts.transferBySettlement(uint64(id), leg.from, leg.to, uint128(leg.amount));
        } else if (isShare) {
            uint256 supply = shares.projectOf(leg.id).supply;
            if (supply > leg.supply) revert SupplyTooLarge(index, supply, leg.supply);
            shares.transferBySettlement(leg.id, leg.from, leg.to, leg.amount);
        } else {
            participants.requireToken(address(uint160(id)));
            IERC20(address(uint160(id))).safeTransferFrom(leg.from, leg.to, leg.amount);
        }
    }

    function _due(uint64 root) private view returns (uint32) {
        return receivables.claim(root).dueDate;
    }
}
