// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {IConsortiumRules} from "contracts/interfaces/IConsortiumRules.sol";
import {IParticipantRegistry} from "contracts/interfaces/IParticipantRegistry.sol";
import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {Roles} from "contracts/libraries/Roles.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";

/// @notice Rules as a consortium may set them: a longest tenor, a vouched tag, a highest limit.
contract SomeRules is IConsortiumRules {
    address private immutable _claims;
    uint32 private immutable _lastDue;
    uint128 private immutable _mostLimit;
    mapping(bytes32 tag => bool) public vouched;

    error TenorTooLong(uint64 root);
    error TagNotVouched(bytes32 tag);
    error LimitTooHigh(uint64 line);

    constructor(address claims, uint32 lastDue, uint128 mostLimit) {
        (_claims, _lastDue, _mostLimit) = (claims, lastDue, mostLimit);
    }

    function vouch(bytes32 tag) external {
        vouched[tag] = true;
    }

    function requireTerms(uint64 id, bytes calldata terms) external view {
        if (msg.sender != _claims) {
            if (abi.decode(terms, (ICreditLine.LineTerms)).limit > _mostLimit) revert LimitTooHigh(id);
            return;
        }
        IReceivables.Terms memory t = abi.decode(terms, (IReceivables.Terms));
        if (t.dueDate > _lastDue) revert TenorTooLong(id);
        if (!vouched[t.tag]) revert TagNotVouched(t.tag);
    }
}

contract ParticipantRegistrySetRulesTest is ClaimsWorld {
    SomeRules private _rules;

    event RulesSet(address rules);

    function setUp() public override {
        super.setUp();
        _rules = new SomeRules(address(receivables), DUE, 1_000);
        grant(address(participants), Roles.COMMITTEE, participants.setRules.selector);
        access.grantRole(Roles.COMMITTEE, address(this), 0);
    }

    function test_claims_and_lines_ask_the_rules_when_they_begin() public {
        uint64 before = drafted();
        participants.setRules(address(_rules));
        IReceivables.Terms memory t = usual();
        refuse(abi.encodeWithSelector(SomeRules.TagNotVouched.selector, bytes32(0)));
        draftBy(tierOne, t);
        refuse(abi.encodeWithSelector(SomeRules.TagNotVouched.selector, bytes32(0)));
        registerBy(tierOne, before);
        t.tag = keccak256("vouched");
        _rules.vouch(t.tag);
        registerBy(tierOne, draftBy(tierOne, t));
        t = usual();
        (t.tag, t.dueDate) = (keccak256("vouched"), AFTER);
        IReceivables.Terms[] memory all = new IReceivables.Terms[](1);
        all[0] = t;
        refuse(abi.encodeWithSelector(SomeRules.TenorTooLong.selector, receivables.claimCount() + 1));
        vm.prank(tierOne);
        receivables.registerBatch(all);
        ICreditLine.LineTerms memory line = lineTerms(1_001);
        refuse(abi.encodeWithSelector(SomeRules.LimitTooHigh.selector, uint64(1)));
        vm.prank(factory);
        credit.applyFor(line);
        line.limit = 1_000;
        vm.prank(factory);
        credit.applyFor(line);
    }

    /// @dev What has begun is confirmed, passed on and paid whatever the rules say by then.
    function test_what_has_begun_goes_on() public {
        uint64 root = registered();
        participants.setRules(address(_rules));
        vm.prank(core);
        receivables.confirm(ids(root));
        pass(wholeOf(root), tierTwo, false);
        pay(core, root, 1_000);
    }

    function test_without_rules_nobody_is_asked() public {
        vm.expectEmit();
        emit RulesSet(address(_rules));
        participants.setRules(address(_rules));
        participants.setRules(address(0));
        equal(address(participants.rules()), address(0), "none");
        registered();
    }

    function test_what_is_no_contract_or_stands_already_is_refused() public {
        refuse(abi.encodeWithSelector(IParticipantRegistry.RulesInvalid.selector, stranger));
        participants.setRules(stranger);
        refuse(abi.encodeWithSelector(IParticipantRegistry.RulesInvalid.selector, address(0)));
        participants.setRules(address(0));
    }

    function testFuzz_by_anyone_but_the_committee_is_refused(uint256 seed) public {
        refuseRole(anyone(seed));
        vm.prank(anyone(seed));
        participants.setRules(address(_rules));
    }
}
