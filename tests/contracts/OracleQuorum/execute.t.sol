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
    uint64 private _deadline;

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
        _deadline = uint64(block.timestamp + 1 days);
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
        return _signedDigest(_quorum.callDigest(address(split), data, label, _deadline), first, count);
    }

    function _signedDigest(bytes32 digest, uint256 first, uint256 count)
        private
        view
        returns (bytes[] memory signatures)
    {
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
        _quorum.execute(address(split), data, "b1", _deadline, signatures);
        isTrue(split.isDistributed(PROJECT, "b1"), "distributed");
        isTrue(_quorum.isExecuted(_quorum.callDigest(address(split), data, "b1", _deadline)), "and known to be");
        equal(claimed(), 1_000, "to the minor unit");
    }

    function test_two_of_four_move_no_money() public {
        bytes memory data = _call("b1", 1_000);
        bytes[] memory signatures = _signed(data, "b1", 0, 2);
        vm.expectRevert(abi.encodeWithSelector(IRecordAnchor.QuorumNotReached.selector, 2, 3));
        _quorum.execute(address(split), data, "b1", _deadline, signatures);
    }

    function testFuzz_not_a_byte_of_what_was_signed_can_be_changed(uint256 gross) public {
        gross = bound(gross, 0, 999);
        bytes memory data = _call("b1", 1_000);
        bytes[] memory signatures = _signed(data, "b1", 0, 3);
        bytes memory changed = _call("b1", gross);
        (bool done,) = address(_quorum).call(
            abi.encodeCall(IOracleQuorum.execute, (address(split), changed, "b1", _deadline, signatures))
        );
        isTrue(!done, "another amount");
        (done,) =
            address(_quorum).call(abi.encodeCall(IOracleQuorum.execute, (address(split), data, "b2", _deadline, signatures)));
        isTrue(!done, "another label");
    }

    function test_one_signature_does_not_count_twice() public {
        bytes memory data = _call("b1", 1_000);
        bytes[] memory signatures = _signed(data, "b1", 0, 3);
        signatures[2] = signatures[1];
        address again = vm.addr(_keys[1]);
        vm.expectRevert(abi.encodeWithSelector(IRecordAnchor.SignerNotAccepted.selector, again));
        _quorum.execute(address(split), data, "b1", _deadline, signatures);
    }

    function test_a_call_is_made_once() public {
        bytes memory data = _call("b1", 600);
        bytes[] memory signatures = _signed(data, "b1", 0, 3);
        _quorum.execute(address(split), data, "b1", _deadline, signatures);
        _quorum.execute(address(split), data, "b1", _deadline, signatures);
        equal(split.distributed(PROJECT), 600, "once");
    }

    function test_what_is_refused_leaves_nothing_and_can_be_sent_again() public {
        bytes memory data = _call("b1", 1_500);
        bytes[] memory signatures = _signed(data, "b1", 0, 3);
        (bool done,) =
            address(_quorum).call(abi.encodeCall(IOracleQuorum.execute, (address(split), data, "b1", _deadline, signatures)));
        isTrue(!done, "the money is not there");
        isTrue(!_quorum.isExecuted(_quorum.callDigest(address(split), data, "b1", _deadline)), "nothing is left");
        fund(500, "entry 2");
        _quorum.execute(address(split), data, "b1", _deadline, signatures);
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
        _quorum.execute(address(split), data, "p", _deadline, signatures);
    }

    function testFuzz_a_call_is_made_until_its_deadline_and_not_after(uint64 life, uint64 late) public {
        _deadline = uint64(block.timestamp + bound(life, 0, _quorum.MAX_LIFE()));
        bytes memory data = _call("b1", 600);
        bytes[] memory signatures = _signed(data, "b1", 0, 3);
        uint256 saved = block.timestamp;
        vm.warp(_deadline + bound(late, 1, 365 days));
        vm.expectRevert(abi.encodeWithSelector(IOracleQuorum.CallExpired.selector, _deadline));
        _quorum.execute(address(split), data, "b1", _deadline, signatures);
        vm.warp(saved > _deadline ? saved : _deadline);
        _quorum.execute(address(split), data, "b1", _deadline, signatures);
        vm.warp(_deadline + 1);
        _quorum.execute(address(split), data, "b1", _deadline, signatures);
        equal(split.distributed(PROJECT), 600, "once, and again is nothing even when it is late");
    }

    function testFuzz_nothing_is_done_that_was_signed_without_an_end(uint64 life) public {
        uint64 latest = uint64(block.timestamp) + _quorum.MAX_LIFE();
        _deadline = uint64(bound(life, latest + 1, type(uint64).max));
        bytes memory data = _call("b1", 600);
        bytes[] memory signatures = _signed(data, "b1", 0, 3);
        vm.expectRevert(abi.encodeWithSelector(IOracleQuorum.DeadlineTooFar.selector, _deadline, latest));
        _quorum.execute(address(split), data, "b1", _deadline, signatures);
    }

    function test_a_later_deadline_is_another_call() public {
        bytes memory data = _call("b1", 600);
        bytes[] memory signatures = _signed(data, "b1", 0, 3);
        (bool done,) = address(_quorum).call(
            abi.encodeCall(IOracleQuorum.execute, (address(split), data, "b1", _deadline + 1, signatures))
        );
        isTrue(!done, "not what was signed");
    }

    function test_what_the_quorum_takes_back_is_never_done() public {
        bytes memory data = _call("b1", 600);
        bytes[] memory signatures = _signed(data, "b1", 0, 3);
        bytes32 digest = _quorum.callDigest(address(split), data, "b1", _deadline);
        bytes[] memory back = _signedDigest(_quorum.revocationDigest(digest), 1, 3);
        vm.prank(stranger);
        _quorum.revoke(digest, back);
        isTrue(_quorum.isRevoked(digest) && !_quorum.isExecuted(digest), "taken back");
        vm.expectRevert(abi.encodeWithSelector(IOracleQuorum.CallIsRevoked.selector, digest));
        _quorum.execute(address(split), data, "b1", _deadline, signatures);
        _quorum.revoke(digest, back);
        _deadline += 1;
        signatures = _signed(data, "b1", 0, 3);
        _quorum.execute(address(split), data, "b1", _deadline, signatures);
        equal(split.distributed(PROJECT), 600, "signed anew");
    }

    function test_fewer_than_the_quorum_take_nothing_back_and_a_signature_of_the_call_is_none() public {
        bytes memory data = _call("b1", 600);
        bytes32 digest = _quorum.callDigest(address(split), data, "b1", _deadline);
        bytes[] memory two = _signedDigest(_quorum.revocationDigest(digest), 0, 2);
        vm.expectRevert(abi.encodeWithSelector(IRecordAnchor.QuorumNotReached.selector, 2, 3));
        _quorum.revoke(digest, two);
        (bool done,) =
            address(_quorum).call(abi.encodeCall(IOracleQuorum.revoke, (digest, _signed(data, "b1", 0, 3))));
        isTrue(!done, "they signed the call, not its end");
    }

    function test_what_was_done_can_not_be_taken_back() public {
        bytes memory data = _call("b1", 600);
        bytes32 digest = _quorum.callDigest(address(split), data, "b1", _deadline);
        bytes[] memory back = _signedDigest(_quorum.revocationDigest(digest), 0, 3);
        _quorum.execute(address(split), data, "b1", _deadline, _signed(data, "b1", 0, 3));
        vm.expectRevert(abi.encodeWithSelector(IOracleQuorum.CallIsExecuted.selector, digest));
        _quorum.revoke(digest, back);
    }
}
