// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Deliverable} from "./Deliverable.sol";
import {Stoppable} from "./Stoppable.sol";
import {IDepositToken} from "./interfaces/IDepositToken.sol";
import {IParticipantRegistry} from "./interfaces/IParticipantRegistry.sol";
import {IProjectShare} from "./interfaces/IProjectShare.sol";
import {Parts} from "./libraries/Parts.sol";

/// @title ProjectShare
/// @notice Documented in interfaces/IProjectShare.sol.
contract ProjectShare is IProjectShare, Stoppable, Deliverable {
    using SafeERC20 for IERC20;

    /// @param earned what is the holder's and not paid yet, up to `seen` of the project's perShare; in parts as perShare.
    struct Holding {
        uint256 shares;
        uint256 earned;
        uint256 seen;
    }

    /// @dev A minor unit has 2^96 parts: more than there can be shares, so that what does not divide is less than a unit.
    uint256 private constant PARTS_BITS = 96;

    IParticipantRegistry public immutable participants;

    mapping(bytes32 project => Project) private _projects;
    mapping(bytes32 project => mapping(address holder => Holding)) private _holdings;
    /// @dev By increase, see _increaseOf: who consents, and until when.
    mapping(bytes32 increase => mapping(address holder => uint64 until)) private _consents;

    constructor(address access, address participants_) AccessManaged(access) {
        participants = IParticipantRegistry(participants_);
    }

    // ---- writes

    /// @inheritdoc IProjectShare
    function openProject(bytes32 project, address token, address issuer, uint96 cap) external restricted {
        Project storage p = _projects[project];
        if (p.token != address(0)) revert ProjectAlreadyOpen(project);
        if (cap == 0) revert AmountZero();
        participants.requireToken(token);
        _requireMay(issuer, Parts.ISSUER);
        (p.token, p.issuer, p.cap) = (token, issuer, cap);
        emit ProjectOpened(project, token, issuer, IDepositToken(token).openSupervised(project), cap);
    }

    /// @inheritdoc IProjectShare
    function issue(bytes32 project, address holder, uint128 shares) external whenNotPaused {
        Project storage p = _byIssuer(project);
        receiveIncome(project);
        if (p.supply != 0) revert SharesAlreadyIssued(project, p.supply);
        _issue(project, p, holder, shares);
    }

    /// @inheritdoc IProjectShare
    function consent(bytes32 project, address holder, uint128 shares, uint128 supply, uint64 until) external {
        Project storage p = _known(project);
        _requireMay(msg.sender, Parts.PASS_ON);
        if (p.supply != supply) revert SupplyDiffers(project, p.supply, supply);
        _consents[_increaseOf(project, p, holder, shares)][msg.sender] = until;
        emit IncreaseConsented(project, msg.sender, holder, shares, supply, until);
    }

    /// @inheritdoc IProjectShare
    function increase(bytes32 project, address holder, uint128 shares, address[] calldata holders)
        external
        whenNotPaused
    {
        Project storage p = _byIssuer(project);
        receiveIncome(project);
        bytes32 wanted = _increaseOf(project, p, holder, shares);
        uint256 agreed = _holdings[project][msg.sender].shares;
        address last = address(0);
        for (uint256 i = 0; i < holders.length; ++i) {
            address one = holders[i];
            if (one <= last) revert HoldersNotSorted(last, one);
            if (one == msg.sender || _consents[wanted][one] < block.timestamp) revert ConsentMissing(project, one);
            agreed += _holdings[project][one].shares;
            last = one;
        }
        if (agreed != p.supply) revert HoldersMissing(project, agreed, p.supply);
        _issue(project, p, holder, shares);
    }

    /// @inheritdoc IProjectShare
    function transfer(bytes32 project, address to, uint256 shares) external {
        _transfer(project, msg.sender, to, shares);
    }

    /// @inheritdoc IProjectShare
    function transferBySettlement(bytes32 project, address from, address to, uint256 shares)
        external
        onlySettlement
    {
        _transfer(project, from, to, shares);
    }

    /// @inheritdoc IProjectShare
    function receiveIncome(bytes32 project) public returns (uint256 amount) {
        Project storage p = _known(project);
        amount = IDepositToken(p.token).drain(project);
        if (amount == 0) return 0;
        p.received += amount;
        uint256 parts = amount << PARTS_BITS;
        if (p.supply == 0) {
            _holdings[project][p.issuer].earned += parts;
        } else {
            parts += p.carried;
            p.perShare += parts / p.supply;
            p.carried = parts % p.supply;
        }
        emit IncomeReceived(project, amount, p.perShare, p.carried);
    }

    /// @inheritdoc IProjectShare
    function withdraw(bytes32 project, address holder) external returns (uint256 amount) {
        receiveIncome(project);
        Holding storage h = _settle(project, holder);
        amount = h.earned >> PARTS_BITS;
        if (amount == 0) revert AmountZero();
        h.earned -= amount << PARTS_BITS;
        _projects[project].paid += amount;
        emit IncomePaid(project, holder, amount);
        IERC20(_projects[project].token).safeTransfer(holder, amount);
    }

    /// @inheritdoc IProjectShare
    function offerRedemption(bytes32 project, uint128 price) external {
        _byIssuer(project).redemptionPrice = price;
        emit RedemptionOffered(project, price);
    }

    /// @inheritdoc IProjectShare
    function redeem(bytes32 project, uint256 shares, uint128 leastPrice, uint64 deadline)
        external
        returns (uint256 amount)
    {
        if (block.timestamp > deadline) revert DeadlinePassed(deadline);
        receiveIncome(project);
        Project storage p = _projects[project];
        if (p.redemptionPrice == 0) revert NoRedemption(project);
        if (p.redemptionPrice < leastPrice) revert RedemptionPriceTooLow(project, p.redemptionPrice, leastPrice);
        if (shares == 0) revert AmountZero();
        _take(project, msg.sender, shares);
        p.supply -= uint128(shares);
        amount = shares * p.redemptionPrice;
        emit SharesRedeemed(project, msg.sender, shares, amount);
        // Through this contract: a token's pause stops what goes from participant to participant.
        IERC20(p.token).safeTransferFrom(p.issuer, address(this), amount);
        IERC20(p.token).safeTransfer(msg.sender, amount);
    }

    // ---- reads

    /// @inheritdoc IProjectShare
    function projectOf(bytes32 project) external view returns (Project memory) {
        return _projects[project];
    }

    /// @inheritdoc IProjectShare
    function balanceOf(bytes32 project, address holder) external view returns (uint256) {
        return _holdings[project][holder].shares;
    }

    /// @inheritdoc IProjectShare
    function claimable(bytes32 project, address holder) external view returns (uint256) {
        return earned(project, holder) >> PARTS_BITS;
    }

    /// @inheritdoc IProjectShare
    function earned(bytes32 project, address holder) public view returns (uint256) {
        Holding storage h = _holdings[project][holder];
        return h.earned + h.shares * (_projects[project].perShare - h.seen);
    }

    /// @inheritdoc IProjectShare
    function accountOf(bytes32 project) external view returns (address) {
        return IDepositToken(_projects[project].token).supervisedOf(address(this), project);
    }

    /// @inheritdoc IProjectShare
    function canTransfer(bytes32 project, address from, address to, uint256 shares)
        external
        view
        returns (bool may, bytes memory why)
    {
        try this.requireTransfer(project, from, to, shares) {
            return (true, "");
        } catch (bytes memory reason) {
            return (false, reason);
        }
    }

    /// @inheritdoc IProjectShare
    function requireTransfer(bytes32 project, address from, address to, uint256 shares) public view whenNotPaused {
        if (shares == 0) revert AmountZero();
        _known(project);
        _requireMay(from, Parts.PASS_ON);
        _requireMay(to, Parts.SHAREHOLDER);
        uint256 held = _holdings[project][from].shares;
        if (held < shares) revert SharesTooFew(project, from, held, shares);
    }

    // ---- internals

    /// @dev What came in before is settled already.
    function _issue(bytes32 project, Project storage p, address holder, uint128 shares) private {
        if (shares == 0) revert AmountZero();
        _requireMay(holder, Parts.SHAREHOLDER);
        uint256 supply = uint256(p.supply) + shares;
        if (supply > p.cap) revert CapExceeded(project, p.cap, supply);
        _settle(project, holder).shares += shares;
        p.supply = uint128(supply);
        ++p.issues;
        emit SharesIssued(project, holder, shares);
    }

    /// @dev The same shares for the same holder are another increase once any shares were issued or given back.
    function _increaseOf(bytes32 project, Project storage p, address holder, uint128 shares)
        private
        view
        returns (bytes32)
    {
        return keccak256(abi.encode(project, holder, shares, p.supply, p.issues));
    }

    function _transfer(bytes32 project, address from, address to, uint256 shares) private {
        requireTransfer(project, from, to, shares);
        receiveIncome(project);
        _take(project, from, shares);
        _settle(project, to).shares += shares;
        emit SharesTransferred(project, from, to, shares);
    }

    function _take(bytes32 project, address holder, uint256 shares) private {
        Holding storage h = _settle(project, holder);
        if (h.shares < shares) revert SharesTooFew(project, holder, h.shares, shares);
        h.shares -= shares;
    }

    /// @dev Note what the holder has earned so far, before its shares change.
    function _settle(bytes32 project, address holder) private returns (Holding storage h) {
        h = _holdings[project][holder];
        uint256 perShare = _projects[project].perShare;
        h.earned += h.shares * (perShare - h.seen);
        h.seen = perShare;
    }

    function _known(bytes32 project) private view returns (Project storage p) {
        p = _projects[project];
        if (p.token == address(0)) revert ProjectUnknown(project);
    }

    function _byIssuer(bytes32 project) private view returns (Project storage p) {
        p = _known(project);
        if (msg.sender != p.issuer) revert NotTheIssuer(project, msg.sender);
        _requireMay(msg.sender, Parts.PASS_ON);
    }

    function _requireMay(address account, uint8 act) private view {
        participants.requireMay(account, act);
    }
}
