// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IParticipantRegistry} from "contracts/interfaces/IParticipantRegistry.sol";
import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";

contract ReceivablesDemandRecourseTest is ClaimsWorld {
    function test_by_a_holder_who_is_frozen_is_refused() public {
        (, uint64 part) = overdue(true);
        participants.freeze(tierTwo, "order");
        refuse(abi.encodeWithSelector(IParticipantRegistry.AccountFrozen.selector, tierTwo));
        vm.prank(tierTwo);
        receivables.demandRecourse(part);
    }

    function test_the_holder_of_an_overdue_part_asks_its_endorser() public {
        (uint64 root, uint64 part) = overdue(true);
        vm.prank(tierTwo);
        receivables.demandRecourse(part);
        inState(root, IReceivables.State.RECOURSE, "recourse");
        isTrue(receivables.part(part).demanded, "asked");
    }

    function test_after_the_default_as_well() public {
        (uint64 root, uint64 part) = overdue(true);
        advanceTo(20270101);
        vm.prank(tierTwo);
        receivables.demandRecourse(part);
        inState(root, IReceivables.State.DEFAULTED, "in default, and asked");
    }

    function test_before_it_is_overdue_is_refused() public {
        (uint64 root, uint64 part) = confirmed();
        part = pass(part, tierTwo, true);
        advanceTo(DUE);
        refuseState(root, IReceivables.State.MATURED);
        vm.prank(tierTwo);
        receivables.demandRecourse(part);
    }

    function test_of_who_gave_none_is_refused() public {
        (, uint64 part) = overdue(false);
        refuse(abi.encodeWithSelector(IReceivables.NoRecourse.selector, part));
        vm.prank(tierTwo);
        receivables.demandRecourse(part);
    }

    function test_twice_is_refused() public {
        (, uint64 part) = overdue(true);
        vm.prank(tierTwo);
        receivables.demandRecourse(part);
        refuse(abi.encodeWithSelector(IReceivables.RecourseAlreadyDemanded.selector, part));
        vm.prank(tierTwo);
        receivables.demandRecourse(part);
    }

    function test_on_a_pledged_part_is_refused() public {
        (, uint64 part) = confirmed();
        part = pass(part, tierTwo, true);
        vm.prank(tierTwo);
        receivables.pledge(part, bank);
        advanceTo(AFTER);
        refuse(abi.encodeWithSelector(IReceivables.PartEncumbered.selector, part));
        vm.prank(tierTwo);
        receivables.demandRecourse(part);
    }

    function testFuzz_by_another_is_refused(uint256 seed) public {
        (, uint64 part) = overdue(true);
        refuse(abi.encodeWithSelector(IReceivables.NotTheHolder.selector, part, anyone(seed)));
        vm.prank(anyone(seed));
        receivables.demandRecourse(part);
    }

    function test_a_part_that_is_gone_is_refused() public {
        (uint64 root, uint64 part) = overdue(true);
        pay(core, root, 1_000);
        refuse(abi.encodeWithSelector(IReceivables.PartNotLive.selector, part));
        vm.prank(tierTwo);
        receivables.demandRecourse(part);
    }
}
