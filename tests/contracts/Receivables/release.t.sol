// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";

contract ReceivablesReleaseTest is ClaimsWorld {
    /// @dev A part of 1,000 that is pledged to the bank, and what was paid on it.
    function _pledged(uint128 paid) private returns (uint64 root, uint64 part) {
        (root, part) = confirmed();
        vm.prank(tierOne);
        receivables.pledge(part, bank);
        if (paid != 0) pay(core, root, paid);
    }

    function test_a_free_part_moves_again_and_what_waited_is_its_holders() public {
        (uint64 root, uint64 part) = _pledged(400);
        vm.prank(bank);
        receivables.take(part, 100);
        vm.prank(bank);
        receivables.release(part);
        equal(receivables.claimable(address(token), tierOne), 300, "the holder's");
        equal(unpaid(root), 600, "the rest is owed");
        pass(part, tierTwo, false);
    }

    function test_a_part_that_is_paid_ends_with_its_pledge() public {
        (uint64 root, uint64 part) = _pledged(1_000);
        inState(root, IReceivables.State.SETTLED, "paid");
        equal(partsOf(root).length, 1, "kept for the pledgee");
        vm.prank(bank);
        receivables.release(part);
        equal(partsOf(root).length, 0, "gone");
        equal(receivables.claimable(address(token), tierOne), 1_000, "the holder's");
        refuse(abi.encodeWithSelector(IReceivables.PartNotPledged.selector, part));
        vm.prank(bank);
        receivables.release(part);
    }

    function testFuzz_by_another_is_refused(uint256 seed) public {
        (, uint64 part) = _pledged(0);
        refuse(abi.encodeWithSelector(IReceivables.NotThePledgee.selector, part, anyone(seed)));
        vm.prank(anyone(seed));
        receivables.release(part);
    }

    function test_a_pause_does_not_hinder_it() public {
        (, uint64 part) = _pledged(10);
        receivables.pause();
        vm.prank(bank);
        receivables.take(part, 5);
        vm.prank(bank);
        receivables.release(part);
    }
}
