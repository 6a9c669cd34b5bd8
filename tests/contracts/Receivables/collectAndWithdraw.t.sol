// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IClaimable} from "contracts/interfaces/IClaimable.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";

contract ReceivablesCollectAndWithdrawTest is ClaimsWorld {
    /// @dev The obligor pays, and nobody collects.
    function _fund(uint64 root, uint128 amount) private {
        approve(core, amount);
        vm.prank(core);
        receivables.fund(root, amount);
    }

    function testFuzz_it_is_collected_and_withdrawn_at_once(uint256 seed, uint16 raw) public {
        uint128 paid = uint128(bound(raw, 1, 1_000));
        (uint64 root, uint64 part) = confirmed();
        _fund(root, paid);
        vm.prank(anyone(seed));
        equal(receivables.collectAndWithdraw(ids(part), address(token), tierOne), paid, "all of it");
        equal(token.balanceOf(tierOne), paid, "there");
        refuse(abi.encodeWithSelector(IClaimable.NothingToWithdraw.selector, address(token), tierOne));
        receivables.collectAndWithdraw(ids(part), address(token), tierOne);
    }

    function test_a_pause_of_both_does_not_hinder_it() public {
        (uint64 root, uint64 part) = confirmed();
        _fund(root, 10);
        receivables.pause();
        token.pause();
        receivables.collectAndWithdraw(ids(part), address(token), tierOne);
    }

    function test_without_parts_it_is_a_withdrawal() public {
        (uint64 root,) = confirmed();
        pay(core, root, 10);
        equal(receivables.collectAndWithdraw(new uint64[](0), address(token), tierOne), 10, "what was credited");
    }
}
