// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {Stoppable} from "./Stoppable.sol";
import {IDepositToken} from "./interfaces/IDepositToken.sol";
import {IParticipantRegistry} from "./interfaces/IParticipantRegistry.sol";
import {IRevenueSplit} from "./interfaces/IRevenueSplit.sol";
import {Parts} from "./libraries/Parts.sol";

/// @title DepositToken
/// @notice Documented in interfaces/IDepositToken.sol.
contract DepositToken is IDepositToken, ERC20, ERC20Permit, Stoppable {
    bytes32 private constant PERMIT =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");

    /// @inheritdoc IDepositToken
    IParticipantRegistry public immutable participants;
    /// @inheritdoc IDepositToken
    address public bank;
    /// @inheritdoc IDepositToken
    string public currency;
    /// @inheritdoc IDepositToken
    address public split;
    /// @inheritdoc IDepositToken
    uint256 public attested;
    /// @inheritdoc IDepositToken
    uint256 public withdrawalCount;

    /// @inheritdoc IDepositToken
    mapping(address ledger => bool) public isLedger;

    uint8 private immutable _decimals;
    mapping(address account => bool) private _isCollection;
    mapping(uint256 id => Withdrawal) private _withdrawals;

    /// @param decimals_ digits of the currency's minor unit (ISO 4217).
    constructor(
        address access,
        address participants_,
        address bank_,
        string memory name_,
        string memory symbol_,
        string memory currency_,
        uint8 decimals_
    ) ERC20(name_, symbol_) ERC20Permit(name_) AccessManaged(access) {
        participants = IParticipantRegistry(participants_);
        bank = bank_;
        currency = currency_;
        _decimals = decimals_;
    }

    modifier onlyBank() {
        if (msg.sender != bank) revert NotTheBank(msg.sender);
        participants.requireMay(bank, Parts.END);
        _;
    }

    // ---- writes

    /// @inheritdoc IDepositToken
    function mint(address to, uint256 amount, bytes32 entry) external onlyBank restricted {
        if (entry == 0) revert EntryZero();
        if (amount == 0) revert AmountZero();
        participants.useEntry(entry);
        attested += amount;
        _mint(to, amount);
        emit Deposited(entry, to, amount);
    }

    /// @inheritdoc IDepositToken
    function withdraw(uint256 amount, bytes32 payoutAccount) external returns (uint256 id) {
        if (amount == 0) revert AmountZero();
        if (payoutAccount == 0) revert PayoutAccountZero();
        attested -= amount;
        _burn(msg.sender, amount);
        id = ++withdrawalCount;
        _withdrawals[id] = Withdrawal(msg.sender, amount, payoutAccount, 0);
        emit WithdrawalRequested(id, msg.sender, amount, payoutAccount);
    }

    /// @inheritdoc IDepositToken
    function confirmPaid(uint256 id, bytes32 payment) external onlyBank restricted {
        if (payment == 0) revert EntryZero();
        Withdrawal storage w = _withdrawals[id];
        if (w.holder == address(0)) revert WithdrawalUnknown(id);
        if (w.payment != 0) revert WithdrawalAlreadyPaid(id, w.payment);
        w.payment = payment;
        emit WithdrawalPaid(id, payment);
    }

    /// @inheritdoc IDepositToken
    function openCollection(bytes32 project) external restricted returns (address account) {
        account = collectionOf(project);
        if (_isCollection[account]) revert CollectionAlreadyOpen(project);
        _isCollection[account] = true;
        emit CollectionOpened(project, account);
    }

    /// @inheritdoc IDepositToken
    function collect(bytes32 project, uint256 amount) external {
        if (msg.sender != split) revert NotTheSplit(msg.sender);
        address account = collectionOf(project);
        if (!_isCollection[account]) revert CollectionUnknown(project);
        _transfer(account, split, amount);
        emit Collected(project, amount);
    }

    /// @inheritdoc IDepositToken
    function addLedger(address ledger) external restricted {
        isLedger[ledger] = true;
        emit LedgerAdded(ledger);
    }

    /// @inheritdoc IDepositToken
    function openSupervised(bytes32 key) external returns (address account) {
        if (!isLedger[msg.sender]) revert NotALedger(msg.sender);
        account = supervisedOf(msg.sender, key);
        _isCollection[account] = true;
        emit SupervisedOpened(msg.sender, key, account);
    }

    /// @inheritdoc IDepositToken
    function drain(bytes32 key) external returns (uint256 amount) {
        address account = supervisedOf(msg.sender, key);
        if (!_isCollection[account]) revert NotALedger(msg.sender);
        if (split != address(0) && IRevenueSplit(split).claimable(address(this), account) != 0) {
            IRevenueSplit(split).withdraw(address(this), account);
        }
        amount = balanceOf(account);
        if (amount != 0) _transfer(account, msg.sender, amount);
    }

    /// @inheritdoc IDepositToken
    function setSplit(address split_) external restricted {
        if (split_ == split || split_.code.length == 0) revert SplitInvalid(split_);
        if (split != address(0)) {
            isLedger[split] = true;
            emit LedgerAdded(split);
        }
        split = split_;
        emit SplitSet(split_);
    }

    /// @inheritdoc IDepositToken
    function setBank(address bank_) external restricted {
        if (bank_ == address(0) || bank_ == bank) revert BankInvalid(bank_);
        participants.nameKey(bank_);
        emit BankChanged(bank, bank_);
        bank = bank_;
    }

    /// @notice ERC-2612. A permit that somebody else brought first has taken effect already: it is no failure.
    function permit(address owner, address spender, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        public
        override
    {
        uint256 next = nonces(owner);
        if (next != 0) {
            bytes32 last = keccak256(abi.encode(PERMIT, owner, spender, value, next - 1, deadline));
            (address signer,,) = ECDSA.tryRecover(_hashTypedDataV4(last), v, r, s);
            if (signer == owner) return;
        }
        super.permit(owner, spender, value, deadline, v, r, s);
    }

    // ---- reads

    /// @inheritdoc IDepositToken
    function canTransfer(address from, address to, uint256 amount) external view returns (bool may, bytes memory why) {
        try this.requireTransfer(from, to, amount) {
            return (true, "");
        } catch (bytes memory reason) {
            return (false, reason);
        }
    }

    /// @inheritdoc IDepositToken
    function requireTransfer(address from, address to, uint256 amount) external view {
        if (to == address(0)) revert ERC20InvalidReceiver(to);
        _requireMove(from, to, from);
        if (balanceOf(from) < amount) revert ERC20InsufficientBalance(from, balanceOf(from), amount);
    }

    /// @inheritdoc IDepositToken
    function collectionOf(bytes32 project) public view returns (address) {
        return address(uint160(uint256(keccak256(abi.encode("counterfoil collection", address(this), project)))));
    }

    /// @inheritdoc IDepositToken
    function supervisedOf(address ledger, bytes32 key) public view returns (address) {
        bytes32 seed = keccak256(abi.encode("counterfoil supervised", address(this), ledger, key));
        return address(uint160(uint256(seed)));
    }

    /// @inheritdoc IDepositToken
    function isEntryUsed(bytes32 entry) external view returns (bool) {
        return participants.tokenOf(participants.bankOf(address(this)), entry) != address(0);
    }

    /// @inheritdoc IDepositToken
    function withdrawal(uint256 id) external view returns (Withdrawal memory) {
        return _withdrawals[id];
    }

    /// @notice Digits of the currency's minor unit.
    function decimals() public view override returns (uint8) {
        return _decimals;
    }

    // ---- internals

    /// @dev Burning and what ledgers pay out stay open while paused: they end business, they don't begin any. A ledger
    /// takes what is for it by itself: what is only sent to it would be nobody's.
    function _update(address from, address to, uint256 amount) internal override {
        _requireMove(from, to, msg.sender);
        super._update(from, to, amount);
    }

    function _requireMove(address from, address to, address by) private view {
        bool isKept = to != address(0) && (to == split || isLedger[to]);
        if (from == address(0)) {
            _requireNotPaused();
            if (isKept) revert LedgerTakesItself(to);
        } else if (from != split && !isLedger[from] && !_isCollection[from]) {
            if (isKept && by != to) revert LedgerTakesItself(to);
            if (!isKept && by != from) participants.requireMay(by, Parts.END);
            bool ends = isKept || to == address(0);
            if (!ends) _requireNotPaused();
            bool may = ends ? !participants.participant(from).frozen : participants.isActive(from);
            if (!may) revert HolderNotAccepted(from);
        }
        if (to != address(0) && !isKept && !_isCollection[to] && !participants.isActive(to)) {
            revert HolderNotAccepted(to);
        }
    }
}
