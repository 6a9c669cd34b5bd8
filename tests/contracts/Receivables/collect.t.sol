// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";

contract ReceivablesCollectTest is ClaimsWorld {
    /// @dev The obligor pays, and nobody collects.
    function _fund(uint64 root, uint128 amount) private {
        approve(core, amount);
        vm.prank(core);
        receivables.fund(root, amount);
    }

    function test_what_is_paid_waits_until_somebody_collects_it() public {
        (uint64 root, uint64 part) = confirmed();
        _fund(root, 1_000);
        inState(root, IReceivables.State.SETTLED, "settled at once");
        equal(receivables.claimable(address(token), tierOne), 0, "waits");
        IReceivables.Part memory p = receivables.part(part);
        isTrue(p.live && p.redeemed == 1_000 && p.credited == 0, "on its part");
        vm.prank(stranger);
        receivables.collect(ids(part));
        equal(receivables.claimable(address(token), tierOne), 1_000, "the holder's, whoever asks");
        receivables.collect(ids(part));
        equal(receivables.claimable(address(token), tierOne), 1_000, "once");
        isTrue(!receivables.part(part).live, "the part has ended");
        equal(receivables.part(part).redeemed, 1_000, "and says what it had");
    }

    function test_what_is_pledged_or_gone_is_passed_over() public {
        (uint64 root, uint64 part) = confirmed();
        vm.prank(tierOne);
        uint64[] memory children = receivables.split(part, two(400, 600));
        vm.prank(tierOne);
        receivables.pledge(children[1], bank);
        _fund(root, 500);
        uint64[] memory all = new uint64[](4);
        (all[0], all[1], all[2], all[3]) = (part, children[1], children[0], 99);
        receivables.collect(all);
        equal(receivables.claimable(address(token), tierOne), 200, "of the free part alone");
        equal(receivables.part(children[1]).redeemed - receivables.part(children[1]).credited, 300, "the pledgee's");
    }

    /// @dev What came before a part changed hands is its old holder's, and what comes later is not.
    function testFuzz_what_was_paid_before_is_the_old_holders(uint16 raw, uint8 how) public {
        uint128 paid = uint128(bound(raw, 1, 999));
        (uint64 root, uint64 part) = confirmed();
        _fund(root, paid);
        if (how % 3 == 0) {
            pass(part, tierTwo, false);
        } else if (how % 3 == 1) {
            vm.prank(tierOne);
            receivables.pledge(part, bank);
        } else if (paid < 999) {
            vm.prank(tierOne);
            receivables.split(part, two(1, 999 - paid));
        } else {
            receivables.collect(ids(part));
        }
        equal(receivables.claimable(address(token), tierOne), paid, "all of it");
        _fund(root, 1_000 - paid);
        receivables.collect(partsOf(root));
        uint256 later = how % 3 == 2 ? 1_000 : paid;
        equal(receivables.claimable(address(token), tierOne), later, "and no more than its own");
    }
}
