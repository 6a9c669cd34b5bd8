// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Vm} from "support/Vm.sol";

/// @notice Assertions, and the virtual machine.
abstract contract Check {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    error NotEqual(string what, uint256 found, uint256 wanted);
    error NotTrue(string what);

    function equal(uint256 found, uint256 wanted, string memory what) internal pure {
        if (found != wanted) revert NotEqual(what, found, wanted);
    }

    function equal(bytes32 found, bytes32 wanted, string memory what) internal pure {
        if (found != wanted) revert NotEqual(what, uint256(found), uint256(wanted));
    }

    function isTrue(bool condition, string memory what) internal pure {
        if (!condition) revert NotTrue(what);
    }

    function equal(address found, address wanted, string memory what) internal pure {
        equal(uint256(uint160(found)), uint256(uint160(wanted)), what);
    }

    /// @dev The next call must be refused with exactly this error.
    function refuse(bytes memory error_) internal {
        vm.expectRevert(error_);
    }

    /// @dev The next call must be refused because `caller` lacks the role.
    function refuseRole(address caller) internal {
        vm.expectRevert(abi.encodeWithSignature("AccessManagedUnauthorized(address)", caller));
    }

    function refusePaused() internal {
        vm.expectRevert(abi.encodeWithSignature("EnforcedPause()"));
    }

    /// @dev Some account that is no precompile, no cheat code and none of the test's parties.
    function anyone(uint256 seed) internal pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encode("anyone", seed)))));
    }

    function bound(uint256 x, uint256 low, uint256 high) internal pure returns (uint256) {
        return low + x % (high - low + 1);
    }
}
