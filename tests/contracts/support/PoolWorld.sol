// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRevenueSplit} from "contracts/interfaces/IRevenueSplit.sol";
import {Waterfall} from "contracts/libraries/Waterfall.sol";
import {Ledger} from "support/Ledger.sol";

/// @notice The usual terms hold, for the tests of pools.
abstract contract PoolWorld is Ledger {
    uint256 private _sales;

    function setUp() public virtual {
        deploy();
        yearLater();
        split.setTerms(PROJECT, usualTerms(DAY_ONE));
    }

    function sell(uint32 date, uint256 gross) internal {
        bytes32 batch = bytes32(++_sales);
        fund(gross, batch);
        split.distribute(facts(batch, date, gross, 0, 0, 0));
    }

    /// @dev Terms whose residual recipient is `to`, and nobody else.
    function allTo(address to, uint32 from) internal {
        IRevenueSplit.Terms memory t = usualTerms(from);
        (t.senior.feeBasisPoints, t.senior.sweepBasisPoints) = (0, 0);
        t.allocations = new Waterfall.Allocation[](0);
        t.residualAccount = to;
        split.setTerms(PROJECT, t);
    }

    function nameOf(IRevenueSplit.Investor[] memory piece, bytes32 next) internal pure returns (bytes32) {
        return keccak256(abi.encode(piece, next));
    }

    function slice(IRevenueSplit.Investor[] memory list, uint256 from, uint256 to)
        internal
        pure
        returns (IRevenueSplit.Investor[] memory piece)
    {
        piece = new IRevenueSplit.Investor[](to - from);
        for (uint256 i = from; i < to; ++i) {
            piece[i - from] = list[i];
        }
    }

    /// @dev Certify `count` investors of their own, number by number; their weights differ.
    function crowd(uint256 count) internal returns (IRevenueSplit.Investor[] memory list) {
        list = new IRevenueSplit.Investor[](count);
        for (uint256 i = 0; i < count; ++i) {
            list[i] = IRevenueSplit.Investor(anyone(7_000 + i), uint64(1 + i % 13));
            participants.admit(list[i].account, 1, 0);
            participants.certify(list[i].account, uint64(block.timestamp + 3650 days), 0);
        }
    }

    /// @dev Add a list in pieces of `most`; `gas_` is what the dearest piece took.
    function addAll(IRevenueSplit.Investor[] memory list, uint256 most) internal returns (address account, uint256 gas_) {
        uint256 pieces = (list.length + most - 1) / most;
        bytes32[] memory names = new bytes32[](pieces + 1);
        for (uint256 k = pieces; k != 0; --k) {
            names[k - 1] = nameOf(slice(list, (k - 1) * most, _min(k * most, list.length)), names[k]);
        }
        for (uint256 k = 0; k < pieces; ++k) {
            IRevenueSplit.Investor[] memory piece = slice(list, k * most, _min((k + 1) * most, list.length));
            uint256 before = gasleft();
            account = split.addInvestors(PROJECT, names[0], piece, names[k + 1]);
            if (before - gasleft() > gas_) gas_ = before - gasleft();
        }
        pools.push(account);
    }

    function _min(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
