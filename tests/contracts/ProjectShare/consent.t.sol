// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IParticipantRegistry} from "contracts/interfaces/IParticipantRegistry.sol";
import {IProjectShare} from "contracts/interfaces/IProjectShare.sol";
import {ShareWorld} from "support/ShareWorld.sol";

contract ProjectShareConsentTest is ShareWorld {
    function test_a_consent_ends_and_can_be_taken_back() public {
        uint64 until = uint64(block.timestamp + 10);
        consent(investorA, investorC, 10);
        vm.prank(investorB);
        shares.consent(PROJECT, investorC, 10, 100, until);
        vm.warp(until + 1);
        refuse(abi.encodeWithSelector(IProjectShare.ConsentMissing.selector, PROJECT, investorB));
        increase(investorC, 10, both());
        consent(investorB, investorC, 10);
        vm.prank(investorB);
        shares.consent(PROJECT, investorC, 10, 100, 0);
        refuse(abi.encodeWithSelector(IProjectShare.ConsentMissing.selector, PROJECT, investorB));
        increase(investorC, 10, both());
        consent(investorB, investorC, 10);
        increase(investorC, 10, both());
    }

    function testFuzz_a_consent_beside_another_number_of_shares_is_refused(uint128 stated) public {
        if (stated == 100) ++stated;
        refuse(abi.encodeWithSelector(IProjectShare.SupplyDiffers.selector, PROJECT, 100, stated));
        vm.prank(investorA);
        shares.consent(PROJECT, investorC, 10, stated, type(uint64).max);
    }

    function test_a_consent_by_who_is_not_active_is_refused() public {
        participants.freeze(investorA, "word");
        refuse(abi.encodeWithSelector(IParticipantRegistry.ParticipantNotActive.selector, investorA));
        vm.prank(investorA);
        shares.consent(PROJECT, investorC, 10, 100, type(uint64).max);
    }
}
