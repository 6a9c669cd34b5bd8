// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BusinessCalendar} from "contracts/BusinessCalendar.sol";
import {IBusinessCalendar} from "contracts/interfaces/IBusinessCalendar.sol";
import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {BusinessDate} from "contracts/libraries/BusinessDate.sol";
import {Roles} from "contracts/libraries/Roles.sol";
import {Days} from "support/Days.sol";
import {LoanWorld} from "support/LoanWorld.sol";

/// @notice What a business date that is too high does to loans and claims, and what is done about it then.
contract BusinessCalendarSlipTest is LoanWorld {
    /// @dev 2098-01-05 09:00 UTC; at UTC+14 it is 23:00.
    uint256 private constant MORNING = YEAR_2098 + 4 days + 9 hours;
    uint32 private constant NOW = 20980105;
    address private constant KEEPER = address(0xCA1E);

    function setUp() public override {
        super.setUp();
        vm.warp(MORNING);
        advanceTo(NOW);
        access.grantRole(Roles.CALENDAR, KEEPER, 0);
        access.revokeRole(Roles.CALENDAR, address(this));
        access.revokeRole(Roles.COMMITTEE, address(this));
    }

    function _advance(uint32 date) private {
        vm.prank(KEEPER);
        calendar.advance(date);
    }

    /// @dev Lent 90,000.00 without days of grace, due in instalments of the same principal on `first` and the days after.
    function _lent(uint32 first, uint256 count) private returns (uint64 line, uint64 loan) {
        ICreditLine.LineTerms memory t = lineTerms(LIMIT);
        (t.validFrom, t.validUntil, t.graceDays) = (NOW, 20990105, 0);
        line = openLineOf(t);
        loan = _drawn(line, first, count);
    }

    function _drawn(uint64 line, uint32 first, uint256 count) private returns (uint64) {
        (uint64 root,) = owedClaim(IReceivables.Kind.ORDER, factory, supplier, 90_000_00, 20981231);
        ICreditLine.Instalment[] memory plan = new ICreditLine.Instalment[](count);
        for (uint256 i = 0; i < count; ++i) {
            plan[i] = ICreditLine.Instalment(Days.later(first, i), uint128(90_000_00 / count));
        }
        return draw(line, root, 90_000_00, ICreditLine.Plan.EQUAL_PRINCIPAL, plan, 0);
    }

    function test_one_account_ends_no_loan_and_no_claim() public {
        (uint64 line, uint64 loan) = _lent(20980205, 1);
        (uint64 root,) = payable_(core, tierOne, 1_000, 20980205);
        refuse(abi.encodeWithSelector(IBusinessCalendar.DateNotBegun.selector, 99991231));
        _advance(99991231);
        equal(uint256(credit.poke(loan)), uint256(ICreditLine.LoanState.CURRENT), "is not due");
        IReceivables.State state = receivables.poke(root);
        isTrue(state != IReceivables.State.OVERDUE && state != IReceivables.State.DEFAULTED, "is not late");
        lineIn(line, ICreditLine.LineState.ACTIVE, "open");
    }

    function testFuzz_no_row_of_steps_passes_the_day_that_has_begun(uint32[16] calldata steps, uint32 passed) public {
        vm.warp(MORNING + passed % 40 days);
        for (uint256 i = 0; i < 16; ++i) {
            vm.prank(KEEPER);
            try calendar.advance(Days.later(calendar.today(), steps[i] % 40)) {} catch {}
            isTrue(calendar.today() <= BusinessDate.on(block.timestamp + 14 hours), "has begun somewhere");
        }
    }

    function test_a_date_that_came_too_early_stays_and_is_right_within_a_day() public {
        vm.warp(MORNING + 1 hours);
        (, uint64 loan) = _lent(20980205, 1);
        _advance(20980106);
        refuse(abi.encodeWithSelector(IBusinessCalendar.DateNotBegun.selector, 20980107));
        _advance(20980107);
        refuse(abi.encodeWithSelector(IBusinessCalendar.DateNotForward.selector, 20980106, NOW));
        _advance(NOW);
        bytes memory back = abi.encodeCall(BusinessCalendar.jump, (20980106, NOW));
        vm.prank(committee[0]);
        voting.vote(address(calendar), back, "slip");
        refuse(abi.encodeWithSelector(IBusinessCalendar.DateNotForward.selector, 20980106, NOW));
        vm.prank(committee[1]);
        voting.vote(address(calendar), back, "slip");
        equal(uint256(credit.poke(loan)), uint256(ICreditLine.LoanState.CURRENT), "as before");
        vm.warp(MORNING + 25 hours);
        _advance(20980107);
        equal(calendar.today(), 20980107, "goes on with the next day");
    }

    function test_interest_of_a_day_that_came_too_early_counts_once_and_never_backwards() public {
        vm.warp(MORNING + 1 hours);
        (uint64 line, uint64 poked) = _lent(20980205, 1);
        uint64 left = _drawn(line, 20980205, 1);
        _advance(20980106);
        credit.poke(poked);
        // 90,000.00 at 10.8 % is 27.00 a day
        equal(credit.owed(poked, 20980106).interest, 27_00, "a day");
        equal(credit.owed(poked, NOW).interest, 27_00, "not taken back for an earlier date");
        vm.warp(MORNING + 49 hours);
        _advance(20980108);
        credit.poke(poked);
        equal(total(poked), total(left), "whether it was counted on the day or not");
        equal(credit.owed(poked, 20980108).interest, 81_00, "three days");
    }

    /// @dev The third instalment is held against the borrower a day early: it pays, and the committee lifts the freeze.
    function test_what_a_day_too_early_did_is_set_right_by_payment_and_the_committee() public {
        vm.warp(MORNING + 1 hours);
        (uint64 line, uint64 loan) = _lent(20980106, 3);
        vm.warp(MORNING + 3 days + 1 hours);
        _advance(20980109);
        equal(uint256(credit.poke(loan)), uint256(ICreditLine.LoanState.DELINQUENT), "three are missed");
        lineIn(line, ICreditLine.LineState.FROZEN, "frozen");
        repay(loan, credit.owed(loan, 20980109).due);
        loanIn(loan, ICreditLine.LoanState.REPAID, "paid while it is frozen");
        vote(0, line, ICreditLine.Motion.LIFT_FREEZE);
        vote(1, line, ICreditLine.Motion.LIFT_FREEZE);
        lineIn(line, ICreditLine.LineState.ACTIVE, "open again");
        isTrue(_drawn(line, 20980205, 1) != 0, "and can be drawn on");
    }
}
