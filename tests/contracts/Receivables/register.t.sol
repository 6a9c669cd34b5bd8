// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";

contract ReceivablesRegisterTest is ClaimsWorld {
    function test_the_creditor_holds_the_whole_of_a_registered_claim() public {
        uint64 root = registered();
        inState(root, IReceivables.State.REGISTERED, "registered");
        IReceivables.Part memory p = receivables.part(receivables.partsOf(root)[0]);
        equal(p.holder, tierOne, "the creditor's");
        equal(p.amount, 1_000, "all of it");
        isTrue(p.live && p.root == root && p.parent == 0 && p.depth == 0 && !p.recourse, "the first part");
    }

    function test_the_obligors_own_registration_confirms() public {
        (uint64 root,) = confirmed();
        inState(root, IReceivables.State.CONFIRMED, "confirmed");
    }

    function test_a_claim_that_is_not_there_is_refused() public {
        refuse(abi.encodeWithSelector(IReceivables.ClaimUnknown.selector, 7));
        receivables.register(7);
    }

    function test_twice_is_refused() public {
        uint64 root = registered();
        refuseState(root, IReceivables.State.REGISTERED);
        vm.prank(tierOne);
        receivables.register(root);
    }

    function test_by_who_did_not_draft_it_is_refused() public {
        uint64 root = drafted();
        refuse(abi.encodeWithSelector(IReceivables.NotAParty.selector, root, core));
        vm.prank(core);
        receivables.register(root);
    }

    function test_one_live_claim_an_invoice() public {
        IReceivables.Terms memory t = usual();
        vm.prank(tierOne);
        uint64 first = receivables.draft(t);
        vm.prank(tierOne);
        uint64 second = receivables.draft(t);
        vm.prank(tierOne);
        receivables.register(first);
        refuse(abi.encodeWithSelector(IReceivables.InvoiceAlreadyLive.selector, t.invoice, first));
        vm.prank(tierOne);
        receivables.register(second);
        vm.prank(tierOne);
        receivables.cancel(first);
        vm.prank(tierOne);
        receivables.register(second);
        inState(second, IReceivables.State.REGISTERED, "free again once the first is cancelled");
    }

    /// @dev A draft shows its invoice to everybody. Who reads it first can't take it: it is the creditor's with its obligor.
    function test_who_reads_a_draft_can_not_take_its_invoice() public {
        IReceivables.Terms memory t = usual();
        vm.prank(tierOne);
        uint64 root = receivables.draft(t);
        IReceivables.Terms memory own = t;
        (own.obligor, own.creditor) = (core, tierThree);
        vm.prank(tierThree);
        uint64 copy = receivables.draft(own);
        vm.prank(tierThree);
        receivables.register(copy);
        (own.kind, own.obligor, own.creditor) = (IReceivables.Kind.PAYABLE, tierThree, tierOne);
        vm.prank(tierThree);
        copy = receivables.draft(own);
        vm.prank(tierThree);
        receivables.register(copy);
        vm.prank(tierOne);
        receivables.register(root);
        inState(root, IReceivables.State.REGISTERED, "the creditor's own");
    }

    function test_a_creditor_registers_an_invoice_once_whoever_owes_it() public {
        IReceivables.Terms memory t = usual();
        vm.prank(tierOne);
        uint64 first = receivables.draft(t);
        t.obligor = factory;
        vm.prank(tierOne);
        uint64 second = receivables.draft(t);
        vm.prank(tierOne);
        receivables.register(first);
        refuse(abi.encodeWithSelector(IReceivables.InvoiceAlreadyLive.selector, t.invoice, first));
        vm.prank(tierOne);
        receivables.register(second);
    }

    function test_creditor_and_obligor_register_an_invoice_once_between_them() public {
        (uint64 root,) = confirmed();
        IReceivables.Terms memory t = receivables.claim(root).terms;
        t.kind = IReceivables.Kind.RECEIVABLE;
        vm.prank(tierOne);
        uint64 again = receivables.draft(t);
        refuse(abi.encodeWithSelector(IReceivables.InvoiceAlreadyLive.selector, t.invoice, root));
        vm.prank(tierOne);
        receivables.register(again);
    }

    function test_an_invoice_that_was_paid_cannot_be_used_again() public {
        (uint64 root,) = confirmed();
        pay(core, root, 1_000);
        IReceivables.Terms memory t = receivables.claim(root).terms;
        vm.prank(core);
        uint64 again = receivables.draft(t);
        refuse(abi.encodeWithSelector(IReceivables.InvoiceAlreadyLive.selector, t.invoice, root));
        vm.prank(core);
        receivables.register(again);
    }

    function test_in_a_pause_is_refused() public {
        uint64 root = drafted();
        receivables.pause();
        refusePaused();
        vm.prank(tierOne);
        receivables.register(root);
    }
}
