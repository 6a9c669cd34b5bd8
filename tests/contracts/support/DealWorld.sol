// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISettlement} from "contracts/interfaces/ISettlement.sol";
import {Interest} from "contracts/libraries/Interest.sol";
import {CreditWorld} from "support/CreditWorld.sol";

/// @notice tierOne's claim of 1,000,000 and a buyer with 2,000,000, for the tests of Settlement.
abstract contract DealWorld is CreditWorld {
    uint32 internal constant DUE = 20260405;
    uint64 internal root;
    uint64 internal part;

    function setUp() public virtual {
        deployAll();
        (root, part) = payable_(core, tierOne, 1_000_000, DUE);
        give(buyer, 2_000_000);
        vm.prank(buyer);
        token.approve(address(settlement), type(uint256).max);
    }

    /// @dev Shares are for a project of as many as it has now.
    function leg(ISettlement.Asset asset, address from, address to, uint256 id, uint256 amount)
        internal
        view
        returns (ISettlement.Leg memory)
    {
        uint256 supply = asset == ISettlement.Asset.PROJECT_SHARE ? shares.projectOf(bytes32(id)).supply : 0;
        return ISettlement.Leg(asset, from, to, bytes32(id), amount, supply, false);
    }

    function money(address from, address to, uint256 amount) internal view returns (ISettlement.Leg memory) {
        return leg(ISettlement.Asset.DEPOSIT_TOKEN, from, to, uint160(address(token)), amount);
    }

    /// @dev The part, for what is unpaid on it now, against `price`.
    function dealAt(uint256 price) internal view returns (ISettlement.Deal memory d) {
        d.legs = new ISettlement.Leg[](2);
        d.legs[0] = leg(ISettlement.Asset.CLAIM_PART, tierOne, buyer, part, unpaidOn(part));
        d.legs[1] = money(buyer, tierOne, price);
        d.deadline = uint64(block.timestamp + 100);
    }

    function sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function signed(bytes32 digest) internal view returns (ISettlement.Signature[] memory all) {
        all = new ISettlement.Signature[](1);
        all[0] = ISettlement.Signature(buyer, sign(BUYER_KEY, digest));
    }

    /// @dev tierOne brings what the buyer has signed.
    function settle(ISettlement.Deal memory d) internal returns (bytes32) {
        return settleWith(d, signed(settlement.dealDigest(d)));
    }

    function settleWith(ISettlement.Deal memory d, ISettlement.Signature[] memory all) internal returns (bytes32) {
        vm.prank(tierOne);
        return settlement.settle(d, all);
    }

    /// @dev For what is unpaid on the part now, at any price.
    function quote(uint32 ratePpm, bool recourse) internal view returns (ISettlement.Quote memory) {
        uint64 deadline = uint64(block.timestamp + 100);
        return ISettlement.Quote(
            part,
            tierOne,
            buyer,
            address(token),
            unpaidOn(part),
            type(uint128).max,
            ratePpm,
            Interest.Convention.ACT_360,
            recourse,
            1,
            deadline
        );
    }

    function discount(ISettlement.Quote memory q, bytes memory signature) internal returns (uint256) {
        vm.prank(tierOne);
        return settlement.discount(q, 0, signature);
    }

    function accepted(ISettlement.Quote memory q) internal view returns (bytes memory) {
        return sign(BUYER_KEY, settlement.quoteDigest(q));
    }

    function holds(address who, string memory what) internal view {
        equal(receivables.part(wholeOf(root)).holder, who, what);
    }
}
