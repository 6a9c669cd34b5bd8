// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IConsortiumRules} from "../interfaces/IConsortiumRules.sol";
import {IDepositToken} from "../interfaces/IDepositToken.sol";
import {IParticipantRegistry} from "../interfaces/IParticipantRegistry.sol";
import {IReceivables} from "../interfaces/IReceivables.sol";
import {BusinessDate} from "./BusinessDate.sol";
import {Parts} from "./Parts.sol";

/// @title A claim's terms: whether they can be, what they are known by, and what of them is signed
/// @dev A library with code of its own, to which Receivables is linked.
library ClaimTerms {
    bytes32 private constant CONFIRMATION = keccak256(
        "Confirmation(uint64 root,uint64 deadline,uint8 kind,address obligor,address creditor,address token,uint128 face,uint32 issueDate,uint32 dueDate,uint16 defaultDays,bytes32 invoice,bytes32 document,bytes32 tag)"
    );

    uint256 private constant ROOT_MASK = ~uint256(type(uint48).max);

    /// @notice Refuse terms that can't be now, or that the caller may not state; publish those that are new.
    function check(uint64 root, IReceivables.Terms calldata terms, IParticipantRegistry participants, bool isNew)
        external
    {
        IConsortiumRules rules = participants.requireToken(terms.token);
        if (
            terms.face == 0 || terms.face > type(uint80).max || terms.invoice == 0 || terms.obligor == terms.creditor
                || !IDepositToken(terms.token).isLedger(address(this)) || !BusinessDate.isValid(terms.issueDate)
                || !BusinessDate.isValid(terms.dueDate) || terms.dueDate < terms.issueDate
                || (terms.kind == IReceivables.Kind.PAYABLE && msg.sender != terms.obligor)
        ) revert IReceivables.ClaimTermsInvalid();
        participants.requireMay(terms.obligor, Parts.OBLIGOR);
        participants.requireMay(terms.creditor, Parts.CREDITOR);
        if (address(rules) != address(0)) rules.requireTerms(root, abi.encode(terms));
        if (isNew) {
            if (msg.sender != terms.creditor && msg.sender != terms.obligor) {
                revert IReceivables.NotAParty(root, msg.sender);
            }
            emit IReceivables.ClaimDrafted(root, terms.obligor, terms.creditor, terms);
        }
    }

    /// @notice Whether the invoice of `terms` is free, where `old` was registered for it: what an obligor registered ends
    /// when its creditor states more, an earlier day or another token (`isCreditors`), and what is cancelled is over.
    /// @return isFree whether `terms` may be registered now.
    /// @return paid what has been paid on the invoice in the same currency, `least` or more: it is set off.
    function follow(
        IReceivables.Claim memory old,
        IReceivables.Terms calldata terms,
        IParticipantRegistry participants,
        bool isCreditors,
        uint80 least
    ) external view returns (bool isFree, uint80 paid) {
        isFree = old.state == IReceivables.State.CANCELLED
            || (isCreditors
                && (old.token != terms.token || old.face < terms.face || old.dueDate > terms.dueDate
                    || old.defaultDays > terms.defaultDays
                    || (old.kind == IReceivables.Kind.ORDER && terms.kind != IReceivables.Kind.ORDER)));
        bytes3 was = participants.currencyOf(old.token);
        // A token that was expelled since has no currency any more: what was paid in it counts.
        if (old.obligor == terms.obligor && (was == 0 || was == participants.currencyOf(terms.token))) {
            paid = uint80(old.redeemed);
        }
        if (paid < least) paid = least;
        if (paid >= terms.face) isFree = false;
    }

    /// @return hash what the claim's terms are known by: the last six bytes are its id.
    /// @return byCreditor the invoice for its creditor, whoever owes it.
    /// @return byBoth the invoice for its creditor and its obligor together.
    function names(uint64 root, IReceivables.Terms calldata terms)
        internal
        pure
        returns (bytes32 hash, bytes32 byCreditor, bytes32 byBoth)
    {
        hash = bytes32((uint256(keccak256(abi.encode(root, terms))) & ROOT_MASK) | uint48(root));
        byCreditor = keccak256(abi.encode(terms.creditor, terms.invoice));
        byBoth = keccak256(abi.encode(terms.obligor, byCreditor));
    }

    /// @notice The EIP-712 struct hash of a confirmation.
    function confirmation(uint64 root, IReceivables.Terms calldata terms, uint64 deadline)
        external
        pure
        returns (bytes32)
    {
        return keccak256(bytes.concat(abi.encode(CONFIRMATION, root, deadline), abi.encode(terms)));
    }

    /// @notice Whether `signature` is `obligor`'s over the EIP-712 `digest`; a contract's by ERC-1271.
    function isConfirmed(address obligor, bytes32 digest, bytes calldata signature) external view returns (bool) {
        return SignatureChecker.isValidSignatureNow(obligor, digest, signature);
    }

    /// @notice Whether more than `count` days have passed since `due`.
    function isLongAfter(uint32 due, uint32 today, uint16 count) external pure returns (bool) {
        return BusinessDate.daysBetween(due, today) > count;
    }
}
