// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";

contract ReceivablesFundTest is ClaimsWorld {
    function testFuzz_partial_funding_is_shared_and_nothing_vanishes(uint64[5] memory raw, uint64[4] memory payments)
        public
    {
        uint128[] memory amounts = new uint128[](5);
        uint128 face = 0;
        for (uint256 i = 0; i < 5; ++i) {
            amounts[i] = uint128(bound(raw[i], 1e14, 1e15));
            face += amounts[i];
        }
        (uint64 root, uint64 part) = payable_(core, tierOne, face, DUE);
        vm.prank(tierOne);
        uint64[] memory children = receivables.split(part, amounts);
        advanceTo(DUE);
        uint256 paid = 0;
        for (uint256 i = 0; i < 4 && paid < face; ++i) {
            uint128 amount = uint128(bound(payments[i], 1, face - paid));
            pay(core, root, amount);
            paid += amount;
            equal(unpaid(root), face - paid, "live parts are face less redeemed");
            equal(receivables.claimable(address(token), tierOne), paid, "all of it is somebody's");
            for (uint256 j = 0; j < 5; ++j) {
                uint256 exact = paid * amounts[j] / face;
                uint256 got = receivables.part(children[j]).redeemed;
                isTrue(got + 4 >= exact && got <= exact + 4, "each by its part, a unit a payment apart at most");
            }
        }
    }

    function test_what_floors_leave_goes_to_the_largest_remainders_the_older_part_first() public {
        (uint64 root, uint64 part) = payable_(core, tierOne, 7, DUE);
        uint128[] memory amounts = new uint128[](3);
        (amounts[0], amounts[1], amounts[2]) = (2, 2, 3);
        vm.prank(tierOne);
        uint64[] memory children = receivables.split(part, amounts);
        // 4 by 2 : 2 : 3 is 8/7, 8/7 and 12/7: floors 1, 1, 1, and the one left over to 5/7
        pay(core, root, 4);
        equal(receivables.part(children[0]).redeemed, 1, "8/7");
        equal(receivables.part(children[1]).redeemed, 1, "8/7");
        equal(receivables.part(children[2]).redeemed, 2, "12/7");
        // 1 by 1 : 1 : 1: the oldest
        pay(core, root, 1);
        equal(receivables.claimable(address(token), tierOne), 5, "shared");
        isTrue(!receivables.part(children[0]).live, "the oldest is paid");
        isTrue(receivables.part(children[1]).live && receivables.part(children[2]).live, "the others wait");
    }

    function test_four_levels_deep_then_settled_to_the_unit() public {
        (uint64 root, uint64 part) = payable_(core, tierOne, 1_000_001, DUE);
        uint64 second = pass(part, tierTwo, true);
        uint128[] memory amounts = new uint128[](3);
        (amounts[0], amounts[1], amounts[2]) = (333_333, 333_334, 333_334);
        vm.prank(tierTwo);
        uint64[] memory children = receivables.split(second, amounts);
        uint64 fourth = pass(pass(children[1], tierThree, true), bank, true);
        equal(receivables.part(fourth).depth, 3, "passed on three times");
        advanceTo(DUE);
        pay(core, root, 500_000);
        inState(root, IReceivables.State.MATURED, "due");
        pay(core, root, 500_001);
        inState(root, IReceivables.State.SETTLED, "paid");
        equal(receivables.claimable(address(token), tierTwo), 666_667, "two parts");
        equal(receivables.claimable(address(token), bank), 333_334, "one part");
        equal(receivables.partsOf(root).length, 0, "nothing is left");
    }

    function test_sixty_four_parts_are_funded_at_once() public {
        (uint64 root, uint64 part) = payable_(core, tierOne, 1_000_000, DUE);
        uint128[] memory amounts = new uint128[](64);
        for (uint256 i = 0; i < 64; ++i) {
            amounts[i] = 15_625;
        }
        vm.prank(tierOne);
        receivables.split(part, amounts);
        pay(core, root, 777_777);
        equal(unpaid(root), 222_223, "shared among 64");
    }

    function testFuzz_anyone_may_pay_in_a_pause_of_both_and_in_default(uint16 raw) public {
        (uint64 root,) = confirmed();
        uint128 amount = uint128(bound(raw, 1, 1_000));
        advanceTo(20270101);
        disputed(root);
        approve(buyer, amount);
        receivables.pause();
        token.pause();
        vm.prank(buyer);
        receivables.fund(root, amount);
        equal(unpaid(root), 1_000 - amount, "paid");
    }

    function testFuzz_of_more_than_is_unpaid_only_that_is_taken(uint16 paid, uint64 more) public {
        (uint64 root,) = confirmed();
        paid = uint16(bound(paid, 1, 999));
        advanceTo(DUE);
        pay(buyer, root, paid); // by whoever comes first
        uint128 offered = uint128(1_000 - paid) + more;
        approve(core, offered);
        vm.prank(core);
        equal(receivables.fund(root, offered), 1_000 - paid, "what was left");
        equal(token.balanceOf(core), more, "the rest stays with its owner");
        inState(root, IReceivables.State.SETTLED, "the obligor has paid on the day");
    }

    function testFuzz_before_it_is_due_a_stranger_pays_nothing(uint256 seed, uint16 raw) public {
        (uint64 root,) = confirmed();
        uint128 amount = uint128(bound(raw, 1, 1_000));
        refuse(abi.encodeWithSelector(IReceivables.NotAParty.selector, root, anyone(seed)));
        vm.prank(anyone(seed));
        receivables.fund(root, amount);
        advanceTo(DUE);
        pay(buyer, root, 1);
        equal(unpaid(root), 999, "from the due date on anybody pays");
    }

    function test_a_strangers_unit_does_not_stop_a_draw_on_an_order() public {
        uint64 line = openLine(1_000_000);
        uint64 root = order(1_000_000);
        give(buyer, 1);
        vm.prank(buyer);
        token.approve(address(receivables), 1);
        refuse(abi.encodeWithSelector(IReceivables.NotAParty.selector, root, buyer));
        vm.prank(buyer);
        receivables.fund(root, 1);
        ICreditLine.Instalment[] memory plan = bullet(20260705, 1_000_000);
        vm.prank(factory);
        credit.draw(line, root, 1_000_000, ICreditLine.Plan.BULLET, plan, 0);
        inState(root, IReceivables.State.SETTLED, "a ledger that lends to the obligor pays early");
    }

    function test_nothing_is_refused() public {
        (uint64 root,) = confirmed();
        refuse(abi.encodeWithSelector(IReceivables.AmountZero.selector));
        vm.prank(core);
        receivables.fund(root, 0);
    }

    function test_what_is_not_confirmed_is_refused() public {
        uint64 root = registered();
        refuseState(root, IReceivables.State.REGISTERED);
        vm.prank(core);
        receivables.fund(root, 1);
    }

    function test_what_is_settled_or_cancelled_is_refused() public {
        (uint64 root,) = confirmed();
        pay(core, root, 1_000);
        refuseState(root, IReceivables.State.SETTLED);
        receivables.fund(root, 1);
        root = registered();
        vm.prank(tierOne);
        receivables.cancel(root);
        refuseState(root, IReceivables.State.CANCELLED);
        receivables.fund(root, 1);
    }

    function test_without_an_allowance_nothing_changes() public {
        (uint64 root,) = confirmed();
        give(core, 1_000);
        refuse(
            abi.encodeWithSignature(
                "ERC20InsufficientAllowance(address,uint256,uint256)", address(receivables), 0, 1_000
            )
        );
        vm.prank(core);
        receivables.fund(root, 1_000);
        equal(unpaid(root), 1_000, "nothing was paid");
    }
}
