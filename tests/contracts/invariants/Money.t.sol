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
    mapping(address pool => uint256[]) public ends;
    mapping(address pool => IRevenueSplit.Investor[]) private _investors;
    mapping(address pool => mapping(address account => uint256)) private _taken;

    constructor() {
        deploy();
        yearLater();
        grant(address(participants), Roles.SUPERVISOR, participants.unfreeze.selector);
        split.setTerms(PROJECT, usualTerms(DAY_ONE));
        _all = [operator, supplier, site, platform, lender, taxes, refunds, investorA, investorB, investorC];
        IRevenueSplit.Investor[] memory usual = usualInvestors();
        for (uint256 i = 0; i < usual.length; ++i) {
            _investors[pool].push(usual[i]);
        }
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
        if (_termsFrom > 20260128) return;
        t.allocations[1].account = _poolBy(seed >> 80);
        try split.setTerms(PROJECT, t) returns (uint256 version) {
            versions = version;
        } catch {}
    }

    /// @dev Of one to four of the parties, with small weights or large ones.
    function _poolBy(uint256 seed) private returns (address account) {
        IRevenueSplit.Investor[] memory list = new IRevenueSplit.Investor[](1 + seed % 4);
        for (uint256 i = 0; i < list.length; ++i) {
            uint64 weight = uint64(seed >> 8 * i) | 1;
            list[i] = IRevenueSplit.Investor(_all[(seed / 7 + 3 * i) % 10], seed & 8 == 0 ? weight : weight >> 60 | 1);
            if (seed & 8 == 0) list[i].weight >>= 2;
        }
        account = poolOf(list);
        if (_investors[account].length != 0) return account;
        for (uint256 i = 0; i < list.length; ++i) {
            _investors[account].push(list[i]);
        }
    }

    function endPool(uint8 which) external {
        address ended = pools[which % pools.length];
        uint256 paid = split.claimable(address(token), ended) + split.takenOf(ended);
        try split.endPool(ended) {
            ends[ended].push(paid);
        } catch {}
    }

    function take(uint8 which, uint8 who) external {
        address from = pools[which % pools.length];
        address account = _investors[from][who % _investors[from].length].account;
        if (split.claimableOfPool(from, account) == 0 || !participants.isActive(account)) return;
        try split.takePool(from, account) returns (uint256 amount) {
            withdrawn += amount;
            _taken[from][account] += amount;
        } catch {
            ++refused;
        }
    }

    /// @notice The broken rule, if what the investors took and can take is not, to the unit, what floors over the runs come
    /// to, or is more than what was paid, or leaves a unit an investor or more.
    function brokenRuleOfPools() external view returns (string memory) {
        for (uint256 i = 0; i < pools.length; ++i) {
            address one = pools[i];
            IRevenueSplit.Investor[] storage list = _investors[one];
            uint256 paid = split.claimable(address(token), one) + split.takenOf(one);
            uint256 start = ends[one].length == 0 ? 0 : ends[one][ends[one].length - 1];
            uint256 had = 0;
            uint256 weights = 0;
            for (uint256 j = 0; j < list.length; ++j) {
                weights += list[j].weight;
            }
            for (uint256 j = 0; j < list.length; ++j) {
                uint256 has = _taken[one][list[j].account] + split.claimableOfPool(one, list[j].account);
                had += has;
                uint256 floors = (paid - start) * list[j].weight / weights;
                uint256 runs = 0;
                for (uint256 k = 0; k < ends[one].length; ++k) {
                    floors += (ends[one][k] - (k == 0 ? 0 : ends[one][k - 1])) * list[j].weight / weights;
                    ++runs;
                }
                if (has < floors || has > floors + runs) return "an investor has its floors";
            }
            if (had > paid || paid - had >= list.length) return "taken, to take and carried is paid";
            if (paid == start && had != paid) return "an ended pool is its investors' to the unit";
        }
        return "";
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
        try split.withdraw(address(token), account) returns (uint256 amount) {
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
        return claimed();
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

    /// @notice Rule 4: claimable + withdrawn = distributed, the split holds what it owes, and neither a
    /// distribution nor a recipient's withdrawal is ever stopped by another recipient.
    function invariant_claimable_and_withdrawn_is_distributed() public view {
        _same("distributed", _handler.owing() + _handler.withdrawn(), _handler.distributed());
        _same("held", _handler.splitHolds(), _handler.owing());
        _same("refused", _handler.refused(), 0);
    }

    /// @notice Of a pool, taken + to take + carried = paid, and nobody has less than its floors.
    function invariant_a_pool_is_its_investors() public view {
        string memory rule = _handler.brokenRuleOfPools();
        if (bytes(rule).length != 0) revert Broken(rule, 0, 0);
    }

    function _same(string memory rule, uint256 found, uint256 wanted) private pure {
        if (found != wanted) revert Broken(rule, found, wanted);
    }
}
