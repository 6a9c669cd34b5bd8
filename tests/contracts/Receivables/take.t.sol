// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";

contract ReceivablesTakeTest is ClaimsWorld {
    /// @dev A part of 1,000 that is pledged to the bank, and what was paid on it.
    function _pledged(uint128 paid) private returns (uint64 root, uint64 part) {
        (root, part) = confirmed();
        vm.prank(tierOne);
        receivables.pledge(part, bank);
        if (paid != 0) pay(core, root, paid);
    }

    function testFuzz_what_was_paid_waits_and_the_pledgee_takes_of_it(uint16 rawPaid, uint16 rawTaken) public {
        uint128 paid = uint128(bound(rawPaid, 1, 1_000));
        uint128 taken = uint128(bound(rawTaken, 0, paid));
        (, uint64 part) = _pledged(paid);
        equal(receivables.claimable(address(token), tierOne), 0, "the holder waits");
        vm.prank(bank);
        receivables.take(part, taken);
        equal(receivables.claimable(address(token), bank), taken, "the pledgee's");
        equal(receivables.part(part).redeemed - receivables.part(part).credited, paid - taken, "the rest waits");
    }

    function testFuzz_more_than_is_retained_is_refused(uint16 rawPaid, uint64 more) public {
        uint128 paid = uint128(bound(rawPaid, 1, 1_000));
        (, uint64 part) = _pledged(paid);
        uint128 wanted = paid + 1 + more;
        refuse(abi.encodeWithSelector(IReceivables.RetainedTooLittle.selector, part, paid, wanted));
        vm.prank(bank);
        receivables.take(part, wanted);
    }

    function test_of_what_is_not_pledged_is_refused() public {
        (, uint64 part) = confirmed();
        refuse(abi.encodeWithSelector(IReceivables.PartNotPledged.selector, part));
        vm.prank(bank);
        receivables.take(part, 0);
    }

    function testFuzz_by_another_is_refused(uint256 seed) public {
        (, uint64 part) = _pledged(500);
        refuse(abi.encodeWithSelector(IReceivables.NotThePledgee.selector, part, anyone(seed)));
        vm.prank(anyone(seed));
        receivables.take(part, 1);
    }
}
