"""The sales and refunds of one distribution, and its call. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import cbor2

from counterfoil.gateway.record.cbor import any_item
from counterfoil.gateway.record.identity import on_chain_id
from counterfoil.oracle.errors import InputMalformed

BASIS_POINTS = 10_000
_MOST = 2**63
"""Every number of a record is below this (docs/formats/record.md)."""


@dataclass(frozen=True)
class Facts:
    """The sales and refunds of one distribution; amounts in minor units."""

    project: str
    business_date: int
    entries: tuple[tuple[int, bool, int], ...]
    """(log index, is refund, amount), by log index."""
    units: tuple[tuple[str, int], ...]
    """(commodity code, count), by code."""

    @property
    def gross_minor(self) -> int:
        return sum(amount for _, is_refund, amount in self.entries if not is_refund)

    @property
    def refunds_minor(self) -> int:
        return sum(amount for _, is_refund, amount in self.entries if is_refund)

    def encode(self) -> bytes:
        """Deterministic CBOR: [1, project, date, [[log index, is refund, amount] …], [[code, count] …]]."""
        return cbor2.dumps(
            [
                1,
                self.project,
                self.business_date,
                [list(entry) for entry in self.entries],
                [list(unit) for unit in self.units],
            ],
            canonical=True,
        )


def names_of(facts: bytes) -> tuple[bytes, bytes]:
    """The hash of *facts*, and the name of their batch (32 bytes each)."""
    facts_hash = sha256(facts).digest()
    return facts_hash, sha256(b"counterfoil batch v1" + facts_hash).digest()


def decode_facts(data: bytes) -> Facts:
    """The facts in *data*.

    Raises:
        InputMalformed: the bytes are no facts, or not in canonical form.
    """
    try:
        version, project, date, entries, units = any_item(data)
        facts = Facts(
            project,
            business_date=date,
            entries=tuple((i, r, a) for i, r, a in entries),
            units=tuple((c, n) for c, n in units),
        )
        numbers = [date, *(n for i, _, a in entries for n in (i, a)), *(n for _, n in units)]
        is_in_form = (
            version == 1
            and facts.encode() == data
            and isinstance(project, str)
            and all(type(number) is int and 0 <= number < _MOST for number in numbers)
            and all(type(is_refund) is bool for _, is_refund, _ in entries)
            and all(isinstance(code, str) for code, _ in units)
        )
    except (ValueError, TypeError, OverflowError) as failure:
        raise InputMalformed(f"no facts: {failure}") from failure
    if not is_in_form:
        raise InputMalformed("no facts, or not in their one form")
    return facts


def tax_minor(gross: int, refunds: int, basis_points: int) -> int:
    """The tax in a day's takings, rounded down to the minor unit."""
    return max(0, gross - refunds) * basis_points // BASIS_POINTS


def distribution_argument(
    facts: Facts, batch: bytes, tax: int, head: int, facts_hash: bytes
) -> dict[str, Any]:
    """The struct that ``RevenueSplit.distribute`` and ``preview`` take."""
    return {
        "project": on_chain_id(facts.project),
        "batch": batch,
        "periodStart": facts.business_date,
        "periodEnd": facts.business_date,
        "gross": facts.gross_minor,
        "refunds": facts.refunds_minor,
        "tax": tax,
        "headSize": head,
        "facts": facts_hash,
        "units": [{"goods": on_chain_id(code), "count": count} for code, count in facts.units],
    }
