// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IWarehouseReceipts} from "contracts/interfaces/IWarehouseReceipts.sol";
import {CreditWorld} from "support/CreditWorld.sol";
import {Days} from "support/Days.sol";

/// @notice Does with warehouse receipts what parties may do and what they may not, in any order.
contract ReceiptsHandler is CreditWorld {
    bytes32 private constant RESIN = keccak256("resin");

    uint256 public issued;
    uint256 public secondEncumbrances;
    uint256 public movedWhilePledged;
    uint64 private _loan;
    uint64[] private _pledges;
    address[3] private _all;

    constructor() {
        deployAll();
        receipts.postPrice(RESIN, 1_000, calendar.today());
        uint64 line = openLine(1_000_000_00);
        _loan = drawBullet(line, 10_000, 20261201);
        _all = [factory, tierOne, tierTwo];
    }

    function issue(uint32 raw, uint8 who, bool seen) external {
        if (receipts.receiptCount() > 60) return;
        uint128 quantity = uint128(bound(raw, 1, 1_000));
        uint64 id = stored(who % 2 == 0 ? factory : _all[who % 3], RESIN, quantity);
        if (seen || raw % 4 != 0) receipts.verify(id, "seen");
        issued += quantity;
    }

    function verify(uint8 which) external {
        receipts.verify(_receipt(which), "seen");
    }

    function divide(uint8 which, uint32 raw, bool exact) external {
        uint64 id = _receipt(which);
        IWarehouseReceipts.Receipt memory r = receipts.receipt(id);
        uint128[] memory quantities = new uint128[](2);
        quantities[0] = uint128(bound(raw, 1, r.quantity));
        quantities[1] = r.quantity - quantities[0] + (exact ? 0 : uint128(raw % 3));
        vm.prank(r.holder);
        receipts.split(id, quantities);
    }

    function transfer(uint8 which, uint8 to) external {
        uint64 id = _receipt(which);
        IWarehouseReceipts.Receipt memory r = receipts.receipt(id);
        vm.prank(r.holder);
        receipts.transfer(id, to % 2 == 0 ? factory : _all[to % 3]);
        if (r.pledge != 0) ++movedWhilePledged;
    }

    function deliver(uint8 which) external {
        uint64 id = _receipt(which);
        if (which % 4 != 0) return;
        bool isPledged = receipts.receipt(id).pledge != 0;
        vm.prank(receipts.receipt(id).holder);
        receipts.surrender(id);
        vm.prank(keeper);
        receipts.deliver(id, "note");
        if (isPledged) ++movedWhilePledged;
    }

    function pledge(uint8 which, uint8 other) external {
        uint64[] memory ids = new uint64[](which % 2 + 1);
        ids[0] = _receipt(which);
        if (ids.length == 2) ids[1] = _receipt(other);
        bool isHeld = receipts.receipt(ids[0]).pledge != 0 || (ids.length == 2 && ids[0] == ids[1]);
        vm.prank(factory);
        _pledges.push(receipts.pledge(_loan, ids, 9_000, 3));
        if (isHeld) ++secondEncumbrances;
    }

    function topUp(uint8 which, uint8 whichPledge) external {
        uint64 id = _receipt(which);
        bool isHeld = receipts.receipt(id).pledge != 0;
        vm.prank(factory);
        receipts.topUp(_pledges[whichPledge % _pledges.length], id);
        if (isHeld) ++secondEncumbrances;
    }

    function release(uint8 whichPledge, uint8 which, bool byLender) external {
        uint64 id = _pledges[whichPledge % _pledges.length];
        uint64[] memory list = receipts.pledgeOf(id).receipts;
        vm.prank(byLender ? bank : factory);
        receipts.release(id, list[which % list.length]);
    }

    function price(uint8 raw, uint8 whichPledge) external {
        receipts.postPrice(RESIN, raw % 3 == 0 ? 1 : 1_000, calendar.today());
        if (raw % 3 == 0) receipts.callTopUp(_pledges[whichPledge % _pledges.length]);
    }

    function foreclose(uint8 whichPledge) external {
        uint64 id = _pledges[whichPledge % _pledges.length];
        if (whichPledge % 2 == 0) {
            receipts.postPrice(RESIN, 1, calendar.today());
            receipts.callTopUp(id);
            advanceTo(Days.later(calendar.today(), 4));
        }
        vm.prank(bank);
        receipts.foreclose(id);
    }

    function count() external view returns (uint64) {
        return receipts.receiptCount();
    }

    function receiptOf(uint64 id) external view returns (IWarehouseReceipts.Receipt memory) {
        return receipts.receipt(id);
    }

    function pledgeCount() external view returns (uint256) {
        return _pledges.length;
    }

    function pledgeAt(uint256 index) external view returns (uint64 id, IWarehouseReceipts.Pledge memory) {
        id = _pledges[index];
        return (id, receipts.pledgeOf(id));
    }

    function _receipt(uint8 which) private view returns (uint64) {
        return 1 + which % receipts.receiptCount();
    }
}

contract ReceiptsInvariants {
    ReceiptsHandler private _handler;

    error Broken(string rule, uint256 found, uint256 wanted);

    function setUp() public {
        _handler = new ReceiptsHandler();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @notice Rule 1 for goods: receipts that are not split add up to what was issued.
    function invariant_receipts_are_what_was_issued() public view {
        uint256 sum = 0;
        for (uint64 id = 1; id <= _handler.count(); ++id) {
            IWarehouseReceipts.Receipt memory r = _handler.receiptOf(id);
            if (r.state != IWarehouseReceipts.State.SPLIT) sum += r.quantity;
        }
        _same("quantity", sum, _handler.issued());
    }

    /// @notice Rule 2: a receipt lies in one open pledge or in none, and stays where it is meanwhile.
    function invariant_one_encumbrance_a_receipt() public view {
        _same("second encumbrances", _handler.secondEncumbrances(), 0);
        _same("moved while pledged", _handler.movedWhilePledged(), 0);
        uint256 inPledges = 0;
        for (uint256 i = 0; i < _handler.pledgeCount(); ++i) {
            (uint64 id, IWarehouseReceipts.Pledge memory p) = _handler.pledgeAt(i);
            if (!p.open) _same("closed and empty", p.receipts.length, 0);
            for (uint256 j = 0; j < p.receipts.length; ++j) {
                IWarehouseReceipts.Receipt memory r = _handler.receiptOf(p.receipts[j]);
                _same("its pledge", r.pledge, id);
                _same("its pledgor's", uint160(r.holder), uint160(p.pledgor));
                ++inPledges;
            }
        }
        uint256 pledged = 0;
        for (uint64 id = 1; id <= _handler.count(); ++id) {
            IWarehouseReceipts.State state = _handler.receiptOf(id).state;
            if (state == IWarehouseReceipts.State.PLEDGED || state == IWarehouseReceipts.State.PARTIAL_RELEASE) {
                ++pledged;
            }
        }
        _same("pledged receipts", pledged, inPledges);
    }

    function _same(string memory rule, uint256 found, uint256 wanted) private pure {
        if (found != wanted) revert Broken(rule, found, wanted);
    }
}
