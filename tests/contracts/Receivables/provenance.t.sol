// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";

contract ReceivablesProvenanceTest is ClaimsWorld {
    function testFuzz_the_whole_line_is_readable_and_the_root_never_changes(uint8 raw) public {
        (uint64 root, uint64 part) = confirmed();
        address[4] memory holders = [tierOne, tierTwo, tierThree, bank];
        uint256 steps = raw % 12;
        uint64 now_ = part;
        for (uint256 i = 1; i <= steps; ++i) {
            now_ = pass(now_, holders[i % 4], i % 3 == 0);
        }
        uint64 first = now_;
        uint256 found = 0;
        for (; receivables.part(first).endorsed != 0; ++found) {
            first = receivables.part(first).endorsed;
        }
        equal(found, steps, "every step from the newest");
        equal(first, part, "to the first");
        equal(receivables.endorserOf(now_), steps != 0 && steps % 3 == 0 ? holders[(steps - 1) % 4] : address(0), "who answers");
        equal(wholeOf(root), now_, "the whole claim");
    }
}
