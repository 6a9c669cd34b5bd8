// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {CreditWorld} from "support/CreditWorld.sol";
import {Days} from "support/Days.sol";

/// @notice Six parties, each in every part, with money, shares of a project, and four lines between them in a circle; and
/// what freezes them and pauses the contracts.
abstract contract SixParties is CreditWorld {
    uint256 internal constant COUNT = 6;
    uint128 internal constant MOST = 1e6;

    address[COUNT] public all;
    uint256[COUNT] internal _keys;
    uint64[] public roots;
    uint64[] public lines;
    uint64[] public loans;
    uint256 public minted;
    uint256 public burnt;
    uint256 public done;
    uint256 public movedWhileFrozen;
    uint256 public worsened;
    uint256 public blockedByDust;
    mapping(address account => bool) public isFrozen;
    mapping(address account => uint256) private _cashWhenFrozen;
    mapping(address account => uint256) private _sharesWhenFrozen;

    function settle_() internal {
        deployAll();
        for (uint256 i = 0; i < COUNT; ++i) {
            _keys[i] = 0xA0000 + i;
            all[i] = vm.addr(_keys[i]);
            participants.admit(all[i], type(uint128).max, bytes32(900 + i));
            participants.certify(all[i], uint64(block.timestamp + 36500 days), 0);
            _mintTo(all[i], 1e12);
            vm.startPrank(all[i]);
            token.approve(address(receivables), type(uint256).max);
            token.approve(address(credit), type(uint256).max);
            token.approve(address(settlement), type(uint256).max);
            token.approve(address(shares), type(uint256).max);
            vm.stopPrank();
        }
        receipts.postPrice("resin", 100, calendar.today());
        shares.openProject(PROJECT, address(token), all[0], 1_000);
        vm.prank(all[0]);
        shares.issue(PROJECT, all[1], 1_000);
        for (uint256 i = 2; i < COUNT; ++i) {
            vm.prank(all[1]);
            shares.transfer(PROJECT, all[i], 200);
        }
        for (uint256 i = 0; i < 4; ++i) {
            _openLine(all[i], all[(i + 1) % COUNT]);
        }
    }

    // ---- money

    function mint(uint8 who, uint32 amount) external {
        _mintTo(_party(who), uint256(amount) + 1);
    }

    function takeOut(uint8 who, uint32 amount) external {
        vm.prank(_party(who));
        token.withdraw(uint256(amount) + 1, "account");
        burnt += uint256(amount) + 1;
    }

    function transferMoney(uint8 from, uint8 to, uint32 amount) external {
        vm.prank(_party(from));
        require(token.transfer(_party(to), amount));
        _moved(_party(from), _party(to));
    }

    // ---- orders of others

    /// @dev Two at most, so that the others go on.
    function freeze(uint8 who) external {
        address account = _party(who);
        uint256 count = 0;
        for (uint256 i = 0; i < COUNT; ++i) {
            if (isFrozen[all[i]]) ++count;
        }
        if (count == 2) return;
        participants.freeze(account, "order");
        isFrozen[account] = true;
        (_cashWhenFrozen[account], _sharesWhenFrozen[account]) = _estate(account);
    }

    function unfreeze(uint8 who, bool chance) external {
        if (chance) return;
        for (uint256 i = 0; i < COUNT; ++i) {
            address account = _party(uint8((uint256(who) + i) % 250));
            if (!isFrozen[account]) continue;
            participants.unfreeze(account);
            isFrozen[account] = false;
            return;
        }
    }

    function pause(uint8 which, uint8 chance) external {
        if (chance % 8 == 0) _pausable(which).pause();
    }

    function unpause() external {
        for (uint8 i = 0; i < 6; ++i) {
            if (_pausable(i).paused()) _pausable(i).unpause();
        }
    }

    function nextDays(uint8 count) external {
        calendar.advance(Days.later(calendar.today(), 1 + count % 20));
        receipts.postPrice("resin", 60 + uint128(count), calendar.today());
    }

    // ---- what stands

    /// @notice Accounts whose money or shares moved while they were frozen.
    function frozenThatMoved() external view returns (uint256 count) {
        for (uint256 i = 0; i < COUNT; ++i) {
            (uint256 cash, uint256 held) = _estate(all[i]);
            bool same = cash == _cashWhenFrozen[all[i]] && held == _sharesWhenFrozen[all[i]];
            if (isFrozen[all[i]] && !same) ++count;
        }
    }

    function cashOf(address account) external view returns (uint256) {
        return token.balanceOf(account);
    }

    function owedByReceivables() external view returns (uint256 sum) {
        for (uint256 i = 0; i < COUNT; ++i) {
            sum += receivables.claimable(address(token), all[i]);
        }
        sum += receivables.claimable(address(token), address(credit));
        for (uint64 i = 1; i <= receivables.partCount(); ++i) {
            sum += receivables.part(i).redeemed - receivables.part(i).credited;
        }
        (uint256[] memory carried,) = carriedOn();
        for (uint256 i = 0; i < carried.length; ++i) {
            sum += carried[i];
        }
    }

    function owedByCredit() external view returns (uint256 sum) {
        for (uint256 i = 0; i < COUNT; ++i) {
            sum += credit.claimable(address(token), all[i]);
        }
    }

    function supply() external view returns (uint256 total, uint256 attested) {
        return (token.totalSupply(), token.attested());
    }

    function ledgers() external view returns (address, address, address) {
        return (address(receivables), address(credit), address(shares));
    }

    function sharesBooks() external view returns (uint256 received, uint256 paid) {
        return (shares.projectOf(PROJECT).received, shares.projectOf(PROJECT).paid);
    }

    /// @notice Shares that the parties hold, and how many there are.
    function sharesHeld() external view returns (uint256 held, uint256 there) {
        for (uint256 i = 0; i < COUNT; ++i) {
            held += shares.balanceOf(PROJECT, all[i]);
        }
        there = shares.projectOf(PROJECT).supply;
    }

    /// @notice What was paid on each claim and is no part's whole unit yet, and how many parts it has had.
    function carriedOn() public view returns (uint256[] memory carried, uint256[] memory made) {
        carried = new uint256[](roots.length);
        made = new uint256[](roots.length);
        uint256[] memory at = new uint256[](receivables.claimCount() + 1);
        for (uint256 i = 0; i < roots.length; ++i) {
            at[roots[i]] = i;
        }
        for (uint64 id = 1; id <= receivables.partCount(); ++id) {
            IReceivables.Part memory p = receivables.part(id);
            ++made[at[p.root]];
            if (p.live) carried[at[p.root]] += p.amount - p.redeemed;
        }
        for (uint256 i = 0; i < roots.length; ++i) {
            IReceivables.Claim memory c = receivables.claim(roots[i]);
            if (c.state != IReceivables.State.CANCELLED && c.face != 0) carried[i] -= c.face - c.redeemed;
        }
    }

    /// @notice What a line says is outstanding, and what its loans do.
    function principalOf(uint256 which) external view returns (uint256 said, uint256 sum) {
        said = credit.line(lines[which]).principal;
        for (uint256 i = 0; i < loans.length; ++i) {
            ICreditLine.Loan memory n = credit.loan(loans[i]);
            bool isOut = n.state == ICreditLine.LoanState.WRITTEN_OFF || n.state == ICreditLine.LoanState.RECOVERED;
            if (n.line == lines[which] && !isOut) sum += n.drawn - n.repaid;
        }
    }

    function counts() external view returns (uint256 claims, uint256 lineCount) {
        return (roots.length, lines.length);
    }

    // ---- internals

    function _party(uint8 who) internal view returns (address) {
        return all[who % COUNT];
    }

    function _mintTo(address to, uint256 amount) internal {
        give(to, amount);
        minted += amount;
    }

    function _moved(address from, address to) internal {
        if (isFrozen[from] || isFrozen[to]) ++movedWhileFrozen;
        ++done;
    }

    /// @dev How the loans and the claims stand, before another's payment and after it.
    function _standings() internal returns (uint256[] memory states) {
        states = new uint256[](loans.length);
        for (uint256 i = 0; i < loans.length; ++i) {
            states[i] = uint256(credit.poke(loans[i]));
        }
    }

    function _noWorse(uint256[] memory before) internal {
        for (uint256 i = 0; i < before.length; ++i) {
            uint256 state = uint256(credit.poke(loans[i]));
            bool isOpen = state <= uint256(ICreditLine.LoanState.DEFAULT);
            if (isOpen && state > before[i]) ++worsened;
        }
    }

    function _estate(address account) private view returns (uint256 cash, uint256 held) {
        return (token.balanceOf(account), shares.balanceOf(PROJECT, account));
    }

    function _pausable(uint8 which) private view returns (PausableLedger) {
        address[6] memory ledger = [
            address(receivables), address(credit), address(receipts), address(shares), address(settlement), address(token)
        ];
        return PausableLedger(ledger[which % 6]);
    }

    function _openLine(address borrower, address lender_) private {
        ICreditLine.LineTerms memory t = lineTerms(10 * MOST);
        (t.borrower, t.lender, t.validUntil) = (borrower, lender_, 20981231);
        vm.prank(borrower);
        uint64 line = credit.applyFor(t);
        lines.push(line);
        for (uint256 i = 0; i < 2; ++i) {
            voteOn(committee[i], line, ICreditLine.Motion.APPROVE);
        }
        vm.startPrank(lender_);
        credit.activate(line);
        for (uint256 i = 0; i < COUNT; ++i) {
            credit.allowSupplier(line, all[i], true);
        }
        vm.stopPrank();
    }
}

interface PausableLedger {
    function pause() external;
    function unpause() external;
    function paused() external view returns (bool);
}
