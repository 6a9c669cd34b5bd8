// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";

/// @title P-256 signatures with s in either of its forms
/// @dev The precompile at 0x100 takes both forms of s and OpenZeppelin only the low one; a machine may send either, so it
/// is brought to the low form first and every chain then says the same. About 7,700 gas with the precompile, 260,000
/// without.
library P256EitherForm {
    uint256 private constant HALF_N = P256.N / 2;

    /// @notice Whether (r, s) is the signature of the key (x, y) over `digest`.
    function verify(bytes32 digest, bytes32 r, bytes32 s, bytes32 x, bytes32 y) internal view returns (bool) {
        uint256 low = uint256(s);
        if (low > HALF_N && low < P256.N) low = P256.N - low;
        return P256.verify(digest, r, bytes32(low), x, y);
    }
}
