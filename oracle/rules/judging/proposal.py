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
from counterfoil.gateway.record.cbor_form import (
    Form,
    any_octets,
    constant,
    number,
    octets,
    read_form,
    row,
)
from counterfoil.gateway.record.identity import Digest
from counterfoil.oracle.errors import InputMalformed
from counterfoil.oracle.rules.figures import Figures, decode_figures
from counterfoil.oracle.rules.judging.digest import call_digest, head_digest

MOST_BYTES = 8 << 20
_HEAD, _HEAD_VERSION = "counterfoil head proposal", 2
_CALL, _CALL_VERSION = "counterfoil call proposal", 2


@dataclass(frozen=True)
class HeadProposal:
    """A head to anchor over ``previous``, the newest on chain; ``anchor`` is RecordAnchor's address.

    ``annex`` is the hash of what else the oracle commits to with the head.
    """

    chain_id: int
    anchor: str
    head: Head
    figures: Figures
    annex: Digest
    previous: Head
    signature: bytes = b""

    @cached_property
    def digest(self) -> bytes:
        """The digest to sign (32 bytes)."""
        return head_digest(
            self.head,
            figures=self.figures.digest,
            annex=self.annex,
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
                _HEAD_VERSION,
                self.chain_id,
                _address(self.anchor),
                head.size,
                head.root,
                head.state,
                self.figures.encode(),
                self.annex,
                previous.size,
                previous.root,
                self.signature,
            ],
            canonical=True,
        )


@dataclass(frozen=True)
class CallProposal:
    """A call that OracleQuorum (at ``contract``) is to make, with its proof.

    It is made until ``deadline``, seconds of chain time. For a distribution ``facts`` are its facts' bytes
    (docs/formats/facts.md), ``head_size`` is the head over them.
    """

    chain_id: int
    contract: str
    target: str
    data: bytes
    label: bytes
    deadline: int
    facts: bytes
    head_size: int
    signature: bytes = b""

    @cached_property
    def digest(self) -> bytes:
        """The digest to sign (32 bytes)."""
        return call_digest(
            self.target,
            self.data,
            self.label,
            deadline=self.deadline,
            chain_id=self.chain_id,
            contract=self.contract,
        )

    def encode(self) -> bytes:
        """The message's bytes."""
        return cbor2.dumps(
            [
                _CALL,
                _CALL_VERSION,
                self.chain_id,
                _address(self.contract),
                _address(self.target),
                self.data,
                self.label,
                self.deadline,
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


_ACCOUNT, _DIGEST, _SIGNATURE = octets(20), octets(32), octets(65)
_HEAD_FORM = row(
    tag=constant(_HEAD),
    version=constant(_HEAD_VERSION),
    chain_id=number(2**64 - 1),
    anchor=_ACCOUNT,
    size=number(),
    root=_DIGEST,
    state=_DIGEST,
    figures=any_octets,
    annex=_DIGEST,
    previous_size=number(),
    previous_root=_DIGEST,
    signature=_SIGNATURE,
)
_CALL_FORM = row(
    tag=constant(_CALL),
    version=constant(_CALL_VERSION),
    chain_id=number(2**64 - 1),
    contract=_ACCOUNT,
    target=_ACCOUNT,
    data=any_octets,
    label=_DIGEST,
    deadline=number(),
    facts=any_octets,
    head_size=number(),
    signature=_SIGNATURE,
)


def decode_head_proposal(data: bytes) -> HeadProposal:
    """The head proposal in *data*.

    Raises:
        InputMalformed: it is no proposal, or not in canonical form; its figures are of another batch.
    """
    chain_id, anchor, size, root, state, figures, annex, *rest = _fields(data, _HEAD_FORM)
    previous_size, previous_root, signature = rest
    if previous_size >= size:
        raise InputMalformed("the proposed head does not grow")
    sums = decode_figures(figures)
    if (sums.previous_size, sums.size) != (previous_size, size):
        raise InputMalformed(
            f"its figures are of {sums.previous_size} to {sums.size}, not {previous_size} to {size}"
        )
    found = HeadProposal(
        chain_id,
        anchor=Address(anchor),
        head=Head(size, Digest(root), Digest(state)),
        figures=sums,
        annex=Digest(annex),
        previous=Head(previous_size, Digest(previous_root), Digest(bytes(32))),
        signature=signature,
    )
    return _in_form(found, data)


def decode_call_proposal(data: bytes) -> CallProposal:
    """The call proposal in *data*.

    Raises:
        InputMalformed: it is no proposal, or not in canonical form.
    """
    chain_id, contract, target, call, label, deadline, facts, size, signature = _fields(
        data, _CALL_FORM
    )
    found = CallProposal(
        chain_id,
        contract=Address(contract),
        target=Address(target),
        data=call,
        label=label,
        deadline=deadline,
        facts=facts,
        head_size=size,
        signature=signature,
    )
    return _in_form(found, data)


def _fields(data: bytes, form: Form) -> tuple[Any, ...]:
    """The fields after tag and version."""
    try:
        found: tuple[Any, ...] = read_form(data, form, "proposal")
    except ValueError as failure:
        raise InputMalformed(f"no proposal: {failure}") from failure
    return found[2:]


def _in_form(found: _Proposal, data: bytes) -> _Proposal:
    if found.encode() != data:
        raise InputMalformed("the proposal is not in its one form")
    return found


def _address(account: str) -> bytes:
    return Address(account).raw
