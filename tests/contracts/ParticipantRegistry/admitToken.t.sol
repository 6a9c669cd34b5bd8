// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IParticipantRegistry} from "contracts/interfaces/IParticipantRegistry.sol";
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
