// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IWarehouseReceipts} from "contracts/interfaces/IWarehouseReceipts.sol";
import {Roles} from "contracts/libraries/Roles.sol";
import {WarehouseWorld} from "support/WarehouseWorld.sol";

contract WarehouseReceiptsVerifyTest is WarehouseWorld {
    function test_a_verified_receipt_moves() public {
        uint64 id = issued(5);
        receipts.verify(id, "seen");
        receiptIn(id, IWarehouseReceipts.State.VERIFIED, "verified");
        vm.prank(factory);
        receipts.transfer(id, tierOne);
    }

    function test_twice_is_refused() public {
        refuseReceipt(good, IWarehouseReceipts.State.VERIFIED);
        receipts.verify(good, "seen");
    }

    function test_by_the_warehouse_is_refused() public {
        uint64 id = issued(5);
        refuseRole(keeper);
        vm.prank(keeper);
        receipts.verify(id, "seen");
    }

    /// Who has both roles still verifies nothing that it issued or holds.
    function test_by_who_issued_or_holds_it_is_refused() public {
        uint64 id = issued(5);
        address[2] memory both = [keeper, factory];
        for (uint256 i = 0; i < 2; ++i) {
            access.grantRole(Roles.SUPERVISOR, both[i], 0);
            refuse(abi.encodeWithSelector(IWarehouseReceipts.VerifiedByItself.selector, id, both[i]));
            vm.prank(both[i]);
            receipts.verify(id, "seen");
        }
    }

    function test_what_is_not_there_is_refused() public {
        refuse(abi.encodeWithSelector(IWarehouseReceipts.ReceiptUnknown.selector, 99));
        receipts.verify(99, "seen");
    }
}
