// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";

contract ReceivablesPayRecourseTest is ClaimsWorld {
    function _demand(uint64 part, address holder) private {
        vm.prank(holder);
        receivables.demandRecourse(part);
    }

    function _pay(uint64 part, address endorser) private returns (uint64) {
        IReceivables.Part memory p = receivables.part(part);
        approve(endorser, p.amount - p.redeemed);
        vm.prank(endorser);
        return receivables.payRecourse(part);
    }

    function test_recourse_walks_back_an_endorser_a_step_each_paid_once() public {
        (uint64 root, uint64 part) = confirmed();
        uint64 second = pass(part, tierTwo, true);
        uint64 third = pass(second, bank, true);
        advanceTo(DUE);
        pay(core, root, 100);
        advanceTo(AFTER);
        _demand(third, bank);
        uint64 held = _pay(third, tierTwo);
        refuse(abi.encodeWithSelector(IReceivables.PartNotLive.selector, third));
        vm.prank(tierTwo);
        receivables.payRecourse(third);
        _demand(held, tierTwo);
        held = _pay(held, tierOne);
        refuse(abi.encodeWithSelector(IReceivables.NoRecourse.selector, held));
        _demand(held, tierOne);
        equal(receivables.claimable(address(token), bank), 1_000, "the bank has all");
        equal(receivables.claimable(address(token), tierTwo), 900, "what it paid came back");
        equal(unpaid(root), 900, "the obligor owes it still");
        advanceTo(20260502);
        equal(uint256(receivables.poke(root)), uint256(IReceivables.State.DEFAULTED), "in default");
        pay(core, root, 900);
        equal(receivables.claimable(address(token), tierOne), 900, "a late payment reaches who bears the loss");
        inState(root, IReceivables.State.SETTLED, "settled after all");
    }

    function testFuzz_the_endorser_holds_the_part_as_before_it_passed_it_on(uint16 raw) public {
        uint128 first = uint128(bound(raw, 16, 984));
        (, uint64 part) = confirmed();
        uint64 second = pass(part, tierTwo, true);
        vm.prank(tierTwo);
        uint64 piece = receivables.split(second, two(first, 1_000 - first))[0];
        uint64 third = pass(piece, bank, true);
        advanceTo(AFTER);
        _demand(third, bank);
        IReceivables.Part memory p = receivables.part(_pay(third, tierTwo));
        isTrue(p.endorsed == part && p.recourse && !p.demanded && p.live, "as it held it");
        equal(receivables.claimable(address(token), bank), first, "by what was owed");
    }

    function test_without_a_demand_is_refused() public {
        (, uint64 part) = overdue(true);
        approve(tierOne, 1_000);
        refuse(abi.encodeWithSelector(IReceivables.RecourseNotDemanded.selector, part));
        vm.prank(tierOne);
        receivables.payRecourse(part);
    }

    function testFuzz_by_another_is_refused(uint256 seed) public {
        (, uint64 part) = overdue(true);
        _demand(part, tierTwo);
        refuse(abi.encodeWithSelector(IReceivables.NotTheEndorser.selector, part, anyone(seed)));
        vm.prank(anyone(seed));
        receivables.payRecourse(part);
    }

    function test_a_pause_of_both_does_not_hinder_it() public {
        (, uint64 part) = overdue(true);
        _demand(part, tierTwo);
        approve(tierOne, 1_000);
        receivables.pause();
        token.pause();
        vm.prank(tierOne);
        receivables.payRecourse(part);
    }

    function test_without_the_money_nothing_changes() public {
        (, uint64 part) = overdue(true);
        _demand(part, tierTwo);
        vm.expectRevert();
        vm.prank(tierOne);
        receivables.payRecourse(part);
        isTrue(receivables.part(part).live, "the holder has it");
        equal(receivables.claimable(address(token), tierTwo), 0, "and was credited nothing");
    }
}
