// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {ICommittee, IHasParties} from "./interfaces/ICommittee.sol";

/// @title Committee
/// @notice Documented in interfaces/ICommittee.sol.
contract Committee is ICommittee {
    using EnumerableSet for EnumerableSet.AddressSet;

    struct Ballot {
        uint64 until;
        address[] voters;
    }

    /// @notice Seconds after its first vote in which a motion is carried, or its votes lapse.
    uint64 public constant VOTING_S = 30 days;
    /// @dev AccessManager's role of itself.
    uint64 private constant ADMIN = 0;

    IAccessManager public immutable access;
    /// @inheritdoc ICommittee
    uint256 public threshold;

    EnumerableSet.AddressSet private _members;
    mapping(bytes32 motion => Ballot) private _ballots;
    mapping(address target => bool) private _asked;

    constructor(address access_, address[] memory members_, uint256 threshold_, address[] memory asked) {
        access = IAccessManager(access_);
        _setMembers(members_, threshold_);
        for (uint256 i = 0; i < asked.length; ++i) {
            _asked[asked[i]] = true;
            emit PartiesAsked(asked[i], true);
        }
    }

    // ---- writes

    /// @inheritdoc ICommittee
    function vote(address target, bytes calldata data, bytes32 evidence) external returns (bool carried) {
        bytes32 id = motionId(target, data);
        if (!_members.contains(msg.sender)) revert NotAMember(msg.sender);
        if (_isParty(target, data, msg.sender)) revert PartyHasNoVote(id, msg.sender);
        if (evidence == 0) revert EvidenceMissing(id);
        Ballot storage b = _ballots[id];
        if (b.until < block.timestamp) {
            delete b.voters;
            b.until = uint64(block.timestamp) + VOTING_S;
            emit MotionOpened(id, target, data, b.until);
        }
        if (_placeOf(b, msg.sender) != b.voters.length) revert VotedAlready(id, msg.sender);
        b.voters.push(msg.sender);
        uint256 votes = _count(b, target, data);
        emit Voted(id, msg.sender, target, data, evidence, votes);
        if (votes < threshold) return false;
        delete _ballots[id];
        emit MotionCarried(id, target);
        _act(id, target, data);
        return true;
    }

    /// @inheritdoc ICommittee
    function withdrawVote(address target, bytes calldata data) external {
        bytes32 id = motionId(target, data);
        Ballot storage b = _ballots[id];
        uint256 place = _placeOf(b, msg.sender);
        if (place == b.voters.length) revert NotVoted(id, msg.sender);
        b.voters[place] = b.voters[b.voters.length - 1];
        b.voters.pop();
        emit VoteWithdrawn(id, msg.sender);
    }

    /// @inheritdoc ICommittee
    function carryOut(address target, bytes calldata data) external {
        // Without the schedule of a carried motion anybody could use the roles that have no delay.
        if (access.getSchedule(access.hashOperation(address(this), target, data)) == 0) {
            revert NotScheduled(motionId(target, data));
        }
        access.execute(target, data);
    }

    /// @inheritdoc ICommittee
    function setMembers(address[] calldata members_, uint256 threshold_) external {
        _requireMotion();
        _setMembers(members_, threshold_);
    }

    /// @inheritdoc ICommittee
    function setAsked(address target, bool asked) external {
        _requireMotion();
        _asked[target] = asked;
        emit PartiesAsked(target, asked);
    }

    // ---- reads

    /// @inheritdoc ICommittee
    function members() external view returns (address[] memory) {
        return _members.values();
    }

    /// @inheritdoc ICommittee
    function isMember(address account) external view returns (bool) {
        return _members.contains(account);
    }

    /// @inheritdoc ICommittee
    function motionId(address target, bytes calldata data) public pure returns (bytes32) {
        return keccak256(abi.encode(target, data));
    }

    /// @inheritdoc ICommittee
    function votesFor(address target, bytes calldata data) external view returns (uint256 votes, uint64 until) {
        Ballot storage b = _ballots[motionId(target, data)];
        if (b.until < block.timestamp) return (0, 0);
        return (_count(b, target, data), b.until);
    }

    // ---- internals

    /// @dev Make the call, or schedule what needs a role with a delay. A scheduled call can be cancelled at once.
    function _act(bytes32 id, address target, bytes calldata data) private {
        uint32 delay = 0;
        if (target == address(access)) {
            (, delay) = access.hasRole(ADMIN, address(this));
            if (bytes4(data) == IAccessManager.cancel.selector) delay = 0;
        } else if (target != address(this)) {
            (, delay) = access.canCall(address(this), target, bytes4(data));
        }
        if (delay == 0) {
            Address.functionCall(target, data);
            return;
        }
        (bytes32 operation,) = access.schedule(target, data, 0);
        emit MotionScheduled(id, target, data, access.getSchedule(operation));
    }

    function _setMembers(address[] memory members_, uint256 threshold_) private {
        if (threshold_ > members_.length || 2 * threshold_ <= members_.length) {
            revert CommitteeInvalid(members_.length, threshold_);
        }
        _members.clear();
        for (uint256 i = 0; i < members_.length; ++i) {
            if (members_[i] == address(0) || !_members.add(members_[i])) {
                revert CommitteeInvalid(members_.length, threshold_);
            }
        }
        threshold = threshold_;
        emit CommitteeChanged(members_, threshold_);
    }

    /// @dev Votes of those who are members now and no party.
    function _count(Ballot storage b, address target, bytes calldata data) private view returns (uint256 votes) {
        for (uint256 i = 0; i < b.voters.length; ++i) {
            if (_members.contains(b.voters[i]) && !_isParty(target, data, b.voters[i])) ++votes;
        }
    }

    function _isParty(address target, bytes calldata data, address account) private view returns (bool) {
        return _asked[target] && IHasParties(target).isPartyTo(data, account);
    }

    function _placeOf(Ballot storage b, address account) private view returns (uint256 place) {
        while (place < b.voters.length && b.voters[place] != account) ++place;
    }

    function _requireMotion() private view {
        if (msg.sender != address(this)) revert OnlyByMotion(msg.sender);
    }
}
