// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DepositToken} from "contracts/DepositToken.sol";
import {IParticipantRegistry} from "contracts/interfaces/IParticipantRegistry.sol";
import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";
import {PlayMoney} from "support/PlayMoney.sol";

contract ReceivablesDraftTest is ClaimsWorld {
    function _refuseTerms(IReceivables.Terms memory t) private {
        refuse(abi.encodeWithSelector(IReceivables.ClaimTermsInvalid.selector));
        draftBy(tierOne, t);
    }

    function testFuzz_a_draft_has_its_terms_and_no_parts(uint128 face, bytes32 document) public {
        IReceivables.Terms memory t = usual();
        (t.face, t.document) = (uint128(bound(face, 1, type(uint80).max)), document);
        uint64 root = draftBy(tierOne, t);
        inState(root, IReceivables.State.DRAFT, "drafted");
        isTrue(receivables.claim(root).face == 0 && receivables.claim(root).whole == 0, "nothing is owed yet");
        equal(partsOf(root).length, 0, "nothing to hold yet");
    }

    function test_without_an_amount_is_refused() public {
        IReceivables.Terms memory t = usual();
        t.face = 0;
        _refuseTerms(t);
    }

    function testFuzz_of_more_than_can_be_kept_is_refused(uint128 face) public {
        IReceivables.Terms memory t = usual();
        t.face = uint128(bound(face, uint128(type(uint80).max) + 1, type(uint128).max));
        _refuseTerms(t);
    }

    function test_without_an_invoice_is_refused() public {
        IReceivables.Terms memory t = usual();
        t.invoice = 0;
        _refuseTerms(t);
    }

    function test_owed_to_oneself_is_refused() public {
        IReceivables.Terms memory t = usual();
        t.obligor = tierOne;
        _refuseTerms(t);
    }

    function test_in_what_is_no_token_is_refused() public {
        IReceivables.Terms memory t = usual();
        t.token = stranger;
        refuse(abi.encodeWithSelector(IParticipantRegistry.TokenNotAdmitted.selector, stranger));
        draftBy(tierOne, t);
    }

    function test_in_a_token_that_this_contract_may_not_hold_is_refused() public {
        IReceivables.Terms memory t = usual();
        t.token = address(new DepositToken(address(access), address(participants), bank, "Other", "o", "CNY", 2));
        participants.admitToken(t.token, "CNY", bank);
        _refuseTerms(t);
    }

    /// @dev It calls itself a ledger's token in CNY; the consortium has not said so.
    function test_in_play_money_is_refused() public {
        IReceivables.Terms memory t = usual();
        t.token = address(new PlayMoney());
        refuse(abi.encodeWithSelector(IParticipantRegistry.TokenNotAdmitted.selector, t.token));
        draftBy(tierOne, t);
    }

    function test_in_a_token_that_was_expelled_is_refused_and_what_was_begun_is_paid() public {
        (uint64 root,) = confirmed();
        participants.expelToken(address(token));
        IReceivables.Terms memory t = usual();
        refuse(abi.encodeWithSelector(IParticipantRegistry.TokenNotAdmitted.selector, address(token)));
        draftBy(tierOne, t);
        pay(core, root, 1_000);
        receivables.withdraw(address(token), tierOne);
    }

    function test_with_dates_that_are_none_is_refused() public {
        IReceivables.Terms memory t = usual();
        t.issueDate = 20260230;
        _refuseTerms(t);
        (t.issueDate, t.dueDate) = (TODAY, 20261301);
        _refuseTerms(t);
    }

    function testFuzz_due_before_it_was_issued_is_refused(uint8 days_) public {
        IReceivables.Terms memory t = usual();
        (t.issueDate, t.dueDate) = (20260228, 20260201 + days_ % 27);
        _refuseTerms(t);
    }

    function test_a_payable_is_its_obligors_to_draft() public {
        IReceivables.Terms memory t = usual();
        t.kind = IReceivables.Kind.PAYABLE;
        _refuseTerms(t);
        draftBy(core, t);
    }

    function test_by_a_third_is_refused() public {
        IReceivables.Terms memory t = usual();
        refuse(abi.encodeWithSelector(IReceivables.NotAParty.selector, 1, tierTwo));
        draftBy(tierTwo, t);
    }

    function test_with_a_party_that_is_not_active_is_refused() public {
        IReceivables.Terms memory t = usual();
        t.obligor = stranger;
        refuse(abi.encodeWithSelector(IParticipantRegistry.ParticipantNotActive.selector, stranger));
        draftBy(tierOne, t);
        t.obligor = core;
        participants.freeze(tierOne, "word");
        refuse(abi.encodeWithSelector(IParticipantRegistry.ParticipantNotActive.selector, tierOne));
        draftBy(tierOne, t);
    }

    function test_in_a_pause_is_refused() public {
        IReceivables.Terms memory t = usual();
        receivables.pause();
        refusePaused();
        draftBy(tierOne, t);
    }
}
