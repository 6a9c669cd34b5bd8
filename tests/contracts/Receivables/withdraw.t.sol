// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IClaimable} from "contracts/interfaces/IClaimable.sol";
import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";

contract ReceivablesWithdrawTest is ClaimsWorld {
    function testFuzz_anyone_pushes_it_to_who_was_credited(uint256 seed, uint16 raw) public {
        uint128 amount = uint128(bound(raw, 1, 1_000));
        (uint64 root,) = confirmed();
        pay(core, root, amount);
        vm.prank(anyone(seed));
        equal(receivables.withdraw(address(token), tierOne), amount, "all of it");
        equal(token.balanceOf(tierOne), amount, "there");
        equal(token.balanceOf(address(receivables)), 0, "nothing is left");
        refuse(abi.encodeWithSelector(IClaimable.NothingToWithdraw.selector, address(token), tierOne));
        receivables.withdraw(address(token), tierOne);
    }

    function test_who_is_frozen_waits_and_hinders_nobody() public {
        (uint64 root, uint64 part) = confirmed();
        vm.prank(tierOne);
        uint64[] memory children = receivables.split(part, two(400, 600));
        pass(children[1], tierTwo, false);
        participants.freeze(tierOne, "word");
        pay(core, root, 1_000);
        refuse(abi.encodeWithSignature("HolderNotAccepted(address)", tierOne));
        receivables.withdraw(address(token), tierOne);
        equal(receivables.withdraw(address(token), tierTwo), 600, "the other is paid");
        equal(receivables.claimable(address(token), tierOne), 400, "what is its own waits");
    }

    function test_a_pause_of_both_does_not_hinder_it() public {
        (uint64 root,) = confirmed();
        pay(core, root, 10);
        receivables.pause();
        token.pause();
        receivables.withdraw(address(token), tierOne);
    }
}
