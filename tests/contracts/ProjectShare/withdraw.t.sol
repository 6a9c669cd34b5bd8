// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProjectShare} from "contracts/interfaces/IProjectShare.sol";
import {ShareWorld} from "support/ShareWorld.sol";

contract ProjectShareWithdrawTest is ShareWorld {
    function testFuzz_anyone_pushes_it_to_its_holder_in_a_pause_too(uint256 seed) public {
        income(1_000);
        shares.pause();
        token.pause();
        vm.prank(anyone(seed));
        equal(shares.withdraw(PROJECT, investorA), 600, "all that was earned");
        equal(token.balanceOf(investorA), 600, "there");
        refuse(abi.encodeWithSelector(IProjectShare.AmountZero.selector));
        shares.withdraw(PROJECT, investorA);
    }

    function test_who_is_frozen_waits_and_hinders_nobody() public {
        income(1_000);
        participants.freeze(investorA, "word");
        refuse(abi.encodeWithSignature("HolderNotAccepted(address)", investorA));
        shares.withdraw(PROJECT, investorA);
        equal(shares.withdraw(PROJECT, investorB), 400, "the other is paid");
    }
}
