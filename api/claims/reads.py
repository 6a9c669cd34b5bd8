"""Claims and their parts as projected: reads of ``oracle.db`` for one reader at a time.

Rules kept here:

* A reader sees the claims that it is a party of; those who may see everything see all. All else is not found.
* A claim's obligor sees all of its parts. Others see the parts that they hold or held and those that are offered or
  pledged to them, those that these came from, and those that came next.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Engine, and_, exists, or_, true
from sqlmodel import Session, col, select

from counterfoil.api.access.parties import NoAccount
from counterfoil.api.access.rows import all_rows, one_row
from counterfoil.api.access.sight import Sight
from counterfoil.chain.address import Address
from counterfoil.oracle.ledger.receivables import (
    ClaimBalance,
    ClaimFunding,
    ClaimRow,
    PartRow,
    paid_on,
    waiting_parts,
)
from counterfoil.oracle.ledger.settlement import DiscountRow


def _stands_in_part(account: str) -> ColumnElement[bool]:
    return or_(
        col(PartRow.holder) == account,
        col(PartRow.pledgee) == account,
        and_(col(PartRow.offered_to) == account, col(PartRow.live)),
    )


def _claims(sight: Sight) -> ColumnElement[bool]:
    if sight.everything:
        return true()
    part = exists().where(col(PartRow.root) == col(ClaimRow.root), _stands_in_part(sight.account))
    mine = (col(ClaimRow.obligor), col(ClaimRow.creditor))
    return or_(*(column == sight.account for column in mine), part)


@dataclass(frozen=True)
class PartOfClaim:
    """A part beside its claim, from which what was paid on it follows."""

    row: PartRow
    claim: ClaimRow

    @property
    def paid_minor(self) -> int:
        """What of its amount was paid since it was made."""
        return paid_on(self.row, self.claim)


class ClaimReads:
    """Reads of one ``oracle.db``; every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def claims(
        self,
        sight: Sight,
        after: int,
        limit: int,
        kinds: Collection[str],
        state: str | None = None,
    ) -> Sequence[ClaimRow]:
        """Return up to *limit* claims of *kinds* after number *after*, ascending."""
        wanted = [_claims(sight), col(ClaimRow.root) > after, col(ClaimRow.kind).in_(kinds)]
        if state is not None:
            wanted.append(col(ClaimRow.state) == state)
        return all_rows(self.engine, ClaimRow, *wanted, order=col(ClaimRow.root), limit=limit)

    def claim(self, sight: Sight, root: int) -> ClaimRow | None:
        """One claim."""
        return one_row(self.engine, ClaimRow, _claims(sight), ClaimRow.root == root)

    def is_party(self, account: Address | NoAccount, root: int) -> bool:
        """Whether *account* itself is a party of the claim, whatever else it may see."""
        narrow = Sight(
            account, devices=frozenset(), projects=frozenset(), run=frozenset(), everything=False
        )
        return bool(account) and self.claim(narrow, root) is not None

    def fundings(self, root: int) -> Sequence[ClaimFunding]:
        """Return the payments towards a claim, in their order."""
        return all_rows(
            self.engine,
            ClaimFunding,
            ClaimFunding.root == root,
            order=col(ClaimFunding.redeemed_minor),
        )

    def parts(self, sight: Sight, claim: ClaimRow) -> list[PartOfClaim]:
        """Return the parts of *claim* that the reader may see, by number."""
        return [PartOfClaim(row, claim) for row in self._rows(sight, claim)]

    def _rows(self, sight: Sight, claim: ClaimRow) -> list[PartRow]:
        rows = all_rows(self.engine, PartRow, PartRow.root == claim.root, order=col(PartRow.part))
        me = sight.account
        if sight.everything or claim.obligor == me:
            return list(rows)
        parents = {row.part: row.parent for row in rows}
        seen: set[int] = set()
        for row in rows:
            offered = row.offered_to == me and row.live
            if offered or me in (row.holder, row.pledgee):
                seen.add(row.part)
        after = {part for part, parent in parents.items() if parent in seen}
        for part in tuple(seen):
            while part:
                seen.add(part)
                part = parents.get(part, 0)  # noqa: PLW2901  # one step back
        return [row for row in rows if row.part in seen | after]

    def part(self, sight: Sight, number: int) -> PartOfClaim | None:
        """One part."""
        found = one_row(self.engine, PartRow, PartRow.part == number)
        claim = None if found is None else self.claim(sight, found.root)
        if claim is None:
            return None
        return next((p for p in self.parts(sight, claim) if p.row.part == number), None)

    def held(self, sight: Sight, after: int, limit: int) -> Sequence[PartOfClaim]:
        """Return live parts that the reader holds, or has received as a pledge."""
        mine = (
            true()
            if sight.everything
            else or_(
                col(PartRow.holder) == sight.account,
                col(PartRow.pledgee) == sight.account,
            )
        )
        return self._with_claims(mine, col(PartRow.live), col(PartRow.part) > after, limit=limit)

    def waiting(self, account: Address, token: Address, limit: int) -> list[int]:
        """Return up to *limit* of *account*'s parts on which payments in *token* wait for it, by number."""
        with Session(self.engine) as session:
            mine = (col(PartRow.holder) == account, ClaimRow.token == token)
            return [part.part for part, _ in waiting_parts(session, *mine)][:limit]

    def offers(self, sight: Sight, after: int, limit: int) -> Sequence[PartOfClaim]:
        """Return live parts with an open offer made by or to the reader."""
        mine = (
            true()
            if sight.everything
            else or_(
                col(PartRow.holder) == sight.account,
                col(PartRow.offered_to) == sight.account,
            )
        )
        return self._with_claims(
            mine,
            col(PartRow.live),
            col(PartRow.offered_to).is_not(None),
            col(PartRow.part) > after,
            limit=limit,
        )

    def _with_claims(self, *conditions: Any, limit: int) -> Sequence[PartOfClaim]:
        wanted = (
            select(PartRow, ClaimRow)
            .join(ClaimRow, col(ClaimRow.root) == col(PartRow.root))
            .where(*conditions)
            .order_by(col(PartRow.part))
            .limit(limit)
        )
        with Session(self.engine, expire_on_commit=False) as session:
            return [PartOfClaim(row, claim) for row, claim in session.exec(wanted)]

    def discount(self, part: int) -> DiscountRow | None:
        """Return the sale of a part; None when it was not sold."""
        return one_row(self.engine, DiscountRow, DiscountRow.part == part)

    def claimable(self, token: str, account: str) -> int:
        """Return what claims have credited *account* and it has not withdrawn yet."""
        found = one_row(
            self.engine,
            ClaimBalance,
            ClaimBalance.token == token,
            col(ClaimBalance.account) == account,
        )
        return 0 if found is None else found.credited_minor - found.withdrawn_minor
