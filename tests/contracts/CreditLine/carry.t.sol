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

    function test_two_lift_a_freeze_and_a_new_freeze_is_voted_on_anew() public {
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

    function test_a_vote_for_an_earlier_freeze_lifts_no_later_one() public {
        uint64 line = frozen();
        bytes memory early = carrying(line, ICreditLine.Motion.LIFT_FREEZE);
        vote(0, line, ICreditLine.Motion.LIFT_FREEZE);
        vote(1, line, ICreditLine.Motion.LIFT_FREEZE);
        vm.prank(committee[2]);
        voting.vote(address(credit), early, "memo");
        vm.prank(bank);
        credit.freeze(line, "again");
        refuse(abi.encodeWithSelector(ICreditLine.LineMoved.selector, line, credit.line(line).moves));
        vm.prank(committee[0]);
        voting.vote(address(credit), early, "memo");
        lineIn(line, ICreditLine.LineState.FROZEN, "frozen");
    }

    function test_nobody_but_the_committee_carries(uint256 seed) public {
        uint64 line = applied();
        address[3] memory all = [anyone(seed), bank, committee[0]];
        for (uint256 i = 0; i < 3; ++i) {
            refuseRole(all[i]);
            vm.prank(all[i]);
            credit.carry(line, ICreditLine.Motion.APPROVE, 1);
        }
    }

    function test_on_what_is_not_asked_is_refused() public {
        uint64 line = approved();
        vote(1, line, ICreditLine.Motion.APPROVE);
        bytes memory data = carrying(line, ICreditLine.Motion.APPROVE);
        refuseLine(line, ICreditLine.LineState.APPROVED);
        vm.prank(committee[2]);
        voting.vote(address(credit), data, "memo");
    }

    function test_on_a_line_that_is_not_there_is_refused() public {
        vote(0, 9, ICreditLine.Motion.APPROVE);
        bytes memory data = carrying(9, ICreditLine.Motion.APPROVE);
        refuse(abi.encodeWithSelector(ICreditLine.LineUnknown.selector, 9));
        vm.prank(committee[1]);
        voting.vote(address(credit), data, "memo");
    }

    function test_parties_to_a_line_have_no_say_in_it() public {
        uint64 line = applied();
        bytes memory data = carrying(line, ICreditLine.Motion.APPROVE);
        isTrue(credit.isPartyTo(data, factory) && credit.isPartyTo(data, bank), "borrower and lender");
        isTrue(!credit.isPartyTo(data, supplier), "nobody else");
        isTrue(!credit.isPartyTo(abi.encodeCall(credit.unpause, ()), bank), "in that line alone");
    }
}
