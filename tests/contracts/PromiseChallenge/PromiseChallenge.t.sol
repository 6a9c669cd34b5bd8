// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PromiseChallenge} from "contracts/PromiseChallenge.sol";
import {IPromiseChallenge} from "contracts/interfaces/IPromiseChallenge.sol";
import {IRecordAnchor} from "contracts/interfaces/IRecordAnchor.sol";
import {CoseSign1} from "contracts/libraries/CoseSign1.sol";
import {Roles} from "contracts/libraries/Roles.sol";
import {Vectors} from "support/Vectors.sol";

/// @notice The published promise: good record 2 was to be under an anchored head by 2024-01-01 00:01:00 UTC.
contract PromiseChallengeTest is Vectors {
    uint64 private constant DEADLINE = 1_704_067_260;
    uint64 private constant ANSWER = 1 days;

    PromiseChallenge private promises;
    bytes private signedPromise;
    bytes32 private kid;

    function setUp() public {
        deployVectors();
        promises = new PromiseChallenge(address(access), address(anchor), ANSWER);
        grant(address(promises), Roles.REGISTRAR, promises.setGateway.selector);
        bytes32 x = bytes32(hexOf(vm.parseJsonString(receipts, ".key.x")));
        bytes32 y = bytes32(hexOf(vm.parseJsonString(receipts, ".key.y")));
        kid = promises.setGateway(x, y, sha256(bytes(vm.parseJsonString(receipts, ".origin"))), operator);
        signedPromise = hexOf(vm.parseJsonString(receipts, ".promise.promise"));
        vm.warp(DEADLINE + 1);
    }

    function test_a_promise_that_is_answered_in_time_is_kept() public {
        vm.warp(DEADLINE);
        IRecordAnchor.Head memory head = anchorGood(9, keccak256("state"));
        vm.warp(DEADLINE + 1);
        bytes32 id = promises.challenge(signedPromise);
        equal(promises.challengeOf(id).answerBy, DEADLINE + 1 + ANSWER, "the time to answer");
        promises.answer(id, good(2), 2, head, pathOf(2, 0, 9));
        isTrue(promises.challengeOf(id).status == IPromiseChallenge.Status.KEPT, "kept");
        vm.warp(DEADLINE + 2 + ANSWER);
        vm.expectRevert(
            abi.encodeWithSelector(IPromiseChallenge.NotOpen.selector, id, IPromiseChallenge.Status.KEPT)
        );
        promises.mark(id);
    }

    /// Challenges cost who must answer them: an account has few of them open.
    function test_an_account_has_few_challenges_open() public {
        bytes32 slot = keccak256(abi.encode(kid, keccak256(abi.encode(stranger, uint256(1)))));
        vm.store(address(promises), slot, bytes32(promises.MAX_OPEN()));
        equal(promises.openOf(stranger, kid), promises.MAX_OPEN(), "as many as it may");
        vm.expectRevert(abi.encodeWithSelector(IPromiseChallenge.TooManyOpen.selector, stranger, promises.MAX_OPEN()));
        vm.prank(stranger);
        promises.challenge(signedPromise);
        vm.store(address(promises), slot, bytes32(promises.MAX_OPEN() - 1));
        vm.prank(stranger);
        bytes32 id = promises.challenge(signedPromise);
        equal(promises.openOf(stranger, kid), promises.MAX_OPEN(), "one more");
        vm.warp(promises.challengeOf(id).answerBy + 1);
        promises.mark(id);
        equal(promises.openOf(stranger, kid), promises.MAX_OPEN() - 1, "one less");
    }

    function test_a_head_after_the_deadline_keeps_it_late() public {
        bytes32 id = promises.challenge(signedPromise);
        IRecordAnchor.Head memory head = anchorGood(9, keccak256("state"));
        promises.answer(id, good(2), 2, head, pathOf(2, 0, 9));
        isTrue(promises.challengeOf(id).status == IPromiseChallenge.Status.KEPT_LATE, "late");
    }

    /// @dev Record 9 joins after the deadline. By the head over it nobody can make the promise a late one.
    function test_a_stranger_answers_by_a_later_head_in_vain() public {
        vm.warp(DEADLINE);
        IRecordAnchor.Head memory head = anchorGood(8, keccak256("state"));
        vm.warp(DEADLINE + 1);
        IRecordAnchor.Head memory later = _ninth();
        vm.startPrank(stranger);
        bytes32 id = promises.challenge(signedPromise);
        bytes memory record = good(2);
        bytes32[] memory path = pathOf(2, 0, 9);
        vm.expectRevert(abi.encodeWithSelector(IPromiseChallenge.HeadNotFirst.selector, uint64(2), uint64(8)));
        promises.answer(id, record, 2, later, path);
        bytes27 kept = anchor.headHash(later);
        later.previousSize = 0;
        bytes27 hash = anchor.headHash(later);
        vm.expectRevert(abi.encodeWithSelector(IRecordAnchor.HeadConflicts.selector, uint64(9), kept, hash));
        promises.answer(id, record, 2, later, path);
        promises.answer(id, record, 2, head, pathOf(2, 0, 8));
        vm.stopPrank();
        isTrue(promises.challengeOf(id).status == IPromiseChallenge.Status.KEPT, "kept");
    }

    /// @dev The last record under the head before, and the first one over it.
    function testFuzz_only_the_first_head_over_a_record_says_when(uint8 of_) public {
        uint64 size = uint64(bound(of_, 1, 8));
        vm.warp(DEADLINE);
        anchorGood(size, keccak256("state"));
        vm.warp(DEADLINE + 1);
        IRecordAnchor.Head memory later = _extended(size);
        bytes32 id = promises.challenge(signedPromise);
        bytes memory record = good(2);
        bytes32[] memory path = pathOf(2, 0, 9);
        if (size > 2) vm.expectRevert(abi.encodeWithSelector(IPromiseChallenge.HeadNotFirst.selector, 2, size));
        promises.answer(id, record, 2, later, path);
        IPromiseChallenge.Status status = promises.challengeOf(id).status;
        isTrue(status == (size > 2 ? IPromiseChallenge.Status.OPEN : IPromiseChallenge.Status.KEPT_LATE), "status");
    }

    function testFuzz_a_head_with_any_field_changed_is_no_answer(uint8 field, uint8 bit) public {
        bytes32 id = promises.challenge(signedPromise);
        IRecordAnchor.Head memory head = anchorGood(9, keccak256("state"));
        bytes memory record = good(2);
        bytes32[] memory path = pathOf(2, 0, 9);
        changeHead(head, field, bit);
        vm.expectRevert();
        promises.answer(id, record, 2, head, path);
    }

    function test_a_key_that_has_ended_is_held_against_nobody() public {
        bytes32 id = promises.challenge(signedPromise);
        vm.warp(1_767_225_601);
        _end();
        promises.mark(id);
        isTrue(promises.challengeOf(id).status == IPromiseChallenge.Status.VOID, "ended, and not broken");
        vm.expectRevert(abi.encodeWithSelector(IPromiseChallenge.GatewayIsEnded.selector, kid));
        promises.challenge(signedPromise);
        IPromiseChallenge.Gateway memory g = promises.gatewayOf(kid);
        equal(g.broken, 0, "nothing is counted");
        vm.expectRevert(abi.encodeWithSelector(IPromiseChallenge.GatewayIsEnded.selector, kid));
        promises.setGateway(g.x, g.y, g.origin, operator);
    }

    /// A challenger's place is free again, whenever the key ends: before the answer's time is over and after it.
    function testFuzz_a_challenge_to_an_ended_key_ends_as_void(uint32 later) public {
        vm.warp(1_767_225_601);
        bytes32 id = promises.challenge(signedPromise);
        equal(promises.openOf(address(this), kid), 1, "open");
        vm.expectRevert(
            abi.encodeWithSelector(IPromiseChallenge.AnswerStillPossible.selector, promises.challengeOf(id).answerBy)
        );
        promises.mark(id);
        vm.warp(block.timestamp + later);
        _end();
        vm.prank(stranger);
        promises.mark(id);
        equal(promises.openOf(address(this), kid), 0, "its place is free");
        equal(promises.gatewayOf(kid).broken, 0, "nothing is held against the operator");
        vm.expectRevert(
            abi.encodeWithSelector(IPromiseChallenge.NotOpen.selector, id, IPromiseChallenge.Status.VOID)
        );
        promises.mark(id);
    }

    /// What was marked before the key ended stays, and so does what was answered.
    function test_what_was_decided_before_the_key_ended_stays() public {
        vm.warp(1_767_225_601);
        bytes32 id = promises.challenge(signedPromise);
        vm.warp(promises.challengeOf(id).answerBy + 1);
        promises.mark(id);
        _end();
        isTrue(promises.challengeOf(id).status == IPromiseChallenge.Status.BROKEN, "broken");
        equal(promises.gatewayOf(kid).broken, 1, "counted");
        vm.expectRevert(
            abi.encodeWithSelector(IPromiseChallenge.NotOpen.selector, id, IPromiseChallenge.Status.BROKEN)
        );
        promises.mark(id);
    }

    function test_a_key_that_was_never_set_can_not_end() public {
        vm.warp(1_767_225_601);
        bytes32 other = CoseSign1.thumbprint(bytes32(uint256(1)), bytes32(uint256(2)));
        vm.expectRevert(abi.encodeWithSelector(IPromiseChallenge.GatewayUnknown.selector, other));
        promises.setGateway(bytes32(uint256(1)), bytes32(uint256(2)), keccak256("log"), address(0));
    }

    function _end() private {
        IPromiseChallenge.Gateway memory g = promises.gatewayOf(kid);
        promises.setGateway(g.x, g.y, g.origin, address(0));
        isTrue(promises.gatewayOf(kid).ended, "ended");
    }

    function _ninth() private returns (IRecordAnchor.Head memory) {
        return _extended(8);
    }

    /// @dev All nine records, over a head of the first `size`.
    function _extended(uint64 size) private returns (IRecordAnchor.Head memory head) {
        for (uint256 i = leaves.length; i < 9; ++i) {
            leaves.push(sha256(abi.encodePacked(bytes1(0x00), good(i))));
        }
        head = headOf(9, rootOf(0, 9), keccak256("state"));
        bytes[] memory signatures = new bytes[](1);
        signatures[0] = signHead(SIGNER_KEY, head);
        anchor.anchor(head, consistencyOf(size, 0, 9, true), signatures);
    }

    function test_an_unanswered_promise_is_marked_by_anyone_and_only_then() public {
        bytes32 id = promises.challenge(signedPromise);
        uint64 until = DEADLINE + 1 + ANSWER;
        vm.warp(until);
        vm.expectRevert(abi.encodeWithSelector(IPromiseChallenge.AnswerStillPossible.selector, until));
        promises.mark(id);
        vm.warp(until + 1);
        vm.prank(stranger);
        promises.mark(id);
        isTrue(promises.challengeOf(id).status == IPromiseChallenge.Status.BROKEN, "broken");
        equal(promises.gatewayOf(kid).broken, 1, "counted");
        IRecordAnchor.Head memory head = anchorGood(9, keccak256("state"));
        bytes memory record = good(2);
        bytes32[] memory path = pathOf(2, 0, 9);
        vm.expectRevert(
            abi.encodeWithSelector(IPromiseChallenge.NotOpen.selector, id, IPromiseChallenge.Status.BROKEN)
        );
        promises.answer(id, record, 2, head, path);
    }

    function test_an_answer_after_its_time_is_refused_though_nobody_marked() public {
        bytes32 id = promises.challenge(signedPromise);
        IRecordAnchor.Head memory head = anchorGood(9, keccak256("state"));
        vm.warp(DEADLINE + 2 + ANSWER);
        bytes memory record = good(2);
        bytes32[] memory path = pathOf(2, 0, 9);
        vm.expectRevert(abi.encodeWithSelector(IPromiseChallenge.AnswerTooLate.selector, DEADLINE + 1 + ANSWER));
        promises.answer(id, record, 2, head, path);
    }

    function test_another_record_or_proof_is_no_answer() public {
        bytes32 id = promises.challenge(signedPromise);
        IRecordAnchor.Head memory head = anchorGood(9, keccak256("state"));
        bytes memory another = good(1);
        bytes32[] memory path = pathOf(1, 0, 9);
        bytes32 digest = bytes32(hexOf(entry("good", 1, "payload_digest")));
        vm.expectRevert(
            abi.encodeWithSelector(IPromiseChallenge.AnotherRecord.selector, DEVICE, uint64(1), uint64(2), digest)
        );
        promises.answer(id, another, 1, head, path);
        bytes memory record = good(2);
        vm.expectRevert(abi.encodeWithSelector(IPromiseChallenge.ProofInvalid.selector, uint64(9)));
        promises.answer(id, record, 2, head, path);
    }

    function test_a_promise_is_not_challenged_before_its_deadline_nor_twice() public {
        vm.warp(DEADLINE);
        vm.expectRevert(abi.encodeWithSelector(IPromiseChallenge.NotDueBefore.selector, DEADLINE));
        promises.challenge(signedPromise);
        vm.warp(DEADLINE + 1);
        bytes32 id = promises.challenge(signedPromise);
        vm.expectRevert(abi.encodeWithSelector(IPromiseChallenge.AlreadyChallenged.selector, id));
        promises.challenge(signedPromise);
    }

    function test_a_promise_that_nobody_signed_is_refused_wherever_it_is_changed() public {
        for (uint256 i = 0; i < signedPromise.length; i += 5) {
            bytes memory changed = signedPromise;
            changed[i] = changed[i] ^ 0x01;
            try promises.challenge(changed) {
                revert NotTrue("a changed promise was taken");
            } catch {}
        }
        bytes memory record = good(2);
        vm.expectRevert(
            abi.encodeWithSelector(
                IPromiseChallenge.GatewayUnknown.selector, bytes32(0x3a01b831f700e32d7d226656d83813abecc312c4f59fa6465c0de259e97a9e1e)
            )
        );
        promises.challenge(record);
    }

    function test_only_the_registrar_says_who_a_gateway_is_and_an_origin_stays() public {
        // Roles were given in 2026.
        vm.warp(1_767_225_601);
        bytes32 x = promises.gatewayOf(kid).x;
        bytes32 y = promises.gatewayOf(kid).y;
        bytes32 origin = promises.gatewayOf(kid).origin;
        vm.expectRevert();
        vm.prank(stranger);
        promises.setGateway(x, y, origin, stranger);
        vm.expectRevert(abi.encodeWithSelector(IPromiseChallenge.OriginDiffers.selector, origin));
        promises.setGateway(x, y, keccak256("another log"), operator);
        promises.setGateway(x, y, origin, supplier);
        isTrue(promises.gatewayOf(kid).operator == supplier, "another operator answers");
        equal(kid, CoseSign1.thumbprint(x, y), "kid");
    }
}
