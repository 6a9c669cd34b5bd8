// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BusinessCalendar} from "contracts/BusinessCalendar.sol";
import {IParticipantRegistry} from "contracts/interfaces/IParticipantRegistry.sol";
import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";

contract ReceivablesPledgeTest is ClaimsWorld {
    function _pledge(uint64 part, address from, address to) private {
        vm.prank(from);
        receivables.pledge(part, to);
    }

    function test_one_encumbrance_a_part() public {
        (, uint64 part) = confirmed();
        _pledge(part, tierOne, bank);
        equal(receivables.part(part).pledgee, bank, "pledged");
        refuse(abi.encodeWithSelector(IReceivables.PartEncumbered.selector, part));
        _pledge(part, tierOne, buyer);
    }

    function test_a_contract_may_be_pledgee() public {
        (, uint64 part) = confirmed();
        _pledge(part, tierOne, address(credit));
        equal(receivables.part(part).pledgee, address(credit), "pledged");
    }

    function test_to_a_contract_that_can_not_release_is_refused() public {
        (, uint64 part) = confirmed();
        address[4] memory others =
            [address(shares), address(token), address(receivables), address(new BusinessCalendar(address(access)))];
        for (uint256 i = 0; i < 4; ++i) {
            refuse(abi.encodeWithSelector(IParticipantRegistry.ParticipantNotActive.selector, others[i]));
            _pledge(part, tierOne, others[i]);
        }
    }

    function testFuzz_to_who_is_not_active_is_refused(uint256 seed) public {
        (, uint64 part) = confirmed();
        refuse(abi.encodeWithSelector(IParticipantRegistry.ParticipantNotActive.selector, anyone(seed)));
        _pledge(part, tierOne, anyone(seed));
    }

    function testFuzz_by_another_is_refused(uint256 seed) public {
        (, uint64 part) = confirmed();
        refuse(abi.encodeWithSelector(IReceivables.NotTheHolder.selector, part, anyone(seed)));
        _pledge(part, anyone(seed), bank);
    }

    function test_in_a_pause_is_refused() public {
        (, uint64 part) = confirmed();
        receivables.pause();
        refusePaused();
        _pledge(part, tierOne, bank);
    }
}
