// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRevenueSplit} from "contracts/interfaces/IRevenueSplit.sol";
import {PoolWorld} from "support/PoolWorld.sol";

contract AddInvestorsTest is PoolWorld {
    function _three() private view returns (IRevenueSplit.Investor[] memory list) {
        list = usualInvestors();
        list[0].weight = 7;
    }

    function test_a_list_is_added_in_pieces_by_anybody() public {
        IRevenueSplit.Investor[] memory list = _three();
        bytes32 second = nameOf(slice(list, 2, 3), 0);
        bytes32 name = nameOf(slice(list, 0, 2), second);
        equal(split.nextInvestors(PROJECT, name), name, "it begins with all of it");
        vm.prank(stranger);
        address account = split.addInvestors(PROJECT, name, slice(list, 0, 2), second);
        equal(split.nextInvestors(PROJECT, name), second, "the second piece is next");
        vm.expectRevert(abi.encodeWithSelector(IRevenueSplit.PoolIncomplete.selector, account));
        split.claimableOfPool(account, investorA);
        vm.prank(supplier);
        split.addInvestors(PROJECT, name, slice(list, 2, 3), 0);
        equal(split.nextInvestors(PROJECT, name), 0, "complete");
        (uint64 weight, uint64 weights) = split.weightOf(account, investorC);
        equal(weight, 20, "a weight");
        equal(weights, 57, "their sum");
        equal(split.projectOfPool(account), PROJECT, "the project's");
        isTrue(split.poolOf(PROJECT, name) == account, "the account is known before");
    }

    function testFuzz_no_other_investors_can_be_added(uint8 who, uint64 weight, bytes32 next, bool isSecond) public {
        IRevenueSplit.Investor[] memory list = _three();
        bytes32 second = nameOf(slice(list, 2, 3), 0);
        bytes32 name = nameOf(slice(list, 0, 2), second);
        if (isSecond) split.addInvestors(PROJECT, name, slice(list, 0, 2), second);
        IRevenueSplit.Investor[] memory other = isSecond ? slice(list, 2, 3) : slice(list, 0, 2);
        bytes32 follows = isSecond ? bytes32(0) : second;
        if (who % 3 == 0) other[0].account = anyone(who);
        else if (who % 3 == 1) other[0].weight = weight == other[0].weight ? weight + 1 : weight;
        else follows = next == follows ? bytes32(uint256(next) + 1) : next;
        bytes32 wanted = isSecond ? second : name;
        vm.expectRevert(
            abi.encodeWithSelector(IRevenueSplit.InvestorsNotNext.selector, split.poolOf(PROJECT, name), wanted)
        );
        split.addInvestors(PROJECT, name, other, follows);
    }

    function test_a_complete_list_and_an_empty_piece_take_no_more() public {
        IRevenueSplit.Investor[] memory list = _three();
        bytes32 name = nameOf(list, 0);
        address account = split.addInvestors(PROJECT, name, list, 0);
        IRevenueSplit.Investor[] memory none = new IRevenueSplit.Investor[](0);
        vm.expectRevert(abi.encodeWithSelector(IRevenueSplit.InvestorsNotNext.selector, account, bytes32(0)));
        split.addInvestors(PROJECT, name, list, 0);
        bytes32 empty = nameOf(none, 0);
        vm.expectRevert(
            abi.encodeWithSelector(IRevenueSplit.InvestorsNotNext.selector, split.poolOf(PROJECT, empty), empty)
        );
        split.addInvestors(PROJECT, empty, none, 0);
    }

    function test_an_investor_has_a_weight_stands_once_and_is_a_participant() public {
        IRevenueSplit.Investor[] memory list = _three();
        list[1].weight = 0;
        _invalid(list, investorB, "a weight is zero");
        list = _three();
        list[2].account = investorA;
        _invalid(list, investorA, "it stands twice");
        list = _three();
        list[2].account = stranger;
        _invalid(list, stranger, "no participant");
        list[2].account = token.supervisedOf(address(this), "line");
        _invalid(list, list[2].account, "no participant");
        participants.freeze(investorA, "order");
        poolOf(_three()); // who is frozen hinders nobody
    }

    function test_weights_beyond_what_a_sum_can_hold_are_refused() public {
        IRevenueSplit.Investor[] memory list = _three();
        (list[0].weight, list[1].weight) = (type(uint64).max - 50, 30);
        poolOf(list);
        list[2].weight = 21;
        bytes32 name = nameOf(list, 0);
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        split.addInvestors(PROJECT, name, list, 0);
    }

    function test_a_pool_is_of_a_project_that_is_open_and_terms_name_their_own() public {
        IRevenueSplit.Investor[] memory list = _three();
        bytes32 name = nameOf(list, 0);
        vm.expectRevert(abi.encodeWithSelector(IRevenueSplit.ProjectUnknown.selector, bytes32("other")));
        split.addInvestors("other", name, list, 0);
        split.openProject("other", address(token));
        IRevenueSplit.Terms memory t = usualTerms(20260201);
        t.allocations[1].account = split.addInvestors("other", name, list, 0);
        vm.expectRevert(abi.encodeWithSelector(IRevenueSplit.TermsInvalid.selector, "another project's pool"));
        split.setTerms(PROJECT, t);
    }

    function testFuzz_terms_name_no_pool_without_all_its_investors(uint8 place) public {
        IRevenueSplit.Investor[] memory list = _three();
        bytes32 second = nameOf(slice(list, 2, 3), 0);
        bytes32 name = nameOf(slice(list, 0, 2), second);
        IRevenueSplit.Terms memory t = usualTerms(20260201);
        address account = split.addInvestors(PROJECT, name, slice(list, 0, 2), second);
        if (place % 7 == 0) t.allocations[1].account = account;
        else if (place % 7 == 1) t.residualAccount = account;
        else if (place % 7 == 2) t.goods[0].supplier = account;
        else if (place % 7 == 3) t.refundAccount = account;
        else if (place % 7 == 4) t.taxAccount = account;
        else if (place % 7 == 5) t.feeAccount = account;
        else t.sweepAccount = account;
        vm.expectRevert(abi.encodeWithSelector(IRevenueSplit.TermsInvalid.selector, "a pool without all its investors"));
        split.setTerms(PROJECT, t);
        split.addInvestors(PROJECT, name, slice(list, 2, 3), 0);
        split.setTerms(PROJECT, t);
    }

    function _invalid(IRevenueSplit.Investor[] memory list, address account, string memory rule) private {
        bytes32 name = nameOf(list, 0);
        bytes4 selector = IRevenueSplit.InvestorInvalid.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, split.poolOf(PROJECT, name), account, rule));
        split.addInvestors(PROJECT, name, list, 0);
    }
}
