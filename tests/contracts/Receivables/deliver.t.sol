// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";

contract ReceivablesDeliverTest is ClaimsWorld {
    function _order() private returns (uint64 root, uint64 part) {
        return owedClaim(IReceivables.Kind.ORDER, core, tierOne, 1_000, DUE);
    }

    function test_an_order_is_owed_once_it_is_delivered_and_carries_its_pledge() public {
        (uint64 root, uint64 part) = _order();
        vm.prank(tierOne);
        receivables.pledge(part, bank);
        advanceTo(AFTER);
        equal(uint256(receivables.poke(root)), uint256(IReceivables.State.CONFIRMED), "nothing is due");
        vm.prank(core);
        receivables.deliver(root, keccak256("note"));
        equal(uint256(receivables.poke(root)), uint256(IReceivables.State.MATURED), "due on the day of the delivery");
        equal(receivables.part(part).pledgee, bank, "its pledge came with it");
    }

    /// Delivered a year late, the order's days count from the delivery.
    function test_a_late_delivery_is_no_default() public {
        (uint64 root,) = _order();
        advanceTo(20270401);
        vm.prank(core);
        receivables.deliver(root, keccak256("note"));
        equal(uint256(receivables.poke(root)), uint256(IReceivables.State.MATURED), "due");
        advanceTo(20270402);
        equal(uint256(receivables.poke(root)), uint256(IReceivables.State.OVERDUE), "late");
        advanceTo(20270501);
        equal(uint256(receivables.poke(root)), uint256(IReceivables.State.OVERDUE), "30 days");
        advanceTo(20270502);
        equal(uint256(receivables.poke(root)), uint256(IReceivables.State.DEFAULTED), "31 days");
    }

    function test_an_order_that_was_paid_before_is_acknowledged_too() public {
        (uint64 root,) = _order();
        pay(core, root, 1_000);
        inState(root, IReceivables.State.SETTLED, "paid");
        vm.prank(core);
        receivables.deliver(root, keccak256("note"));
        equal(receivables.claim(root).deliveredOn, TODAY, "and delivered");
        inState(root, IReceivables.State.SETTLED, "still paid");
    }

    function test_before_its_confirmation_is_refused() public {
        IReceivables.Terms memory t = claimTerms(IReceivables.Kind.ORDER, core, tierOne, 1_000, DUE);
        uint64 root = draftBy(tierOne, t);
        refuseState(root, IReceivables.State.DRAFT);
        vm.prank(core);
        receivables.deliver(root, 0);
    }

    function test_what_is_no_order_is_refused() public {
        (uint64 root,) = confirmed();
        refuseState(root, IReceivables.State.CONFIRMED);
        vm.prank(core);
        receivables.deliver(root, 0);
    }

    function test_twice_is_refused() public {
        (uint64 root,) = _order();
        vm.prank(core);
        receivables.deliver(root, 0);
        refuseState(root, IReceivables.State.CONFIRMED);
        vm.prank(core);
        receivables.deliver(root, 0);
    }

    function testFuzz_by_anyone_but_the_obligor_is_refused(uint256 seed) public {
        (uint64 root,) = _order();
        refuse(abi.encodeWithSelector(IReceivables.NotAParty.selector, root, anyone(seed)));
        vm.prank(anyone(seed));
        receivables.deliver(root, 0);
    }
}
