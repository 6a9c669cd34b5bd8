// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {LoanWorld} from "support/LoanWorld.sol";

contract CreditLineVoteTest is LoanWorld {
    function testFuzz_any_two_of_three_approve_and_one_does_not(uint8 raw) public {
        uint64 line = applied();
        uint256 first = raw % 3;
        vote(first, line, ICreditLine.Motion.APPROVE);
        lineIn(line, ICreditLine.LineState.APPLIED, "one is not enough");
        vote((first + 1 + raw / 3 % 2) % 3, line, ICreditLine.Motion.APPROVE);
        lineIn(line, ICreditLine.LineState.APPROVED, "two are");
    }

    function test_two_lift_a_freeze_and_votes_of_another_motion_do_not_count() public {
        uint64 line = frozen();
        vote(2, line, ICreditLine.Motion.LIFT_FREEZE);
        lineIn(line, ICreditLine.LineState.FROZEN, "one is not enough");
        vote(0, line, ICreditLine.Motion.LIFT_FREEZE);
        lineIn(line, ICreditLine.LineState.ACTIVE, "two are");
        vm.prank(bank);
        credit.freeze(line, "again");
        vote(0, line, ICreditLine.Motion.LIFT_FREEZE);
        lineIn(line, ICreditLine.LineState.FROZEN, "a new freeze is voted on anew");
    }

    function test_a_member_votes_once() public {
        uint64 line = applied();
        vote(0, line, ICreditLine.Motion.APPROVE);
        refuse(abi.encodeWithSelector(ICreditLine.VotedAlready.selector, line, committee[0]));
        vote(0, line, ICreditLine.Motion.APPROVE);
    }

    function test_without_evidence_is_refused() public {
        uint64 line = applied();
        refuse(abi.encodeWithSelector(ICreditLine.EvidenceMissing.selector, line));
        vm.prank(committee[0]);
        credit.vote(line, ICreditLine.Motion.APPROVE, 0);
    }

    function testFuzz_by_who_is_no_member_is_refused(uint256 seed) public {
        uint64 line = applied();
        refuseRole(anyone(seed));
        vm.prank(anyone(seed));
        credit.vote(line, ICreditLine.Motion.APPROVE, "memo");
        refuseRole(bank);
        vm.prank(bank);
        credit.vote(line, ICreditLine.Motion.APPROVE, "memo");
    }

    function test_on_what_is_not_asked_is_refused() public {
        uint64 line = approved();
        refuseLine(line, ICreditLine.LineState.APPROVED);
        vote(2, line, ICreditLine.Motion.APPROVE);
        refuseLine(line, ICreditLine.LineState.APPROVED);
        vote(2, line, ICreditLine.Motion.LIFT_FREEZE);
    }

    function test_on_a_line_that_is_not_there_is_refused() public {
        refuse(abi.encodeWithSelector(ICreditLine.LineUnknown.selector, 9));
        vote(0, 9, ICreditLine.Motion.APPROVE);
    }
}
