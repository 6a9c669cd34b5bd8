// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";

contract ReceivablesPokeTest is ClaimsWorld {
    function _poke(uint64 root, uint32 date) private returns (uint256) {
        advanceTo(date);
        vm.prank(stranger);
        return uint256(receivables.poke(root));
    }

    function test_due_overdue_and_in_default_by_the_business_date_alone() public {
        (uint64 root,) = confirmed();
        vm.warp(block.timestamp + 1000 days);
        equal(_poke(root, 20260331), uint256(IReceivables.State.CONFIRMED), "the day before");
        equal(_poke(root, DUE), uint256(IReceivables.State.MATURED), "on the day");
        equal(_poke(root, AFTER), uint256(IReceivables.State.OVERDUE), "the day after");
        equal(_poke(root, 20260501), uint256(IReceivables.State.OVERDUE), "30 days late");
        equal(_poke(root, 20260502), uint256(IReceivables.State.DEFAULTED), "31 days late");
        equal(_poke(root, 20270101), uint256(IReceivables.State.DEFAULTED), "for good");
    }

    function testFuzz_a_leap_over_the_dates_comes_to_the_same(uint16 days_) public {
        (uint64 root,) = confirmed();
        uint32 date = 20260401 + uint32(days_ % 30);
        uint256 state = _poke(root, date);
        equal(
            state, uint256(date == DUE ? IReceivables.State.MATURED : IReceivables.State.OVERDUE), "by the date alone"
        );
    }

    function test_recourse_defaults_as_well() public {
        (uint64 root, uint64 part) = overdue(true);
        vm.prank(tierTwo);
        receivables.demandRecourse(part);
        equal(_poke(root, 20260502), uint256(IReceivables.State.DEFAULTED), "31 days late");
    }

    function test_what_is_not_confirmed_never_falls_due() public {
        uint64 root = registered();
        equal(_poke(root, 20270101), uint256(IReceivables.State.REGISTERED), "still not confirmed");
    }

    function test_a_claim_that_is_not_there_is_refused() public {
        refuse(abi.encodeWithSelector(IReceivables.ClaimUnknown.selector, 9));
        receivables.poke(9);
    }
}
