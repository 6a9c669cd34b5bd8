// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DepositToken} from "contracts/DepositToken.sol";
import {ParticipantRegistry} from "contracts/ParticipantRegistry.sol";
import {IParticipantRegistry} from "contracts/interfaces/IParticipantRegistry.sol";
import {IRevenueSplit} from "contracts/interfaces/IRevenueSplit.sol";
import {Ledger} from "support/Ledger.sol";
import {PlayMoney} from "support/PlayMoney.sol";

contract SetTermsTest is Ledger {
    function setUp() public {
        deploy();
        yearLater();
        split.setTerms(PROJECT, usualTerms(DAY_ONE));
    }

    function test_terms_are_kept_as_they_were_given() public view {
        IRevenueSplit.Terms memory wanted = usualTerms(DAY_ONE);
        equal(keccak256(abi.encode(split.termsOf(PROJECT, 1))), keccak256(abi.encode(wanted)), "terms");
    }

    function test_terms_hold_from_their_date_until_the_next() public {
        split.setTerms(PROJECT, usualTerms(20260201));
        equal(split.versionOn(PROJECT, 20260131), 1, "the day before");
        equal(split.versionOn(PROJECT, 20260201), 2, "the day itself");
    }

    function test_terms_for_days_that_were_distributed_are_refused() public {
        split.distribute(facts("b1", 20260110, 0, 0, 0, 0));
        vm.expectRevert(abi.encodeWithSelector(IRevenueSplit.TermsRetroactive.selector, 20260110, 20260110));
        split.setTerms(PROJECT, usualTerms(20260110));
    }

    function test_terms_out_of_order_are_refused() public {
        vm.expectRevert(abi.encodeWithSelector(IRevenueSplit.TermsRetroactive.selector, DAY_ONE, DAY_ONE));
        split.setTerms(PROJECT, usualTerms(DAY_ONE));
    }

    function test_shares_above_the_whole_are_refused() public {
        IRevenueSplit.Terms memory t = usualTerms(20260201);
        t.allocations[0].value = 10_001;
        vm.expectRevert(abi.encodeWithSelector(IRevenueSplit.TermsInvalid.selector, "more than 10,000 basis points"));
        split.setTerms(PROJECT, t);
    }

    function test_a_minimum_above_its_cap_is_refused() public {
        IRevenueSplit.Terms memory t = usualTerms(20260201);
        t.allocations[0].cap = 399;
        vm.expectRevert(abi.encodeWithSelector(IRevenueSplit.TermsInvalid.selector, "a minimum lies above its cap"));
        split.setTerms(PROJECT, t);
    }

    function test_every_account_that_is_due_something_must_be_there() public {
        IRevenueSplit.Terms memory t = usualTerms(20260201);
        t.residualAccount = address(0);
        _refused(t, "the residual account is zero");
        t = usualTerms(20260201);
        t.refundAccount = address(0);
        _refused(t, "the refund account is zero");
        t = usualTerms(20260201);
        t.taxAccount = address(0);
        _refused(t, "the tax account is zero");
        t = usualTerms(20260201);
        t.feeAccount = address(0);
        _refused(t, "the fee account is zero");
        t = usualTerms(20260201);
        t.sweepAccount = address(0);
        _refused(t, "the sweep account is zero");
        t = usualTerms(20260201);
        t.allocations[1].account = address(0);
        _refused(t, "an allocation's account is zero");
        t = usualTerms(20260201);
        t.goods[0].supplier = address(0);
        _refused(t, "a goods supplier is zero");
    }

    function test_a_senior_share_above_the_whole_and_goods_named_twice_are_refused() public {
        IRevenueSplit.Terms memory t = usualTerms(20260201);
        t.senior.feeBasisPoints = 10_001;
        _refused(t, "more than 10,000 basis points");
        t = usualTerms(20260201);
        t.senior.sweepBasisPoints = 10_001;
        _refused(t, "more than 10,000 basis points");
        t = usualTerms(20260201);
        t.goods = new IRevenueSplit.Goods[](2);
        t.goods[0] = IRevenueSplit.Goods("cola", supplier, IRevenueSplit.Supply.PREPAID, 1);
        t.goods[1] = t.goods[0];
        _refused(t, "a goods code stands twice");
    }

    function test_a_project_is_opened_once_and_in_a_token() public {
        vm.expectRevert(abi.encodeWithSelector(IRevenueSplit.ProjectAlreadyOpen.selector, PROJECT));
        split.openProject(PROJECT, address(token));
        refuse(abi.encodeWithSelector(IParticipantRegistry.TokenNotAdmitted.selector, address(0)));
        split.openProject("other", address(0));
        isTrue(split.tokenOf(PROJECT) == address(token), "and stays in it");
    }

    function test_a_project_is_opened_in_an_admitted_token_alone() public {
        PlayMoney play = new PlayMoney();
        bytes memory refused =
            abi.encodeWithSelector(IParticipantRegistry.TokenNotAdmitted.selector, address(play));
        refuse(refused);
        split.openProject("other", address(play));
        participants.admitToken(address(play), "CNY", address(play));
        split.openProject("other", address(play));
        participants.expelToken(address(play));
        refuse(refused);
        split.openProject("third", address(play));
        token.pause();
        refuse(abi.encodeWithSelector(IParticipantRegistry.TokenPaused.selector, address(token)));
        split.openProject("third", address(token));
        isTrue(split.tokenOf("third") == address(0) && split.tokenOf("other") == address(play), "what has begun stays");
    }

    /// Who is a participant says the consortium's registry, whatever registry a token names.
    function test_investors_are_participants_of_the_consortiums_registry() public {
        ParticipantRegistry made = new ParticipantRegistry(address(access));
        made.admit(stranger, type(uint128).max, "stranger");
        made.certify(stranger, uint64(block.timestamp + 1), 0);
        DepositToken other =
            new DepositToken(address(access), address(made), address(this), "Other", "o", "CNY", 2);
        participants.admitToken(address(other), "CNY", address(this));
        split.openProject("other", address(other));
        IRevenueSplit.Investor[] memory list = new IRevenueSplit.Investor[](1);
        list[0] = IRevenueSplit.Investor(stranger, 1);
        bytes32 name = keccak256(abi.encode(list, bytes32(0)));
        address made_ = split.poolOf("other", name);
        refuse(
            abi.encodeWithSelector(IRevenueSplit.InvestorInvalid.selector, made_, stranger, "no participant")
        );
        split.addInvestors("other", name, list, 0);
    }

    function _refused(IRevenueSplit.Terms memory t, string memory why) private {
        vm.expectRevert(abi.encodeWithSelector(IRevenueSplit.TermsInvalid.selector, why));
        split.setTerms(PROJECT, t);
    }
}
