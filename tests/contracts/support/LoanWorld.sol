// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {CreditWorld} from "support/CreditWorld.sol";

/// @notice Lines and loans in every state, for the tests of CreditLine.
abstract contract LoanWorld is CreditWorld {
    uint128 internal constant LIMIT = 300_000_00;
    uint32 internal constant END = 20260705;
    uint256 private _sweeps;

    function setUp() public virtual {
        deployAll();
    }

    function applied() internal returns (uint64 line) {
        ICreditLine.LineTerms memory t = lineTerms(LIMIT);
        vm.prank(factory);
        return credit.applyFor(t);
    }

    function vote(uint256 member, uint64 line, ICreditLine.Motion motion) internal {
        voteOn(committee[member], line, motion);
    }

    function approved() internal returns (uint64 line) {
        line = applied();
        vote(0, line, ICreditLine.Motion.APPROVE);
        vote(1, line, ICreditLine.Motion.APPROVE);
    }

    function opened() internal returns (uint64 line) {
        return openLine(LIMIT);
    }

    function frozen() internal returns (uint64 line) {
        line = opened();
        vm.prank(bank);
        credit.freeze(line, "takings fell");
    }

    /// @dev A loan of 100,000.00 that is due at once on END, at 10.8 % (penalty 5 %), and its line.
    function lent() internal returns (uint64 line, uint64 loan) {
        line = opened();
        loan = drawBullet(line, 100_000_00, END);
    }

    /// @dev The same, `days_` after END: 3 days of grace, in default after 90.
    function late(uint32 date) internal returns (uint64 line, uint64 loan) {
        (line, loan) = lent();
        advanceTo(date);
        credit.poke(loan);
    }

    /// @dev A loan of 90,000.00 in three equal instalments on 5 February, March and April.
    function threeInstalments(uint64 line) internal returns (uint64 loan) {
        ICreditLine.Instalment[] memory plan = new ICreditLine.Instalment[](3);
        for (uint32 i = 0; i < 3; ++i) {
            plan[i] = ICreditLine.Instalment(20260205 + 100 * i, 30_000_00);
        }
        return draw(line, order(90_000_00), 90_000_00, ICreditLine.Plan.EQUAL_PRINCIPAL, plan, 0);
    }

    function draw(
        uint64 line,
        uint64 root,
        uint128 amount,
        ICreditLine.Plan plan,
        ICreditLine.Instalment[] memory instalments,
        uint64 collateral
    ) internal returns (uint64) {
        vm.prank(factory);
        return credit.draw(line, root, amount, plan, instalments, collateral);
    }

    function swept(uint64 line, uint256 amount) internal returns (uint256) {
        token.mint(credit.accountOf(line), amount, keccak256(abi.encode("sweep", ++_sweeps)));
        return credit.sweep(line);
    }

    function total(uint64 loan) internal view returns (uint256) {
        ICreditLine.Owed memory o = credit.owed(loan, calendar.today());
        return o.costs + o.penalty + o.interest + o.principal;
    }

    function lineIn(uint64 line, ICreditLine.LineState wanted, string memory what) internal view {
        equal(uint256(credit.line(line).state), uint256(wanted), what);
    }

    function loanIn(uint64 loan, ICreditLine.LoanState wanted, string memory what) internal view {
        equal(uint256(credit.loan(loan).state), uint256(wanted), what);
    }

    function refuseLine(uint64 line, ICreditLine.LineState state) internal {
        refuse(abi.encodeWithSelector(ICreditLine.LineStateNotAllowed.selector, line, state));
    }

    function refuseLender(uint64 line, address caller) internal {
        refuse(abi.encodeWithSelector(ICreditLine.NotTheLender.selector, line, caller));
        vm.prank(caller);
    }
}
