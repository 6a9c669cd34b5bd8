// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {LoanWorld} from "support/LoanWorld.sol";

contract CreditLineDrawPlanTest is LoanWorld {
    function _rows(uint256[3] memory principal) private pure returns (ICreditLine.Instalment[] memory plan) {
        plan = new ICreditLine.Instalment[](3);
        for (uint32 i = 0; i < 3; ++i) {
            plan[i] = ICreditLine.Instalment(20260205 + 100 * i, uint128(principal[i]));
        }
    }

    function _accept(ICreditLine.Plan form, ICreditLine.Instalment[] memory plan, uint128 amount) private {
        uint64 line = opened();
        uint64 loan = draw(line, order(amount), amount, form, plan, 0);
        equal(credit.instalmentsOf(loan).length, plan.length, "kept");
    }

    function _refuse(ICreditLine.Plan form, ICreditLine.Instalment[] memory plan) private {
        uint64 line = opened();
        uint64 root = order(1_000);
        refuse(abi.encodeWithSelector(ICreditLine.PlanInvalid.selector));
        draw(line, root, 1_000, form, plan, 0);
    }

    function test_each_plan_in_its_form() public {
        _accept(ICreditLine.Plan.BULLET, bullet(END, 1_000), 1_000);
        _accept(ICreditLine.Plan.INTEREST_ONLY, _rows([uint256(0), 0, 1_000]), 1_000);
        _accept(ICreditLine.Plan.REVENUE_SHARE, _rows([uint256(0), 0, 1_000]), 1_000);
        _accept(ICreditLine.Plan.EQUAL_PRINCIPAL, _rows([uint256(333), 333, 334]), 1_000);
        _accept(ICreditLine.Plan.EQUAL_PRINCIPAL, _rows([uint256(334), 333, 333]), 1_000);
    }

    function test_an_annuity_has_equal_totals() public {
        // 1,000,000.00 at 10.8 % of 360 over 31, 28 and 31 days: interest 9,300, 5,668.12.., by hand to equal sums
        uint64 line = openLine(2_000_000_00);
        uint256 left = 1_000_000_00;
        uint32[4] memory dates = [TODAY, 20260205, 20260305, 20260405];
        uint256[3] memory days_ = [uint256(31), 28, 31];
        ICreditLine.Instalment[] memory plan = new ICreditLine.Instalment[](3);
        uint256 payment = _payment(left, days_);
        for (uint256 i = 0; i < 3; ++i) {
            uint256 interest = left * 108_000 * days_[i] / 360_000_000;
            uint256 principal = i == 2 ? left : payment - interest;
            plan[i] = ICreditLine.Instalment(dates[i + 1], uint128(principal));
            left -= principal;
        }
        draw(line, order(1_000_000_00), 1_000_000_00, ICreditLine.Plan.ANNUITY, plan, 0);
    }

    /// @dev The least payment that leaves nothing after three, found by halving.
    function _payment(uint256 amount, uint256[3] memory days_) private pure returns (uint256 high) {
        uint256 low = 0;
        high = amount;
        while (high - low > 1) {
            uint256 middle = (high + low) / 2;
            uint256 left = amount;
            for (uint256 i = 0; i < 3 && left != 0; ++i) {
                uint256 more = left + left * 108_000 * days_[i] / 360_000_000;
                left = more > middle ? more - middle : 0;
            }
            if (left == 0) high = middle;
            else low = middle;
        }
    }

    function test_a_bullet_of_two_is_refused() public {
        _refuse(ICreditLine.Plan.BULLET, _rows([uint256(0), 0, 1_000]));
    }

    function testFuzz_principal_before_the_end_is_refused(uint16 raw) public {
        uint256 early = bound(raw, 1, 1_000);
        _refuse(ICreditLine.Plan.INTEREST_ONLY, _rows([early, 0, 1_000 - early]));
        _refuse(ICreditLine.Plan.REVENUE_SHARE, _rows([0, early, 1_000 - early]));
    }

    function testFuzz_unequal_principal_is_refused(uint16 raw) public {
        uint256 off = bound(raw, 2, 300);
        _refuse(ICreditLine.Plan.EQUAL_PRINCIPAL, _rows([333 + off, 333, 334 - off]));
        _refuse(ICreditLine.Plan.EQUAL_PRINCIPAL, _rows([333 - off, 333, 334 + off]));
    }

    function testFuzz_unequal_totals_are_no_annuity(uint16 raw) public {
        uint256 off = bound(raw, 20, 300);
        _refuse(ICreditLine.Plan.ANNUITY, _rows([333 + off, 333, 334 - off]));
    }

    function test_a_sum_that_is_not_the_amount_is_refused() public {
        _refuse(ICreditLine.Plan.BULLET, bullet(END, 999));
        _refuse(ICreditLine.Plan.BULLET, bullet(END, 1_001));
    }

    function test_dates_that_do_not_rise_or_are_none_are_refused() public {
        ICreditLine.Instalment[] memory plan = _rows([uint256(333), 333, 334]);
        plan[1].date = plan[0].date;
        _refuse(ICreditLine.Plan.EQUAL_PRINCIPAL, plan);
        plan[1].date = 20260231;
        _refuse(ICreditLine.Plan.EQUAL_PRINCIPAL, plan);
        _refuse(ICreditLine.Plan.BULLET, bullet(TODAY, 1_000));
    }

    function test_none_and_more_than_a_hundred_and_twenty_are_refused() public {
        _refuse(ICreditLine.Plan.BULLET, new ICreditLine.Instalment[](0));
        ICreditLine.Instalment[] memory plan = new ICreditLine.Instalment[](121);
        for (uint32 i = 0; i < 121; ++i) {
            plan[i] = ICreditLine.Instalment((2027 + i / 12) * 10_000 + (1 + i % 12) * 100 + 1, i == 120 ? 1_000 : 0);
        }
        _refuse(ICreditLine.Plan.INTEREST_ONLY, plan);
    }
}
