// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IClaimable} from "contracts/interfaces/IClaimable.sol";
import {IRevenueSplit} from "contracts/interfaces/IRevenueSplit.sol";
import {PoolWorld} from "support/PoolWorld.sol";

contract EndPoolTest is PoolWorld {
    function test_a_pool_ends_when_terms_that_do_not_name_it_have_paid() public {
        bytes memory refused = abi.encodeWithSelector(IRevenueSplit.PoolStillInForce.selector, pool);
        vm.expectRevert(refused);
        split.endPool(pool); // nothing was distributed yet
        allTo(pool, DAY_ONE + 1);
        sell(DAY_ONE + 1, 101);
        vm.expectRevert(refused);
        split.endPool(pool);
        allTo(operator, DAY_ONE + 2);
        vm.expectRevert(refused);
        split.endPool(pool); // others hold, and were not used yet
        equal(carried(), 1, "a unit is carried");
        sell(DAY_ONE + 2, 0);
        vm.prank(stranger);
        split.endPool(pool);
        equal(carried(), 0, "nothing is carried");
        equal(share(investorA) + share(investorB) + share(investorC), 101, "all of it is theirs");
        vm.expectRevert(abi.encodeWithSelector(IClaimable.NothingToWithdraw.selector, address(token), pool));
        split.endPool(pool);
    }

    function test_what_is_no_pool_does_not_end() public {
        vm.expectRevert(abi.encodeWithSelector(IRevenueSplit.PoolIncomplete.selector, operator));
        split.endPool(operator);
    }

    /// @dev At any payment and any end, taken or not in between: the investors have all of the ended runs, and their floors
    /// of the present one.
    function testFuzz_ended_runs_are_the_investors_to_the_unit(uint32[6] memory amounts, uint64 seed) public {
        IRevenueSplit.Investor[] memory list = crowd(5);
        uint256 sum = 0;
        for (uint256 i = 0; i < 5; ++i) {
            sum += list[i].weight = uint64(1 + (seed >> 8 * i) % 97);
        }
        allTo(poolOf(list), DAY_ONE + 1);
        address account = pools[pools.length - 1];
        allTo(operator, DAY_ONE + 2);
        sell(DAY_ONE + 2, 0);
        uint256 paid = 0;
        uint256 start = 0;
        uint256[5] memory got;
        for (uint256 k = 0; k < 6; ++k) {
            paid += _paidIn(uint256(amounts[k] >> seed % 32) + 1);
            if (seed >> 40 + k & 1 == 1) {
                split.endPool(account);
                start = paid;
            }
            uint256 floors = _floors(list, paid - start, sum);
            uint256 had = _had(account, list, got, (seed >> 20) + k);
            equal(had, start + floors, "ended runs whole, the present one in floors");
        }
    }

    function _paidIn(uint256 amount) private returns (uint256) {
        sell(DAY_ONE + 1, amount);
        return amount;
    }

    function _floors(IRevenueSplit.Investor[] memory list, uint256 paid, uint256 sum) private pure returns (uint256 all) {
        for (uint256 i = 0; i < list.length; ++i) {
            all += paid * list[i].weight / sum;
        }
    }

    /// @dev What all have taken and can take; some of them, by the seed's bits, take it now.
    function _had(address account, IRevenueSplit.Investor[] memory list, uint256[5] memory got, uint256 seed)
        private
        returns (uint256 all)
    {
        for (uint256 i = 0; i < list.length; ++i) {
            uint256 can = split.claimableOfPool(account, list[i].account);
            all += got[i] + can;
            if (seed + 3 * i & 1 == 1 && can != 0) got[i] += split.takePool(account, list[i].account);
        }
    }

    function test_who_comes_late_takes_over_all_the_runs_that_ended() public {
        allTo(pool, DAY_ONE + 1);
        allTo(operator, DAY_ONE + 2);
        sell(DAY_ONE + 2, 0);
        for (uint256 i = 0; i < 501; ++i) {
            sell(DAY_ONE + 1, 1);
            split.endPool(pool);
        }
        sell(DAY_ONE + 1, 99);
        uint256 all = share(investorA) + share(investorB) + share(investorC);
        equal(all, 501 + 49 + 29 + 19, "every unit of the runs, and floors");
        uint256 gas_ = gasleft();
        uint256 first = split.takePool(pool, investorA) + split.takePool(pool, investorB) + split.takePool(pool, investorC);
        isTrue(gas_ - gasleft() < 20_000_000, "in pieces that fit into a block");
        equal(first, 500, "of 500 runs");
        uint256 more = 0;
        address[3] memory three = [investorA, investorB, investorC];
        for (uint256 i = 0; i < 3; ++i) {
            if (share(three[i]) != 0) more += split.takePool(pool, three[i]);
        }
        equal(first + more, all, "and then the rest");
    }
}
