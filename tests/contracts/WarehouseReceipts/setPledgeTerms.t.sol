// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IWarehouseReceipts} from "contracts/interfaces/IWarehouseReceipts.sol";
import {WarehouseWorld} from "support/WarehouseWorld.sol";

contract WarehouseReceiptsSetPledgeTermsTest is WarehouseWorld {
    function _set(address by, uint16 ltv, uint16 days_) private {
        vm.prank(by);
        receipts.setPledgeTerms(line, ltv, days_);
    }

    function _refuseTerms(uint16 ltv, uint16 days_) private {
        refuse(abi.encodeWithSelector(IWarehouseReceipts.PledgeTermsInvalid.selector, ltv, days_));
    }

    function testFuzz_a_pledge_is_no_looser_than_the_lender_allows(uint16 most, uint16 days_) public {
        most = uint16(bound(most, 5_000, 9_999));
        days_ = days_ % 1_000;
        _set(bank, most, days_);
        _refuseTerms(most + 1, days_);
        pledge(ids(good), most + 1, days_);
        _refuseTerms(most, days_ + 1);
        pledge(ids(good), most, days_ + 1);
        pledge(ids(good), most, days_);
    }

    function test_what_is_allowed_can_be_read() public {
        IWarehouseReceipts.PledgeTerms memory most = receipts.pledgeTermsOf(line);
        isTrue(most.ltvBasisPoints == 10_000 && most.callDays == type(uint16).max, "the whole value, any days");
        _set(bank, 7_000, 3);
        most = receipts.pledgeTermsOf(line);
        isTrue(most.ltvBasisPoints == 7_000 && most.callDays == 3, "the lender's word");
    }

    function testFuzz_never_above_the_whole_value(uint16 ltv) public {
        ltv = uint16(bound(ltv, 10_001, type(uint16).max));
        _refuseTerms(ltv, 5);
        pledge(ids(good), ltv, 5);
        _refuseTerms(ltv, 5);
        _set(bank, ltv, 5);
        _refuseTerms(0, 5);
        _set(bank, 0, 5);
    }

    function testFuzz_by_another_is_refused(uint256 seed) public {
        refuse(abi.encodeWithSelector(IWarehouseReceipts.NotTheLender.selector, line, anyone(seed)));
        _set(anyone(seed), 5_000, 5);
        refuse(abi.encodeWithSelector(IWarehouseReceipts.NotTheLender.selector, line, factory));
        _set(factory, 5_000, 5);
    }
}
