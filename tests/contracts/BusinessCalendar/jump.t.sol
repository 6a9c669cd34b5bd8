// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BusinessCalendar} from "contracts/BusinessCalendar.sol";
import {IBusinessCalendar} from "contracts/interfaces/IBusinessCalendar.sol";
import {Roles} from "contracts/libraries/Roles.sol";
import {CreditWorld} from "support/CreditWorld.sol";

contract BusinessCalendarJumpTest is CreditWorld {
    uint32 private constant FAR = 20290101;

    function setUp() public {
        deployAll();
        access.revokeRole(Roles.COMMITTEE, address(this));
    }

    function _vote(uint256 member, uint32 from, uint32 to) private {
        vm.prank(committee[member]);
        voting.vote(address(calendar), abi.encodeCall(BusinessCalendar.jump, (from, to)), "memo");
    }

    function test_a_motion_of_the_committee_jumps_and_one_member_does_not() public {
        _vote(0, TODAY, FAR);
        equal(calendar.today(), TODAY, "one is not enough");
        _vote(2, TODAY, FAR);
        equal(calendar.today(), FAR, "two are");
    }

    function test_votes_for_different_dates_do_not_add_up() public {
        _vote(0, TODAY, FAR);
        _vote(1, TODAY, FAR + 1);
        equal(calendar.today(), TODAY, "where it was");
    }

    function test_a_motion_is_void_once_the_date_has_moved() public {
        _vote(0, TODAY, FAR);
        calendar.advance(20260106);
        refuse(abi.encodeWithSelector(IBusinessCalendar.DateMoved.selector, TODAY, 20260106));
        _vote(1, TODAY, FAR);
        equal(calendar.today(), 20260106, "it was for another jump");
    }

    function testFuzz_no_way_back(uint32 raw) public {
        uint32 date = 20260101 + raw % 5;
        _vote(0, TODAY, date);
        refuse(abi.encodeWithSelector(IBusinessCalendar.DateNotForward.selector, TODAY, date));
        _vote(1, TODAY, date);
    }

    function testFuzz_without_the_role_is_refused(uint256 seed) public {
        refuseRole(anyone(seed));
        vm.prank(anyone(seed));
        calendar.jump(TODAY, FAR);
        refuseRole(committee[0]);
        vm.prank(committee[0]);
        calendar.jump(TODAY, FAR);
    }
}
