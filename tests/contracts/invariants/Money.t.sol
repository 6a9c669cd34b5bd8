// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRevenueSplit} from "contracts/interfaces/IRevenueSplit.sol";
import {Roles} from "contracts/libraries/Roles.sol";
import {Ledger} from "support/Ledger.sol";

/// @notice Does what parties may do, in any order, and keeps a ledger of its own beside the contracts'.
contract MoneyHandler is Ledger {
    uint256 public attested;
    uint256 public distributed;
    uint256 public withdrawn;
    uint256 public refused;
    uint256 private _entries;
    uint256 private _batches;
    uint256 public versions = 1;
    uint32 private _termsFrom = DAY_ONE;
    address[10] private _all;

    constructor() {
        deploy();
        yearLater();
        grant(address(participants), Roles.SUPERVISOR, participants.unfreeze.selector);
        split.setTerms(PROJECT, usualTerms(DAY_ONE));
        _all = [operator, supplier, site, platform, lender, taxes, refunds, investorA, investorB, investorC];
    }

    function deposit(uint96 amount) external {
        uint256 bounded = bound(amount, 1, 1e12);
        fund(bounded, bytes32(++_entries));
        attested += bounded;
    }

    function distribute(uint96 gross, uint96 refunded, uint96 tax, uint16 units, uint8 day) external {
        uint256 held = token.balanceOf(token.collectionOf(PROJECT));
        uint256 bounded = bound(gross, 0, held);
        IRevenueSplit.Distribution memory d = facts(
            bytes32(++_batches), DAY_ONE + day % 28, bounded, bound(refunded, 0, 1e9), bound(tax, 0, 1e9), units
        );
        try split.distribute(d) {
            distributed += bounded;
        } catch {
            ++refused;
        }
    }

    /// @dev Other terms from a later day on: other recipients, another period, other investors.
    function changeTerms(uint256 seed) external {
        _termsFrom += 1 + uint32(seed % 3);
        IRevenueSplit.Terms memory t = usualTerms(_termsFrom);
        t.period = IRevenueSplit.Period(seed >> 4 & 1);
        t.refundAccount = _all[(seed >> 8) % 10];
        t.taxAccount = _all[(seed >> 16) % 10];
        t.sweepAccount = _all[(seed >> 24) % 10];
        t.goods[0].supplier = _all[(seed >> 32) % 10];
        t.allocations[0].account = _all[(seed >> 40) % 10];
        t.allocations[1].minimum = uint128((seed >> 48) % 1e6);
        t.investors[0].account = _all[(seed >> 80) % 10];
        if (_termsFrom > 20260128) return;
        try split.setTerms(PROJECT, t) returns (uint256 version) {
            versions = version;
        } catch {}
    }

    function settleCarried(uint8 version) external {
        try split.settleCarried(PROJECT, version % (versions + 1)) {} catch {}
    }

    /// @dev A recipient that can't receive, for a while.
    function freeze(uint8 who) external {
        address account = _all[who % 10];
        if (participants.isActive(account)) participants.freeze(account, "word");
        else participants.unfreeze(account);
    }

    function withdraw(uint8 who) external {
        address account = _all[who % 10];
        if (split.claimable(address(token), account) == 0 || !participants.isActive(account)) return;
        try split.withdrawFor(address(token), account) returns (uint256 amount) {
            withdrawn += amount;
        } catch {
            ++refused;
        }
    }

    function cashOut(uint8 who, uint96 amount) external {
        address account = _all[who % 10];
        uint256 held = token.balanceOf(account);
        if (held == 0) return;
        uint256 bounded = bound(amount, 1, held);
        vm.prank(account);
        token.withdraw(bounded, "account");
        attested -= bounded;
    }

    function supply() external view returns (uint256) {
        return token.totalSupply();
    }

    function tokenAttested() external view returns (uint256) {
        return token.attested();
    }

    function owing() external view returns (uint256) {
        return claimed() + split.carried(PROJECT);
    }

    function splitHolds() external view returns (uint256) {
        return token.balanceOf(address(split));
    }
}

contract MoneyInvariants {
    MoneyHandler private _handler;

    error Broken(string rule, uint256 found, uint256 wanted);

    function setUp() public {
        _handler = new MoneyHandler();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @notice Rule 3: supply = what the bank has attested as held.
    function invariant_supply_is_what_the_bank_attested() public view {
        _same("supply", _handler.supply(), _handler.attested());
        _same("attested", _handler.tokenAttested(), _handler.attested());
    }

    /// @notice Rule 4: claimable + withdrawn + carried = distributed, the split holds what it owes, and neither a
    /// distribution nor a recipient's withdrawal is ever stopped by another recipient.
    function invariant_claimable_withdrawn_and_carried_is_distributed() public view {
        _same("distributed", _handler.owing() + _handler.withdrawn(), _handler.distributed());
        _same("held", _handler.splitHolds(), _handler.owing());
        _same("refused", _handler.refused(), 0);
    }

    function _same(string memory rule, uint256 found, uint256 wanted) private pure {
        if (found != wanted) revert Broken(rule, found, wanted);
    }
}
