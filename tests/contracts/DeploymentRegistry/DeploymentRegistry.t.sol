// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DeploymentRegistry} from "contracts/DeploymentRegistry.sol";
import {IDeploymentRegistry} from "contracts/interfaces/IDeploymentRegistry.sol";
import {Ledger} from "support/Ledger.sol";

contract DeploymentRegistryTest is Ledger {
    DeploymentRegistry private _registry;

    function setUp() public {
        deploy();
        _registry = new DeploymentRegistry(address(access));
    }

    function test_the_newest_deployment_counts_and_the_others_are_kept() public {
        _registry.record("RevenueSplit", address(split), "1");
        _registry.record("RevenueSplit", address(token), "2");
        IDeploymentRegistry.Deployment memory found = _registry.current("RevenueSplit");
        isTrue(found.account == address(token), "the newest");
        equal(found.codeHash, address(token).codehash, "its code");
        equal(_registry.history("RevenueSplit").length, 2, "both");
        isTrue(_registry.history("RevenueSplit")[0].account == address(split), "in order");
    }

    function test_the_same_again_is_a_no_op() public {
        _registry.record("RevenueSplit", address(split), "1");
        _registry.record("RevenueSplit", address(split), "1");
        equal(_registry.history("RevenueSplit").length, 1, "once");
    }

    function testFuzz_another_version_at_the_same_place_is_recorded(bytes32 first, bytes32 next) public {
        vm.assume(first != next);
        _registry.record("RevenueSplit", address(split), first);
        _registry.record("RevenueSplit", address(split), next);
        _registry.record("RevenueSplit", address(split), first);
        equal(_registry.history("RevenueSplit").length, 3, "each change");
        equal(_registry.current("RevenueSplit").version, first, "the newest");
    }

    function test_what_has_no_code_is_no_deployment() public {
        vm.expectRevert(abi.encodeWithSelector(IDeploymentRegistry.NoCodeAt.selector, stranger));
        _registry.record("RevenueSplit", stranger, "1");
    }

    function test_an_unknown_name_has_none() public {
        vm.expectRevert(abi.encodeWithSelector(IDeploymentRegistry.DeploymentUnknown.selector, bytes32("Nothing")));
        _registry.current("Nothing");
    }
}
