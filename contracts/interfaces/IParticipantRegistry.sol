// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConsortiumRules} from "./IConsortiumRules.sol";

/// @title Who may take part, and as what
/// @notice A participant is an account with parts it may play, a certification with an end, and nothing that names it:
/// who it is lies off chain, under a salted commitment.
interface IParticipantRegistry {
    /// @notice What is kept about an account.
    /// @param parts bit n set: may play part n (libraries/Parts.sol, docs/roles.md).
    /// @param certifiedUntil chain time in seconds up to which the certification holds; 0 for none.
    /// @param frozen whether a supervisor has frozen it.
    /// @param profile SHA-256 commitment to the salted profile.
    struct Participant {
        uint128 parts;
        uint64 certifiedUntil;
        bool frozen;
        bytes32 profile;
    }

    event ParticipantAdmitted(address indexed account, uint128 parts, bytes32 profile);
    event ParticipantPartsChanged(address indexed account, uint128 parts);
    /// @notice `evidence` is the SHA-256 of the certifier's document.
    event ParticipantCertified(address indexed account, uint64 until, bytes32 evidence);
    event ParticipantFrozen(address indexed account, bytes32 reason);
    event ParticipantUnfrozen(address indexed account);

    /// @notice `currency` is an ISO 4217 code, and `bank` the bank whose deposits these are, as the consortium says and
    /// not the token.
    event TokenAdmitted(address indexed token, bytes3 currency, address indexed bank);
    event TokenExpelled(address indexed token);
    event PledgeeAdded(address indexed ledger);
    event RulesSet(address rules);

    /// @notice The rules in force already, or no contract.
    error RulesInvalid(address rules);
    /// @notice There is no contract there, or no currency or bank was named.
    error TokenInvalid(address token, bytes3 currency);
    /// @notice The consortium has not admitted the token: nothing new begins in it.
    error TokenNotAdmitted(address token);
    /// @notice The token is `bank`'s, by its first admission or by the key that it names.
    error TokenOfAnotherBank(address token, address bank);
    /// @notice The key is `bank`'s, and a key is one bank's for good.
    error KeyOfAnotherBank(address key, address bank);
    error TokenPaused(address token);
    error EntryAlreadyUsed(bytes32 entry);
    error ParticipantZero();
    error ParticipantAlreadyAdmitted(address account);
    error ParticipantUnknown(address account);
    error ParticipantAlreadyFrozen(address account);
    error ParticipantNotFrozen(address account);
    /// @notice The certification would end before it begins.
    error CertificationPast(uint64 until, uint64 chainTime);
    /// @notice A certification is not made shorter: what stops an account is a freeze.
    error CertificationShortened(address account, uint64 until, uint64 certifiedUntil);
    /// @notice The account was never admitted, is frozen, or its certification has ended.
    error ParticipantNotActive(address account);
    /// @notice A supervisor has frozen the account: nothing of its own moves, ends or begins by its word.
    error AccountFrozen(address account);
    /// @notice The account was not given the part (libraries/Parts.sol) that this begins with.
    error PartNotPlayed(address account, uint8 part);

    /// @notice Why an account may not act now; NONE when it may.
    enum Refusal {
        NONE,
        NOT_ADMITTED,
        NOT_CERTIFIED,
        FROZEN,
        PART_NOT_PLAYED
    }

    /// @notice Admit `account`; it can act once certified.
    /// @dev Role REGISTRAR.
    function admit(address account, uint128 parts, bytes32 profile) external;

    /// @notice Let `account` play `parts` too.
    /// @dev Role REGISTRAR.
    function addParts(address account, uint128 parts) external;

    /// @notice Let `account` play `parts` no longer: it begins nothing more in them, and ends what it has begun.
    /// @dev Role SUPERVISOR, as a freeze.
    function removeParts(address account, uint128 parts) external;

    /// @notice Certify `account` until `until` (chain time, seconds), on the strength of `evidence` (SHA-256). While a
    /// certification holds, the next one ends no earlier.
    /// @dev Role REGISTRAR.
    function certify(address account, uint64 until, bytes32 evidence) external;

    /// @notice Stop `account` from any movement; `reason` is the SHA-256 of the order. An account that nobody has admitted
    /// too: a bank's key, a warehouse's, or one that is not known here yet. A contract can be frozen once it is admitted.
    /// @dev Role SUPERVISOR.
    function freeze(address account, bytes32 reason) external;

    /// @notice Lift a freeze.
    /// @dev Role SUPERVISOR.
    function unfreeze(address account) external;

    /// @notice Let claims, lines, projects, shares and deals be in `token`, the deposits of `bank` in `currency`.
    /// @dev Role ADMIN. A bank goes by the account that its first token was admitted with, whatever key it has now; a
    /// token is one bank's for good. A key that is a contract is admitted first: it could not be frozen otherwise.
    function admitToken(address token, bytes3 currency, address bank) external;

    /// @notice Let nothing new begin in `token`; what has begun is paid and withdrawn in it.
    /// @dev Role ADMIN.
    function expelToken(address token) external;

    /// @notice Let a contract of the consortium hold pledges: one that takes what is paid on them and releases them.
    /// @dev Role ADMIN.
    function addPledgee(address ledger) external;

    /// @notice Whether `account` is a contract that was added to hold pledges.
    function isPledgee(address account) external view returns (bool);

    /// @notice Have `rules` asked about what begins from now on; zero for nobody.
    /// @dev Role COMMITTEE: by a motion.
    function setRules(address rules) external;

    /// @notice Who is asked about what begins, besides this registry; zero for nobody.
    function rules() external view returns (IConsortiumRules);

    /// @notice Passes where `token` is admitted and not paused: something may begin in it. Returns `rules`, whom the caller
    /// asks about the terms.
    function requireToken(address token) external view returns (IConsortiumRules);

    /// @notice Use an entry of a bank's statement: once over all tokens of that bank, and never by another bank's.
    /// @dev By a token that was admitted, when it mints; the entry is its own bank's.
    function useEntry(bytes32 entry) external;

    /// @notice Say that `key` is another key of the same bank.
    /// @dev By a token that was admitted, when the committee gives its bank another key.
    function nameKey(address key) external;

    /// @notice The token that used the entry of `bank`, or zero.
    function tokenOf(address bank, bytes32 entry) external view returns (address);

    /// @notice The bank that `token` was first admitted for; zero when it never was.
    function bankOf(address token) external view returns (address);

    /// @notice The currency that `token` was admitted for; zero when it is not admitted.
    function currencyOf(address token) external view returns (bytes3);

    /// @notice What is kept about `account`; all zero when it was never admitted.
    function participant(address account) external view returns (Participant memory);

    /// @notice Whether `account` is admitted, certified now and not frozen.
    function isActive(address account) external view returns (bool);

    /// @notice What a participant may do now, in one answer that every contract asks: why `account` may not `act`
    /// (libraries/Parts.sol), or NONE.
    function refusalOf(address account, uint8 act) external view returns (Refusal);

    /// @notice Passes where `account` may `act`.
    /// @dev Reverts with AccountFrozen where an end is all that was asked for, with PartNotPlayed where it has not the
    /// part, and else with ParticipantNotActive.
    function requireMay(address account, uint8 act) external view;

    /// @notice Whether `account` is active and may play `part` (a bit number).
    function plays(address account, uint8 part) external view returns (bool);
}
