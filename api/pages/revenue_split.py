"""How a month's revenue was shared, as the page *Today* shows it. Amounts are minor units."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from counterfoil.api.access.sight import Sight
from counterfoil.api.http.context import ApiParts
from counterfoil.api.pages.machine_rows import OTHERS
from counterfoil.api.pages.span import bounds
from counterfoil.api.projects.reads import ProjectReads
from counterfoil.chain.abi.enums import Tier
from counterfoil.chain.address import Address


@dataclass(frozen=True)
class SplitRow:
    """The sum that one tier gave one account in the distributions shown."""

    tier: str
    account: str
    name: str
    minor: int
    mine: bool
    colour: int


@dataclass(frozen=True)
class Split:
    """How a month's distributed revenue was shared: received = credited."""

    first: date
    last: date
    received: int
    rows: tuple[SplitRow, ...]
    distributions: int
    version: int
    effective_from: int


def split_of(parts: ApiParts, sight: Sight, first: date, last: date) -> Split | None:
    """Return the split of the month up to *last*, or of the span, for the projects that the reader runs."""
    month = bounds("month", last)[0] if first == last else first
    lowest, highest = (int(f"{d:%Y%m%d}") for d in (month, last))
    done = [
        d
        for d in ProjectReads(parts.reads).distributions(
            sight, projects=sight.run, first=lowest, last=highest
        )
        if d.gross_minor
    ]
    if not done:
        return None
    names = parts.directory.names()
    sums: dict[tuple[str, Address], int] = {}
    for shared in done:
        for tier, account, minor in shared.credits:
            sums[tier, account] = sums.get((tier, account), 0) + minor
    order = sorted(sums.items(), key=lambda item: (item[0][0] == Tier.RESIDUAL.wire_name, -item[1]))
    rows = [
        SplitRow(
            tier,
            account,
            name=names.get(account, f"{account[:6]}…{account[-4:]}"),
            minor=minor,
            mine=account == sight.account,
            colour=min(number, OTHERS),
        )
        for number, ((tier, account), minor) in enumerate(order)
    ]
    projects = {p.project: p for p in parts.directory.projects()}
    terms = ProjectReads(parts.reads).terms(projects[done[-1].project])
    effective = next((e.effective_from for e, _ in terms if e.version == done[-1].version), 0)
    return Split(
        first=month,
        last=last,
        received=sum(d.gross_minor for d in done),
        rows=tuple(rows),
        distributions=len(done),
        version=done[-1].version,
        effective_from=effective,
    )
