// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DepositToken} from "contracts/DepositToken.sol";
import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";

contract ReceivablesRegisterTest is ClaimsWorld {
    function test_the_creditor_holds_the_whole_of_a_registered_claim() public {
        uint64 root = registered();
        inState(root, IReceivables.State.REGISTERED, "registered");
        IReceivables.Part memory p = receivables.part(wholeOf(root));
        equal(p.holder, tierOne, "the creditor's");
        equal(p.amount, 1_000, "all of it");
        isTrue(p.live && p.root == root && p.endorsed == 0 && !p.recourse, "the first part");
    }

    function test_the_obligors_own_registration_confirms() public {
        (uint64 root,) = confirmed();
        inState(root, IReceivables.State.CONFIRMED, "confirmed");
    }

    function test_a_claim_that_is_not_there_is_refused() public {
        refuse(abi.encodeWithSelector(IReceivables.ClaimUnknown.selector, 7));
        receivables.register(7, usual());
    }

    function test_twice_is_refused() public {
        uint64 root = registered();
        refuseState(root, IReceivables.State.REGISTERED);
        registerBy(tierOne, root);
    }

    function test_by_who_did_not_draft_it_is_refused() public {
        uint64 root = drafted();
        refuse(abi.encodeWithSelector(IReceivables.NotAParty.selector, root, core));
        registerBy(core, root);
    }

    /// @dev What is registered is what was drafted, in every term.
    function testFuzz_other_terms_than_were_drafted_are_refused(uint8 which) public {
        uint64 root = drafted();
        IReceivables.Terms memory t = otherTerms(_termsOf[root], which);
        refuse(abi.encodeWithSelector(IReceivables.TermsDiffer.selector, root));
        vm.prank(tierOne);
        receivables.register(root, t);
        registerBy(tierOne, root);
    }

    /// @dev What decides about a claim later is kept beside its terms' hash, in two slots, to the last bit.
    function testFuzz_what_is_kept_is_what_was_registered(uint80 face, uint16 days_, uint8 kind, bytes32 tag) public {
        IReceivables.Terms memory t = usual();
        (t.face, t.defaultDays, t.tag) = (uint128(bound(face, 1, type(uint80).max)), days_, tag);
        t.kind = IReceivables.Kind(kind % 3);
        address by = kind % 3 == 1 ? core : tierOne;
        uint64 root = draftBy(by, t);
        registerBy(by, root);
        IReceivables.Claim memory c = receivables.claim(root);
        isTrue(c.kind == t.kind && c.obligor == core && c.token == address(token), "who owes whom in what");
        isTrue(c.face == t.face && c.redeemed == 0 && c.dueDate == DUE && c.defaultDays == days_, "how much and when");
        isTrue(!c.disputed && c.deliveredOn == 0 && receivables.part(c.whole).amount == t.face, "in one part");
    }

    function test_one_live_claim_an_invoice() public {
        IReceivables.Terms memory t = usual();
        uint64 first = draftBy(tierOne, t);
        uint64 second = draftBy(tierOne, t);
        registerBy(tierOne, first);
        refuse(abi.encodeWithSelector(IReceivables.InvoiceAlreadyLive.selector, t.invoice));
        registerBy(tierOne, second);
        cancelBy(tierOne, first);
        registerBy(tierOne, second);
        inState(second, IReceivables.State.REGISTERED, "free again once the first is cancelled");
    }

    /// @dev A draft shows its invoice to everybody. Who reads it first can't take it: it is the creditor's with its obligor.
    function test_who_reads_a_draft_can_not_take_its_invoice() public {
        IReceivables.Terms memory t = usual();
        uint64 root = draftBy(tierOne, t);
        IReceivables.Terms memory own = t;
        (own.obligor, own.creditor) = (core, tierThree);
        uint64 copy = draftBy(tierThree, own);
        registerBy(tierThree, copy);
        (own.kind, own.obligor, own.creditor) = (IReceivables.Kind.PAYABLE, tierThree, tierOne);
        copy = draftBy(tierThree, own);
        registerBy(tierThree, copy);
        registerBy(tierOne, root);
        inState(root, IReceivables.State.REGISTERED, "the creditor's own");
    }

    function test_a_creditor_registers_an_invoice_once_whoever_owes_it() public {
        IReceivables.Terms memory t = usual();
        uint64 first = draftBy(tierOne, t);
        t.obligor = factory;
        uint64 second = draftBy(tierOne, t);
        registerBy(tierOne, first);
        refuse(abi.encodeWithSelector(IReceivables.InvoiceAlreadyLive.selector, t.invoice));
        registerBy(tierOne, second);
    }

    function test_creditor_and_obligor_register_an_invoice_once_between_them() public {
        (uint64 root,) = confirmed();
        IReceivables.Terms memory t = _termsOf[root];
        t.kind = IReceivables.Kind.RECEIVABLE;
        uint64 again = draftBy(tierOne, t);
        refuse(abi.encodeWithSelector(IReceivables.InvoiceAlreadyLive.selector, t.invoice));
        registerBy(tierOne, again);
    }

    /// @dev An obligor that sees its creditor's draft can't be first with less: of money, of time or of what it owes it for.
    function testFuzz_what_an_obligor_registered_gives_way_to_its_creditors_word(uint8 how, uint16 paid) public {
        IReceivables.Terms memory t = usual();
        uint64 root = draftBy(tierOne, t);
        IReceivables.Terms memory less = usual();
        less.invoice = t.invoice;
        (less.kind, how) = (IReceivables.Kind.PAYABLE, how % 4);
        if (how == 0) less.face = 1 + paid % 999;
        if (how == 1) ++less.dueDate;
        if (how == 2) ++less.defaultDays;
        if (how == 3) less.kind = IReceivables.Kind.ORDER;
        uint64 first = draftBy(core, less);
        registerBy(core, first);
        uint64 part = wholeOf(first);
        uint256 amount = paid % (how == 0 ? less.face + 1 : 1_000);
        if (amount != 0) pay(core, first, uint128(amount));
        if (paid % 3 == 0) receivables.collect(ids(part));
        registerBy(tierOne, root);
        inState(root, IReceivables.State.REGISTERED, "the creditor's own");
        bool isPaid = amount == less.face;
        inState(first, isPaid ? IReceivables.State.SETTLED : IReceivables.State.CANCELLED, "the obligor's");
        receivables.collect(ids(part));
        equal(receivables.claimable(address(token), tierOne), amount, "what was paid on it is the creditor's");
        isTrue(!receivables.part(part).live, "and its part is gone");
        equal(receivables.claim(root).redeemed, amount, "and is set off");
        equal(unpaid(root), 1_000 - amount, "the rest is owed");
        uint64 again = draftBy(core, less);
        refuse(abi.encodeWithSelector(IReceivables.InvoiceAlreadyLive.selector, t.invoice));
        registerBy(core, again);
        vm.prank(core);
        receivables.confirm(ids(root));
        pay(core, root, 1_000);
        equal(receivables.claimable(address(token), tierOne), 1_000, "all of it, once");
    }

    function test_what_an_obligor_registered_in_another_token_gives_way() public {
        IReceivables.Terms memory t = usual();
        IReceivables.Terms memory other = usual();
        DepositToken theirs = new DepositToken(address(access), address(participants), bank, "Other", "o", "CNY", 2);
        participants.admitToken(address(theirs), "CNY", bank);
        theirs.addLedger(address(receivables));
        (other.kind, other.invoice, other.token) = (IReceivables.Kind.PAYABLE, t.invoice, address(theirs));
        uint64 first = draftBy(core, other);
        registerBy(core, first);
        uint64 root = draftBy(tierOne, t);
        registerBy(tierOne, root);
        inState(first, IReceivables.State.CANCELLED, "in other money");
    }

    /// @dev What the creditor has used stays: others rely on it.
    function testFuzz_what_its_creditor_has_passed_on_or_pledged_stays(uint8 how) public {
        (uint64 first, uint64 part) = confirmed();
        if (how % 3 == 0) pass(part, tierTwo, false);
        vm.startPrank(tierOne);
        if (how % 3 == 1) receivables.pledge(part, bank);
        if (how % 3 == 2) receivables.split(part, two(1, 999));
        vm.stopPrank();
        IReceivables.Terms memory t = _termsOf[first];
        (t.kind, t.face) = (IReceivables.Kind.RECEIVABLE, 2_000);
        uint64 root = draftBy(tierOne, t);
        refuse(abi.encodeWithSelector(IReceivables.InvoiceAlreadyLive.selector, t.invoice));
        registerBy(tierOne, root);
        inState(first, IReceivables.State.CONFIRMED, "as it was");
    }

    /// @dev Nor is a claim lost by stating again what is owed already.
    function testFuzz_what_is_owed_as_much_and_as_soon_stays(uint16 less, uint8 sooner) public {
        (uint64 first,) = confirmed();
        IReceivables.Terms memory t = _termsOf[first];
        t.kind = IReceivables.Kind(sooner % 2 == 0 ? 0 : 2);
        t.face -= less % 1_000;
        t.dueDate += sooner % 20;
        uint64 root = draftBy(tierOne, t);
        refuse(abi.encodeWithSelector(IReceivables.InvoiceAlreadyLive.selector, t.invoice));
        registerBy(tierOne, root);
        inState(first, IReceivables.State.CONFIRMED, "as it was");
    }

    function test_what_was_paid_as_much_as_its_creditor_states_stays_paid() public {
        (uint64 first,) = confirmed();
        pay(core, first, 1_000);
        IReceivables.Terms memory t = _termsOf[first];
        (t.kind, t.dueDate) = (IReceivables.Kind.RECEIVABLE, 20260331);
        uint64 root = draftBy(tierOne, t);
        refuse(abi.encodeWithSelector(IReceivables.InvoiceAlreadyLive.selector, t.invoice));
        registerBy(tierOne, root);
    }

    /// @dev Whoever cancels it then: the invoice is free again, and what was paid on it stays set off, to either side.
    function testFuzz_an_invoice_is_free_again_once_what_took_it_is_cancelled(uint8 who, uint16 paid) public {
        IReceivables.Terms memory t = claimTerms(IReceivables.Kind.PAYABLE, core, tierOne, 900, DUE);
        uint64 first = draftBy(core, t);
        registerBy(core, first);
        paid %= 900;
        if (paid != 0) pay(core, first, paid);
        for (uint256 i = 0; i < 3; ++i) {
            (t.kind, t.face) = (IReceivables.Kind.RECEIVABLE, uint128(1_000 + i));
            uint64 next = draftBy(tierOne, t);
            registerBy(tierOne, next);
            cancelBy((who >> i) & 1 == 0 ? core : tierOne, next);
        }
        (t.kind, t.face) = (IReceivables.Kind.PAYABLE, 950);
        uint64 last = draftBy(core, t);
        registerBy(core, last);
        inState(last, IReceivables.State.CONFIRMED, "what both agree on");
        equal(unpaid(last), 950 - paid, "less what was paid");
        pay(core, last, 950);
        inState(last, IReceivables.State.SETTLED, "paid");
        equal(receivables.claimable(address(token), tierOne), 950, "once");
    }

    /// @dev A creditor that states a unit more is owed that unit, and lent no more than that.
    function testFuzz_what_a_loan_has_paid_is_financed_once(uint16 more) public {
        uint64 line = openLine(300_000);
        uint64 root = order(100_000);
        vm.prank(factory);
        credit.draw(line, root, 100_000, ICreditLine.Plan.BULLET, bullet(20260301, 100_000), 0);
        IReceivables.Terms memory t = _termsOf[root];
        t.face += 1 + uint128(more);
        uint64 again = draftBy(supplier, t);
        registerBy(supplier, again);
        equal(unpaid(again), 1 + uint256(more), "what is more");
        vm.prank(factory);
        receivables.confirm(ids(again));
        ICreditLine.Instalment[] memory plan = bullet(20260301, 2 + uint128(more));
        vm.expectRevert();
        vm.prank(factory);
        credit.draw(line, again, 2 + uint128(more), ICreditLine.Plan.BULLET, plan, 0);
        vm.prank(factory);
        receivables.deliver(root, "papers");
        isTrue(receivables.claim(root).deliveredOn != 0, "what was paid for is acknowledged");
    }

    /// @dev An order that was paid in part is acknowledged, whatever its supplier states afterwards.
    function test_what_was_paid_in_part_is_delivered_though_its_order_gave_way() public {
        uint64 line = openLine(300_000);
        uint64 root = order(1_000);
        vm.prank(factory);
        credit.draw(line, root, 900, ICreditLine.Plan.BULLET, bullet(20260301, 900), 0);
        IReceivables.Terms memory t = _termsOf[root];
        (t.kind, t.face) = (IReceivables.Kind.RECEIVABLE, 1_001);
        uint64 second = draftBy(supplier, t);
        registerBy(supplier, second);
        equal(unpaid(second), 101, "the rest");
        vm.prank(factory);
        receivables.deliver(root, "papers");
        isTrue(receivables.claim(root).deliveredOn != 0, "acknowledged");
    }

    /// @dev A signature that was given for a draft is worth what is not paid yet.
    function test_an_old_signature_makes_nobody_owe_twice() public {
        IReceivables.Terms memory t = usual();
        uint64 root = draftBy(tierOne, t);
        uint256 before = vm.snapshotState();
        registerBy(tierOne, root);
        bytes32 digest = receivables.confirmationDigest(root, _termsOf[root], uint64(block.timestamp + 30 days));
        vm.revertToState(before);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(CORE_KEY, digest);
        IReceivables.Terms memory rebate = _termsOf[root];
        (rebate.kind, rebate.face) = (IReceivables.Kind.PAYABLE, 980);
        uint64 first = draftBy(core, rebate);
        registerBy(core, first);
        pay(core, first, 980);
        registerBy(tierOne, root);
        receivables.confirmBySignature(
            root, _termsOf[root], uint64(block.timestamp + 30 days), abi.encodePacked(r, s, v)
        );
        equal(unpaid(root), 20, "the rest");
    }

    /// @dev What was paid in a bank's token is paid in another bank's of the same currency; in another currency it is not.
    function testFuzz_what_was_paid_in_the_same_currency_is_set_off(bool isSame, bool isExpelled) public {
        (uint64 first,) = confirmed();
        pay(core, first, 600);
        DepositToken theirs = new DepositToken(address(access), address(participants), bank, "Other", "o", "CNY", 2);
        participants.admitToken(address(theirs), isSame ? bytes3("CNY") : bytes3("USD"), bank);
        theirs.addLedger(address(receivables));
        if (isExpelled) participants.expelToken(address(token));
        IReceivables.Terms memory t = _termsOf[first];
        (t.kind, t.token) = (IReceivables.Kind.RECEIVABLE, address(theirs));
        uint64 second = draftBy(tierOne, t);
        registerBy(tierOne, second);
        equal(unpaid(second), isSame || isExpelled ? 400 : 1_000, "the rest, where it can be compared");
    }

    function test_what_was_paid_in_full_is_not_owed_in_another_banks_token() public {
        (uint64 first,) = confirmed();
        pay(core, first, 1_000);
        DepositToken theirs = new DepositToken(address(access), address(participants), bank, "Other", "o", "CNY", 2);
        participants.admitToken(address(theirs), "CNY", bank);
        theirs.addLedger(address(receivables));
        IReceivables.Terms memory t = _termsOf[first];
        (t.kind, t.token) = (IReceivables.Kind.RECEIVABLE, address(theirs));
        uint64 second = draftBy(tierOne, t);
        refuse(abi.encodeWithSelector(IReceivables.InvoiceAlreadyLive.selector, t.invoice));
        registerBy(tierOne, second);
    }

    /// @dev Nobody but its creditor ends what an obligor registered.
    function test_who_is_not_its_creditor_ends_nothing() public {
        (uint64 first,) = confirmed();
        IReceivables.Terms[] memory all = new IReceivables.Terms[](1);
        all[0] = _termsOf[first];
        (all[0].kind, all[0].face) = (IReceivables.Kind.RECEIVABLE, 2_000);
        address[3] memory who = [core, tierTwo, bank];
        for (uint256 i = 0; i < 3; ++i) {
            refuse(abi.encodeWithSelector(IReceivables.InvoiceAlreadyLive.selector, all[0].invoice));
            vm.prank(who[i]);
            receivables.registerBatch(all);
        }
        inState(first, IReceivables.State.CONFIRMED, "as it was");
    }

    function test_an_invoice_that_was_paid_cannot_be_used_again() public {
        (uint64 root,) = confirmed();
        pay(core, root, 1_000);
        IReceivables.Terms memory t = _termsOf[root];
        uint64 again = draftBy(core, t);
        refuse(abi.encodeWithSelector(IReceivables.InvoiceAlreadyLive.selector, t.invoice));
        registerBy(core, again);
    }

    function test_in_a_pause_is_refused() public {
        uint64 root = drafted();
        receivables.pause();
        refusePaused();
        registerBy(tierOne, root);
    }
}
