// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IParticipantRegistry} from "contracts/interfaces/IParticipantRegistry.sol";
import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {Parts} from "contracts/libraries/Parts.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";

/// Who may owe, be owed and hold claims.
contract ReceivablesPartsTest is ClaimsWorld {
    function refusePart(address account, uint8 part) private {
        participants.removeParts(account, uint128(1) << part);
        refuse(abi.encodeWithSelector(IParticipantRegistry.PartNotPlayed.selector, account, part));
    }

    function test_a_claim_is_between_an_obligor_and_a_creditor() public {
        IReceivables.Terms memory t = claimTerms(IReceivables.Kind.ORDER, core, tierOne, 1_000, 20260301);
        refusePart(tierOne, Parts.CREDITOR);
        draftBy(tierOne, t);
        participants.addParts(tierOne, uint128(1) << Parts.CREDITOR);
        refusePart(core, Parts.OBLIGOR);
        draftBy(tierOne, t);
    }

    function test_parts_of_claims_go_to_holders_and_who_is_none_any_more_sells() public {
        (, uint64 id) = confirmed();
        refusePart(tierTwo, Parts.HOLDER);
        vm.prank(tierOne);
        receivables.offer(id, tierTwo, false, uint64(block.timestamp + 1 days));
        participants.removeParts(tierOne, uint128(1) << Parts.HOLDER);
        vm.prank(tierOne);
        receivables.offer(id, tierThree, false, uint64(block.timestamp + 1 days));
        refusePart(tierThree, Parts.HOLDER);
        vm.prank(tierThree);
        receivables.accept(id, false, 1, type(uint64).max);
    }

    function test_a_frozen_pledgee_neither_takes_nor_releases() public {
        (, uint64 id) = confirmed();
        vm.prank(tierOne);
        receivables.pledge(id, bank);
        participants.freeze(bank, "order");
        bytes memory frozen = abi.encodeWithSelector(IParticipantRegistry.AccountFrozen.selector, bank);
        refuse(frozen);
        vm.prank(bank);
        receivables.take(id, 0);
        refuse(frozen);
        vm.prank(bank);
        receivables.release(id);
        participants.unfreeze(bank);
        vm.prank(bank);
        receivables.release(id);
    }
}
