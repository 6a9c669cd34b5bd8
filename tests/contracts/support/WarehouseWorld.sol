// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IWarehouseReceipts} from "contracts/interfaces/IWarehouseReceipts.sol";
import {Roles} from "contracts/libraries/Roles.sol";
import {CreditWorld} from "support/CreditWorld.sol";

/// @notice A hundred units of resin in a warehouse, and a loan of 40,000.00, for the tests of WarehouseReceipts.
abstract contract WarehouseWorld is CreditWorld {
    bytes32 internal constant RESIN = keccak256("resin, grade A");
    uint64 internal good;
    uint64 internal line;
    uint64 internal loan;

    function setUp() public virtual {
        deployAll();
        receipts.postPrice(RESIN, 800_00, calendar.today());
        good = verified(100);
        line = openLine(300_000_00);
        loan = drawBullet(line, 40_000_00, 20261201);
    }

    function issued(uint128 quantity) internal returns (uint64) {
        return stored(factory, RESIN, quantity);
    }

    function verified(uint128 quantity) internal returns (uint64 id) {
        id = issued(quantity);
        receipts.verify(id, "seen");
    }

    function ids(uint64 one) internal pure returns (uint64[] memory list) {
        list = new uint64[](1);
        list[0] = one;
    }

    function splitInTwo(uint64 id, address holder, uint128 first) internal returns (uint64[] memory) {
        uint128[] memory quantities = new uint128[](2);
        (quantities[0], quantities[1]) = (first, receipts.receipt(id).quantity - first);
        vm.prank(holder);
        return receipts.split(id, quantities);
    }

    /// @dev All of the resin for the loan, at 60 %, five days to top up.
    function pledged() internal returns (uint64) {
        return pledge(ids(good), 6_000, 5);
    }

    function pledge(uint64[] memory list, uint16 ltv, uint16 days_) internal returns (uint64) {
        vm.prank(factory);
        return receipts.pledge(loan, list, ltv, days_);
    }

    /// @dev The price has fallen to 500.00 and more was called for.
    function called() internal returns (uint64 id) {
        id = pledged();
        receipts.postPrice(RESIN, 500_00, calendar.today());
        receipts.callTopUp(id);
    }

    function foreclosed() internal returns (uint64 id) {
        id = called();
        advanceTo(20260111);
        vm.prank(bank);
        receipts.foreclose(id);
    }

    function receiptIn(uint64 id, IWarehouseReceipts.State wanted, string memory what) internal view {
        equal(uint256(receipts.receipt(id).state), uint256(wanted), what);
    }

    function refuseReceipt(uint64 id, IWarehouseReceipts.State state) internal {
        refuse(abi.encodeWithSelector(IWarehouseReceipts.ReceiptStateNotAllowed.selector, id, state));
    }
}
