// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {CreditWorld} from "support/CreditWorld.sol";

contract ReceivablesTest is CreditWorld {
    uint32 private constant DUE = 20260401;

    function setUp() public {
        deployAll();
    }

    function _state(uint64 root) private view returns (uint256) {
        return uint256(receivables.claim(root).state);
    }

    function _refuse(bytes4 selector, uint64 root, IReceivables.State state) private {
        vm.expectRevert(abi.encodeWithSelector(selector, root, state));
    }

    function test_a_suppliers_claim_counts_once_its_obligor_has_confirmed() public {
        IReceivables.Terms[] memory all = new IReceivables.Terms[](1);
        all[0] = claimTerms(IReceivables.Kind.RECEIVABLE, core, tierOne, 1_000, DUE);
        vm.prank(tierOne);
        uint64[] memory roots = receivables.registerBatch(all);
        uint64 part = receivables.partsOf(roots[0])[0];
        _refuse(IReceivables.StateNotAllowed.selector, roots[0], IReceivables.State.REGISTERED);
        vm.prank(tierOne);
        receivables.offer(part, tierTwo, false, uint64(block.timestamp + 1));
        vm.prank(core);
        receivables.confirm(roots);
        equal(_state(roots[0]), uint256(IReceivables.State.CONFIRMED), "confirmed");
        pass(part, tierTwo, false);
    }

    function test_an_obligors_signature_confirms_whoever_brings_it_and_no_other() public {
        IReceivables.Terms[] memory all = new IReceivables.Terms[](1);
        all[0] = claimTerms(IReceivables.Kind.RECEIVABLE, core, tierOne, 1_000, DUE);
        vm.prank(tierOne);
        uint64 root = receivables.registerBatch(all)[0];
        bytes32 digest = receivables.confirmationDigest(root);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(BUYER_KEY, digest);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.ConfirmationInvalid.selector, root));
        receivables.confirmBySignature(root, abi.encodePacked(r, s, v));
        (v, r, s) = vm.sign(CORE_KEY, digest);
        vm.prank(stranger);
        receivables.confirmBySignature(root, abi.encodePacked(r, s, v));
        equal(_state(root), uint256(IReceivables.State.CONFIRMED), "confirmed");
    }

    function test_one_live_claim_an_invoice() public {
        IReceivables.Terms memory t = claimTerms(IReceivables.Kind.RECEIVABLE, core, tierOne, 1_000, DUE);
        vm.prank(tierOne);
        uint64 first = receivables.draft(t);
        vm.prank(tierOne);
        uint64 second = receivables.draft(t);
        vm.prank(tierOne);
        receivables.register(first);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.InvoiceAlreadyLive.selector, t.invoice, first));
        vm.prank(tierOne);
        receivables.register(second);
        vm.prank(tierOne);
        receivables.cancel(first);
        vm.prank(tierOne);
        receivables.register(second);
        equal(receivables.partsOf(first).length, 0, "a cancelled claim has no parts");
    }

    function test_a_confirmed_claim_cannot_be_cancelled() public {
        (uint64 root,) = payable_(core, tierOne, 1_000, DUE);
        _refuse(IReceivables.StateNotAllowed.selector, root, IReceivables.State.CONFIRMED);
        vm.prank(tierOne);
        receivables.cancel(root);
    }

    function testFuzz_a_split_is_exact(uint128 face, uint128 first) public {
        face = uint128(bound(face, 2, 1e24));
        first = uint128(bound(first, 1, face - 1));
        (uint64 root, uint64 part) = payable_(core, tierOne, face, DUE);
        uint128[] memory amounts = new uint128[](2);
        (amounts[0], amounts[1]) = (first, face - first);
        vm.prank(tierOne);
        uint64[] memory children = receivables.split(part, amounts);
        equal(unpaid(root), face, "children are the parent");
        isTrue(!receivables.part(part).live, "the parent is gone");
        equal(receivables.provenance(children[1]).length, 2, "child and parent");
        (amounts[0], amounts[1]) = (first, face - first + 1);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.PartNotLive.selector, part));
        vm.prank(tierOne);
        receivables.split(part, amounts);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.SplitNotExact.selector, children[0]));
        vm.prank(tierOne);
        receivables.split(children[0], amounts);
    }

    function test_an_offer_binds_until_it_ends() public {
        (, uint64 part) = payable_(core, tierOne, 1_000, DUE);
        vm.prank(tierOne);
        receivables.offer(part, tierTwo, true, uint64(block.timestamp + 10));
        vm.expectRevert(abi.encodeWithSelector(IReceivables.PartEncumbered.selector, part));
        vm.prank(tierOne);
        receivables.pledge(part, bank);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.NotTheOfferee.selector, part, tierThree));
        vm.prank(tierThree);
        receivables.accept(part);
        vm.prank(tierTwo);
        receivables.endOffer(part);
        vm.prank(tierOne);
        receivables.offer(part, tierTwo, true, uint64(block.timestamp + 10));
        vm.warp(block.timestamp + 11);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.OfferNotOpen.selector, part));
        vm.prank(tierTwo);
        receivables.accept(part);
        receivables.endOffer(part);
    }

    function test_a_dispute_freezes_transfers_and_nothing_else() public {
        (uint64 root, uint64 part) = payable_(core, tierOne, 1_000, DUE);
        vm.prank(core);
        receivables.dispute(root, 0, "wrong goods");
        vm.expectRevert(abi.encodeWithSelector(IReceivables.ClaimInDispute.selector, root));
        vm.prank(tierOne);
        receivables.offer(part, tierTwo, false, uint64(block.timestamp + 1));
        pay(core, root, 400);
        receivables.resolveDispute(root, "settled");
        pass(part, tierTwo, false);
        equal(unpaid(root), 600, "what was paid stays paid");
    }

    function test_four_levels_deep_then_settled_to_the_unit() public {
        (uint64 root, uint64 part) = payable_(core, tierOne, 1_000_001, DUE);
        uint64 second = pass(part, tierTwo, true);
        uint128[] memory amounts = new uint128[](3);
        (amounts[0], amounts[1], amounts[2]) = (333_333, 333_334, 333_334);
        vm.prank(tierTwo);
        uint64[] memory children = receivables.split(second, amounts);
        uint64 third = pass(children[1], tierThree, true);
        uint64 fourth = pass(third, bank, true);
        equal(receivables.part(fourth).depth, 3, "passed on three times");
        equal(receivables.provenance(fourth).length, 5, "with a split between");
        calendar.advance(DUE);
        pay(core, root, 500_000);
        equal(_state(root), uint256(IReceivables.State.MATURED), "due");
        pay(core, root, 500_001);
        equal(_state(root), uint256(IReceivables.State.SETTLED), "paid");
        equal(receivables.claimable(address(token), tierTwo), 666_667, "two parts");
        equal(receivables.claimable(address(token), bank), 333_334, "one part");
        receivables.withdraw(address(token), bank);
        equal(token.balanceOf(bank), 333_334, "pulled");
        equal(receivables.partsOf(root).length, 0, "nothing is left");
    }

    function testFuzz_partial_funding_is_shared_and_nothing_vanishes(uint64[5] memory raw, uint64[4] memory payments)
        public
    {
        uint128[] memory amounts = new uint128[](5);
        uint128 face = 0;
        for (uint256 i = 0; i < 5; ++i) {
            amounts[i] = uint128(bound(raw[i], 1, 1e15));
            face += amounts[i];
        }
        (uint64 root, uint64 part) = payable_(core, tierOne, face, DUE);
        vm.prank(tierOne);
        uint64[] memory children = receivables.split(part, amounts);
        calendar.advance(DUE);
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

    function test_recourse_walks_back_an_endorser_a_step_each_paid_once() public {
        (uint64 root, uint64 part) = payable_(core, tierOne, 1_000, DUE);
        uint64 second = pass(part, tierTwo, true);
        uint64 third = pass(second, bank, true);
        calendar.advance(DUE);
        pay(core, root, 100);
        calendar.advance(20260402);
        vm.prank(bank);
        receivables.demandRecourse(third);
        equal(_state(root), uint256(IReceivables.State.RECOURSE), "recourse");
        uint64 held = _payBack(third, tierTwo, 900);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.PartNotLive.selector, third));
        vm.prank(tierTwo);
        receivables.payRecourse(third);
        vm.prank(tierTwo);
        receivables.demandRecourse(held);
        held = _payBack(held, tierOne, 900);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.NoRecourse.selector, held));
        vm.prank(tierOne);
        receivables.demandRecourse(held);
        equal(receivables.claimable(address(token), bank), 1_000, "the bank has all");
        equal(receivables.claimable(address(token), tierTwo), 900, "what it paid came back");
        calendar.advance(20260502);
        equal(uint256(receivables.poke(root)), uint256(IReceivables.State.DEFAULTED), "in default");
        pay(core, root, 900);
        equal(receivables.claimable(address(token), tierOne), 900, "a late payment reaches who bears the loss");
        equal(_state(root), uint256(IReceivables.State.SETTLED), "settled after all");
    }

    function _payBack(uint64 part, address endorser, uint256 amount) private returns (uint64) {
        give(endorser, amount);
        vm.prank(endorser);
        token.approve(address(receivables), amount);
        vm.prank(endorser);
        return receivables.payRecourse(part);
    }

    function test_no_recourse_against_who_gave_none() public {
        (, uint64 part) = payable_(core, tierOne, 1_000, DUE);
        uint64 second = pass(part, bank, false);
        calendar.advance(20260402);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.NoRecourse.selector, second));
        vm.prank(bank);
        receivables.demandRecourse(second);
    }

    function test_an_order_is_owed_once_it_is_delivered() public {
        (uint64 root, uint64 part) = owedClaim(IReceivables.Kind.ORDER, core, tierOne, 1_000, DUE);
        vm.prank(tierOne);
        receivables.pledge(part, bank);
        calendar.advance(20260402);
        equal(uint256(receivables.poke(root)), uint256(IReceivables.State.CONFIRMED), "nothing is due");
        vm.prank(core);
        receivables.deliver(root, keccak256("note"));
        equal(uint256(receivables.poke(root)), uint256(IReceivables.State.OVERDUE), "owed, and late");
        equal(uint160(receivables.part(part).pledgee), uint160(bank), "its pledge came with it");
        pay(core, root, 1_000);
        equal(receivables.claimable(address(token), tierOne), 0, "retained for the pledgee");
        vm.prank(bank);
        receivables.take(part, 700);
        vm.prank(bank);
        receivables.release(part);
        equal(receivables.claimable(address(token), bank), 700, "the pledgee's");
        equal(receivables.claimable(address(token), tierOne), 300, "the rest is the holder's");
        equal(receivables.partsOf(root).length, 0, "the part is gone");
    }

    function test_a_claim_has_no_more_parts_than_can_be_funded_at_once() public {
        (uint64 root, uint64 part) = payable_(core, tierOne, 1_000_003, DUE);
        uint128[] memory amounts = new uint128[](64);
        for (uint256 i = 0; i < 64; ++i) {
            amounts[i] = 15_625;
        }
        amounts[0] += 3;
        vm.prank(tierOne);
        uint64[] memory children = receivables.split(part, amounts);
        uint128[] memory two = new uint128[](2);
        (two[0], two[1]) = (1, 15_624);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.TooManyParts.selector, root));
        vm.prank(tierOne);
        receivables.split(children[1], two);
        calendar.advance(DUE);
        pay(core, root, 777_777);
        equal(unpaid(root), 222_226, "shared among 64");
    }
}
