// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RecordAnchor} from "contracts/RecordAnchor.sol";
import {IRecordAnchor} from "contracts/interfaces/IRecordAnchor.sol";
import {Ledger} from "support/Ledger.sol";
import {ReferenceTree} from "support/ReferenceTree.sol";

contract AnchorTest is Ledger, ReferenceTree {
    bytes32 private constant STATE = keccak256("state");
    uint256 private constant OTHER_KEY = 0xB0B;

    function setUp() public {
        deploy();
        address[] memory signers = new address[](1);
        signers[0] = vm.addr(SIGNER_KEY);
        anchor = new RecordAnchor(address(access), signers, 1);
    }

    function _signed(uint256 key, uint64 size, bytes32 root) private view returns (bytes[] memory signatures) {
        signatures = new bytes[](1);
        signatures[0] = signHead(key, size, root, STATE);
    }

    function _anchor(uint64 from, uint64 size) private {
        bytes32[] memory proof = from == 0 ? new bytes32[](0) : consistencyPath(from, 0, size, true);
        bytes32 root = treeHash(0, size);
        anchor.anchor(size, root, STATE, FIGURES, proof, _signed(SIGNER_KEY, size, root));
    }

    function testFuzz_a_log_that_grows_is_anchored(uint8 a, uint8 b) public {
        uint64 first = uint64(bound(a, 1, 40));
        uint64 second = uint64(bound(b, first + 1, 64));
        _anchor(0, first);
        _anchor(first, second);
        equal(anchor.headCount(), 2, "two heads");
        equal(anchor.latestHead().root, treeHash(0, second), "root");
        isTrue(anchor.isAnchored(first) && anchor.isAnchored(second), "both are known");
    }

    function testFuzz_any_change_of_the_proof_is_refused(uint8 a, uint8 b, uint8 which, uint8 bit) public {
        uint64 first = uint64(bound(a, 1, 40));
        uint64 second = uint64(bound(b, first + 1, 64));
        _anchor(0, first);
        bytes32[] memory proof = consistencyPath(first, 0, second, true);
        vm.assume(proof.length != 0);
        uint256 i = which % proof.length;
        proof[i] = bytes32(uint256(proof[i]) ^ (1 << bit));
        bytes32 root = treeHash(0, second);
        bytes[] memory signatures = _signed(SIGNER_KEY, second, root);
        vm.expectRevert(abi.encodeWithSelector(IRecordAnchor.HeadNotConsistent.selector, first, second));
        anchor.anchor(second, root, STATE, FIGURES, proof, signatures);
    }

    function test_a_history_that_was_rewritten_is_refused_though_it_is_signed() public {
        _anchor(0, 5);
        bytes32 root = keccak256("another history");
        bytes[] memory signatures = _signed(SIGNER_KEY, 8, root);
        bytes32[] memory proof = consistencyPath(5, 0, 8, true);
        vm.expectRevert(abi.encodeWithSelector(IRecordAnchor.HeadNotConsistent.selector, uint64(5), uint64(8)));
        anchor.anchor(8, root, STATE, FIGURES, proof, signatures);
    }

    function test_an_anchored_head_again_is_a_no_op() public {
        _anchor(0, 5);
        _anchor(5, 9);
        anchor.anchor(5, treeHash(0, 5), STATE, FIGURES, new bytes32[](0), new bytes[](0));
        equal(anchor.headCount(), 2, "no third head");
    }

    function test_another_head_of_an_anchored_size_is_refused() public {
        _anchor(0, 5);
        bytes32 root = treeHash(0, 5);
        vm.expectRevert(abi.encodeWithSelector(IRecordAnchor.HeadConflicts.selector, uint64(5), root, STATE, FIGURES));
        anchor.anchor(5, keccak256("x"), STATE, FIGURES, new bytes32[](0), new bytes[](0));
    }

    function test_other_figures_of_an_anchored_head_are_refused() public {
        _anchor(0, 5);
        bytes32 root = treeHash(0, 5);
        vm.expectRevert(
            abi.encodeWithSelector(IRecordAnchor.HeadConflicts.selector, uint64(5), root, STATE, FIGURES)
        );
        anchor.anchor(5, root, STATE, keccak256("x"), new bytes32[](0), new bytes[](0));
    }

    function test_figures_that_were_not_signed_are_refused() public {
        bytes32 root = treeHash(0, 5);
        bytes[] memory signatures = _signed(SIGNER_KEY, 5, root);
        vm.expectRevert();
        anchor.anchor(5, root, STATE, keccak256("x"), new bytes32[](0), signatures);
    }

    function test_a_smaller_head_is_refused() public {
        _anchor(0, 5);
        bytes32 root = treeHash(0, 4);
        vm.expectRevert(abi.encodeWithSelector(IRecordAnchor.HeadNotGrowing.selector, uint64(5), uint64(4)));
        anchor.anchor(4, root, STATE, FIGURES, new bytes32[](0), new bytes[](0));
    }

    function test_an_empty_head_is_refused() public {
        bytes32 root = sha256("");
        vm.expectRevert(abi.encodeWithSelector(IRecordAnchor.HeadEmpty.selector));
        anchor.anchor(0, root, STATE, FIGURES, new bytes32[](0), new bytes[](0));
    }

    function test_a_proof_with_the_first_head_is_refused() public {
        bytes32 root = treeHash(0, 5);
        bytes[] memory signatures = _signed(SIGNER_KEY, 5, root);
        vm.expectRevert(abi.encodeWithSelector(IRecordAnchor.HeadNotConsistent.selector, uint64(0), uint64(5)));
        anchor.anchor(5, root, STATE, FIGURES, new bytes32[](1), signatures);
    }

    function test_a_strangers_signature_is_refused() public {
        bytes32 root = treeHash(0, 5);
        bytes[] memory signatures = _signed(OTHER_KEY, 5, root);
        address stranger = vm.addr(OTHER_KEY);
        vm.expectRevert(abi.encodeWithSelector(IRecordAnchor.SignerNotAccepted.selector, stranger));
        anchor.anchor(5, root, STATE, FIGURES, new bytes32[](0), signatures);
    }

    function test_two_of_three_must_sign_and_no_one_counts_twice() public {
        uint256[3] memory keys = [uint256(0xA1), 0xA2, 0xA3];
        for (uint256 i = 0; i < 3; ++i) {
            for (uint256 j = i + 1; j < 3; ++j) {
                if (vm.addr(keys[j]) < vm.addr(keys[i])) (keys[i], keys[j]) = (keys[j], keys[i]);
            }
        }
        address[] memory signers = new address[](3);
        for (uint256 i = 0; i < 3; ++i) {
            signers[i] = vm.addr(keys[i]);
        }
        anchor.setQuorum(signers, 2);
        bytes32 root = treeHash(0, 5);
        bytes[] memory one = _signed(keys[0], 5, root);
        vm.expectRevert(abi.encodeWithSelector(IRecordAnchor.QuorumNotReached.selector, 1, 2));
        anchor.anchor(5, root, STATE, FIGURES, new bytes32[](0), one);
        bytes[] memory twice = new bytes[](2);
        twice[0] = one[0];
        twice[1] = one[0];
        vm.expectRevert(abi.encodeWithSelector(IRecordAnchor.SignerNotAccepted.selector, signers[0]));
        anchor.anchor(5, root, STATE, FIGURES, new bytes32[](0), twice);
        bytes[] memory two = new bytes[](2);
        two[0] = one[0];
        two[1] = signHead(keys[2], 5, root, STATE);
        anchor.anchor(5, root, STATE, FIGURES, new bytes32[](0), two);
        equal(anchor.headCount(), 1, "two of three are enough");
    }

    function test_a_quorum_that_cannot_be_reached_is_refused() public {
        address[] memory signers = new address[](1);
        signers[0] = address(1);
        vm.expectRevert(abi.encodeWithSelector(IRecordAnchor.QuorumInvalid.selector, 1, 2));
        anchor.setQuorum(signers, 2);
    }

    function testFuzz_inclusion_is_confirmed_and_nothing_else(uint8 s, uint8 i, uint8 bit) public {
        uint64 size = uint64(bound(s, 1, 64));
        uint64 index = uint64(bound(i, 0, size - 1));
        _anchor(0, size);
        bytes32[] memory proof = inclusionPath(index, 0, size);
        isTrue(anchor.verifyInclusion(leafAt(index), index, size, proof), "the record is in");
        bytes32 changed = bytes32(uint256(leafAt(index)) ^ (1 << bit));
        isTrue(!anchor.verifyInclusion(changed, index, size, proof), "a changed one is not");
        isTrue(!anchor.verifyInclusion(leafAt(index), index, size, push(proof, 0)), "nor with a longer proof");
        isTrue(!anchor.verifyInclusion(leafAt(index), size, size, proof), "nor beyond the end");
    }

    function test_inclusion_under_an_unknown_head_is_refused() public {
        vm.expectRevert(abi.encodeWithSelector(IRecordAnchor.HeadUnknown.selector, uint64(3)));
        anchor.verifyInclusion(0, 0, 3, new bytes32[](0));
    }
}
