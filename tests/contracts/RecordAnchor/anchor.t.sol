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

    function _head(uint64 size) private view returns (IRecordAnchor.Head memory) {
        return headOf(size, treeHash(0, size), STATE);
    }

    function _signed(uint256 key, IRecordAnchor.Head memory head) private view returns (bytes[] memory signatures) {
        signatures = new bytes[](1);
        signatures[0] = signHead(key, head);
    }

    function _anchor(uint64 from, uint64 size) private returns (IRecordAnchor.Head memory head) {
        bytes32[] memory proof = from == 0 ? new bytes32[](0) : consistencyPath(from, 0, size, true);
        head = _head(size);
        anchor.anchor(head, proof, _signed(SIGNER_KEY, head));
    }

    function _conflict(IRecordAnchor.Head memory kept, IRecordAnchor.Head memory other)
        private
        view
        returns (bytes memory)
    {
        return abi.encodeWithSelector(
            IRecordAnchor.HeadConflicts.selector, other.size, anchor.headHash(kept), anchor.headHash(other)
        );
    }

    function testFuzz_a_log_that_grows_is_anchored(uint8 a, uint8 b) public {
        uint64 first = uint64(bound(a, 1, 40));
        uint64 second = uint64(bound(b, first + 1, 64));
        _anchor(0, first);
        vm.warp(block.timestamp + 7);
        vm.roll(block.number + 3);
        _anchor(first, second);
        equal(anchor.headCount(), 2, "two heads");
        IRecordAnchor.Latest memory latest = anchor.latestHead();
        equal(latest.root, treeHash(0, second), "root");
        equal(latest.size, second, "size");
        equal(latest.blockNumber, block.number, "block");
        equal(latest.anchoredAt, block.timestamp, "time");
        isTrue(anchor.isAnchored(first) && anchor.isAnchored(second), "both are known");
        equal(anchor.anchoredAt(first), block.timestamp - 7, "the earlier one's time");
    }

    function test_before_the_first_head_there_is_an_empty_log() public view {
        IRecordAnchor.Latest memory latest = anchor.latestHead();
        equal(latest.root, sha256(""), "root");
        isTrue(latest.size == 0 && latest.blockNumber == 0 && latest.anchoredAt == 0, "nothing");
        isTrue(!anchor.isAnchored(0) && anchor.headCount() == 0, "no head");
    }

    event HeadAnchored(
        uint256 indexed index,
        uint64 indexed size,
        bytes32 root,
        bytes32 state,
        bytes32 figures,
        bytes32 annex,
        uint64 previousSize
    );

    function testFuzz_all_fields_are_in_the_event_and_one_hash_is_kept(bytes32 state, bytes32 figures, bytes32 annex)
        public
    {
        _anchor(0, 5);
        IRecordAnchor.Head memory head = IRecordAnchor.Head(treeHash(0, 9), state, figures, annex, 9, 5);
        bytes[] memory signatures = _signed(SIGNER_KEY, head);
        vm.expectEmit();
        emit HeadAnchored(1, 9, head.root, state, figures, annex, 5);
        anchor.anchor(head, consistencyPath(5, 0, 9, true), signatures);
        equal(anchor.requireHead(head), block.timestamp, "it is just this head");
        isTrue(anchor.headHash(head) == bytes27(keccak256(abi.encode(head))), "hash");
    }

    /// @dev The oldest head is no easier to change than the newest.
    function testFuzz_a_head_with_any_field_changed_is_not_the_anchored_one(uint8 field, uint8 bit, bool isOld) public {
        IRecordAnchor.Head memory first = _anchor(0, 5);
        IRecordAnchor.Head memory second = _anchor(5, 9);
        IRecordAnchor.Head memory kept = isOld ? first : second;
        IRecordAnchor.Head memory changed = abi.decode(abi.encode(kept), (IRecordAnchor.Head));
        changeHead(changed, field, bit);
        bytes memory why = changed.size == kept.size
            ? _conflict(kept, changed)
            : abi.encodeWithSelector(IRecordAnchor.HeadUnknown.selector, changed.size);
        if (!anchor.isAnchored(changed.size) || changed.size == kept.size) vm.expectRevert(why);
        else vm.expectRevert();
        anchor.requireHead(changed);
        vm.expectRevert();
        anchor.anchor(changed, new bytes32[](0), new bytes[](0));
        anchor.requireHead(kept);
    }

    function testFuzz_a_head_with_any_field_changed_is_not_what_was_signed(uint8 field, uint8 bit) public {
        _anchor(0, 5);
        IRecordAnchor.Head memory head = _head(9);
        bytes[] memory signatures = _signed(SIGNER_KEY, head);
        bytes32[] memory proof = consistencyPath(5, 0, 9, true);
        IRecordAnchor.Head memory changed = abi.decode(abi.encode(head), (IRecordAnchor.Head));
        changeHead(changed, field, bit);
        vm.expectRevert();
        anchor.anchor(changed, proof, signatures);
        equal(anchor.headCount(), 1, "nothing is anchored");
        anchor.anchor(head, proof, signatures);
    }

    function testFuzz_any_change_of_the_proof_is_refused(uint8 a, uint8 b, uint8 which, uint8 bit) public {
        uint64 first = uint64(bound(a, 1, 40));
        uint64 second = uint64(bound(b, first + 1, 64));
        _anchor(0, first);
        bytes32[] memory proof = consistencyPath(first, 0, second, true);
        vm.assume(proof.length != 0);
        uint256 i = which % proof.length;
        proof[i] = bytes32(uint256(proof[i]) ^ (1 << bit));
        IRecordAnchor.Head memory head = _head(second);
        bytes[] memory signatures = _signed(SIGNER_KEY, head);
        vm.expectRevert(abi.encodeWithSelector(IRecordAnchor.HeadNotConsistent.selector, first, second));
        anchor.anchor(head, proof, signatures);
    }

    function test_a_history_that_was_rewritten_is_refused_though_it_is_signed() public {
        _anchor(0, 5);
        IRecordAnchor.Head memory head = headOf(8, keccak256("another history"), STATE);
        bytes[] memory signatures = _signed(SIGNER_KEY, head);
        bytes32[] memory proof = consistencyPath(5, 0, 8, true);
        vm.expectRevert(abi.encodeWithSelector(IRecordAnchor.HeadNotConsistent.selector, uint64(5), uint64(8)));
        anchor.anchor(head, proof, signatures);
    }

    function test_a_head_that_says_to_extend_another_is_refused() public {
        _anchor(0, 5);
        IRecordAnchor.Head memory head = _head(8);
        bytes[] memory signatures = _signed(SIGNER_KEY, head);
        bytes32[] memory proof = consistencyPath(5, 0, 8, true);
        head.previousSize = 4;
        bytes memory why = abi.encodeWithSelector(IRecordAnchor.HeadNotConsistent.selector, uint64(5), uint64(8));
        vm.expectRevert(why);
        anchor.anchor(head, proof, signatures);
        vm.expectRevert(why);
        anchor.headDigest(head);
    }

    function test_an_anchored_head_again_is_a_no_op() public {
        IRecordAnchor.Head memory first = _anchor(0, 5);
        IRecordAnchor.Head memory second = _anchor(5, 9);
        vm.warp(block.timestamp + 100);
        anchor.anchor(first, new bytes32[](0), new bytes[](0));
        anchor.anchor(second, new bytes32[](0), new bytes[](0));
        equal(anchor.headCount(), 2, "no third head");
        equal(anchor.anchoredAt(5), block.timestamp - 100, "nor another time");
        equal(anchor.latestHead().size, 9, "nor another newest");
    }

    function test_another_head_of_an_anchored_size_is_refused() public {
        IRecordAnchor.Head memory head = _anchor(0, 5);
        IRecordAnchor.Head memory other = headOf(5, keccak256("x"), STATE);
        other.previousSize = 0;
        vm.expectRevert(_conflict(head, other));
        anchor.anchor(other, new bytes32[](0), new bytes[](0));
    }

    /// @dev Of an older head the fields are kept no more, and it is held to them all the same.
    function test_another_annex_of_an_older_head_is_refused_though_it_is_signed() public {
        IRecordAnchor.Head memory head = _head(5);
        IRecordAnchor.Head memory other = _head(5);
        other.annex = keccak256("a trail");
        bytes[] memory signatures = _signed(SIGNER_KEY, other);
        anchor.anchor(head, new bytes32[](0), _signed(SIGNER_KEY, head));
        _anchor(5, 9);
        vm.expectRevert(_conflict(head, other));
        anchor.anchor(other, new bytes32[](0), signatures);
    }

    function test_a_smaller_head_is_refused() public {
        _anchor(0, 5);
        IRecordAnchor.Head memory head = headOf(4, treeHash(0, 4), STATE);
        vm.expectRevert(abi.encodeWithSelector(IRecordAnchor.HeadNotGrowing.selector, uint64(5), uint64(4)));
        anchor.anchor(head, new bytes32[](0), new bytes[](0));
    }

    function test_an_empty_head_is_refused() public {
        IRecordAnchor.Head memory head = headOf(0, sha256(""), STATE);
        vm.expectRevert(abi.encodeWithSelector(IRecordAnchor.HeadEmpty.selector));
        anchor.anchor(head, new bytes32[](0), new bytes[](0));
    }

    function test_a_proof_with_the_first_head_is_refused() public {
        IRecordAnchor.Head memory head = _head(5);
        bytes[] memory signatures = _signed(SIGNER_KEY, head);
        vm.expectRevert(abi.encodeWithSelector(IRecordAnchor.HeadNotConsistent.selector, uint64(0), uint64(5)));
        anchor.anchor(head, new bytes32[](1), signatures);
    }

    function test_a_strangers_signature_is_refused() public {
        IRecordAnchor.Head memory head = _head(5);
        bytes[] memory signatures = _signed(OTHER_KEY, head);
        vm.expectRevert(abi.encodeWithSelector(IRecordAnchor.SignerNotAccepted.selector, vm.addr(OTHER_KEY)));
        anchor.anchor(head, new bytes32[](0), signatures);
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
        (, uint256 threshold) = anchor.quorum();
        equal(threshold, 2, "threshold");
        IRecordAnchor.Head memory head = _head(5);
        bytes[] memory one = _signed(keys[0], head);
        vm.expectRevert(abi.encodeWithSelector(IRecordAnchor.QuorumNotReached.selector, 1, 2));
        anchor.anchor(head, new bytes32[](0), one);
        bytes[] memory twice = new bytes[](2);
        twice[0] = one[0];
        twice[1] = one[0];
        vm.expectRevert(abi.encodeWithSelector(IRecordAnchor.SignerNotAccepted.selector, signers[0]));
        anchor.anchor(head, new bytes32[](0), twice);
        bytes[] memory two = new bytes[](2);
        two[0] = one[0];
        two[1] = signHead(keys[2], head);
        anchor.anchor(head, new bytes32[](0), two);
        equal(anchor.headCount(), 1, "two of three are enough");
        anchor.setQuorum(signers, 3);
        equal(anchor.latestHead().size, 5, "the head stays with another quorum");
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
        IRecordAnchor.Head memory head = _anchor(0, size);
        bytes32[] memory proof = inclusionPath(index, 0, size);
        isTrue(anchor.verifyInclusion(leafAt(index), index, head, proof), "the record is in");
        bytes32 changed = bytes32(uint256(leafAt(index)) ^ (1 << bit));
        isTrue(!anchor.verifyInclusion(changed, index, head, proof), "a changed one is not");
        isTrue(!anchor.verifyInclusion(leafAt(index), index, head, push(proof, 0)), "nor with a longer proof");
        isTrue(!anchor.verifyInclusion(leafAt(index), size, head, proof), "nor beyond the end");
    }

    function test_inclusion_under_an_unknown_head_is_refused() public {
        IRecordAnchor.Head memory head = _head(3);
        vm.expectRevert(abi.encodeWithSelector(IRecordAnchor.HeadUnknown.selector, uint64(3)));
        anchor.verifyInclusion(0, 0, head, new bytes32[](0));
    }
}
