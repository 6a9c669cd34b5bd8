// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IClaimable} from "./IClaimable.sol";
import {IDeliverable} from "./IDeliverable.sol";
import {IStoppable} from "./IStoppable.sol";

/// @title Claims: what one participant owes another, held in parts
/// @notice A claim is registered by its creditor (a receivable), by its obligor (a payable, confirmed by that) or for an
/// order (owed once it is delivered). Its parts are split and passed on; the obligor's money is each part's share as soon
/// as it is paid, and pulled. No name, invoice or price is here in clear: `invoice` and `document` are salted commitments.
/// @dev A claim's whole terms are in its event and, as a hash, on chain; what decides about it later is kept beside. A
/// part that is split or passed on is burned and its children add up to what was unpaid on it. Of what is paid while a
/// part lives its share is floor(paid * amount / unpaid), where `paid` is what came since the part was made and `unpaid` what
/// was open on the claim then: the shares of all parts never exceed what was paid, fall short of it by less than a unit for
/// each part that was made, and are exact once the claim is paid in full. What is short is no part's whole unit yet; it
/// stays with the claim and comes with the next payments.
/// All amounts in minor units, below 2^80; dates YYYYMMDD of the business calendar.
interface IReceivables is IClaimable, IDeliverable, IStoppable {
    enum Kind {
        RECEIVABLE,
        PAYABLE,
        ORDER
    }

    enum State {
        NONE,
        DRAFT,
        REGISTERED,
        CONFIRMED,
        MATURED,
        SETTLED,
        OVERDUE,
        RECOURSE,
        DEFAULTED,
        CANCELLED
    }

    /// @param invoice SHA-256 of salt, issuer, number and amount. One live claim each of those that its creditor
    /// registers, whoever owes it, and of those between a creditor and an obligor, whichever of them registers it. What an
    /// obligor registered ends when its creditor registers the invoice for more, for an earlier day or in another token, as
    /// long as that has passed on and pledged none of it.
    /// @param document SHA-256 commitment to the papers behind it.
    /// @param defaultDays days past the due date from which anyone may declare the default.
    /// @param tag by which the claim is known beyond this ledger; 0 for none. It is signed and published like the others.
    struct Terms {
        Kind kind;
        address obligor;
        address creditor;
        address token;
        uint128 face;
        uint32 issueDate;
        uint32 dueDate;
        uint16 defaultDays;
        bytes32 invoice;
        bytes32 document;
        bytes32 tag;
    }

    /// @param deliveredOn for an order: business date on which the obligor acknowledged the delivery; 0 for not yet.
    /// @param redeemed what the obligor has paid.
    /// @param whole the part that holds all of the claim; 0 before there is one, and once it is split.
    struct Claim {
        State state;
        bool disputed;
        Kind kind;
        address obligor;
        address token;
        uint128 face;
        uint128 redeemed;
        uint32 dueDate;
        uint16 defaultDays;
        uint32 deliveredOn;
        uint64 whole;
    }

    /// @param root the claim.
    /// @param endorsed the part under which the holder's endorser held it; 0 for a creditor's own.
    /// @param recourse whether that endorser answers for it.
    /// @param demanded whether the holder has asked the endorser to pay.
    /// @param live whether it is held now.
    /// @param amount what was unpaid on it when it came to be.
    /// @param redeemed what of `amount` has been paid since.
    /// @param credited what of `redeemed` the holder or the pledgee has had; the rest waits for `collect`, or in a pledge
    /// for `take` and `release`.
    struct Part {
        uint64 root;
        uint64 endorsed;
        bool recourse;
        bool demanded;
        bool live;
        address holder;
        address pledgee;
        uint128 amount;
        uint128 redeemed;
        uint128 credited;
    }

    struct Offer {
        uint64 part;
        address to;
        bool recourse;
        uint64 expires;
    }

    event ClaimDrafted(uint64 indexed root, address indexed obligor, address indexed creditor, Terms terms);
    event ClaimRegistered(uint64 indexed root, uint64 part);
    /// @notice `redeemed` of the claim was paid before, on the same invoice: its first part is of the rest.
    event ClaimSetOff(uint64 indexed root, uint128 redeemed);
    event ClaimConfirmed(uint64 indexed root);
    event ClaimCancelled(uint64 indexed root);
    event ClaimDelivered(uint64 indexed root, bytes32 document);
    event ClaimStateChanged(uint64 indexed root, State state);
    event ClaimDisputed(uint64 indexed root, address indexed by, bytes32 reason);
    event DisputeResolved(uint64 indexed root, bytes32 outcome);
    event ClaimFunded(uint64 indexed root, address indexed by, uint128 amount, uint128 redeemed);
    event PartSplit(uint64 indexed part, uint64[] children);
    event PartMinted(
        uint64 indexed part, uint64 indexed root, address indexed holder, uint64 parent, uint128 amount, bool recourse
    );
    /// @notice What was paid on a part since the last time is its holder's to withdraw.
    event PartCollected(uint64 indexed part, address indexed holder, uint128 amount);
    event PartOffered(uint64 indexed part, address indexed to, bool recourse, uint64 expires);
    event OfferEnded(uint64 indexed part, bool accepted);
    event PartPledged(uint64 indexed part, address indexed pledgee);
    event RetainedTaken(uint64 indexed part, address indexed pledgee, uint128 amount);
    event PartReleased(uint64 indexed part, uint128 toHolder);
    event RecourseDemanded(uint64 indexed part, address indexed endorser, uint128 amount);
    event RecoursePaid(uint64 indexed part, address indexed endorser, uint64 regained, uint128 amount);

    error ClaimUnknown(uint64 root);
    error ClaimTermsInvalid();
    error InvoiceAlreadyLive(bytes32 invoice);
    /// @notice The claim has other terms than these.
    error TermsDiffer(uint64 root);
    error StateNotAllowed(uint64 root, State state);
    error ClaimInDispute(uint64 root);
    error ClaimNotInDispute(uint64 root);
    /// @notice The account has disputed this claim already, and was answered.
    error DisputedBefore(uint64 root, address account);
    error NotAParty(uint64 root, address account);
    error ConfirmationInvalid(uint64 root);
    /// @notice What was signed or sent was to be carried out until then.
    error DeadlinePassed(uint64 deadline);
    /// @notice Less is unpaid on the part by now than it is taken for.
    error UnpaidTooLittle(uint64 part, uint128 unpaid, uint128 least);
    error PartNotLive(uint64 part);
    error NotTheHolder(uint64 part, address account);
    error PartEncumbered(uint64 part);
    error PartNotPledged(uint64 part);
    error NotThePledgee(uint64 part, address account);
    error RetainedTooLittle(uint64 part, uint128 retained, uint128 wanted);
    /// @notice Fewer than two children, one of nothing, or children that do not add up to what is unpaid on the part.
    error SplitNotExact(uint64 part);
    /// @notice An offer to oneself, or one that has expired already.
    error OfferInvalid(uint64 part);
    error OfferNotOpen(uint64 part);
    /// @notice The offer is with recourse where it is accepted as one without, or the other way round.
    error OfferDiffers(uint64 part, bool recourse);
    error NotTheOfferee(uint64 part, address account);
    error NoRecourse(uint64 part);
    error RecourseAlreadyDemanded(uint64 part);
    error RecourseNotDemanded(uint64 part);
    error NotTheEndorser(uint64 part, address account);
    error AmountZero();
    /// @notice There must be one amount for each claim.
    error AmountsDiffer(uint256 claims, uint256 amounts);

    /// @notice Note a claim without effect; the creditor or the obligor, who may later `register` it.
    /// @dev The consortium has admitted the token, and lets this contract hold it (IDepositToken.addLedger).
    function draft(Terms calldata terms) external returns (uint64 root);

    /// @notice Put a draft on record: it has its first part from now on, and its invoice can't be used again.
    /// @dev By whoever drafted it, with the terms that it drafted. The obligor's own registration confirms.
    function register(uint64 root, Terms calldata terms) external;

    /// @notice Register each of these without a draft. One whose invoice is taken is passed over and has root 0, so that it
    /// stops no other; where all are, it is refused.
    function registerBatch(Terms[] calldata terms) external returns (uint64[] memory roots);

    /// @notice The obligor owes each of these claims. One that was cancelled, disputed or confirmed meanwhile is passed
    /// over, so that it stops no other; where none is left, the first says why.
    function confirm(uint64[] calldata roots) external returns (uint256 confirmed);

    /// @notice The same, by the obligor's EIP-712 signature over the claim's terms; anyone may bring it until chain time
    /// `deadline`. The obligor takes it back by `cancel`, and stops it by `dispute`.
    function confirmBySignature(uint64 root, Terms calldata terms, uint64 deadline, bytes calldata signature) external;

    /// @notice Withdraw a claim that is not confirmed. By its creditor, or its obligor.
    function cancel(uint64 root, Terms calldata terms) external;

    /// @notice The obligor has received what it ordered: from now on the claim is owed like any other, and whoever had it
    /// in pledge has it still. An order that was paid before its delivery is acknowledged too.
    function deliver(uint64 root, bytes32 document) external;

    /// @notice Freeze every transfer of the claim, once each. By the obligor, or who holds all of it by `part`, as its
    /// creditor does at first. Who holds a piece freezes nobody's but his own, by keeping it.
    function dispute(uint64 root, uint64 part, bytes32 reason) external;

    /// @notice Lift the freeze.
    /// @dev Role SUPERVISOR.
    function resolveDispute(uint64 root, bytes32 outcome) external;

    /// @notice Bring the claim to the state that today's business date gives it; anyone.
    function poke(uint64 root) external returns (State);

    /// @notice Pay `amount` towards the claim, or what is unpaid of it where that is less: it is shared among the live parts
    /// by what each is still owed. Before it is due the obligor pays, or a ledger that lends to it; then anybody but a ledger.
    /// @dev Stays open in dispute and pause. Takes `paid` of the tokens from the caller by allowance.
    function fund(uint64 root, uint128 amount) external returns (uint128 paid);

    /// @notice `fund` each of these claims with its amount. One that is no longer owed is passed over, so that it stops no
    /// other.
    function fundBatch(uint64[] calldata roots, uint128[] calldata amounts) external returns (uint256 paid);

    /// @notice Credit the holder of each part with what was paid on it; anyone. A part that is paid in full ends.
    /// @dev Passed over: a part that is pledged or no longer held, or on which nothing new was paid.
    function collect(uint64[] calldata parts) external;

    /// @notice `collect` these parts, and send `account` what it has here in `token`.
    function collectAndWithdraw(uint64[] calldata parts, address token, address account)
        external
        returns (uint256 amount);

    /// @notice Replace a part by two or more children of `amounts` with the same holder: together what is unpaid on it.
    function split(uint64 part, uint128[] calldata amounts) external returns (uint64[] memory children);

    /// @notice Offer a part to `to`, until chain time `expires`. With `recourse` the holder answers for it afterwards.
    function offer(uint64 part, address to, bool recourse, uint64 expires) external;

    /// @notice Take an offered part over, for what it is worth then. By the offeree, an active participant at that moment.
    /// @param recourse whether the offer is one with recourse.
    /// @param unpaid least that must still be unpaid on the part.
    /// @param deadline chain time, seconds.
    function accept(uint64 part, bool recourse, uint128 unpaid, uint64 deadline) external returns (uint64 child);

    /// @notice End an offer: by its offeree, its holder, or anyone once it has expired.
    function endOffer(uint64 part) external;

    /// @notice Encumber a part: it can't be split, offered or pledged again until `pledgee` releases it; what is paid on
    /// it is retained until then. A pledgee is an active participant, or a contract that the consortium has added as one.
    function pledge(uint64 part, address pledgee) external;

    /// @notice Credit the pledgee with `amount` of what was retained. By the pledgee, who answers for its use.
    function take(uint64 part, uint128 amount) external;

    /// @notice Give a pledged part free; what is still retained goes to its holder. By the pledgee.
    function release(uint64 part) external;

    /// @notice Pass a part on for a settlement that both sides signed.
    /// @dev By the Settlement contract.
    /// @param unpaid least that must still be unpaid on the part.
    function transferBySettlement(uint64 part, address from, address to, bool recourse, uint128 unpaid)
        external
        returns (uint64 child);

    /// @notice Ask the endorser of an overdue part to pay what is still owed on it.
    function demandRecourse(uint64 part) external;

    /// @notice Pay that, once: the endorser holds the part again, as it held it before.
    function payRecourse(uint64 part) external returns (uint64 regained);

    function claim(uint64 root) external view returns (Claim memory);
    function part(uint64 id) external view returns (Part memory);
    function offerOf(uint64 part) external view returns (Offer memory);

    /// @notice Who answers for the part, or zero.
    function endorserOf(uint64 part) external view returns (address);

    /// @notice What the obligor signs to confirm the claim until `deadline`.
    function confirmationDigest(uint64 root, Terms calldata terms, uint64 deadline) external view returns (bytes32);
}
