// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Shares in a project's revenue, held by certified participants
/// @notice The project's split pays its investors into one account; what comes in there belongs to those who hold shares
/// at that moment, in proportion. What was earned before a transfer stays the seller's.
/// @dev Income is given out in whole minor units a share; the rest (less than one a share) waits for the next income.
/// Amounts in minor units of the project's token.
interface IProjectShare {
    /// @param perShare minor units that a share has earned since the beginning.
    /// @param carried income that does not divide, waiting.
    struct Project {
        address token;
        address issuer;
        uint128 supply;
        uint128 redemptionPrice;
        uint256 perShare;
        uint256 carried;
        uint256 received;
        uint256 paid;
    }

    event ProjectOpened(bytes32 indexed project, address indexed token, address indexed issuer, address account);
    event SharesIssued(bytes32 indexed project, address indexed holder, uint128 shares);
    event SharesTransferred(bytes32 indexed project, address indexed from, address indexed to, uint256 shares);
    event IncomeReceived(bytes32 indexed project, uint256 amount, uint256 perShare, uint256 carried);
    event RedemptionOffered(bytes32 indexed project, uint128 price);
    event SharesRedeemed(bytes32 indexed project, address indexed holder, uint256 shares, uint256 amount);
    event IncomePaid(bytes32 indexed project, address indexed holder, uint256 amount);

    error ProjectUnknown(bytes32 project);
    error ProjectAlreadyOpen(bytes32 project);
    error NotTheIssuer(bytes32 project, address account);
    error ParticipantNotActive(address account);
    error SharesTooFew(bytes32 project, address holder, uint256 held, uint256 wanted);
    error NoRedemption(bytes32 project);
    error NotTheSettlement(address account);
    error SettlementAlreadySet(address settlement);
    error AmountZero();

    /// @notice Open a project's shares; `issuer` issues and redeems them.
    /// @dev Role REGISTRAR.
    function openProject(bytes32 project, address token, address issuer) external;

    /// @notice Give `holder` new shares. By the issuer.
    function issue(bytes32 project, address holder, uint128 shares) external;

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

    /// @notice Give shares back for the offered price.
    function redeem(bytes32 project, uint256 shares) external returns (uint256 amount);

    /// @dev Role GUARDIAN. Stops issuing and transfers; income, withdrawing and redeeming stay open.
    function pause() external;

    /// @dev Role COMMITTEE.
    function unpause() external;

    function projectOf(bytes32 project) external view returns (Project memory);
    function balanceOf(bytes32 project, address holder) external view returns (uint256);
    function claimable(bytes32 project, address holder) external view returns (uint256);

    /// @notice The account that the project's split pays its investors into.
    function accountOf(bytes32 project) external view returns (address);
}
