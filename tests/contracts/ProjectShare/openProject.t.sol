// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IParticipantRegistry} from "contracts/interfaces/IParticipantRegistry.sol";
import {IProjectShare} from "contracts/interfaces/IProjectShare.sol";
import {ShareWorld} from "support/ShareWorld.sol";

contract ProjectShareOpenProjectTest is ShareWorld {
    function test_twice_is_refused() public {
        refuse(abi.encodeWithSelector(IProjectShare.ProjectAlreadyOpen.selector, PROJECT));
        shares.openProject(PROJECT, address(token), operator, CAP);
    }

    function test_without_a_cap_is_refused() public {
        refuse(abi.encodeWithSelector(IProjectShare.AmountZero.selector));
        shares.openProject("other", address(token), operator, 0);
    }

    function test_by_an_issuer_who_is_not_active_is_refused() public {
        refuse(abi.encodeWithSelector(IParticipantRegistry.ParticipantNotActive.selector, stranger));
        shares.openProject("other", address(token), stranger, CAP);
    }

    function testFuzz_without_the_role_is_refused(uint256 seed) public {
        refuseRole(anyone(seed));
        vm.prank(anyone(seed));
        shares.openProject("other", address(token), operator, CAP);
    }
}
