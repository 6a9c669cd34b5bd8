"""The sales and refunds of one distribution, and its call. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import cbor2

from counterfoil.gateway.record.cbor_form import constant, each, flag, number, read_form, row, text
from counterfoil.gateway.record.identity import on_chain_id
from counterfoil.oracle.errors import InputMalformed

BASIS_POINTS = 10_000
MOST_UNITS = 256
"""The kinds of goods of one distribution; the contract refuses more."""


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


def fitting(codes: Iterable[Iterable[str]]) -> int:
    """How many of a day's sales fit into one distribution, by the commodity *codes* of each, from the first on."""
    seen: set[str] = set()
    fit = 0
    for sold in codes:
        seen.update(sold)
        if len(seen) > MOST_UNITS:
            break
        fit += 1
    return fit


def facts_of(project: str, date: int, rows: Any) -> Facts:
    """The facts of one project and date, from its sales and refunds in log order: rows, or what has their names."""
    units: Counter[str] = Counter()
    for one in rows:
        for code, count in one.units:
            units[code] += count
    return Facts(
        project,
        business_date=date,
        entries=tuple((one.log_index, one.is_refund, one.amount_minor) for one in rows),
        units=tuple(sorted(units.items())),
    )


def names_of(facts: bytes) -> tuple[bytes, bytes]:
    """The hash of *facts*, and the name of their batch (32 bytes each)."""
    facts_hash = sha256(facts).digest()
    return facts_hash, sha256(b"counterfoil batch v1" + facts_hash).digest()


_MOST_ROWS = 1 << 20
_FORM = row(
    version=constant(1),
    project=text(256),
    business_date=number(99_991_231),
    entries=each(row(log_index=number(), is_refund=flag, amount_minor=number()), _MOST_ROWS),
    units=each(row(commodity=text(64), count=number()), _MOST_ROWS),
)


def decode_facts(data: bytes) -> Facts:
    """The facts in *data*.

    Raises:
        InputMalformed: the bytes are no facts, or not in canonical form.
    """
    try:
        _, project, date, entries, units = read_form(data, _FORM, "facts")
    except ValueError as failure:
        raise InputMalformed(f"no facts: {failure}") from failure
    facts = Facts(project, business_date=date, entries=entries, units=units)
    if facts.encode() != data:
        raise InputMalformed("no facts in their one form")
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
