// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IParticipantRegistry} from "./interfaces/IParticipantRegistry.sol";

/// @title ParticipantRegistry
/// @notice Documented in interfaces/IParticipantRegistry.sol.
contract ParticipantRegistry is IParticipantRegistry, AccessManaged {
    mapping(address account => Participant) private _participants;
    mapping(address account => bool) private _admitted;
    /// @inheritdoc IParticipantRegistry
    mapping(address token => bytes3) public currencyOf;
    mapping(address ledger => bool) private _isPledgee;

    constructor(address access) AccessManaged(access) {}

    // ---- writes

    /// @inheritdoc IParticipantRegistry
    function admit(address account, uint128 parts, bytes32 profile) external restricted {
        if (account == address(0)) revert ParticipantZero();
        if (_admitted[account]) revert ParticipantAlreadyAdmitted(account);
        _admitted[account] = true;
        _participants[account] = Participant(parts, 0, false, profile);
        emit ParticipantAdmitted(account, parts, profile);
    }

    /// @inheritdoc IParticipantRegistry
    function setParts(address account, uint128 parts) external restricted {
        _known(account).parts = parts;
        emit ParticipantPartsChanged(account, parts);
    }

    /// @inheritdoc IParticipantRegistry
    function certify(address account, uint64 until, bytes32 evidence) external restricted {
        if (until <= block.timestamp) revert CertificationPast(until, uint64(block.timestamp));
        _known(account).certifiedUntil = until;
        emit ParticipantCertified(account, until, evidence);
    }

    /// @inheritdoc IParticipantRegistry
    function freeze(address account, bytes32 reason) external restricted {
        Participant storage p = _known(account);
        if (p.frozen) revert ParticipantAlreadyFrozen(account);
        p.frozen = true;
        emit ParticipantFrozen(account, reason);
    }

    /// @inheritdoc IParticipantRegistry
    function unfreeze(address account) external restricted {
        Participant storage p = _known(account);
        if (!p.frozen) revert ParticipantNotFrozen(account);
        p.frozen = false;
        emit ParticipantUnfrozen(account);
    }

    /// @inheritdoc IParticipantRegistry
    function admitToken(address token, bytes3 currency) external restricted {
        if (token.code.length == 0 || currency == 0) revert TokenInvalid(token, currency);
        currencyOf[token] = currency;
        emit TokenAdmitted(token, currency);
    }

    /// @inheritdoc IParticipantRegistry
    function expelToken(address token) external restricted {
        requireToken(token);
        delete currencyOf[token];
        emit TokenExpelled(token);
    }

    /// @inheritdoc IParticipantRegistry
    function addPledgee(address ledger) external restricted {
        _isPledgee[ledger] = true;
        emit PledgeeAdded(ledger);
    }

    // ---- reads

    /// @inheritdoc IParticipantRegistry
    function participant(address account) external view returns (Participant memory) {
        return _participants[account];
    }

    /// @inheritdoc IParticipantRegistry
    function isActive(address account) public view returns (bool) {
        Participant storage p = _participants[account];
        return p.certifiedUntil > block.timestamp && !p.frozen;
    }

    /// @inheritdoc IParticipantRegistry
    function plays(address account, uint8 part) external view returns (bool) {
        return isActive(account) && part < 128 && (_participants[account].parts >> part) & 1 == 1;
    }

    /// @inheritdoc IParticipantRegistry
    function requireToken(address token) public view {
        if (currencyOf[token] == 0) revert TokenNotAdmitted(token);
    }

    /// @inheritdoc IParticipantRegistry
    function takesPledges(address account) external view returns (bool) {
        return _isPledgee[account] || isActive(account);
    }

    // ---- internals

    function _known(address account) private view returns (Participant storage p) {
        if (!_admitted[account]) revert ParticipantUnknown(account);
        p = _participants[account];
    }
}
