// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DepositToken} from "contracts/DepositToken.sol";
import {ICreditLine} from "contracts/interfaces/ICreditLine.sol";
import {IParticipantRegistry} from "contracts/interfaces/IParticipantRegistry.sol";
import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {Roles} from "contracts/libraries/Roles.sol";
import {CreditWorld} from "support/CreditWorld.sol";
import {PlayMoney} from "support/PlayMoney.sol";

contract ParticipantRegistryAdmitTokenTest is CreditWorld {
    function setUp() public {
        deployAll();
    }

    function test_a_token_is_admitted_for_a_currency_and_expelled() public {
        address play = address(new PlayMoney());
        participants.admitToken(play, "USD", play);
        participants.freeze(play, "stolen");
        isTrue(participants.currencyOf(play) == "USD", "as the consortium says, not the token");
        participants.requireToken(play);
        participants.expelToken(play);
        refuse(abi.encodeWithSelector(IParticipantRegistry.TokenNotAdmitted.selector, play));
        participants.requireToken(play);
        refuse(abi.encodeWithSelector(IParticipantRegistry.TokenNotAdmitted.selector, play));
        participants.expelToken(play);
    }

    /// What is paused can't be passed by: nothing begins in a paused token, in no contract.
    function test_nothing_begins_in_a_paused_token() public {
        uint64 line = openLine(100_000);
        uint64 root = order(1_000);
        token.pause();
        bytes memory refused = abi.encodeWithSelector(IParticipantRegistry.TokenPaused.selector, address(token));
        refuse(refused);
        participants.requireToken(address(token));
        IReceivables.Terms memory t = claimTerms(IReceivables.Kind.PAYABLE, core, tierOne, 1_000, 20260301);
        refuse(refused);
        draftBy(core, t);
        refuse(refused);
        vm.prank(factory);
        credit.draw(line, root, 1_000, ICreditLine.Plan.BULLET, bullet(20260301, 1_000), 0);
        participants.expelToken(address(token));
    }

    /// A statement's entry is worth money once, whatever tokens its bank has.
    function test_an_entry_backs_one_mint_over_all_tokens_of_its_bank() public {
        DepositToken other = _tokenOf(address(this));
        refuse(abi.encodeWithSelector(IParticipantRegistry.TokenNotAdmitted.selector, address(other)));
        other.mint(core, 5, "entry");
        participants.admitToken(address(other), "CNY", address(this));
        token.mint(core, 5, "entry");
        isTrue(other.isEntryUsed("entry") && token.isEntryUsed("entry"), "used for both");
        _refuseMint(other, address(this), "entry");
        other.mint(core, 5, "another entry");
        _refuseMint(token, address(this), "another entry");
        isTrue(participants.tokenOf(address(this), "another entry") == address(other), "its token");
    }

    /// Nobody's mint stands in the way of another bank's.
    function testFuzz_another_banks_mint_uses_up_no_entry(bytes32 entry, uint8 times) public {
        vm.assume(entry != 0);
        DepositToken theirs = _tokenOf(bank);
        participants.admitToken(address(theirs), "CNY", bank);
        for (uint256 i = 0; i <= times % 4; ++i) {
            bytes32 name = i == 0 ? entry : keccak256(abi.encode(entry, i));
            vm.prank(bank);
            theirs.mint(core, 5, name);
            isTrue(!token.isEntryUsed(name), "another bank's");
            token.mint(core, 7, name);
            _refuseMint(theirs, bank, name);
            _refuseMint(token, address(this), name);
            isTrue(participants.tokenOf(bank, name) == address(theirs), "theirs");
            isTrue(participants.tokenOf(address(this), name) == address(token), "its own");
        }
    }

    /// With another key it is the same bank: what it has used stays used, in its old tokens and in a new one.
    function test_another_key_makes_no_entry_new() public {
        grant(address(token), Roles.COMMITTEE, token.setBank.selector);
        token.mint(core, 5, "entry");
        token.setBank(bank);
        access.grantRole(Roles.BANK, bank, 0);
        _refuseMint(token, bank, "entry");
        DepositToken next = _tokenOf(bank);
        refuse(abi.encodeWithSelector(IParticipantRegistry.KeyOfAnotherBank.selector, bank, address(this)));
        participants.admitToken(address(next), "CNY", bank);
        participants.admitToken(address(next), "CNY", address(this));
        _refuseMint(next, bank, "entry");
        vm.prank(bank);
        next.mint(core, 5, "next");
        _refuseMint(token, bank, "next");
        token.setBank(address(this));
        _refuseMint(token, address(this), "next");
    }

    /// Neither a key nor a token goes over to another bank: an entry would be worth money twice.
    function test_a_token_is_one_banks_for_good() public {
        DepositToken theirs = _tokenOf(bank);
        participants.admitToken(address(theirs), "CNY", bank);
        refuse(abi.encodeWithSelector(IParticipantRegistry.KeyOfAnotherBank.selector, bank, bank));
        token.setBank(bank);
        isTrue(token.bank() == address(this), "as before");
        bytes memory ours =
            abi.encodeWithSelector(IParticipantRegistry.TokenOfAnotherBank.selector, address(token), address(this));
        refuse(ours);
        participants.admitToken(address(token), "CNY", bank);
        token.mint(core, 5, "entry");
        participants.expelToken(address(token));
        refuse(ours);
        participants.admitToken(address(token), "CNY", bank);
        participants.admitToken(address(token), "CNY", address(this));
        _refuseMint(token, address(this), "entry");
        isTrue(participants.bankOf(address(token)) == address(this), "its bank");
    }

    /// Which bank it is says the consortium, and the token has a key of that bank.
    function test_a_token_with_another_banks_key_or_none_that_is_known_is_refused() public {
        DepositToken other = _tokenOf(bank);
        bytes memory refused =
            abi.encodeWithSelector(IParticipantRegistry.TokenOfAnotherBank.selector, address(other), bank);
        refuse(refused);
        participants.admitToken(address(other), "CNY", address(this));
        refuse(refused);
        participants.admitToken(address(other), "CNY", stranger);
        refuse(abi.encodeWithSelector(IParticipantRegistry.TokenInvalid.selector, address(other), bytes3("CNY")));
        participants.admitToken(address(other), "CNY", address(0));
        isTrue(participants.bankOf(address(other)) == address(0), "nobody's");
    }

    function testFuzz_who_is_no_admitted_token_uses_no_entry_and_names_no_key(uint256 seed) public {
        address caller = anyone(seed);
        vm.startPrank(caller);
        refuse(abi.encodeWithSelector(IParticipantRegistry.TokenNotAdmitted.selector, caller));
        participants.useEntry("entry");
        refuse(abi.encodeWithSelector(IParticipantRegistry.TokenNotAdmitted.selector, caller));
        participants.nameKey(caller);
        vm.stopPrank();
        token.mint(core, 5, "entry");
    }

    /// @dev No split has been set in it, and none need be: what was minted is withdrawn.
    function test_a_second_token_is_minted_and_withdrawn() public {
        DepositToken second = _tokenOf(bank);
        participants.admitToken(address(second), "CNY", bank);
        vm.prank(bank);
        second.mint(tierOne, 100, "e");
        vm.prank(tierOne);
        second.withdraw(60, "account");
        vm.prank(tierOne);
        require(second.transfer(tierTwo, 40));
        vm.prank(tierTwo);
        second.withdraw(40, "account");
        equal(second.totalSupply(), 0, "all of it");
    }

    function _tokenOf(address key) private returns (DepositToken made) {
        made = new DepositToken(address(access), address(participants), key, "Second", "dC2", "CNY", 2);
        grant(address(made), Roles.BANK, made.mint.selector);
        access.grantRole(Roles.BANK, key, 0);
    }

    function _refuseMint(DepositToken in_, address by, bytes32 entry) private {
        refuse(abi.encodeWithSelector(IParticipantRegistry.EntryAlreadyUsed.selector, entry));
        vm.prank(by);
        in_.mint(core, 5, entry);
    }

    function testFuzz_what_is_no_contract_or_names_no_currency_is_refused(address account) public {
        vm.assume(account.code.length == 0);
        refuse(abi.encodeWithSelector(IParticipantRegistry.TokenInvalid.selector, account, bytes3("CNY")));
        participants.admitToken(account, "CNY", account);
        refuse(abi.encodeWithSelector(IParticipantRegistry.TokenInvalid.selector, address(token), bytes3(0)));
        participants.admitToken(address(token), 0, address(this));
    }

    function testFuzz_by_another_than_the_consortium_is_refused(uint256 seed) public {
        address play = address(new PlayMoney());
        refuseRole(anyone(seed));
        vm.prank(anyone(seed));
        participants.admitToken(play, "CNY", play);
        refuseRole(anyone(seed));
        vm.prank(anyone(seed));
        participants.expelToken(address(token));
        refuseRole(anyone(seed));
        vm.prank(anyone(seed));
        participants.addPledgee(play);
    }

    function test_shares_of_a_project_in_play_money_are_refused() public {
        address play = address(new PlayMoney());
        refuse(abi.encodeWithSelector(IParticipantRegistry.TokenNotAdmitted.selector, play));
        shares.openProject(PROJECT, play, operator, 100);
    }
}
