// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IClaimable} from "contracts/interfaces/IClaimable.sol";
import {IDepositToken} from "contracts/interfaces/IDepositToken.sol";
import {IRevenueSplit} from "contracts/interfaces/IRevenueSplit.sol";
import {PoolWorld} from "support/PoolWorld.sol";

contract TakePoolTest is PoolWorld {
    function test_an_investor_is_paid_its_floor_once_by_anybody() public {
        sell(DAY_ONE, 10_001);
        uint256 paid = split.claimable(address(token), pool);
        vm.prank(stranger);
        equal(split.takePool(pool, investorA), paid * 50 / 100, "its floor");
        equal(token.balanceOf(investorA), paid / 2, "the investor has it");
        equal(split.claimable(address(token), pool), paid - paid / 2, "and the pool no more");
        equal(split.takenOf(pool), paid / 2, "what was taken");
        vm.expectRevert(abi.encodeWithSelector(IClaimable.NothingToWithdraw.selector, address(token), investorA));
        split.takePool(pool, investorA);
        equal(share(investorB), paid * 30 / 100, "others' shares stay");
    }

    function test_who_is_no_investor_takes_nothing_and_an_account_is_no_pool() public {
        sell(DAY_ONE, 10_000);
        vm.expectRevert(abi.encodeWithSelector(IRevenueSplit.NotAnInvestor.selector, pool, operator));
        split.takePool(pool, operator);
        vm.expectRevert(abi.encodeWithSelector(IRevenueSplit.PoolIncomplete.selector, operator));
        split.takePool(operator, investorA);
    }

    function test_a_frozen_investor_waits_loses_nothing_and_hinders_nobody() public {
        sell(DAY_ONE, 10_000);
        participants.freeze(investorA, "order");
        vm.expectRevert(abi.encodeWithSelector(IDepositToken.HolderNotAccepted.selector, investorA));
        split.takePool(pool, investorA);
        isTrue(split.takePool(pool, investorB) > 0, "another is paid");
        sell(DAY_ONE, 10_000);
        grant(address(participants), 4, participants.unfreeze.selector);
        participants.unfreeze(investorA);
        equal(split.takePool(pool, investorA), 1_400, "all of it in the end");
    }

    /// @dev The eager way, as it was: at each payment every investor is credited the difference of its floors.
    function testFuzz_floors_when_taken_are_what_would_have_been_credited_to_the_unit(
        uint64[8] memory weights,
        uint40[12] memory amounts,
        uint256 taken
    ) public {
        IRevenueSplit.Investor[] memory list = crowd(8);
        uint256 sum = 0;
        for (uint256 i = 0; i < 8; ++i) {
            list[i].weight = weights[i] >> uint8(taken >> 8 * i) % 64 >> 3 | 1;
            sum += list[i].weight;
        }
        allTo(poolOf(list), DAY_ONE + 1);
        address account = pools[pools.length - 1];
        uint256 paid = 0;
        uint256[8] memory credited;
        uint256[8] memory got;
        for (uint256 k = 0; k < 12; ++k) {
            uint256 amount = amounts[k] >> (taken >> 4 * k) % 40;
            sell(DAY_ONE + 1, amount);
            uint256 all = 0;
            for (uint256 i = 0; i < 8; ++i) {
                credited[i] += (paid + amount) * list[i].weight / sum - paid * list[i].weight / sum;
                equal(got[i] + split.claimableOfPool(account, list[i].account), credited[i], "to the unit");
                if (taken >> 8 * k + i & 1 == 1 && credited[i] != got[i]) {
                    got[i] += split.takePool(account, list[i].account);
                }
                all += credited[i];
            }
            paid += amount;
            isTrue(all <= paid && paid - all < 8, "less than a unit an investor is carried");
            equal(split.claimable(address(token), account) + split.takenOf(account), paid, "and it is the pool's");
        }
    }

    function testFuzz_a_share_of_all_that_a_bank_can_mint(uint128 gross, uint64 weight) public {
        IRevenueSplit.Investor[] memory list = crowd(2);
        list[0].weight = uint64(bound(weight, 1, type(uint64).max - 1));
        list[1].weight = type(uint64).max - list[0].weight;
        allTo(poolOf(list), DAY_ONE + 1);
        address account = pools[pools.length - 1];
        sell(DAY_ONE + 1, gross);
        uint256 first = uint256(gross) * list[0].weight / type(uint64).max;
        equal(split.claimableOfPool(account, list[0].account), first, "exact");
        if (first != 0) split.takePool(account, list[0].account);
        isTrue(gross - first - split.claimableOfPool(account, list[1].account) < 2, "and so is the other's");
    }

    function test_a_pool_can_have_more_than_one_place_in_the_terms() public {
        allTo(pool, DAY_ONE + 1);
        IRevenueSplit.Terms memory t = usualTerms(DAY_ONE + 2);
        t.residualAccount = pool;
        split.setTerms(PROJECT, t);
        sell(DAY_ONE + 1, 1_000);
        sell(DAY_ONE + 2, 1_000);
        // 10 of fee, 118 of sweep, 400 of rent; the allocation and the residual are the pool's
        equal(share(investorA), (1_000 + 472) / 2, "one balance");
    }
}
