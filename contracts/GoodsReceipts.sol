// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Deliverable} from "./Deliverable.sol";
import {Stoppable} from "./Stoppable.sol";
import {IParticipantRegistry} from "./interfaces/IParticipantRegistry.sol";
import {IWarehouseReceipts} from "./interfaces/IWarehouseReceipts.sol";
import {Parts} from "./libraries/Parts.sol";

/// @title Receipts for goods: how they come to be, pass on and end
/// @notice Documented in interfaces/IWarehouseReceipts.sol. WarehouseReceipts is this, and their prices and pledges.
abstract contract GoodsReceipts is IWarehouseReceipts, Stoppable, Deliverable {
    IParticipantRegistry public immutable participants;
    uint64 public receiptCount;

    mapping(uint64 id => Receipt) internal _receipts;
    mapping(bytes32 paper => uint64 receipt) private _receiptOf;

    constructor(address participants_) {
        participants = IParticipantRegistry(participants_);
    }

    // ---- writes

    /// @inheritdoc IWarehouseReceipts
    function issue(address holder, bytes32 goods, uint128 quantity, bytes32 document)
        external
        restricted
        whenNotPaused
        returns (uint64 id)
    {
        if (quantity == 0) revert AmountZero();
        _requireMay(msg.sender, Parts.END);
        _requireMay(holder, Parts.DEPOSITOR);
        id = ++receiptCount;
        bytes32 paper = keccak256(abi.encode(msg.sender, document));
        if (document == 0 || _receiptOf[paper] != 0) revert DocumentUsed(document, _receiptOf[paper]);
        _receiptOf[paper] = id;
        _receipts[id] = Receipt(State.ISSUED, msg.sender, holder, 0, 0, quantity, goods, document);
        emit ReceiptIssued(id, msg.sender, holder, goods, quantity);
    }

    /// @inheritdoc IWarehouseReceipts
    function verify(uint64 id, bytes32 evidence) external restricted {
        Receipt storage r = _in(id, State.ISSUED);
        if (msg.sender == r.warehouse || msg.sender == r.holder) revert VerifiedByItself(id, msg.sender);
        r.state = State.VERIFIED;
        emit ReceiptVerified(id, msg.sender, evidence);
    }

    /// @inheritdoc IWarehouseReceipts
    function transfer(uint64 id, address to) external {
        _transfer(id, msg.sender, to);
    }

    /// @inheritdoc IWarehouseReceipts
    function transferBySettlement(uint64 id, address from, address to, uint128 quantity)
        external
        onlySettlement
    {
        if (quantity == 0) revert AmountZero();
        if (_receipts[id].quantity < quantity) revert QuantityTooSmall(id, _receipts[id].quantity, quantity);
        _transfer(id, from, to);
    }

    /// @inheritdoc IWarehouseReceipts
    function surrender(uint64 id) external {
        Receipt storage r = _free(id);
        if (msg.sender != r.holder) revert NotTheHolder(id, msg.sender);
        _requireMay(msg.sender, Parts.END);
        r.state = State.SURRENDERED;
        emit ReceiptSurrendered(id, msg.sender);
    }

    /// @inheritdoc IWarehouseReceipts
    function giveBack(uint64 id, bytes32 reason) external {
        Receipt storage r = _in(id, State.SURRENDERED);
        if (msg.sender != r.holder && msg.sender != r.warehouse) revert NotTheHolder(id, msg.sender);
        _requireMay(msg.sender, Parts.END);
        r.state = State.VERIFIED;
        emit ReceiptGivenBack(id, msg.sender, reason);
    }

    /// @inheritdoc IWarehouseReceipts
    function deliver(uint64 id, bytes32 evidence) external {
        Receipt storage r = _in(id, State.SURRENDERED);
        if (msg.sender != r.warehouse) revert NotTheWarehouse(id, msg.sender);
        _requireMay(msg.sender, Parts.END);
        _requireMay(r.holder, Parts.END);
        r.state = State.DELIVERED;
        emit ReceiptDelivered(id, r.holder, evidence);
    }

    // ---- reads

    /// @inheritdoc IWarehouseReceipts
    function receipt(uint64 id) external view returns (Receipt memory) {
        return _receipts[id];
    }

    /// @inheritdoc IWarehouseReceipts
    function canTransfer(uint64 id, address from, address to) external view returns (bool may, bytes memory why) {
        try this.requireTransfer(id, from, to) {
            return (true, "");
        } catch (bytes memory reason) {
            return (false, reason);
        }
    }

    /// @inheritdoc IWarehouseReceipts
    function requireTransfer(uint64 id, address from, address to) public view whenNotPaused {
        if (from != _free(id).holder) revert NotTheHolder(id, from);
        _requireMay(from, Parts.PASS_ON);
        _requireMay(to, Parts.DEPOSITOR);
    }

    // ---- internals

    function _transfer(uint64 id, address from, address to) internal {
        requireTransfer(id, from, to);
        _receipts[id].holder = to;
        emit ReceiptTransferred(id, from, to);
    }

    /// @dev A receipt that its holder may pass on or give up.
    function _free(uint64 id) internal view returns (Receipt storage r) {
        r = _receipts[id];
        if (r.state != State.VERIFIED && r.state != State.FORECLOSED) revert ReceiptStateNotAllowed(id, r.state);
    }

    function _in(uint64 id, State state) internal view returns (Receipt storage r) {
        r = _receipts[id];
        if (r.state == State.NONE) revert ReceiptUnknown(id);
        if (r.state != state) revert ReceiptStateNotAllowed(id, r.state);
    }

    function _requireMay(address account, uint8 act) internal view {
        participants.requireMay(account, act);
    }
}
