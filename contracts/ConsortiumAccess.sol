// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

/// @title Who may call what, with delays: OpenZeppelin's AccessManager for the whole deployment
contract ConsortiumAccess is AccessManager {
    /// @param admin the account that sets up the roles and then hands role 0 to the committee.
    constructor(address admin) AccessManager(admin) {}
}
