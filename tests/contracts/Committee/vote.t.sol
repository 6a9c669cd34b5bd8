// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Committee} from "contracts/Committee.sol";
import {ICommittee} from "contracts/interfaces/ICommittee.sol";
import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {Roles} from "contracts/libraries/Roles.sol";
import {LoanWorld} from "support/LoanWorld.sol";

/// @notice As the shipped deployment: the committee holds COMMITTEE and, with a delay, ADMIN; no account does.
contract CommitteeVoteTest is LoanWorld {
    uint32 private constant DELAY = 2 days;
    bytes private _unpause;

    function setUp() public override {
        super.setUp();
        grant(address(anchor), Roles.COMMITTEE, anchor.setQuorum.selector);
        access.revokeRole(Roles.COMMITTEE, address(this));
        access.grantRole(0, address(voting), DELAY);
        access.renounceRole(0, address(this));
        _unpause = abi.encodeCall(token.unpause, ());
    }

    function _vote(uint256 member, address target, bytes memory data) private returns (bool) {
        vm.prank(committee[member]);
        return voting.vote(target, data, "memo");
    }

    function _refused(uint256 member, address target, bytes memory data, bytes memory why) private {
        refuse(why);
        vm.prank(committee[member]);
        voting.vote(target, data, "memo");
    }

    function testFuzz_it_takes_two_members_to_do_what_the_role_may(uint8 raw) public {
        token.pause();
        uint256 first = raw % 3;
        isTrue(!_vote(first, address(token), _unpause), "one does not carry it");
        isTrue(token.paused(), "still");
        isTrue(_vote((first + 1 + raw / 3 % 2) % 3, address(token), _unpause), "two do");
        isTrue(!token.paused(), "open again");
    }

    function test_no_member_does_it_alone_whatever_way_he_calls() public {
        token.pause();
        address[] memory signers = new address[](1);
        signers[0] = committee[0];
        for (uint256 i = 0; i < 3; ++i) {
            refuseRole(committee[i]);
            vm.prank(committee[i]);
            token.unpause();
            refuseRole(committee[i]);
            vm.prank(committee[i]);
            anchor.setQuorum(signers, 1);
            vm.expectRevert();
            vm.prank(committee[i]);
            access.execute(address(token), _unpause);
        }
    }

    function test_a_member_counts_once_directly_or_through_the_manager() public {
        uint64 line = applied();
        bytes memory data = carrying(line, ICreditLine.Motion.APPROVE);
        bytes32 id = voting.motionId(address(credit), data);
        _vote(0, address(credit), data);
        _refused(0, address(credit), data, abi.encodeWithSelector(ICommittee.VotedAlready.selector, id, committee[0]));
        bytes memory again = abi.encodeCall(voting.vote, (address(credit), data, "again"));
        vm.expectRevert();
        vm.prank(committee[0]);
        access.execute(address(voting), again);
        lineIn(line, ICreditLine.LineState.APPLIED, "one vote");
    }

    function test_the_vote_of_who_is_no_member_any_more_is_void() public {
        token.pause();
        _vote(0, address(token), _unpause);
        _become(committee[1], committee[2], stranger);
        isTrue(!_vote(1, address(token), _unpause), "one of two votes counts");
        (uint256 votes,) = voting.votesFor(address(token), _unpause);
        equal(votes, 1, "one");
        _refused(0, address(token), _unpause, abi.encodeWithSelector(ICommittee.NotAMember.selector, committee[0]));
        isTrue(_vote(2, address(token), _unpause), "two members");
    }

    function test_parties_to_a_line_have_no_vote_on_it() public {
        _become(committee[0], factory, bank);
        uint64 line = applied();
        bytes memory data = carrying(line, ICreditLine.Motion.APPROVE);
        bytes32 id = voting.motionId(address(credit), data);
        refuse(abi.encodeWithSelector(ICommittee.PartyHasNoVote.selector, id, factory));
        vm.prank(factory);
        voting.vote(address(credit), data, "I am good for it");
        refuse(abi.encodeWithSelector(ICommittee.PartyHasNoVote.selector, id, bank));
        vm.prank(bank);
        voting.vote(address(credit), data, "and I");
    }

    function test_votes_lapse_and_can_be_taken_back() public {
        token.pause();
        _vote(0, address(token), _unpause);
        vm.prank(committee[0]);
        voting.withdrawVote(address(token), _unpause);
        isTrue(!_vote(1, address(token), _unpause), "the first was taken back");
        vm.warp(block.timestamp + voting.VOTING_S() + 1);
        isTrue(!_vote(2, address(token), _unpause), "the second has lapsed");
        vm.warp(block.timestamp + voting.VOTING_S());
        isTrue(_vote(0, address(token), _unpause), "the last moment counts");
        bytes32 id = voting.motionId(address(token), _unpause);
        refuse(abi.encodeWithSelector(ICommittee.NotVoted.selector, id, committee[0]));
        vm.prank(committee[0]);
        voting.withdrawVote(address(token), _unpause);
    }

    function test_what_admin_may_takes_the_votes_and_the_delay() public {
        bytes memory data = abi.encodeCall(access.grantRole, (Roles.ORACLE, stranger, 0));
        refuse(abi.encodeWithSelector(
            ICommittee.NotScheduled.selector, voting.motionId(address(access), data)
        ));
        voting.carryOut(address(access), data);
        _vote(0, address(access), data);
        _vote(1, address(access), data);
        vm.expectRevert();
        voting.carryOut(address(access), data);
        vm.warp(block.timestamp + DELAY);
        vm.prank(stranger);
        voting.carryOut(address(access), data);
        (bool has,) = access.hasRole(Roles.ORACLE, stranger);
        isTrue(has, "granted");
    }

    function test_a_scheduled_call_is_cancelled_by_a_motion_at_once() public {
        bytes memory data = abi.encodeCall(token.addLedger, (stranger));
        _vote(0, address(token), data);
        _vote(1, address(token), data);
        bytes memory stop = abi.encodeCall(access.cancel, (address(voting), address(token), data));
        _vote(1, address(access), stop);
        _vote(2, address(access), stop);
        vm.warp(block.timestamp + DELAY);
        vm.expectRevert();
        voting.carryOut(address(token), data);
        isTrue(!token.isLedger(stranger), "not added");
    }

    /// @dev What has no delay can't be made without a motion through the door that is open to all.
    function test_nobody_carries_out_what_no_motion_scheduled() public {
        token.pause();
        refuse(abi.encodeWithSelector(
            ICommittee.NotScheduled.selector, voting.motionId(address(token), _unpause)
        ));
        voting.carryOut(address(token), _unpause);
    }

    function testFuzz_who_is_no_member_has_no_vote(uint256 seed) public {
        refuse(abi.encodeWithSelector(ICommittee.NotAMember.selector, anyone(seed)));
        vm.prank(anyone(seed));
        voting.vote(address(token), _unpause, "memo");
    }

    function test_without_evidence_is_refused() public {
        bytes32 id = voting.motionId(address(token), _unpause);
        refuse(abi.encodeWithSelector(ICommittee.EvidenceMissing.selector, id));
        vm.prank(committee[0]);
        voting.vote(address(token), _unpause, 0);
    }

    function test_the_committee_alone_changes_itself() public {
        address[] memory two = new address[](2);
        (two[0], two[1]) = (committee[0], stranger);
        refuse(abi.encodeWithSelector(ICommittee.OnlyByMotion.selector, committee[0]));
        vm.prank(committee[0]);
        voting.setMembers(two, 2);
        refuse(abi.encodeWithSelector(ICommittee.OnlyByMotion.selector, committee[0]));
        vm.prank(committee[0]);
        voting.setAsked(address(credit), false);
        bytes memory data = abi.encodeCall(voting.setAsked, (address(token), false));
        _vote(0, address(voting), data);
        isTrue(_vote(1, address(voting), data), "carried");
    }

    function testFuzz_more_than_half_carry(uint8 count, uint8 threshold) public {
        count %= 6;
        threshold %= 8;
        address[] memory all = new address[](count);
        for (uint256 i = 0; i < count; ++i) {
            all[i] = anyone(i);
        }
        address[] memory none;
        bool isRight = threshold <= count && 2 * uint256(threshold) > count;
        if (!isRight) refuse(abi.encodeWithSelector(ICommittee.CommitteeInvalid.selector, count, threshold));
        Committee made = new Committee(address(access), all, threshold, none);
        if (isRight) equal(made.members().length, count, "all");
    }

    function test_a_member_stands_in_it_once() public {
        address[] memory twice = new address[](2);
        (twice[0], twice[1]) = (stranger, stranger);
        address[] memory none;
        refuse(abi.encodeWithSelector(ICommittee.CommitteeInvalid.selector, 2, 2));
        new Committee(address(access), twice, 2, none);
    }

    function _become(address a, address b, address c) private {
        address[] memory all = new address[](3);
        (all[0], all[1], all[2]) = (a, b, c);
        bytes memory data = abi.encodeCall(voting.setMembers, (all, 2));
        _vote(1, address(voting), data);
        _vote(2, address(voting), data);
    }
}
