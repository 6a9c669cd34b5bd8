// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {OracleQuorum} from "contracts/OracleQuorum.sol";
import {IOracleQuorum} from "contracts/interfaces/IOracleQuorum.sol";
import {IRecordAnchor} from "contracts/interfaces/IRecordAnchor.sol";
import {IRevenueSplit} from "contracts/interfaces/IRevenueSplit.sol";
import {Roles} from "contracts/libraries/Roles.sol";
import {Ledger} from "support/Ledger.sol";

/// @notice Four signers, three of them a quorum; the contract alone holds role ORACLE.
contract ExecuteTest is Ledger {
    OracleQuorum private _quorum;
    uint256[] private _keys;

    function setUp() public {
        deploy();
        split.setTerms(PROJECT, usualTerms(DAY_ONE));
        _quorum = new OracleQuorum(address(anchor));
        access.revokeRole(Roles.ORACLE, address(this));
        access.grantRole(Roles.ORACLE, address(_quorum), 0);
        _keys = [uint256(0xA1), 0xA2, 0xA3, 0xA4];
        for (uint256 i = 0; i < 4; ++i) {
            for (uint256 j = i + 1; j < 4; ++j) {
                if (vm.addr(_keys[j]) < vm.addr(_keys[i])) (_keys[i], _keys[j]) = (_keys[j], _keys[i]);
            }
        }
        address[] memory signers = new address[](4);
        for (uint256 i = 0; i < 4; ++i) {
            signers[i] = vm.addr(_keys[i]);
        }
        anchor.setQuorum(signers, 3);
        fund(1_000, "entry");
    }

    function _call(bytes32 batch, uint256 gross) private pure returns (bytes memory) {
        return abi.encodeCall(IRevenueSplit.distribute, (facts(batch, DAY_ONE, gross, 0, 0, 0)));
    }

    /// @dev The signatures of keys `first` to `first + count - 1`.
    function _signed(bytes memory data, bytes32 label, uint256 first, uint256 count)
        private
        view
        returns (bytes[] memory signatures)
    {
        bytes32 digest = _quorum.callDigest(address(split), data, label);
        signatures = new bytes[](count);
        for (uint256 i = 0; i < count; ++i) {
            (uint8 v, bytes32 r, bytes32 s) = vm.sign(_keys[first + i], digest);
            signatures[i] = abi.encodePacked(r, s, v);
        }
    }

    function test_what_three_of_four_signed_is_done_and_a_stranger_may_send_it() public {
        bytes memory data = _call("b1", 1_000);
        bytes[] memory signatures = _signed(data, "b1", 1, 3);
        vm.prank(stranger);
        _quorum.execute(address(split), data, "b1", signatures);
        isTrue(split.isDistributed(PROJECT, "b1"), "distributed");
        isTrue(_quorum.isExecuted(_quorum.callDigest(address(split), data, "b1")), "and known to be");
        equal(claimed() + split.carried(PROJECT), 1_000, "to the minor unit");
    }

    function test_two_of_four_move_no_money() public {
        bytes memory data = _call("b1", 1_000);
        bytes[] memory signatures = _signed(data, "b1", 0, 2);
        vm.expectRevert(abi.encodeWithSelector(IRecordAnchor.QuorumNotReached.selector, 2, 3));
        _quorum.execute(address(split), data, "b1", signatures);
    }

    function testFuzz_not_a_byte_of_what_was_signed_can_be_changed(uint256 gross) public {
        gross = bound(gross, 0, 999);
        bytes memory data = _call("b1", 1_000);
        bytes[] memory signatures = _signed(data, "b1", 0, 3);
        bytes memory changed = _call("b1", gross);
        (bool done,) = address(_quorum).call(
            abi.encodeCall(IOracleQuorum.execute, (address(split), changed, "b1", signatures))
        );
        isTrue(!done, "another amount");
        (done,) =
            address(_quorum).call(abi.encodeCall(IOracleQuorum.execute, (address(split), data, "b2", signatures)));
        isTrue(!done, "another label");
    }

    function test_one_signature_does_not_count_twice() public {
        bytes memory data = _call("b1", 1_000);
        bytes[] memory signatures = _signed(data, "b1", 0, 3);
        signatures[2] = signatures[1];
        address again = vm.addr(_keys[1]);
        vm.expectRevert(abi.encodeWithSelector(IRecordAnchor.SignerNotAccepted.selector, again));
        _quorum.execute(address(split), data, "b1", signatures);
    }

    function test_a_call_is_made_once() public {
        bytes memory data = _call("b1", 600);
        bytes[] memory signatures = _signed(data, "b1", 0, 3);
        _quorum.execute(address(split), data, "b1", signatures);
        _quorum.execute(address(split), data, "b1", signatures);
        equal(split.distributed(PROJECT), 600, "once");
    }

    function test_what_is_refused_leaves_nothing_and_can_be_sent_again() public {
        bytes memory data = _call("b1", 1_500);
        bytes[] memory signatures = _signed(data, "b1", 0, 3);
        (bool done,) =
            address(_quorum).call(abi.encodeCall(IOracleQuorum.execute, (address(split), data, "b1", signatures)));
        isTrue(!done, "the money is not there");
        isTrue(!_quorum.isExecuted(_quorum.callDigest(address(split), data, "b1")), "nothing is left");
        fund(500, "entry 2");
        _quorum.execute(address(split), data, "b1", signatures);
        equal(split.distributed(PROJECT), 1_500, "distributed");
    }

    function test_no_account_distributes_beside_the_quorum() public {
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, address(this)));
        split.distribute(facts("b1", DAY_ONE, 1_000, 0, 0, 0));
    }

    function test_a_quorum_can_do_no_more_than_the_role() public {
        bytes memory data = abi.encodeCall(split.pause, ());
        bytes[] memory signatures = _signed(data, "p", 0, 3);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, address(_quorum)));
        _quorum.execute(address(split), data, "p", signatures);
    }
}
