// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProjectShare} from "contracts/interfaces/IProjectShare.sol";
import {ShareWorld} from "support/ShareWorld.sol";

contract ProjectShareIncreaseTest is ShareWorld {
    function testFuzz_by_consent_of_all_and_what_came_before_is_the_olds(uint64 raw, uint64 early, uint64 late) public {
        uint128 count = uint128(bound(raw, 1, CAP - 100));
        consent(investorA, investorC, count);
        consent(investorB, investorC, count);
        if (early != 0) token.mint(shares.accountOf(PROJECT), early, "not taken in yet");
        increase(investorC, count, both());
        equal(shares.earned(PROJECT, investorC), 0, "nothing of what was earned before");
        uint256 old = shares.earned(PROJECT, investorA) + shares.earned(PROJECT, investorB);
        isTrue(old + 100 > uint256(early) << 96, "all of it is the holders', but less than a part a share");
        equal(shares.projectOf(PROJECT).supply, 100 + uint256(count), "supply");
        if (late == 0) return;
        income(late);
        uint256 share = (uint256(late) << 96) / (100 + uint256(count)) * count;
        isTrue(shares.earned(PROJECT, investorC) <= share + count, "no more than its share of what comes after");
    }

    function testFuzz_more_than_the_cap_is_refused(uint128 raw) public {
        uint128 count = uint128(bound(raw, uint256(CAP) - 99, type(uint128).max));
        consent(investorA, investorC, count);
        consent(investorB, investorC, count);
        refuse(abi.encodeWithSelector(IProjectShare.CapExceeded.selector, PROJECT, CAP, uint256(count) + 100));
        increase(investorC, count, both());
    }

    function test_without_one_holders_consent_is_refused() public {
        consent(investorA, operator, 99_900);
        refuse(abi.encodeWithSelector(IProjectShare.ConsentMissing.selector, PROJECT, investorB));
        increase(operator, 99_900, both());
        address[] memory one = new address[](1);
        one[0] = investorA;
        refuse(abi.encodeWithSelector(IProjectShare.HoldersMissing.selector, PROJECT, 60, 100));
        increase(operator, 99_900, one);
    }

    function test_who_is_named_twice_counts_once() public {
        consent(investorA, operator, 10);
        address[] memory twice = new address[](2);
        (twice[0], twice[1]) = (investorA, investorA);
        refuse(abi.encodeWithSelector(IProjectShare.HoldersNotSorted.selector, investorA, investorA));
        increase(operator, 10, twice);
    }

    function test_the_issuers_own_shares_count_once() public {
        vm.prank(investorA);
        shares.transfer(PROJECT, operator, 60);
        consent(operator, operator, 10);
        address[] memory himself = new address[](1);
        himself[0] = operator;
        refuse(abi.encodeWithSelector(IProjectShare.ConsentMissing.selector, PROJECT, operator));
        increase(operator, 10, himself);
        consent(investorB, operator, 10);
        himself[0] = investorB;
        increase(operator, 10, himself);
        equal(shares.balanceOf(PROJECT, operator), 70, "with the consent of the other holder");
    }

    function test_a_consent_is_for_one_increase_only() public {
        consent(investorA, investorC, 10);
        consent(investorB, investorC, 10);
        refuse(abi.encodeWithSelector(IProjectShare.ConsentMissing.selector, PROJECT, both()[0]));
        increase(investorC, 11, both());
        refuse(abi.encodeWithSelector(IProjectShare.ConsentMissing.selector, PROJECT, both()[0]));
        increase(operator, 10, both());
        increase(investorC, 10, both());
        address[] memory three = new address[](3);
        (three[0], three[1], three[2]) = (investorA, investorB, investorC);
        for (uint256 i = 0; i < 2; ++i) {
            for (uint256 j = 0; j < 2; ++j) {
                if (three[j] > three[j + 1]) (three[j], three[j + 1]) = (three[j + 1], three[j]);
            }
        }
        refuse(abi.encodeWithSelector(IProjectShare.ConsentMissing.selector, PROJECT, three[0]));
        increase(investorC, 10, three);
    }

    function test_a_consent_does_not_come_back_with_the_old_number_of_shares() public {
        consent(investorA, investorC, 10);
        consent(investorB, investorC, 10);
        increase(investorC, 10, both());
        give(operator, 10);
        vm.prank(operator);
        token.approve(address(shares), 10);
        vm.prank(operator);
        shares.offerRedemption(PROJECT, 1);
        vm.prank(investorC);
        shares.redeem(PROJECT, 10, 1, type(uint64).max);
        refuse(abi.encodeWithSelector(IProjectShare.ConsentMissing.selector, PROJECT, both()[0]));
        increase(investorC, 10, both());
    }

    function test_who_sold_takes_its_consent_along() public {
        consent(investorA, investorC, 10);
        consent(investorB, investorC, 10);
        vm.prank(investorA);
        shares.transfer(PROJECT, stillAnother(), 60);
        refuse(abi.encodeWithSelector(IProjectShare.HoldersMissing.selector, PROJECT, 40, 100));
        increase(investorC, 10, both());
    }

    function testFuzz_by_another_and_in_a_pause_is_refused(uint256 seed) public {
        address[] memory holders = both();
        refuse(abi.encodeWithSelector(IProjectShare.NotTheIssuer.selector, PROJECT, anyone(seed)));
        vm.prank(anyone(seed));
        shares.increase(PROJECT, investorC, 1, holders);
        shares.pause();
        refusePaused();
        increase(investorC, 1, holders);
    }

    function stillAnother() private view returns (address) {
        return factory;
    }
}
