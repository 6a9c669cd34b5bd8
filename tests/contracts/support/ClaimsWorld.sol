// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {CreditWorld} from "support/CreditWorld.sol";

/// @notice Claims in every state, for the tests of Receivables.
abstract contract ClaimsWorld is CreditWorld {
    uint32 internal constant DUE = 20260401;
    uint32 internal constant AFTER = 20260402;

    function setUp() public virtual {
        deployAll();
    }

    function usual() internal returns (IReceivables.Terms memory) {
        return claimTerms(IReceivables.Kind.RECEIVABLE, core, tierOne, 1_000, DUE);
    }

    /// @dev Other than `t` in one term.
    function otherTerms(IReceivables.Terms memory t, uint8 which) internal view returns (IReceivables.Terms memory) {
        which %= 9;
        if (which == 0) t.kind = IReceivables.Kind.ORDER;
        if (which == 1) t.token = stranger;
        if (which == 2) ++t.face;
        if (which == 3) ++t.issueDate;
        if (which == 4) ++t.dueDate;
        if (which == 5) ++t.defaultDays;
        if (which == 6) t.invoice = keccak256("another");
        if (which == 7) t.document = keccak256("another");
        if (which == 8) t.tag = keccak256("another");
        return t;
    }

    function drafted() internal returns (uint64) {
        return draftBy(tierOne, usual());
    }

    function registered() internal returns (uint64 root) {
        root = drafted();
        registerBy(tierOne, root);
    }

    /// @dev A confirmed claim and its first part, tierOne's.
    function confirmed() internal returns (uint64 root, uint64 part) {
        return payable_(core, tierOne, 1_000, DUE);
    }

    /// @dev An overdue claim and its one part, passed from tierOne to tierTwo with recourse, or without.
    function overdue(bool recourse) internal returns (uint64 root, uint64 part) {
        (root, part) = confirmed();
        part = pass(part, tierTwo, recourse);
        advanceTo(AFTER);
        receivables.poke(root);
    }

    function ids(uint64 one) internal pure returns (uint64[] memory list) {
        list = new uint64[](1);
        list[0] = one;
    }

    function two(uint256 a, uint256 b) internal pure returns (uint128[] memory amounts) {
        amounts = new uint128[](2);
        (amounts[0], amounts[1]) = (uint128(a), uint128(b));
    }

    function stateOf(uint64 root) internal view returns (IReceivables.State) {
        return receivables.claim(root).state;
    }

    function inState(uint64 root, IReceivables.State wanted, string memory what) internal view {
        equal(uint256(stateOf(root)), uint256(wanted), what);
    }

    function refuseState(uint64 root, IReceivables.State state) internal {
        refuse(abi.encodeWithSelector(IReceivables.StateNotAllowed.selector, root, state));
    }

    function approve(address who, uint256 amount) internal {
        give(who, amount);
        vm.prank(who);
        token.approve(address(receivables), amount);
    }

    /// @dev The obligor disputes the claim.
    function disputed(uint64 root) internal {
        vm.prank(core);
        receivables.dispute(root, 0, "wrong goods");
    }
}
