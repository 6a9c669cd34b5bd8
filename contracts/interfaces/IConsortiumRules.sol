// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What the consortium allows to begin: tenors, limits, claims whose tag a quorum has vouched for
/// @notice A contract that the committee appoints (IParticipantRegistry.setRules) and that the ledger's contracts ask when
/// something begins. There is none until it is appointed. It decides about what begins and about nothing that has begun.
interface IConsortiumRules {
    /// @notice Passes where the rules of today allow it; reverts with the rule that is broken.
    /// @dev The caller is the contract in which it begins: Receivables with a claim's terms (IReceivables.Terms), CreditLine
    /// with a line's (ICreditLine.LineTerms).
    /// @param id what begins, as that contract counts it.
    /// @param terms its terms, abi-encoded.
    function requireTerms(uint64 id, bytes calldata terms) external view;
}
