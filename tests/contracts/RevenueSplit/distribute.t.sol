// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Roles} from "contracts/libraries/Roles.sol";
import {BusinessDate} from "contracts/libraries/BusinessDate.sol";
import {Waterfall} from "contracts/libraries/Waterfall.sol";
import {IRevenueSplit} from "contracts/interfaces/IRevenueSplit.sol";
import {Ledger} from "support/Ledger.sol";

contract DistributeTest is Ledger {
    function setUp() public {
        deploy();
        yearLater();
        split.setTerms(PROJECT, usualTerms(DAY_ONE));
    }

    function test_a_day_is_shared_in_the_order_of_the_tiers() public {
        fund(10_000, "e1");
        split.distribute(facts("b1", DAY_ONE, 10_000, 500, 700, 100));
        // net 8,800; goods 3,000; fee 88; sweep 12 % of 5,712; site 10 % of net; pool 14 % of net
        equal(split.claimable(address(token), refunds), 500, "refunds");
        equal(split.claimable(address(token), taxes), 700, "tax");
        equal(split.claimable(address(token), supplier), 3_000, "goods");
        equal(split.claimable(address(token), platform), 88, "fee");
        equal(split.claimable(address(token), lender), 685, "sweep");
        equal(split.claimable(address(token), site), 880, "site");
        equal(share(investorA), 616, "investor a");
        equal(share(investorB), 369, "investor b");
        equal(share(investorC), 246, "investor c");
        equal(carried(), 1, "carried");
        equal(split.claimable(address(token), operator), 2_915, "operator");
    }

    function test_preview_says_what_distribute_does() public {
        IRevenueSplit.Distribution memory d = facts("b1", DAY_ONE, 12_345, 67, 89, 31);
        IRevenueSplit.Credit[] memory credits = split.preview(d);
        fund(12_345, "e1");
        split.distribute(d);
        uint256 sum = 0;
        for (uint256 i = 0; i < credits.length; ++i) {
            equal(split.claimable(address(token), credits[i].account), credits[i].amount, "a credit");
            sum += credits[i].amount;
        }
        equal(sum, 12_345, "all of it");
    }

    function testFuzz_credited_is_received(uint96 gross, uint96 refunded, uint96 tax, uint32 units) public {
        fund(gross, "e1");
        split.distribute(facts("b1", DAY_ONE, gross, refunded, tax, units));
        equal(claimed(), gross, "credited = received");
    }

    function testFuzz_cutting_a_day_into_batches_changes_nothing(uint96[4] memory gross, uint16[4] memory units) public {
        uint256 whole = 0;
        uint64 all = 0;
        for (uint256 i = 0; i < 4; ++i) {
            // each batch covers what it owes: then the order of payment can't matter
            uint256 amount = bound(gross[i], 100_000, 1e12);
            uint64 count = uint64(bound(units[i], 0, 50));
            fund(amount, bytes32(i + 1));
            split.distribute(facts(bytes32(i + 1), DAY_ONE, amount, 0, 0, count));
            whole += amount;
            all += count;
        }
        uint256[4] memory cut = _shares();
        deploy();
        split.setTerms(PROJECT, usualTerms(DAY_ONE));
        fund(whole, "whole");
        split.distribute(facts("whole", DAY_ONE, whole, 0, 0, all));
        uint256[4] memory once = _shares();
        for (uint256 i = 0; i < 4; ++i) {
            equal(cut[i], once[i], "batching-neutral");
        }
    }

    function _shares() private view returns (uint256[4] memory) {
        return [
            split.claimable(address(token), operator),
            split.claimable(address(token), site),
            split.claimable(address(token), lender),
            share(investorA) + share(investorB) * 2
        ];
    }

    function test_what_cannot_be_paid_stays_owed_and_comes_first_next_time() public {
        fund(100, "e1");
        split.distribute(facts("b1", DAY_ONE, 100, 0, 0, 10));
        equal(split.claimable(address(token), supplier), 100, "all there is goes to the goods");
        equal(uint256(split.owed(PROJECT, IRevenueSplit.Tier.GOODS, supplier)), 200, "the rest is owed");
        fund(5_000, "e2");
        split.distribute(facts("b2", DAY_ONE + 1, 5_000, 0, 0, 0));
        equal(split.claimable(address(token), supplier), 300, "paid from the next day");
        equal(uint256(split.owed(PROJECT, IRevenueSplit.Tier.GOODS, supplier)), 0, "nothing owed");
    }

    function test_a_refund_after_the_revenue_is_set_off_and_nothing_is_taken_back() public {
        fund(10_000, "e1");
        split.distribute(facts("b1", DAY_ONE, 10_000, 0, 0, 0));
        uint256 before = split.claimable(address(token), site);
        split.distribute(facts("b2", DAY_ONE, 0, 5_000, 0, 0));
        equal(split.claimable(address(token), site), before, "credited money stays");
        isTrue(split.owed(PROJECT, IRevenueSplit.Tier.ALLOCATION, site) < 0, "what was too much is a negative debt");
        equal(uint256(split.owed(PROJECT, IRevenueSplit.Tier.REFUND, refunds)), 5_000, "the refund is owed");
        fund(6_000, "e2");
        split.distribute(facts("b3", DAY_ONE, 6_000, 0, 0, 0));
        equal(split.claimable(address(token), refunds), 5_000, "and paid first");
        equal(claimed(), 16_000, "credited = received");
    }

    function test_a_batch_is_distributed_once() public {
        fund(2_000, "e1");
        split.distribute(facts("b1", DAY_ONE, 1_000, 0, 0, 0));
        vm.expectRevert(abi.encodeWithSelector(IRevenueSplit.AlreadyDistributed.selector, PROJECT, bytes32("b1")));
        split.distribute(facts("b1", DAY_ONE, 1_000, 0, 0, 0));
    }

    function test_a_head_that_is_not_anchored_proves_nothing() public {
        fund(1_000, "e1");
        IRevenueSplit.Distribution memory d = facts("b1", DAY_ONE, 1_000, 0, 0, 0);
        d.headSize = 2;
        vm.expectRevert(abi.encodeWithSelector(IRevenueSplit.HeadNotAnchored.selector, uint64(2)));
        split.distribute(d);
    }

    function test_money_that_is_not_there_is_not_distributed() public {
        fund(999, "e1");
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientBalance.selector, token.collectionOf(PROJECT), 999, 1_000
            )
        );
        split.distribute(facts("b1", DAY_ONE, 1_000, 0, 0, 0));
    }

    function test_before_the_first_terms_there_are_none() public {
        vm.expectRevert(abi.encodeWithSelector(IRevenueSplit.NoTermsOn.selector, PROJECT, DAY_ONE - 8_870));
        split.distribute(facts("b1", DAY_ONE - 8_870, 0, 0, 0, 0));
    }

    function test_two_dates_of_two_periods_are_refused() public {
        IRevenueSplit.Distribution memory d = facts("b1", DAY_ONE, 0, 0, 0, 0);
        d.periodEnd = DAY_ONE + 1;
        vm.expectRevert(abi.encodeWithSelector(IRevenueSplit.PeriodInvalid.selector, DAY_ONE, DAY_ONE + 1));
        split.distribute(d);
    }

    function test_a_date_that_is_none_is_refused() public {
        vm.expectRevert(abi.encodeWithSelector(BusinessDate.DateInvalid.selector, uint32(20261301)));
        split.distribute(facts("b1", 20261301, 0, 0, 0, 0));
    }

    function test_goods_without_a_line_are_refused() public {
        IRevenueSplit.Terms memory t = usualTerms(DAY_ONE + 1);
        t.goods[0].goods = keccak256("water");
        split.setTerms(PROJECT, t);
        vm.expectRevert(abi.encodeWithSelector(IRevenueSplit.GoodsUnknown.selector, keccak256("cola")));
        split.distribute(facts("b1", DAY_ONE + 1, 0, 0, 0, 1));
    }

    function test_an_unknown_project_is_refused() public {
        IRevenueSplit.Distribution memory d = facts("b1", DAY_ONE, 0, 0, 0, 0);
        d.project = keccak256("another");
        vm.expectRevert(abi.encodeWithSelector(IRevenueSplit.ProjectUnknown.selector, d.project));
        split.distribute(d);
    }

    function test_only_the_oracle_distributes() public {
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger));
        split.distribute(facts("b1", DAY_ONE, 0, 0, 0, 0));
    }

    function test_a_pause_stops_distributing_and_leaves_withdrawing_open() public {
        fund(1_000, "e1");
        split.distribute(facts("b1", DAY_ONE, 1_000, 0, 0, 0));
        split.pause();
        vm.prank(operator);
        isTrue(split.withdraw(address(token), operator) > 0, "withdrawing works");
        vm.expectRevert(abi.encodeWithSelector(Pausable.EnforcedPause.selector));
        split.distribute(facts("b2", DAY_ONE, 0, 0, 0, 0));
    }

    function test_what_was_distributed_can_be_read() public {
        grant(address(split), Roles.GUARDIAN, split.unpause.selector);
        split.pause();
        split.unpause();
        fund(1_000, "e-read");
        split.distribute(facts("b-read", DAY_ONE, 1_000, 100, 50, 3));
        Waterfall.Totals memory totals = split.totalsOf(PROJECT, 1, DAY_ONE);
        equal(totals.gross, 1_000, "gross");
        equal(totals.refunds, 100, "refunds");
        equal(totals.tax, 50, "tax");
        equal(totals.units, 3, "units");
        equal(totals.goodsCost, 90, "what the goods cost");
        equal(split.distributed(PROJECT), 1_000, "distributed");
        isTrue(split.isDistributed(PROJECT, "b-read"), "the batch");
        isTrue(split.owed(PROJECT, IRevenueSplit.Tier.ALLOCATION, site) == 0, "the site was paid");
    }

    function test_a_goods_cost_that_no_total_can_hold_is_refused() public {
        IRevenueSplit.Terms memory t = usualTerms(DAY_ONE + 5);
        t.goods[0].unitCost = type(uint88).max;
        split.setTerms(PROJECT, t);
        IRevenueSplit.Distribution memory d = facts("b-cost", DAY_ONE + 5, 0, 0, 0, type(uint64).max);
        uint256 cost = uint256(type(uint88).max) * type(uint64).max;
        vm.expectRevert(
            abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, uint8(128), cost)
        );
        split.distribute(d);
    }
}
