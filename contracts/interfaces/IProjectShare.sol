// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDeliverable} from "./IDeliverable.sol";
import {IStoppable} from "./IStoppable.sol";

/// @title Shares in a project's revenue, held by certified participants
/// @notice The project's split pays its investors into one account; what comes in there belongs to those who hold shares
/// at that moment, in proportion. What was earned before a transfer stays the seller's.
/// @dev A project's shares are bounded by its cap for good, so that a share is never less than one part in `cap`. The
/// first shares are issued while there are none; they are sold by transfers and deals. Further ones dilute, and need the
/// consent of everybody whose shares they dilute. What came in is settled before the number of shares changes.
/// Income is divided in parts of 2^-96 of a minor unit: each holder keeps its own parts until they make a unit, and what
/// does not divide into parts is less than one minor unit in all; it waits for the next income. So, in parts,
/// earned + paid + carried = received. What comes in while there are no shares is the issuer's.
/// Amounts in minor units of the project's token.
interface IProjectShare is IDeliverable, IStoppable {
    /// @param issues how often shares were issued.
    /// @param cap most shares that there can be at a time.
    /// @param perShare what a share has earned since the beginning, in parts of 2^-96 of a minor unit.
    /// @param carried income that does not divide, waiting, in the same parts: fewer than there are shares.
    struct Project {
        address token;
        uint64 issues;
        address issuer;
        uint96 cap;
        uint128 supply;
        uint128 redemptionPrice;
        uint256 perShare;
        uint256 carried;
        uint256 received;
        uint256 paid;
    }

    event ProjectOpened(
        bytes32 indexed project, address indexed token, address indexed issuer, address account, uint96 cap
    );
    event SharesIssued(bytes32 indexed project, address indexed holder, uint128 shares);
    /// @notice `account` lets `holder` have `shares` new ones beside the `supply` that there are; not after `until`.
    event IncreaseConsented(
        bytes32 indexed project,
        address indexed account,
        address indexed holder,
        uint128 shares,
        uint128 supply,
        uint64 until
    );
    event SharesTransferred(bytes32 indexed project, address indexed from, address indexed to, uint256 shares);
    /// @notice With no shares, `amount` is the issuer's. `perShare` and `carried` are in parts.
    event IncomeReceived(bytes32 indexed project, uint256 amount, uint256 perShare, uint256 carried);
    event RedemptionOffered(bytes32 indexed project, uint128 price);
    event SharesRedeemed(bytes32 indexed project, address indexed holder, uint256 shares, uint256 amount);
    event IncomePaid(bytes32 indexed project, address indexed holder, uint256 amount);

    error ProjectUnknown(bytes32 project);
    error ProjectAlreadyOpen(bytes32 project);
    error NotTheIssuer(bytes32 project, address account);
    error SharesTooFew(bytes32 project, address holder, uint256 held, uint256 wanted);
    error CapExceeded(bytes32 project, uint256 cap, uint256 wanted);
    /// @notice There are shares: further ones need their holders' consent.
    error SharesAlreadyIssued(bytes32 project, uint256 supply);
    /// @notice The consent is for a number of shares that are not those that there are.
    error SupplyDiffers(bytes32 project, uint256 supply, uint256 stated);
    error HoldersNotSorted(address before, address account);
    /// @notice The account has not consented to this increase, or no longer does.
    error ConsentMissing(bytes32 project, address account);
    /// @notice Those who are named, and the issuer, hold fewer shares than there are.
    error HoldersMissing(bytes32 project, uint256 agreed, uint256 supply);
    error NoRedemption(bytes32 project);
    /// @notice The issuer offers less a share by now than the holder takes.
    error RedemptionPriceTooLow(bytes32 project, uint128 price, uint128 least);
    /// @notice What was sent was to be carried out until then.
    error DeadlinePassed(uint64 deadline);
    error AmountZero();

    /// @notice Open a project's shares, at most `cap` of them; `issuer` issues and redeems them.
    /// @dev Role REGISTRAR.
    function openProject(bytes32 project, address token, address issuer, uint96 cap) external;

    /// @notice Give `holder` the project's first shares. By the issuer, while there are none.
    function issue(bytes32 project, address holder, uint128 shares) external;

    /// @notice Consent to `shares` new ones for `holder` beside the `supply` that there are, until the time `until`
    /// (seconds); 0 takes the consent back. It counts for what the caller holds when they are issued, and ends with the
    /// next issue or redemption.
    function consent(bytes32 project, address holder, uint128 shares, uint128 supply, uint64 until) external;

    /// @notice Give `holder` new shares to which all other holders have consented. By the issuer.
    /// @param holders everybody but the issuer who holds shares, in ascending order.
    function increase(bytes32 project, address holder, uint128 shares, address[] calldata holders) external;

    /// @notice Move the caller's shares.
    function transfer(bytes32 project, address to, uint256 shares) external;

    /// @notice Move shares for a settlement that both sides signed.
    /// @dev By the Settlement contract.
    function transferBySettlement(bytes32 project, address from, address to, uint256 shares) external;

    /// @notice Take in what lies in the project's account, and what the split has credited to it. Anyone.
    /// @dev Before shares change hands this is done by itself, so that what was distributed by then is the seller's.
    function receiveIncome(bytes32 project) external returns (uint256 amount);

    /// @notice Pay `holder` what its shares have earned.
    function withdraw(bytes32 project, address holder) external returns (uint256 amount);

    /// @notice Offer to buy shares back at `price` each; 0 ends the offer. By the issuer, who lets this contract take the
    /// money by allowance.
    function offerRedemption(bytes32 project, uint128 price) external;

    /// @notice Give shares back for the offered price, which must be at least `leastPrice` a share.
    /// @param deadline chain time, seconds.
    function redeem(bytes32 project, uint256 shares, uint128 leastPrice, uint64 deadline)
        external
        returns (uint256 amount);

    function projectOf(bytes32 project) external view returns (Project memory);
    function balanceOf(bytes32 project, address holder) external view returns (uint256);

    /// @notice What `withdraw` would pay `holder` of what has come in.
    function claimable(bytes32 project, address holder) external view returns (uint256);

    /// @notice The same with its fraction, in parts of 2^-96 of a minor unit.
    function earned(bytes32 project, address holder) external view returns (uint256);

    /// @notice The account that the project's split pays its investors into.
    function accountOf(bytes32 project) external view returns (address);

    /// @notice Whether `from` may pass `shares` on to `to` now, and if not, the error (selector and arguments) that says why.
    function canTransfer(bytes32 project, address from, address to, uint256 shares)
        external
        view
        returns (bool may, bytes memory why);

    /// @notice Passes where that transfer would, and reverts as it would.
    function requireTransfer(bytes32 project, address from, address to, uint256 shares) external view;
}
