// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What the committee asks of a contract whose business has parties
interface IHasParties {
    /// @notice Whether `account` is a party to what the call `data` of this contract decides.
    function isPartyTo(bytes calldata data, address account) external view returns (bool);
}

/// @title The committee: every motion that k of n members must carry
/// @notice A motion is a call: a contract and its data. Each member votes once, by its own account; membership is read
/// when votes are counted, so that the vote of who left is void; parties to what is decided have no vote on it. The vote
/// that is the `threshold`-th makes the call. What needs role ADMIN is then scheduled with the role's delay, and anybody
/// carries it out once that is over.
/// @dev Holds roles COMMITTEE and ADMIN in AccessManager; no account holds either.
interface ICommittee {
    /// @notice The motion is open, until the chain's time `until` in seconds.
    event MotionOpened(bytes32 indexed motion, address indexed target, bytes data, uint64 until);
    /// @notice A vote, with the SHA-256 of what it rests on; `votes` that count there are now.
    event Voted(bytes32 indexed motion, address indexed member, address target, bytes data, bytes32 evidence, uint256 votes);
    event VoteWithdrawn(bytes32 indexed motion, address indexed member);
    event MotionCarried(bytes32 indexed motion, address indexed target);
    /// @notice Carried, and to be carried out by anybody from the chain's time `from` on.
    event MotionScheduled(bytes32 indexed motion, address indexed target, bytes data, uint48 from);
    event CommitteeChanged(address[] members, uint256 threshold);
    /// @notice Parties of `target`'s business are asked of it from now on, or no more.
    event PartiesAsked(address indexed target, bool asked);

    error NotAMember(address account);
    error VotedAlready(bytes32 motion, address member);
    error NotVoted(bytes32 motion, address member);
    error PartyHasNoVote(bytes32 motion, address member);
    error EvidenceMissing(bytes32 motion);
    /// @notice No carried motion has scheduled this call.
    error NotScheduled(bytes32 motion);
    error OnlyByMotion(address account);
    /// @notice Members are distinct accounts, and more than half of them carry a motion.
    error CommitteeInvalid(uint256 members, uint256 threshold);

    /// @notice Vote for the call `data` of `target`; the vote that carries the motion makes the call.
    /// @dev By a member's account. Votes lapse together VOTING_S seconds after the first.
    /// @return carried whether this vote carried it.
    function vote(address target, bytes calldata data, bytes32 evidence) external returns (bool carried);

    /// @notice Take a vote back. By who gave it.
    function withdrawVote(address target, bytes calldata data) external;

    /// @notice Make a call that a motion scheduled, once its delay is over. Anyone.
    function carryOut(address target, bytes calldata data) external;

    /// @notice Replace the members and the votes that carry a motion.
    /// @dev By a motion.
    function setMembers(address[] calldata members, uint256 threshold) external;

    /// @notice Say whether `target` is asked who is a party to its business.
    /// @dev By a motion.
    function setAsked(address target, bool asked) external;

    function members() external view returns (address[] memory);
    function isMember(address account) external view returns (bool);
    function threshold() external view returns (uint256);

    /// @notice What a motion for that call is called.
    function motionId(address target, bytes calldata data) external view returns (bytes32);

    /// @notice Votes that count now for that call, and until when they do.
    function votesFor(address target, bytes calldata data) external view returns (uint256 votes, uint64 until);
}
