// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IPromiseChallenge} from "./interfaces/IPromiseChallenge.sol";
import {IRecordAnchor} from "./interfaces/IRecordAnchor.sol";
import {Cbor} from "./libraries/Cbor.sol";
import {CoseSign1} from "./libraries/CoseSign1.sol";
import {MerkleTreeRFC9162} from "./libraries/MerkleTreeRFC9162.sol";
import {P256EitherForm} from "./libraries/P256EitherForm.sol";
import {SignedRecord} from "./libraries/SignedRecord.sol";

/// @title PromiseChallenge
/// @notice Documented in interfaces/IPromiseChallenge.sol.
contract PromiseChallenge is IPromiseChallenge, AccessManaged {
    using Cbor for bytes;

    IRecordAnchor public immutable anchor;
    /// @notice How long the operator may take to answer, seconds.
    uint64 public immutable answerSeconds;

    /// @notice Most challenges of one account to one key that are open at a time: they cost who must answer them.
    uint256 public constant MAX_OPEN = 16;
    /// @inheritdoc IPromiseChallenge
    mapping(address account => mapping(bytes32 kid => uint256)) public openOf;
    mapping(bytes32 kid => Gateway) private _gateways;
    mapping(bytes32 id => Challenge) private _challenges;

    constructor(address access, address anchor_, uint64 answerSeconds_) AccessManaged(access) {
        anchor = IRecordAnchor(anchor_);
        answerSeconds = answerSeconds_;
    }

    // ---- writes

    /// @inheritdoc IPromiseChallenge
    function setGateway(bytes32 x, bytes32 y, bytes32 origin, address operator)
        external
        restricted
        returns (bytes32 kid)
    {
        kid = CoseSign1.thumbprint(x, y);
        Gateway storage g = _gateways[kid];
        if (g.ended) revert GatewayIsEnded(kid);
        if (g.operator != address(0) && g.origin != origin) revert OriginDiffers(g.origin);
        if (operator == address(0)) {
            if (g.operator == address(0)) revert GatewayUnknown(kid);
            g.ended = true;
            emit GatewayEnded(kid);
            return kid;
        }
        (g.x, g.y, g.origin, g.operator) = (x, y, origin, operator);
        emit GatewaySet(kid, origin, operator, x, y);
    }

    /// @inheritdoc IPromiseChallenge
    function challenge(bytes calldata signedPromise) external returns (bytes32 id) {
        CoseSign1.Parts memory parts = CoseSign1.parse(signedPromise);
        Gateway storage g = _gateways[parts.kid];
        if (g.operator == address(0)) revert GatewayUnknown(parts.kid);
        if (g.ended) revert GatewayIsEnded(parts.kid);
        if (parts.issuer != g.origin) revert OriginDiffers(parts.issuer);
        Challenge memory c = _readPromise(signedPromise[parts.payloadStart:parts.payloadEnd]);
        (c.kid, c.device) = (parts.kid, parts.subject);
        if (block.timestamp <= c.deadline) revert NotDueBefore(c.deadline);
        if (!P256EitherForm.verify(parts.digest, parts.r, parts.s, g.x, g.y)) revert SignatureInvalid(parts.kid);
        id = idOf(c);
        if (_challenges[id].status != Status.NONE) revert AlreadyChallenged(id);
        if (++openOf[msg.sender][c.kid] > MAX_OPEN) revert TooManyOpen(msg.sender, MAX_OPEN);
        c.status = Status.OPEN;
        c.by = msg.sender;
        c.answerBy = uint64(block.timestamp) + answerSeconds;
        _challenges[id] = c;
        emit PromiseChallenged(id, c.kid, c.device, c.epoch, c.sequence, c.answerBy);
    }

    /// @inheritdoc IPromiseChallenge
    function answer(
        bytes32 id,
        bytes calldata record,
        uint64 index,
        IRecordAnchor.Head calldata head,
        bytes32[] calldata path
    ) external {
        Challenge storage c = _open(id);
        if (block.timestamp > c.answerBy) revert AnswerTooLate(c.answerBy);
        SignedRecord.Fields memory f = SignedRecord.parse(record);
        if (
            f.device != c.device || f.epoch != c.epoch || f.sequence != c.sequence
                || f.payloadDigest != c.payloadDigest
        ) revert AnotherRecord(f.device, f.epoch, f.sequence, f.payloadDigest);
        // Whoever answers chooses the head: only the first one over the record says when it was anchored.
        if (index < head.previousSize) revert HeadNotFirst(index, head.previousSize);
        uint64 anchoredAt = anchor.requireHead(head);
        if (!MerkleTreeRFC9162.verifyInclusion(f.leaf, index, head.size, head.root, path)) {
            revert ProofInvalid(head.size);
        }
        --openOf[c.by][c.kid];
        c.status = anchoredAt <= c.deadline ? Status.KEPT : Status.KEPT_LATE;
        emit PromiseAnswered(id, c.kid, head.size, c.status);
    }

    /// @inheritdoc IPromiseChallenge
    function mark(bytes32 id) external {
        Challenge storage c = _open(id);
        Gateway storage g = _gateways[c.kid];
        if (!g.ended && block.timestamp <= c.answerBy) revert AnswerStillPossible(c.answerBy);
        --openOf[c.by][c.kid];
        if (g.ended) {
            c.status = Status.VOID;
            emit PromiseVoided(id, c.kid);
            return;
        }
        c.status = Status.BROKEN;
        ++g.broken;
        emit PromiseBroken(id, c.kid, g.operator, g.broken);
    }

    // ---- reads

    /// @inheritdoc IPromiseChallenge
    function challengeOf(bytes32 id) external view returns (Challenge memory) {
        return _challenges[id];
    }

    /// @inheritdoc IPromiseChallenge
    function gatewayOf(bytes32 kid) external view returns (Gateway memory) {
        return _gateways[kid];
    }

    /// @inheritdoc IPromiseChallenge
    function idOf(Challenge memory c) public pure returns (bytes32) {
        return sha256(abi.encodePacked(c.kid, c.device, c.epoch, c.sequence, c.payloadDigest, c.deadline));
    }

    // ---- internals

    function _open(bytes32 id) private view returns (Challenge storage c) {
        c = _challenges[id];
        if (c.status != Status.OPEN) revert NotOpen(id, c.status);
    }

    /// @dev {1: 1, 2: epoch, 3: sequence, 4: digest, 5: accepted, 6: deadline, ? 7: log index}
    function _readPromise(bytes calldata data) private pure returns (Challenge memory c) {
        (uint256 pairs, uint256 pos) = data.read(0, Cbor.MAP);
        uint64 value;
        (value, pos) = data.uintAt(pos, 1);
        if (value != 1 || pairs < 6 || pairs > 7) revert PromiseMalformed();
        (c.epoch, pos) = data.uintAt(pos, 2);
        (c.sequence, pos) = data.uintAt(pos, 3);
        (c.payloadDigest, pos) = data.bytes32At(data.expect(pos, 0x04));
        (, pos) = data.uintAt(pos, 5);
        (value, pos) = data.uintAt(pos, 6);
        if (pairs == 7) (, pos) = data.uintAt(pos, 7);
        if (pos != data.length) revert PromiseMalformed();
        c.deadline = (value + 999) / 1000;
    }
}
