// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IParticipantRegistry} from "./IParticipantRegistry.sol";
import {IStoppable} from "./IStoppable.sol";

/// @title One bank's tokenised deposits in one currency
/// @notice One token unit is one minor unit of `currency`. Supply is what the bank has attested as held: a mint needs an
/// entry of the bank's statement that was not used before, and a withdrawal burns at once. Only active participants hold
/// tokens, beside the collection accounts, the split and the ledgers; what a frozen account was approved to spend it does
/// not spend. All amounts are in minor units of `currency`.
interface IDepositToken is IStoppable, IERC20 {
    /// @param holder who withdrew.
    /// @param amount minor units, burnt already.
    /// @param payoutAccount SHA-256 commitment to the bank account to pay.
    /// @param payment the bank's reference once paid; 0 until then.
    struct Withdrawal {
        address holder;
        uint256 amount;
        bytes32 payoutAccount;
        bytes32 payment;
    }

    /// @notice The bank holds `amount` more, shown by `entry` (SHA-256 of the statement's id and the entry's reference).
    event Deposited(bytes32 indexed entry, address indexed to, uint256 amount);
    event WithdrawalRequested(uint256 indexed id, address indexed holder, uint256 amount, bytes32 payoutAccount);
    event WithdrawalPaid(uint256 indexed id, bytes32 payment);
    event CollectionOpened(bytes32 indexed project, address indexed account);
    event Collected(bytes32 indexed project, uint256 amount);
    event SplitSet(address indexed split);
    event BankChanged(address indexed from, address indexed to);
    event LedgerAdded(address indexed ledger);
    event SupervisedOpened(address indexed ledger, bytes32 indexed key, address account);

    error EntryZero();
    error AmountZero();
    error NotTheBank(address caller);
    error NotTheSplit(address caller);
    /// @notice It is the split already, or no contract.
    error SplitInvalid(address split);
    /// @notice It is the bank already, or nobody.
    error BankInvalid(address bank);
    /// @notice A withdrawal names the account that it is paid to.
    error PayoutAccountZero();
    /// @notice `ledger` takes what is for it by its own functions; what is only sent to it would be nobody's.
    error LedgerTakesItself(address ledger);
    error NotALedger(address caller);
    /// @notice `account` is no active participant, and no collection account.
    error HolderNotAccepted(address account);
    error CollectionUnknown(bytes32 project);
    error CollectionAlreadyOpen(bytes32 project);
    error WithdrawalUnknown(uint256 id);
    error WithdrawalAlreadyPaid(uint256 id, bytes32 payment);

    /// @notice Credit `to`, a participant or a supervised account, with a deposit that the statement shows.
    /// @dev Role BANK, and of its holders the token's own bank alone, unless it is frozen; stops while paused.
    function mint(address to, uint256 amount, bytes32 entry) external;

    /// @notice Burn `amount` of the caller's and ask the bank to pay it to `payoutAccount`. Whoever is not frozen may,
    /// also when its certification has run out.
    /// @return id number of the withdrawal, from 1.
    function withdraw(uint256 amount, bytes32 payoutAccount) external returns (uint256 id);

    /// @notice The bank has paid withdrawal `id`, under its reference `payment`.
    /// @dev Role BANK, and of its holders the token's own bank alone, unless it is frozen.
    function confirmPaid(uint256 id, bytes32 payment) external;

    /// @notice Open the supervised account into which `project`'s revenue is paid; only the split can spend from it.
    /// @dev Role SUPERVISOR.
    function openCollection(bytes32 project) external returns (address account);

    /// @notice Take `amount` from `project`'s collection account to the split.
    /// @dev The split only.
    function collect(bytes32 project, uint256 amount) external;

    /// @notice Say which contract is the split. The one before it goes on to pay out what it holds, and collects no more.
    /// @dev Role ADMIN.
    function setSplit(address split) external;

    /// @notice Give the token's bank another key: the old one was lost or stolen.
    /// @dev Role COMMITTEE. The bank stays the same one, and its entries stay used; another bank's key is refused.
    function setBank(address bank) external;

    /// @notice Let a contract of the consortium hold tokens for others and keep supervised accounts.
    /// @dev Role ADMIN.
    function addLedger(address ledger) external;

    /// @notice Open the caller's supervised account `key`: anybody may be paid into it, only the caller takes out of it.
    /// @dev A ledger only.
    function openSupervised(bytes32 key) external returns (address account);

    /// @notice Take all that lies in the caller's supervised account `key` to the caller, with what the split has credited
    /// to that account and nobody has withdrawn yet: it was earned when it was distributed.
    function drain(bytes32 key) external returns (uint256 amount);

    /// @notice The address of `project`'s collection account; nobody has a key to it.
    function collectionOf(bytes32 project) external view returns (address);

    /// @notice The address of `ledger`'s supervised account `key`; nobody has a key to it.
    function supervisedOf(address ledger, bytes32 key) external view returns (address);

    /// @notice Whether `ledger` was added by `addLedger`.
    function isLedger(address ledger) external view returns (bool);

    /// @notice Whether `entry` of this token's bank has backed a mint, in whichever of its tokens.
    function isEntryUsed(bytes32 entry) external view returns (bool);

    /// @notice Whether `from` may transfer `amount` to `to` now, and if not, the error (selector and arguments) that says
    /// why.
    function canTransfer(address from, address to, uint256 amount) external view returns (bool may, bytes memory why);

    /// @notice Passes where that transfer would, and reverts as it would.
    function requireTransfer(address from, address to, uint256 amount) external view;

    /// @notice What the bank has attested as held for this token: all deposits less all withdrawals.
    function attested() external view returns (uint256);

    function withdrawal(uint256 id) external view returns (Withdrawal memory);

    function withdrawalCount() external view returns (uint256);

    /// @notice ISO 4217 code.
    function currency() external view returns (string memory);

    function bank() external view returns (address);

    /// @notice Who says who may hold tokens.
    function participants() external view returns (IParticipantRegistry);

    /// @notice The contract that may spend from collection accounts; zero until set.
    function split() external view returns (address);
}
