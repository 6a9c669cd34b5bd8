// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRecordAnchor} from "./IRecordAnchor.sol";

/// @title Promises of gateways that were not kept, held against them in public
/// @notice A gateway's signed promise says that a record will be under an anchored head by its deadline. After that
/// anyone may challenge it here. The operator must answer with the record and its inclusion within the time that this
/// contract gives; afterwards anyone may mark it as broken, for good.
/// @dev The promise's form is in docs/formats/receipt.md. Times are chain time; the promise's are milliseconds.
interface IPromiseChallenge {
    enum Status {
        NONE,
        OPEN,
        KEPT,
        KEPT_LATE,
        BROKEN,
        VOID
    }

    /// @param x, y the gateway's P-256 receipt key.
    /// @param origin SHA-256 of the log's origin, for which the key speaks.
    /// @param operator who answers for it.
    /// @param broken promises that were marked.
    /// @param ended the key was replaced or stolen: nothing more is held against it.
    struct Gateway {
        bytes32 x;
        bytes32 y;
        bytes32 origin;
        address operator;
        uint64 broken;
        bool ended;
    }

    /// @param kid of the gateway's key.
    /// @param device SHA-256 of the device's name.
    /// @param deadline when the record was to be under an anchored head, seconds (rounded up).
    /// @param answerBy until when the operator may answer, seconds.
    struct Challenge {
        bytes32 kid;
        bytes32 device;
        uint64 epoch;
        uint64 sequence;
        bytes32 payloadDigest;
        uint64 deadline;
        uint64 answerBy;
        Status status;
        address by;
    }

    event GatewaySet(bytes32 indexed kid, bytes32 indexed origin, address indexed operator, bytes32 x, bytes32 y);
    event GatewayEnded(bytes32 indexed kid);
    event PromiseChallenged(
        bytes32 indexed id, bytes32 indexed kid, bytes32 indexed device, uint64 epoch, uint64 sequence, uint64 answerBy
    );
    event PromiseAnswered(bytes32 indexed id, bytes32 indexed kid, uint64 headSize, Status status);
    event PromiseBroken(bytes32 indexed id, bytes32 indexed kid, address indexed operator, uint64 broken);
    /// @notice The key has ended: whether the promise was kept is no question any more.
    event PromiseVoided(bytes32 indexed id, bytes32 indexed kid);

    /// @notice The key was replaced or stolen, and what it signs is held against nobody any more.
    error GatewayIsEnded(bytes32 kid);
    /// @notice No gateway is known by this key.
    error GatewayUnknown(bytes32 kid);
    /// @notice The key speaks for another log.
    error OriginDiffers(bytes32 origin);
    error PromiseMalformed();
    /// @notice It is not signed by the key that it names.
    error SignatureInvalid(bytes32 kid);
    error NotDueBefore(uint64 deadline);
    error AlreadyChallenged(bytes32 id);
    /// @notice The account has as many open challenges to the key as it may have.
    error TooManyOpen(address account, uint256 most);
    error NotOpen(bytes32 id, Status status);
    error AnswerTooLate(uint64 answerBy);
    error AnswerStillPossible(uint64 answerBy);
    /// @notice It is not the record that was promised.
    error AnotherRecord(bytes32 device, uint64 epoch, uint64 sequence, bytes32 payloadDigest);
    /// @notice A head before covers the record already: that one says when it was anchored.
    error HeadNotFirst(uint64 index, uint64 previousSize);
    error ProofInvalid(uint64 size);

    /// @notice Let the receipt key (x, y) speak for the log `origin`; `operator` answers for it.
    /// @dev Role REGISTRAR. Setting it again changes the operator alone; operator 0 ends the key for good, open
    /// challenges included, which end as VOID: whoever has a stolen key can date a promise back. Let them run out first where
    /// it is not.
    function setGateway(bytes32 x, bytes32 y, bytes32 origin, address operator) external returns (bytes32 kid);

    /// @notice Challenge a promise whose deadline has passed.
    /// @param signedPromise the gateway's COSE_Sign1.
    function challenge(bytes calldata signedPromise) external returns (bytes32 id);

    /// @notice Answer with the promised `record` and its inclusion under `head`, the first anchored head over it.
    /// Anyone may: what counts is when that head was anchored.
    function answer(
        bytes32 id,
        bytes calldata record,
        uint64 index,
        IRecordAnchor.Head calldata head,
        bytes32[] calldata path
    ) external;

    /// @notice Mark a challenge that was not answered in time. Anyone may. Where the key has ended, the challenge ends as
    /// VOID, at any time: nothing is held against its operator, and the challenger may make another one.
    function mark(bytes32 id) external;

    function challengeOf(bytes32 id) external view returns (Challenge memory);

    /// @notice The gateway whose receipt key has this COSE Key Thumbprint.
    function gatewayOf(bytes32 kid) external view returns (Gateway memory);

    /// @notice The name of a challenge: SHA-256 of kid, device, epoch (8), sequence (8), payload digest and deadline (8).
    function idOf(Challenge memory c) external pure returns (bytes32);

    /// @notice How many challenges of `account` to promises of the key are open.
    function openOf(address account, bytes32 kid) external view returns (uint256);
}
