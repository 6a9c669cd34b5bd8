"""Proposals that nodes ask each other to sign, as bytes: a head, or a call that moves money. Pure.

Both are deterministic CBOR arrays (docs/formats/proposal.md) with the proposer's own signature over the proposed
digest. So a node that proposes a lie has signed it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import cbor2

from counterfoil.chain.address import Address
from counterfoil.chain.proof.signature import recover
from counterfoil.gateway.log.checkpoint import Head
from counterfoil.gateway.record.cbor import any_item
from counterfoil.gateway.record.identity import Digest
from counterfoil.oracle.errors import InputMalformed
from counterfoil.oracle.rules.figures import Figures, decode_figures
from counterfoil.oracle.rules.judging.digest import call_digest, head_digest

MOST_BYTES = 8 << 20
_HEAD, _CALL, _VERSION = "counterfoil head proposal", "counterfoil call proposal", 1


@dataclass(frozen=True)
class HeadProposal:
    """A head to anchor over ``previous``, the newest on chain; ``anchor`` is RecordAnchor's address."""

    chain_id: int
    anchor: str
    head: Head
    figures: Figures
    previous: Head
    signature: bytes = b""

    @cached_property
    def digest(self) -> bytes:
        """The digest to sign (32 bytes)."""
        return head_digest(
            self.head,
            figures=self.figures.digest,
            previous=self.previous,
            chain_id=self.chain_id,
            anchor=self.anchor,
        )

    def encode(self) -> bytes:
        """The message's bytes."""
        head, previous = self.head, self.previous
        return cbor2.dumps(
            [
                _HEAD,
                _VERSION,
                self.chain_id,
                _address(self.anchor),
                head.size,
                head.root,
                head.state,
                self.figures.encode(),
                previous.size,
                previous.root,
                self.signature,
            ],
            canonical=True,
        )


@dataclass(frozen=True)
class CallProposal:
    """A call that OracleQuorum (at ``contract``) is to make, with its proof.

    For a distribution ``facts`` are its facts' bytes (docs/formats/facts.md), ``head_size`` is the head over them.
    """

    chain_id: int
    contract: str
    target: str
    data: bytes
    label: bytes
    facts: bytes
    head_size: int
    signature: bytes = b""

    @cached_property
    def digest(self) -> bytes:
        """The digest to sign (32 bytes)."""
        return call_digest(self.target, self.data, self.label, self.chain_id, self.contract)

    def encode(self) -> bytes:
        """The message's bytes."""
        return cbor2.dumps(
            [
                _CALL,
                _VERSION,
                self.chain_id,
                _address(self.contract),
                _address(self.target),
                self.data,
                self.label,
                self.facts,
                self.head_size,
                self.signature,
            ],
            canonical=True,
        )


Proposal = HeadProposal | CallProposal
_Proposal = TypeVar("_Proposal", HeadProposal, CallProposal)


def proposer_of(proposal: Proposal) -> str | None:
    """The account that signed *proposal*; None when its signature is invalid."""
    return recover(proposal.digest, proposal.signature)


def decode_head_proposal(data: bytes) -> HeadProposal:
    """The head proposal in *data*.

    Raises:
        InputMalformed: it is no proposal, or not in canonical form.
    """
    fields = _fields(data, _HEAD, 11)
    chain_id, anchor, size, root, state, figures, previous_size, previous_root, signature = fields
    for digest in (root, state, previous_root):
        _require(digest, 32)
    _require(signature, 65)
    if not (isinstance(size, int) and isinstance(previous_size, int) and 0 <= previous_size < size):
        raise InputMalformed("the proposed head does not grow")
    found = HeadProposal(
        chain_id,
        anchor=_account(anchor),
        head=Head(size, Digest(root), Digest(state)),
        figures=decode_figures(figures),
        previous=Head(previous_size, Digest(previous_root), Digest(bytes(32))),
        signature=signature,
    )
    return _in_form(found, data)


def decode_call_proposal(data: bytes) -> CallProposal:
    """The call proposal in *data*.

    Raises:
        InputMalformed: it is no proposal, or not in canonical form.
    """
    chain_id, contract, target, call, label, facts, size, signature = _fields(data, _CALL, 10)
    _require(label, 32)
    _require(signature, 65)
    if not isinstance(call, bytes) or not isinstance(facts, bytes) or not isinstance(size, int):
        raise InputMalformed("call data and facts are byte strings, the head's size a number")
    found = CallProposal(
        chain_id,
        contract=_account(contract),
        target=_account(target),
        data=call,
        label=label,
        facts=facts,
        head_size=size,
        signature=signature,
    )
    return _in_form(found, data)


def _fields(data: bytes, tag: str, count: int) -> list[Any]:
    try:
        found = any_item(data)
    except ValueError as failure:
        raise InputMalformed(f"no proposal: {failure}") from failure
    if not isinstance(found, list) or len(found) != count or found[:2] != [tag, _VERSION]:
        raise InputMalformed(f"not a {tag}, version {_VERSION}")
    if not isinstance(found[2], int) or not 0 <= found[2] < 2**64:
        raise InputMalformed("the chain's id is no number")
    return found[2:]


def _in_form(found: _Proposal, data: bytes) -> _Proposal:
    if found.encode() != data:
        raise InputMalformed("the proposal is not in its one form")
    return found


def _require(value: object, length: int) -> bytes:
    if not isinstance(value, bytes) or len(value) != length:
        raise InputMalformed(f"not {length} bytes")
    return value


def _address(account: str) -> bytes:
    return Address(account).raw


def _account(raw: object) -> Address:
    return Address(_require(raw, 20))
