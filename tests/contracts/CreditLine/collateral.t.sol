// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DepositToken} from "contracts/DepositToken.sol";
import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {LoanWorld} from "support/LoanWorld.sol";

contract CreditLineCollateralTest is LoanWorld {
    function _pledged(address holder) private returns (uint64 root, uint64 part) {
        (root, part) = owedClaim(IReceivables.Kind.ORDER, core, holder, 20_000_00, 20260301);
        vm.prank(holder);
        receivables.pledge(part, address(credit));
    }

    function _lent(uint64 part) private returns (uint64 loan) {
        uint64 line = opened();
        return draw(line, order(10_000_00), 10_000_00, ICreditLine.Plan.BULLET, bullet(20260401, 10_000_00), part);
    }

    function _refuse(uint64 part) private {
        uint64 line = opened();
        uint64 root = order(1_000);
        refuse(abi.encodeWithSelector(ICreditLine.CollateralNotPledged.selector, part));
        draw(line, root, 1_000, ICreditLine.Plan.BULLET, bullet(END, 1_000), part);
    }

    function test_an_order_that_becomes_a_receivable_carries_its_loan_and_repays_it() public {
        (uint64 sold, uint64 part) = _pledged(factory);
        uint64 loan = _lent(part);
        equal(credit.loanSecuredBy(part), loan, "an order with a loan");
        vm.prank(core);
        receivables.deliver(sold, "note");
        advanceTo(20260301);
        equal(uint256(receivables.poke(sold)), uint256(IReceivables.State.MATURED), "owed");
        equal(credit.loanSecuredBy(part), loan, "a receivable with a loan");
        pay(core, sold, 20_000_00);
        uint256 owing = 10_000_00 + 165_00;
        equal(credit.collect(loan), owing, "principal and 55 days of interest");
        loanIn(loan, ICreditLine.LoanState.REPAID, "repaid");
        equal(token.balanceOf(bank), LIMIT - 10_000_00 + owing, "the lender has it");
        equal(receivables.claimable(address(token), factory), 20_000_00 - owing, "the rest is the holder's");
        equal(credit.loanSecuredBy(part), 0, "and free");
    }

    function testFuzz_what_is_paid_in_part_is_collected_in_part(uint32 raw) public {
        (uint64 sold, uint64 part) = _pledged(factory);
        uint64 loan = _lent(part);
        uint128 paid = uint128(bound(raw, 1, 9_000_00));
        pay(core, sold, paid);
        equal(credit.collect(loan), paid, "all of it");
        equal(credit.loan(loan).repaid, paid, "on the loan");
        equal(receivables.part(part).pledgee, address(credit), "pledged still");
        equal(credit.collect(loan), 0, "nothing more");
    }

    function test_a_loan_repaid_otherwise_gives_it_back() public {
        (, uint64 part) = _pledged(factory);
        uint64 loan = _lent(part);
        repay(loan, 10_000_00);
        equal(credit.collect(loan), 0, "nothing to take");
        equal(receivables.part(part).pledgee, address(0), "free");
    }

    function test_collateral_that_is_spent_is_given_up() public {
        (uint64 sold, uint64 part) = owedClaim(IReceivables.Kind.ORDER, core, factory, 1_000_00, 20260301);
        vm.prank(factory);
        receivables.pledge(part, address(credit));
        uint64 loan = _lent(part);
        pay(core, sold, 1_000_00);
        equal(credit.collect(loan), 1_000_00, "all there is");
        isTrue(!receivables.part(part).live, "gone");
        loanIn(loan, ICreditLine.LoanState.CURRENT, "the rest is owed");
        refuse(abi.encodeWithSelector(ICreditLine.CollateralNotPledged.selector, 0));
        credit.collect(loan);
    }

    function test_without_collateral_nothing_is_collected() public {
        (, uint64 loan) = lent();
        refuse(abi.encodeWithSelector(ICreditLine.CollateralNotPledged.selector, 0));
        credit.collect(loan);
        refuse(abi.encodeWithSelector(ICreditLine.LoanUnknown.selector, 9));
        credit.collect(9);
    }

    function test_what_is_pledged_to_another_or_to_nobody_is_refused() public {
        (, uint64 part) = payable_(core, factory, 1_000, 20260301);
        _refuse(part);
        vm.prank(factory);
        receivables.pledge(part, bank);
        _refuse(part);
    }

    function test_what_another_pledged_is_refused() public {
        (, uint64 part) = _pledged(tierOne);
        _refuse(part);
    }

    function test_what_secures_a_loan_already_is_refused() public {
        (, uint64 part) = _pledged(factory);
        _lent(part);
        _refuse(part);
        refuse(abi.encodeWithSelector(ICreditLine.CollateralNotPledged.selector, part));
        vm.prank(factory);
        credit.returnCollateral(part);
    }

    function test_what_is_owed_in_another_token_is_refused() public {
        DepositToken other = new DepositToken(address(access), address(participants), bank, "Other", "o", "USD", 2);
        other.addLedger(address(receivables));
        participants.admitToken(address(other), "USD", bank);
        IReceivables.Terms memory t = claimTerms(IReceivables.Kind.PAYABLE, core, factory, 1_000, 20261231);
        t.token = address(other);
        uint64 root = draftBy(core, t);
        registerBy(core, root);
        uint64 part = wholeOf(root);
        vm.prank(factory);
        receivables.pledge(part, address(credit));
        _refuse(part);
    }

    function test_what_secures_nothing_comes_back_to_who_pledged_it() public {
        (, uint64 part) = _pledged(factory);
        refuse(abi.encodeWithSelector(ICreditLine.CollateralNotPledged.selector, part));
        vm.prank(tierOne);
        credit.returnCollateral(part);
        vm.prank(factory);
        credit.returnCollateral(part);
        equal(receivables.part(part).pledgee, address(0), "free");
    }
}
