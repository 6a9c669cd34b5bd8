// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IParticipantRegistry} from "contracts/interfaces/IParticipantRegistry.sol";
import {IWarehouseReceipts} from "contracts/interfaces/IWarehouseReceipts.sol";
import {WarehouseWorld} from "support/WarehouseWorld.sol";

contract WarehouseReceiptsTransferTest is WarehouseWorld {
    function testFuzz_several_levels_deep(uint8 raw) public {
        address[3] memory holders = [factory, tierOne, tierTwo];
        uint256 steps = raw % 10;
        for (uint256 i = 0; i < steps; ++i) {
            vm.prank(holders[i % 3]);
            receipts.transfer(good, holders[(i + 1) % 3]);
        }
        equal(receipts.receipt(good).holder, holders[steps % 3], "the last's");
    }

    function testFuzz_by_another_is_refused(uint256 seed) public {
        refuse(abi.encodeWithSelector(IWarehouseReceipts.NotTheHolder.selector, good, anyone(seed)));
        vm.prank(anyone(seed));
        receipts.transfer(good, tierOne);
    }

    function test_to_or_by_who_is_not_active_is_refused() public {
        refuse(abi.encodeWithSelector(IParticipantRegistry.ParticipantNotActive.selector, stranger));
        vm.prank(factory);
        receipts.transfer(good, stranger);
        participants.freeze(factory, "word");
        refuse(abi.encodeWithSelector(IParticipantRegistry.ParticipantNotActive.selector, factory));
        vm.prank(factory);
        receipts.transfer(good, tierOne);
    }

    function test_a_pledged_receipt_is_refused() public {
        pledged();
        refuseReceipt(good, IWarehouseReceipts.State.PLEDGED);
        vm.prank(factory);
        receipts.transfer(good, tierOne);
    }

    function test_in_a_pause_is_refused() public {
        receipts.pause();
        refusePaused();
        vm.prank(factory);
        receipts.transfer(good, tierOne);
    }

    /// The question answers what the transfer would.
    function testFuzz_one_can_ask_before(uint8 what) public {
        if (what % 5 == 1) participants.freeze(factory, "order");
        if (what % 5 == 2) receipts.pause();
        if (what % 5 == 3) pledged();
        address to = what % 5 == 4 ? stranger : tierOne;
        (bool may, bytes memory why) = receipts.canTransfer(good, factory, to);
        vm.prank(factory);
        (bool done, bytes memory said) = address(receipts).call(abi.encodeCall(receipts.transfer, (good, to)));
        isTrue(may == done, "may, and does");
        equal(keccak256(why), keccak256(said), "and for the same reason not");
        isTrue(may == (what % 5 == 0), "only when nothing is in its way");
    }
}
