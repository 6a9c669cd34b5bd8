// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IParticipantRegistry} from "contracts/interfaces/IParticipantRegistry.sol";
import {Parts} from "contracts/libraries/Parts.sol";
import {ShareWorld} from "support/ShareWorld.sol";

/// Who may issue and take shares.
contract ProjectSharePartsTest is ShareWorld {
    function refusePart(address account, uint8 part) private {
        participants.removeParts(account, uint128(1) << part);
        refuse(abi.encodeWithSelector(IParticipantRegistry.PartNotPlayed.selector, account, part));
    }

    function test_an_issuer_opens_and_shareholders_take() public {
        refusePart(supplier, Parts.ISSUER);
        shares.openProject("another", address(token), supplier, CAP);
        refusePart(investorB, Parts.SHAREHOLDER);
        vm.prank(investorA);
        shares.transfer(PROJECT, investorB, 1);
        vm.prank(investorB); // what it has it may pass on
        shares.transfer(PROJECT, investorA, 40);
        equal(shares.balanceOf(PROJECT, investorA), 100, "all");
    }

    function test_a_frozen_issuer_neither_offers_nor_issues() public {
        participants.freeze(operator, "order");
        bytes memory refused = abi.encodeWithSelector(IParticipantRegistry.ParticipantNotActive.selector, operator);
        refuse(refused);
        vm.prank(operator);
        shares.offerRedemption(PROJECT, 5);
        refuse(refused);
        vm.prank(operator);
        shares.increase(PROJECT, operator, 5, both());
    }
}
