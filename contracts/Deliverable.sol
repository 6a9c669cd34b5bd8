// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IDeliverable} from "./interfaces/IDeliverable.sol";

/// @title What hears the settlement contract alone
/// @notice Documented in interfaces/IDeliverable.sol.
abstract contract Deliverable is IDeliverable, AccessManaged {
    /// @inheritdoc IDeliverable
    address public settlement;

    modifier onlySettlement() {
        if (msg.sender != settlement) revert NotTheSettlement(msg.sender);
        _;
    }

    /// @inheritdoc IDeliverable
    function setSettlement(address settlement_) external restricted {
        if (settlement_ == settlement || settlement_.code.length == 0) revert SettlementInvalid(settlement_);
        settlement = settlement_;
        emit SettlementSet(settlement_);
    }
}
