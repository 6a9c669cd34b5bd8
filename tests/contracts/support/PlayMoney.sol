// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice A token that calls itself a bank's deposits: whoever may deploy makes one.
contract PlayMoney is ERC20("play", "CNY") {
    function paused() external pure returns (bool) {
        return false;
    }

    function currency() external pure returns (string memory) {
        return "CNY";
    }

    function bank() external view returns (address) {
        return address(this);
    }

    function isLedger(address) external pure returns (bool) {
        return true;
    }

    function openSupervised(bytes32) external pure returns (address) {
        return address(1);
    }

    function print(address to, uint256 amount) external {
        _mint(to, amount);
    }
}
