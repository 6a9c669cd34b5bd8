"""A vending operator: a line computed from six months of anchored takings, repaid by a sweep of the revenue.

When the takings fall the line is watched, when they stop it is stopped; the sweep alone repays it whole. Everything
goes through the API on a real chain, on signed records in a real log, in either store. Amounts in cents of USD.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, func, select
from support_desk import Desk, open_desk
from support_world import DEVICES, World, der

from counterfoil.chain.tables import TransactionRow
from counterfoil.gateway.certificate.enrolment import prove_possession
from counterfoil.gateway.record.bodies import Sale
from counterfoil.gateway.record.identity import PublicKey
from counterfoil.gateway.record.sale_line import SaleLine
from counterfoil.gateway.store.rows import NewRecord
from counterfoil.oracle.registrar import NewDevice, Registrar
from counterfoil.oracle.run.loop import step_all
from counterfoil.oracle.store.directory_tables import KnownProject
from counterfoil.oracle.store.revenue_tables import SaleFact

pytestmark = pytest.mark.integration

PROJECT = "lakeside-vending"
PRICE = 50_00
MONTHS = (202209, 202210, 202211, 202212, 202301, 202302)
GRANTED_ON = 20230302


@dataclass
class Machines:
    """Two machines whose sales are signed, settled by the provider and booked by the bank."""

    desk: Desk
    world: World = field(default_factory=lambda: World(devices=DEVICES[:2]))
    stored: int = 0

    def set_up(self) -> None:
        """Register machines and project; its first terms sweep nothing."""
        chain, desk = self.desk.world, self.desk
        registrar = Registrar(
            desk.oracle.engine,
            chain.client,
            registrar=chain.signer("registrar"),
            supervisor=chain.signer("supervisor"),
        )
        operator = chain.at("operator")
        registrar.open_project(
            KnownProject(
                project=PROJECT,
                project_hash="",
                name="Lakeside",
                operator=operator,
                currency="USD",
            )
        )
        registrar.set_terms(PROJECT, self.terms(20220901))
        registry = bytes.fromhex(chain.client.address_of("DeviceRegistry")[2:])
        registrar.register(
            [
                NewDevice(
                    device,
                    key=PublicKey.of(key),
                    certificate_hash=sha256(der(self.world.certificates[device])).digest(),
                    possession=prove_possession(
                        record_key=key,
                        chain_id=chain.client.chain_id(),
                        registry=registry,
                        device=device,
                        epoch=1,
                        nonce=bytes(32),
                    ),
                    owner=operator,
                    operator=operator,
                    project=PROJECT,
                    label=device,
                )
                for device, key in self.world.keys.items()
            ]
        )

    def terms(self, effective_from: int, **sweep: Any) -> dict[str, Any]:
        """Goods on credit, a fee, the sweep if there is one; the rest is the operator's."""
        at = self.desk.world.at
        made: dict[str, Any] = {
            "effective_from": effective_from,
            "period": "day",
            **dict.fromkeys(("refund", "tax", "residual"), at("operator")),
            "fee": {"account": at("core"), "basis_points": 100},
            "goods": [{"code": "", "supplier": at("resin"), "unit_cost": 35}],
            "allocations": [],
            "investors": [],
        }
        return made | ({"sweep": sweep} if sweep else {})

    def sell(self, dates: list[int], sales: int = 5) -> int:
        """Each machine sells *sales* things on each date; answer what was taken."""
        rows: list[tuple[str, int]] = []
        for date in dates:
            day = datetime(date // 10_000, date // 100 % 100, date % 100, 10, tzinfo=UTC)
            for n, device in enumerate(self.world.devices):
                for number in range(sales):
                    reference = f"pay-{date}-{n}-{number}"
                    sale = Sale(
                        amount_minor=PRICE,
                        currency="USD",
                        payment_method="card",
                        payment_reference=reference,
                        lines=(SaleLine("Oreo Mini", 1, PRICE),),
                    )
                    at = int(day.timestamp() * 1000) + 60_000 * number
                    self.world.add(device, sale, at)
                    rows.append((reference, date))
        self._store()
        self._settle(rows)
        self._until_distributed()
        return len(rows) * PRICE

    def _store(self) -> None:
        store = self.desk.oracle.store
        new = self.world.records[self.stored :]
        with store.appending() as connection:
            store.append(connection, [NewRecord(s, s.record.time_ms + 250) for s in new], [])
        self.stored += len(new)

    def _settle(self, rows: list[tuple[str, int]]) -> None:
        lines = "".join(f"{r},card,{d},{PRICE // 100}.00,USD,\n" for r, d in rows)
        head = "reference,method,business_date,amount,currency,device\n"
        body = {"project": PROJECT, "source": "provider.csv", "text": head + lines}
        answer = self.desk.post("operator", "/settlement-files", body)
        assert answer.status_code == 202, answer.text
        entry = {
            "statement": f"s-{rows[0][1]}",
            "reference": rows[0][0],
            "project": PROJECT,
            "business_date": rows[-1][1],
            "amount_minor": len(rows) * PRICE,
            "currency": "USD",
        }
        answer = self.desk.post("bank", "/statements", {"entries": [entry]})
        assert answer.status_code == 202, answer.text

    def _until_distributed(self) -> None:
        for _ in range(600):
            step_all(self.desk.oracle)
            with Session(self.desk.oracle.engine) as session:
                facts = select(func.count()).where(SaleFact.status == "distributed")
                moving = select(func.count()).where(
                    col(TransactionRow.status).not_in(("final", "failed"))
                )
                shared, on_way = session.exec(facts).one(), session.exec(moving).one()
            if shared == len(self.world.records) and not on_way:
                step_all(self.desk.oracle)
                return
            time.sleep(0.02)
        raise AssertionError(f"{shared} of {len(self.world.records)} distributed, {on_way} sent")


def days(month: int, *numbers: int) -> list[int]:
    return [month * 100 + number for number in numbers]


def test_line_from_takings_is_repaid_by_them_and_stops_with_them(
    tmp_path: Path, oracle_url: str
) -> None:
    with open_desk(tmp_path, today=20220901, oracle_url=oracle_url) as desk:
        machines = Machines(desk)
        machines.set_up()
        limit = _six_months(machines)
        line, loan = _line(desk, limit)
        _swept(machines, line, loan)
        _watched_then_stopped(machines, line)
        _sold_again(machines, line, loan)


def _six_months(machines: Machines) -> int:
    """The bank sees what was taken month by month, and what line that supports."""
    desk = machines.desk
    taken = {m: machines.sell(days(m, 3, 11, 19, 27), sales=5) for m in MONTHS[:3]}
    taken |= {m: machines.sell(days(m, 5, 15, 25), sales=6) for m in MONTHS[3:]}
    machines.sell(days(202303, 1))
    desk.advance(GRANTED_ON)
    said = desk.get("lender", "/operators/operator/takings")
    assert {m["month"]: m["takings_minor"] for m in said["months"]} == taken
    assert {m["month"]: m["matched_minor"] for m in said["months"]} == taken
    assert said["anchored_records"] == len(machines.world.records)
    proposal = desk.get("lender", "/operators/operator/limit-proposal?term_months=12")
    lowest = 3 * 2 * 6 * PRICE
    assert (proposal["lowest_minor"], min(taken.values())) == (lowest, lowest)
    assert proposal["limit_minor"] == lowest * 2_000 * 12 // 12_500
    assert "lowest month" in proposal["rule"]
    seven = desk.get("lender", "/operators/operator/limit-proposal?months=7")
    assert seven["limit_minor"] == 0  # nothing was taken in August
    assert desk.get("operator", "/operators/operator/takings") == said
    for stranger in ("tier1", "factory"):
        answer = desk.http.get("/v1/operators/operator/takings", headers=desk.headers(stranger))
        assert answer.status_code == 404, stranger
    return int(proposal["limit_minor"])


def _line(desk: Desk, limit: int) -> tuple[int, int]:
    """A line of just that limit; the operator, whose key is its own, buys goods on it."""
    applied = {
        "lender": "lender",
        "limit_minor": limit,
        "valid_from": GRANTED_ON,
        "valid_until": 20240302,
        "rate_ppm": 96_000,
        "penalty_ppm": 48_000,
        "costs_ppm": 100_000,
        "last_due": 20281231,
        "grace_days": 5,
        "default_days": 90,
        "purpose": {"goods": "snacks", "machines": 2},
    }
    line = desk.do("operator", "/credit-lines", applied)["LineApplied"]["line"]
    evidence = {"proposal": "2000 bp of the lowest of six months over 12", "limit": limit}
    for member in ("committee", "member2"):
        vote = {"motion": "approve", "evidence": evidence}
        desk.do(member, f"/credit-lines/{line}/votes", vote)
    desk.do("lender", f"/credit-lines/{line}/activate")
    desk.do("lender", f"/credit-lines/{line}/suppliers", {"supplier": "resin"})
    desk.world.give("lender", limit)
    order = {
        "kind": "order",
        "obligor": "operator",
        "creditor": "resin",
        "face_minor": limit,
        "issue_date": GRANTED_ON,
        "due_date": 20231231,
        "invoice_number": "PO-9",
    }
    root = desk.do("operator", "/receivables", {"claims": [order]})["ClaimConfirmed"]["root"]
    draw = {"order_root": root, "amount_minor": limit, "plan": "revenue_share", "months": 12}
    code = desk.refused(
        "operator", f"/credit-lines/{line}/loans", draw | {"amount_minor": limit + 1}
    )
    assert code == "contract.limit_exceeded"
    loan = desk.do("operator", f"/credit-lines/{line}/loans", draw)["Drawn"]["loan"]
    assert desk.get("lender", f"/credit-lines/{line}/health")["state"] == "stopped"
    return int(line), int(loan)


def _push_and_sweep(desk: Desk, line: int) -> int:
    """What the split credited to the line's account goes into its loans; anybody may say so."""
    account = desk.get("lender", f"/credit-lines/{line}")["sweep_account"]
    desk.do("tier1", "/cash/split-payouts", {"account": account})
    return int(desk.do("tier1", f"/credit-lines/{line}/sweep")["Swept"]["amount"])


def _swept(machines: Machines, line: int, loan: int) -> None:
    """From the 3rd of March a fifth of what is left after goods and fee repays the loan by itself."""
    desk = machines.desk
    account = desk.get("lender", f"/credit-lines/{line}")["sweep_account"]
    terms = machines.terms(20230303, account=account, basis_points=2_000, cap=0)
    desk.sign("registrar", f"/projects/{PROJECT}/split-versions", terms)
    chain = desk.world
    at_bank, own = desk.balance("lender"), desk.balance("operator")
    machines.sell(days(202303, 3, 11, 19, 27), sales=8)
    desk.advance(20230331)
    owed = desk.get("lender", f"/loans/{loan}")["owed"]
    swept = _push_and_sweep(desk, line)
    assert swept > 0
    assert (desk.balance("lender"), desk.balance("operator")) == (at_bank + swept, own)
    after = desk.get("lender", f"/loans/{loan}")["owed"]
    assert after["total_minor"] == owed["total_minor"] - swept
    assert after["interest_minor"] == 0
    (paid,) = desk.items("operator", f"/loans/{loan}/payments")
    assert paid["payer"] == chain.client.address_of("CreditLine")
    assert paid["interest_minor"] + paid["principal_minor"] == swept
    (seen,) = desk.items("lender", f"/credit-lines/{line}/sweeps")
    assert (seen["amount_minor"], seen["returned_minor"]) == (swept, 0)
    health = desk.get("lender", f"/credit-lines/{line}/health")
    assert (health["state"], health["projects"]) == ("healthy", [PROJECT])
    assert (health["takings_minor"], health["swept_minor"]) == (4 * 2 * 8 * PRICE, swept)
    assert health["coverage_basis_points"] == swept * 10_000 // health["due_minor"] >= 10_000


def _watched_then_stopped(machines: Machines, line: int) -> None:
    """In April a single day; from then on nothing. The line's health says so; its lender may act on it."""
    desk = machines.desk
    machines.sell(days(202304, 12), sales=4)
    desk.advance(20230430)
    _push_and_sweep(desk, line)
    health = desk.get("lender", f"/credit-lines/{line}/health")
    assert health["state"] == "watch"
    assert 0 < health["coverage_basis_points"] < 10_000
    desk.advance(20230531)
    health = desk.get("operator", f"/credit-lines/{line}/health")
    assert (health["state"], health["takings_minor"], health["swept_minor"]) == ("stopped", 0, 0)
    assert health["due_minor"] > 0
    reason = {"reason": {"health": "stopped", "period": "May 2023"}}
    desk.do("lender", f"/credit-lines/{line}/freeze", reason)
    assert desk.get("operator", f"/credit-lines/{line}")["state"] == "frozen"


def _sold_again(machines: Machines, line: int, loan: int) -> None:
    """In June the machines sell again: the frozen line's sweep repays the loan whole, and gives back what is over."""
    desk = machines.desk
    machines.sell(days(202306, *range(2, 14)), sales=13)
    desk.advance(20230630)
    owed = desk.get("lender", f"/loans/{loan}")["owed"]["total_minor"]
    at_bank, own = desk.balance("lender"), desk.balance("operator")
    swept = _push_and_sweep(desk, line)
    assert swept > owed > 0
    said = desk.get("operator", f"/loans/{loan}")
    assert (said["state"], said["repaid_minor"]) == ("repaid", said["drawn_minor"])
    assert desk.balance("lender") == at_bank + owed
    assert desk.balance("operator") == own + swept - owed
    last = desk.items("lender", f"/credit-lines/{line}/sweeps")[-1]
    assert (last["amount_minor"], last["returned_minor"]) == (swept, swept - owed)
    payers = {p["payer"] for p in desk.items("lender", f"/loans/{loan}/payments")}
    assert payers == {desk.world.client.address_of("CreditLine")}, "nobody else paid any of it"
    shown = desk.get("lender", f"/credit-lines/{line}")
    assert (shown["state"], shown["principal_minor"]) == ("frozen", 0)
    assert desk.get("lender", f"/credit-lines/{line}/health")["state"] == "healthy"
