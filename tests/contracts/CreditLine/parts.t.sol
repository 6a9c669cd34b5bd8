// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {IParticipantRegistry} from "contracts/interfaces/IParticipantRegistry.sol";
import {Parts} from "contracts/libraries/Parts.sol";
import {LoanWorld} from "support/LoanWorld.sol";

/// Who may lend and borrow, and what a frozen lender may not do.
contract CreditLinePartsTest is LoanWorld {
    function remove(address account, uint8 part) private {
        participants.removeParts(account, uint128(1) << part);
    }

    function refusePart(address account, uint8 part) private {
        refuse(abi.encodeWithSelector(IParticipantRegistry.PartNotPlayed.selector, account, part));
    }

    function test_a_line_is_between_a_borrower_and_a_lender() public {
        ICreditLine.LineTerms memory t = lineTerms(1_000);
        remove(t.lender, Parts.LENDER);
        refusePart(t.lender, Parts.LENDER);
        vm.prank(t.borrower);
        credit.applyFor(t);
        participants.addParts(t.lender, uint128(1) << Parts.LENDER);
        remove(t.borrower, Parts.BORROWER);
        refusePart(t.borrower, Parts.BORROWER);
        vm.prank(t.borrower);
        credit.applyFor(t);
    }

    function test_who_is_no_borrower_any_more_draws_nothing_and_repays() public {
        uint64 line = openLine(100_000_00);
        uint64 loan = drawBullet(line, 1_000_00, 20261201);
        remove(factory, Parts.BORROWER);
        ICreditLine.Instalment[] memory none = new ICreditLine.Instalment[](0);
        refusePart(factory, Parts.BORROWER);
        vm.prank(factory);
        credit.draw(line, 1, 1, ICreditLine.Plan.BULLET, none, 0);
        give(factory, 1_000_00);
        vm.startPrank(factory);
        token.approve(address(credit), 1_000_00);
        equal(credit.repay(loan, 1_000_00), 1_000_00, "it repays");
    }

    function test_a_frozen_lender_does_nothing_with_its_line() public {
        uint64 line = openLine(100_000_00);
        uint64 loan = drawBullet(line, 1_000_00, 20260201);
        address lender_ = credit.line(line).terms.lender;
        participants.freeze(lender_, "order");
        bytes[4] memory calls = [
            abi.encodeCall(credit.freeze, (line, "why")),
            abi.encodeCall(credit.allowSupplier, (line, supplier, true)),
            abi.encodeCall(credit.stateCosts, (loan, 1, "why")),
            abi.encodeCall(credit.writeOff, (loan))
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            vm.prank(lender_);
            (bool done, bytes memory said) = address(credit).call(calls[i]);
            isTrue(!done, "refused");
            equal(keccak256(said), keccak256(abi.encodeWithSelector(IParticipantRegistry.AccountFrozen.selector, lender_)), "frozen");
        }
        participants.unfreeze(lender_);
        vm.prank(lender_);
        credit.freeze(line, "why");
    }
}
