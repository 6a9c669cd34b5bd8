// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReceivables} from "contracts/interfaces/IReceivables.sol";
import {ClaimsWorld} from "support/ClaimsWorld.sol";

contract ReceivablesConfirmBySignatureTest is ClaimsWorld {
    uint64 private constant END = type(uint64).max;

    function _sign(uint256 key, bytes32 digest) private pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function testFuzz_the_obligors_signature_confirms_whoever_brings_it(uint256 seed) public {
        uint64 root = registered();
        bytes memory signature = _sign(CORE_KEY, receivables.confirmationDigest(root, _termsOf[root], END));
        vm.prank(anyone(seed));
        receivables.confirmBySignature(root, _termsOf[root], END, signature);
        inState(root, IReceivables.State.CONFIRMED, "confirmed");
        refuseState(root, IReceivables.State.CONFIRMED);
        receivables.confirmBySignature(root, _termsOf[root], END, signature);
    }

    function testFuzz_anothers_signature_is_refused(uint256 key) public {
        uint64 root = registered();
        key = bound(key, 1, 1 << 200);
        vm.assume(key != CORE_KEY);
        bytes memory signature = _sign(key, receivables.confirmationDigest(root, _termsOf[root], END));
        refuse(abi.encodeWithSelector(IReceivables.ConfirmationInvalid.selector, root));
        receivables.confirmBySignature(root, _termsOf[root], END, signature);
    }

    function test_a_signature_over_another_claim_is_refused() public {
        uint64 root = registered();
        uint64 other = registered();
        bytes memory signature = _sign(CORE_KEY, receivables.confirmationDigest(other, _termsOf[other], END));
        refuse(abi.encodeWithSelector(IReceivables.ConfirmationInvalid.selector, root));
        receivables.confirmBySignature(root, _termsOf[root], END, signature);
    }

    function test_every_term_is_in_what_is_signed() public {
        IReceivables.Terms memory t = usual();
        t.tag = keccak256("known as");
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Counterfoil Receivables"),
                keccak256("1"),
                block.chainid,
                address(receivables)
            )
        );
        uint64 root = draftBy(tierOne, t);
        registerBy(tierOne, root);
        bytes32 form = keccak256(
            "Confirmation(uint64 root,uint64 deadline,uint8 kind,address obligor,address creditor,address token,uint128 face,uint32 issueDate,uint32 dueDate,uint16 defaultDays,bytes32 invoice,bytes32 document,bytes32 tag)"
        );
        bytes memory first = abi.encode(form, root, END, t.kind, t.obligor, t.creditor, t.token);
        bytes memory second = abi.encode(t.face, t.issueDate, t.dueDate, t.defaultDays, t.invoice, t.document, t.tag);
        bytes32 hash = keccak256(bytes.concat(first, second));
        equal(
            receivables.confirmationDigest(root, _termsOf[root], END),
            keccak256(abi.encodePacked(hex"1901", domain, hash)),
            "EIP-712 by hand"
        );
    }

    /// @dev Whoever signs and whoever brings it name the same terms as are registered.
    function testFuzz_other_terms_than_are_registered_are_refused(uint8 which) public {
        uint64 root = registered();
        bytes memory signature = _sign(CORE_KEY, receivables.confirmationDigest(root, _termsOf[root], END));
        IReceivables.Terms memory t = otherTerms(_termsOf[root], which);
        refuse(abi.encodeWithSelector(IReceivables.TermsDiffer.selector, root));
        receivables.confirmationDigest(root, t, END);
        refuse(abi.encodeWithSelector(IReceivables.TermsDiffer.selector, root));
        receivables.confirmBySignature(root, t, END, signature);
    }

    function testFuzz_after_its_deadline_is_refused(uint8 left, uint8 late) public {
        uint64 root = registered();
        uint64 deadline = uint64(block.timestamp + left);
        bytes memory signature = _sign(CORE_KEY, receivables.confirmationDigest(root, _termsOf[root], deadline));
        vm.warp(block.timestamp + late);
        if (late > left) refuse(abi.encodeWithSelector(IReceivables.DeadlinePassed.selector, deadline));
        receivables.confirmBySignature(root, _termsOf[root], deadline, signature);
        IReceivables.State wanted = late > left ? IReceivables.State.REGISTERED : IReceivables.State.CONFIRMED;
        inState(root, wanted, "in time or not at all");
    }

    function test_a_later_deadline_than_was_signed_is_refused() public {
        uint64 root = registered();
        bytes memory signature = _sign(CORE_KEY, receivables.confirmationDigest(root, _termsOf[root], uint64(block.timestamp)));
        refuse(abi.encodeWithSelector(IReceivables.ConfirmationInvalid.selector, root));
        receivables.confirmBySignature(root, _termsOf[root], END, signature);
    }

    function test_the_obligor_takes_it_back_by_cancelling() public {
        uint64 root = registered();
        bytes memory signature = _sign(CORE_KEY, receivables.confirmationDigest(root, _termsOf[root], END));
        cancelBy(core, root);
        refuseState(root, IReceivables.State.CANCELLED);
        receivables.confirmBySignature(root, _termsOf[root], END, signature);
    }

    function test_in_a_pause_is_refused() public {
        uint64 root = registered();
        bytes memory signature = _sign(CORE_KEY, receivables.confirmationDigest(root, _termsOf[root], END));
        receivables.pause();
        refusePaused();
        receivables.confirmBySignature(root, _termsOf[root], END, signature);
    }

    function test_a_claim_that_is_not_there_is_refused() public {
        refuse(abi.encodeWithSelector(IReceivables.ClaimUnknown.selector, 9));
        receivables.confirmBySignature(9, usual(), END, "");
    }
}
