// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What a participant does: in a part that it was given (a bit number), or as anybody
/// @dev A part is needed to begin something, and never to end it: who lost one still repays, sells what it holds and takes
/// its money back. Bits below 8 say what a participant is in trade (docs/roles.md) and let it do nothing.
library Parts {
    /// @notice Owes claims.
    uint8 internal constant OBLIGOR = 8;
    /// @notice Is owed claims that it or its obligor drafts.
    uint8 internal constant CREDITOR = 9;
    /// @notice Takes parts of claims from others.
    uint8 internal constant HOLDER = 10;
    /// @notice Applies for credit lines and draws on them.
    uint8 internal constant BORROWER = 11;
    /// @notice Gives credit lines.
    uint8 internal constant LENDER = 12;
    /// @notice Issues a project's shares.
    uint8 internal constant ISSUER = 13;
    /// @notice Takes shares.
    uint8 internal constant SHAREHOLDER = 14;
    /// @notice Has goods in a warehouse, and takes receipts from others.
    uint8 internal constant DEPOSITOR = 15;

    /// @notice Passes on, pledges or offers what it has: for that it is active.
    uint8 internal constant PASS_ON = 128;
    /// @notice Ends what it has begun: for that it is not frozen.
    uint8 internal constant END = 129;
    /// @notice Has something pledged to it: it is active, or a contract that was added for that.
    uint8 internal constant TAKE_PLEDGES = 130;
}
