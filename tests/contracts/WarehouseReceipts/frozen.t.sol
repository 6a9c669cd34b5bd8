// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IParticipantRegistry} from "contracts/interfaces/IParticipantRegistry.sol";
import {IWarehouseReceipts} from "contracts/interfaces/IWarehouseReceipts.sol";
import {Parts} from "contracts/libraries/Parts.sol";
import {WarehouseWorld} from "support/WarehouseWorld.sol";

/// What is frozen neither moves nor comes to anybody, and what was not given a part begins nothing in it.
contract WarehouseReceiptsFrozenTest is WarehouseWorld {
    function refuseFrozen(address account) private {
        refuse(abi.encodeWithSelector(IParticipantRegistry.AccountFrozen.selector, account));
    }

    function refusePart(address account, uint8 part) private {
        participants.removeParts(account, uint128(1) << part);
        refuse(abi.encodeWithSelector(IParticipantRegistry.PartNotPlayed.selector, account, part));
    }

    function test_a_frozen_lender_forecloses_once_it_is_free_again() public {
        uint64 id = called();
        advanceTo(20260111);
        participants.freeze(bank, "order");
        refuseFrozen(bank);
        vm.prank(bank);
        receipts.foreclose(id);
        receiptIn(good, IWarehouseReceipts.State.PLEDGED, "still the borrower's");
        participants.unfreeze(bank);
        vm.prank(bank);
        receipts.foreclose(id);
        receiptIn(good, IWarehouseReceipts.State.FORECLOSED, "taken over");
    }

    function test_a_frozen_lender_neither_sets_terms_nor_releases() public {
        uint64 id = pledged();
        participants.freeze(bank, "order");
        refuseFrozen(bank);
        vm.prank(bank);
        receipts.setPledgeTerms(line, 5_000, 5);
        refuseFrozen(bank);
        vm.prank(bank);
        receipts.release(id, good);
    }

    function test_a_frozen_holder_pledges_nothing() public {
        participants.freeze(factory, "order");
        refuse(abi.encodeWithSelector(IParticipantRegistry.ParticipantNotActive.selector, factory));
        vm.prank(factory);
        receipts.pledge(loan, ids(good), 6_000, 5);
    }

    function test_a_frozen_holder_adds_splits_and_takes_out_nothing() public {
        uint64 more = verified(10);
        uint64 id = pledged();
        participants.freeze(factory, "order");
        refuseFrozen(factory);
        vm.prank(factory);
        receipts.topUp(id, more);
        refuseFrozen(factory);
        vm.prank(factory);
        receipts.release(id, good);
        uint128[] memory halves = new uint128[](2);
        (halves[0], halves[1]) = (5, 5);
        refuseFrozen(factory);
        vm.prank(factory);
        receipts.split(more, halves);
    }

    function test_a_frozen_warehouse_issues_hands_out_and_gives_back_nothing() public {
        vm.prank(factory);
        receipts.surrender(good);
        participants.admit(keeper, 0, "keeper");
        participants.freeze(keeper, "order");
        refuseFrozen(keeper);
        vm.prank(keeper);
        receipts.issue(factory, RESIN, 10, "paper");
        refuseFrozen(keeper);
        vm.prank(keeper);
        receipts.deliver(good, "handed out");
        refuseFrozen(keeper);
        vm.prank(keeper);
        receipts.giveBack(good, "no");
        participants.freeze(factory, "order");
        refuseFrozen(factory);
        vm.prank(factory);
        receipts.giveBack(good, "no");
        participants.unfreeze(keeper);
        vm.prank(keeper);
        receipts.giveBack(good, "no");
        receiptIn(good, IWarehouseReceipts.State.VERIFIED, "given back");
    }

    function test_a_frozen_holder_gets_no_goods() public {
        participants.freeze(factory, "order");
        refuseFrozen(factory);
        vm.prank(factory);
        receipts.surrender(good);
        participants.unfreeze(factory);
        vm.prank(factory);
        receipts.surrender(good);
        participants.freeze(factory, "order");
        refuseFrozen(factory);
        vm.prank(keeper);
        receipts.deliver(good, "handed out");
        participants.unfreeze(factory);
        vm.prank(keeper);
        receipts.deliver(good, "handed out");
    }

    function test_who_is_no_depositor_is_issued_and_sold_nothing() public {
        refusePart(bank, Parts.DEPOSITOR);
        vm.prank(factory);
        receipts.transfer(good, bank);
        refusePart(factory, Parts.DEPOSITOR);
        issued(1);
        vm.prank(factory);
        receipts.transfer(good, supplier); // what it has it may pass on
    }
}
