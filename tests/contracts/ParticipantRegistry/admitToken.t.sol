// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DepositToken} from "contracts/DepositToken.sol";
import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {IParticipantRegistry} from "contracts/interfaces/IParticipantRegistry.sol";
import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {Roles} from "contracts/libraries/Roles.sol";
import {CreditWorld} from "support/CreditWorld.sol";
import {PlayMoney} from "support/PlayMoney.sol";

contract ParticipantRegistryAdmitTokenTest is CreditWorld {
    function setUp() public {
        deployAll();
    }

    function test_a_token_is_admitted_for_a_currency_and_expelled() public {
        address play = address(new PlayMoney());
        participants.admitToken(play, "USD");
        isTrue(participants.currencyOf(play) == "USD", "as the consortium says, not the token");
        participants.requireToken(play);
        participants.expelToken(play);
        refuse(abi.encodeWithSelector(IParticipantRegistry.TokenNotAdmitted.selector, play));
        participants.requireToken(play);
        refuse(abi.encodeWithSelector(IParticipantRegistry.TokenNotAdmitted.selector, play));
        participants.expelToken(play);
    }

    /// What is paused can't be passed by: nothing begins in a paused token, in no contract.
    function test_nothing_begins_in_a_paused_token() public {
        uint64 line = openLine(100_000);
        uint64 root = order(1_000);
        token.pause();
        bytes memory refused = abi.encodeWithSelector(IParticipantRegistry.TokenPaused.selector, address(token));
        refuse(refused);
        participants.requireToken(address(token));
        IReceivables.Terms memory t = claimTerms(IReceivables.Kind.PAYABLE, core, tierOne, 1_000, 20260301);
        refuse(refused);
        draftBy(core, t);
        refuse(refused);
        vm.prank(factory);
        credit.draw(line, root, 1_000, ICreditLine.Plan.BULLET, bullet(20260301, 1_000), 0);
        participants.expelToken(address(token));
    }

    /// A statement's entry is worth money once, whatever tokens a bank has.
    function test_an_entry_backs_one_mint_over_all_tokens() public {
        DepositToken other =
            new DepositToken(address(access), address(participants), address(this), "Second", "dC2", "CNY", 2);
        grant(address(other), Roles.BANK, other.mint.selector);
        refuse(abi.encodeWithSelector(IParticipantRegistry.TokenNotAdmitted.selector, address(other)));
        other.mint(core, 5, "entry");
        participants.admitToken(address(other), "CNY");
        token.mint(core, 5, "entry");
        refuse(abi.encodeWithSelector(IParticipantRegistry.EntryAlreadyUsed.selector, bytes32("entry")));
        other.mint(core, 5, "entry");
        other.mint(core, 5, "another entry");
        isTrue(participants.tokenOf("another entry") == address(other), "its token");
        refuse(abi.encodeWithSelector(IParticipantRegistry.TokenNotAdmitted.selector, stranger));
        vm.prank(stranger);
        participants.useEntry("a third");
    }

    function testFuzz_what_is_no_contract_or_names_no_currency_is_refused(address account) public {
        vm.assume(account.code.length == 0);
        refuse(abi.encodeWithSelector(IParticipantRegistry.TokenInvalid.selector, account, bytes3("CNY")));
        participants.admitToken(account, "CNY");
        refuse(abi.encodeWithSelector(IParticipantRegistry.TokenInvalid.selector, address(token), bytes3(0)));
        participants.admitToken(address(token), 0);
    }

    function testFuzz_by_another_than_the_consortium_is_refused(uint256 seed) public {
        address play = address(new PlayMoney());
        refuseRole(anyone(seed));
        vm.prank(anyone(seed));
        participants.admitToken(play, "CNY");
        refuseRole(anyone(seed));
        vm.prank(anyone(seed));
        participants.expelToken(address(token));
        refuseRole(anyone(seed));
        vm.prank(anyone(seed));
        participants.addPledgee(play);
    }

    function test_shares_of_a_project_in_play_money_are_refused() public {
        address play = address(new PlayMoney());
        refuse(abi.encodeWithSelector(IParticipantRegistry.TokenNotAdmitted.selector, play));
        shares.openProject(PROJECT, play, operator, 100);
    }
}
