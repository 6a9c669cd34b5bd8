// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {IDepositToken} from "./interfaces/IDepositToken.sol";
import {IConsortiumRules} from "./interfaces/IConsortiumRules.sol";
import {IParticipantRegistry} from "./interfaces/IParticipantRegistry.sol";
import {Parts} from "./libraries/Parts.sol";

/// @title ParticipantRegistry
/// @notice Documented in interfaces/IParticipantRegistry.sol.
contract ParticipantRegistry is IParticipantRegistry, AccessManaged {
    mapping(address account => Participant) private _participants;
    mapping(address account => bool) private _admitted;
    /// @inheritdoc IParticipantRegistry
    mapping(address token => bytes3) public currencyOf;
    /// @inheritdoc IParticipantRegistry
    mapping(address token => address bank) public bankOf;
    mapping(address key => address bank) private _bankOfKey;
    /// @inheritdoc IParticipantRegistry
    mapping(address bank => mapping(bytes32 entry => address token)) public tokenOf;
    /// @inheritdoc IParticipantRegistry
    mapping(address ledger => bool) public isPledgee;

    /// @inheritdoc IParticipantRegistry
    IConsortiumRules public rules;

    constructor(address access) AccessManaged(access) {}

    // ---- writes

    /// @inheritdoc IParticipantRegistry
    function admit(address account, uint128 parts, bytes32 profile) external restricted {
        if (account == address(0)) revert ParticipantZero();
        if (_admitted[account]) revert ParticipantAlreadyAdmitted(account);
        _admitted[account] = true;
        _participants[account] = Participant(parts, 0, _participants[account].frozen, profile);
        emit ParticipantAdmitted(account, parts, profile);
    }

    /// @inheritdoc IParticipantRegistry
    function addParts(address account, uint128 parts) external restricted {
        _setParts(account, _known(account).parts | parts);
    }

    /// @inheritdoc IParticipantRegistry
    function removeParts(address account, uint128 parts) external restricted {
        _setParts(account, _known(account).parts & ~parts);
    }

    /// @inheritdoc IParticipantRegistry
    function certify(address account, uint64 until, bytes32 evidence) external restricted {
        if (until <= block.timestamp) revert CertificationPast(until, uint64(block.timestamp));
        Participant storage p = _known(account);
        if (until < p.certifiedUntil && p.certifiedUntil > block.timestamp) {
            revert CertificationShortened(account, until, p.certifiedUntil);
        }
        p.certifiedUntil = until;
        emit ParticipantCertified(account, until, evidence);
    }

    /// @inheritdoc IParticipantRegistry
    function freeze(address account, bytes32 reason) external restricted {
        if (!_canBeFrozen(account)) revert ParticipantUnknown(account);
        Participant storage p = _participants[account];
        if (p.frozen) revert ParticipantAlreadyFrozen(account);
        p.frozen = true;
        emit ParticipantFrozen(account, reason);
    }

    /// @inheritdoc IParticipantRegistry
    function unfreeze(address account) external restricted {
        Participant storage p = _participants[account];
        if (!p.frozen) revert ParticipantNotFrozen(account);
        p.frozen = false;
        emit ParticipantUnfrozen(account);
    }

    /// @inheritdoc IParticipantRegistry
    function admitToken(address token, bytes3 currency, address bank) external restricted {
        if (token.code.length == 0 || currency == 0 || bank == address(0)) revert TokenInvalid(token, currency);
        address before = bankOf[token];
        if (before != address(0) && before != bank) revert TokenOfAnotherBank(token, before);
        _nameKey(bank, bank);
        // A key that is new to the registry is the token's own word, and counts for nothing.
        address key = IDepositToken(token).bank();
        if (_bankOfKey[key] != bank) revert TokenOfAnotherBank(token, key);
        bankOf[token] = bank;
        currencyOf[token] = currency;
        emit TokenAdmitted(token, currency, bank);
    }

    /// @inheritdoc IParticipantRegistry
    function expelToken(address token) external restricted {
        _requireAdmitted(token);
        delete currencyOf[token];
        emit TokenExpelled(token);
    }

    /// @inheritdoc IParticipantRegistry
    function addPledgee(address ledger) external restricted {
        isPledgee[ledger] = true;
        emit PledgeeAdded(ledger);
    }

    /// @inheritdoc IParticipantRegistry
    function useEntry(bytes32 entry) external {
        mapping(bytes32 entry => address token) storage used = tokenOf[_bankOfCaller()];
        if (used[entry] != address(0)) revert EntryAlreadyUsed(entry);
        used[entry] = msg.sender;
    }

    /// @inheritdoc IParticipantRegistry
    function nameKey(address key) external {
        _nameKey(_bankOfCaller(), key);
    }

    /// @inheritdoc IParticipantRegistry
    function setRules(address rules_) external restricted {
        if (rules_ == address(rules) || (rules_ != address(0) && rules_.code.length == 0)) revert RulesInvalid(rules_);
        rules = IConsortiumRules(rules_);
        emit RulesSet(rules_);
    }

    // ---- reads

    /// @inheritdoc IParticipantRegistry
    function participant(address account) external view returns (Participant memory) {
        return _participants[account];
    }

    /// @inheritdoc IParticipantRegistry
    function isActive(address account) external view returns (bool) {
        return refusalOf(account, Parts.PASS_ON) == Refusal.NONE;
    }

    /// @inheritdoc IParticipantRegistry
    function plays(address account, uint8 part) external view returns (bool) {
        return part < 128 && refusalOf(account, part) == Refusal.NONE;
    }

    /// @inheritdoc IParticipantRegistry
    function refusalOf(address account, uint8 act) public view returns (Refusal) {
        Participant storage p = _participants[account];
        if (act == Parts.TAKE_PLEDGES && isPledgee[account]) return Refusal.NONE;
        if (p.frozen && _canBeFrozen(account)) return Refusal.FROZEN;
        if (act == Parts.END) return Refusal.NONE;
        if (!_admitted[account]) return Refusal.NOT_ADMITTED;
        if (p.certifiedUntil <= block.timestamp) return Refusal.NOT_CERTIFIED;
        return act < 128 && (p.parts >> act) & 1 == 0 ? Refusal.PART_NOT_PLAYED : Refusal.NONE;
    }

    /// @inheritdoc IParticipantRegistry
    function requireMay(address account, uint8 act) external view {
        Refusal refusal = refusalOf(account, act);
        if (refusal == Refusal.NONE) return;
        if (refusal == Refusal.PART_NOT_PLAYED) revert PartNotPlayed(account, act);
        if (act == Parts.END) revert AccountFrozen(account);
        revert ParticipantNotActive(account);
    }

    /// @inheritdoc IParticipantRegistry
    function requireToken(address token) external view returns (IConsortiumRules) {
        _requireAdmitted(token);
        if (Pausable(token).paused()) revert TokenPaused(token);
        return rules;
    }

    // ---- internals

    function _requireAdmitted(address token) private view {
        if (currencyOf[token] == 0) revert TokenNotAdmitted(token);
    }

    /// @dev Also of a token that was expelled: what has begun in it is still paid in it.
    function _bankOfCaller() private view returns (address bank) {
        bank = bankOf[msg.sender];
        if (bank == address(0)) revert TokenNotAdmitted(msg.sender);
    }

    function _nameKey(address bank, address key) private {
        address known = _bankOfKey[key];
        if (known != address(0) && known != bank) revert KeyOfAnotherBank(key, known);
        _bankOfKey[key] = bank;
    }

    /// @dev The ledger's own contracts aren't frozen, nor by a freeze of before they were there: what stops those is a pause.
    function _canBeFrozen(address account) private view returns (bool) {
        return _admitted[account] || account.code.length == 0 || _bankOfKey[account] != address(0);
    }

    function _setParts(address account, uint128 parts) private {
        _participants[account].parts = parts;
        emit ParticipantPartsChanged(account, parts);
    }

    function _known(address account) private view returns (Participant storage p) {
        if (!_admitted[account]) revert ParticipantUnknown(account);
        p = _participants[account];
    }
}
