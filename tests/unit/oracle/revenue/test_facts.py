"""From the log to facts, matches, exceptions and a person's decisions, in one database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select
from support_world import DAY_MS, DEVICES, FIRST_MS, World

from counterfoil.gateway.record.bodies import Location, Refund, Sale, Status
from counterfoil.gateway.record.identity import device_hash
from counterfoil.gateway.record.sale_line import SaleLine
from counterfoil.oracle.errors import NotAllowedNow, UnknownName
from counterfoil.oracle.ledger.device_registry import DeviceRow, RegistryKeyRow
from counterfoil.oracle.ledger.record_anchor import AnchoredHeadRow
from counterfoil.oracle.revenue.matcher import close_matching
from counterfoil.oracle.revenue.sale_reader import (
    DISTRIBUTED,
    EXCEPTION,
    EXCLUDED,
    MATCHED,
    WAITING,
    SaleReader,
    resolve,
)
from counterfoil.oracle.revenue.settlement_file import import_settlement
from counterfoil.oracle.revenue.uncounted import Uncounted
from counterfoil.oracle.store.database import open_database
from counterfoil.oracle.store.directory_tables import KnownDevice, KnownProject
from counterfoil.oracle.store.revenue_tables import (
    Distribution,
    MatchException,
    SaleFact,
    SettlementRow,
)

MONDAY = 20220829
HEADER = "reference,method,business_date,amount,currency,device\n"
FIRST, SECOND = DEVICES[:2]


@dataclass
class House:
    """A log, its database, and what was read of it."""

    world: World
    engine: Engine

    def sell(self, amount: int, reference: str | None, method: str = "card", n: int = 0) -> None:
        line = SaleLine("Oreo Mini", 2, amount // 2)
        other = SaleLine("Water", 1, 0)
        sale = Sale(
            amount_minor=amount,
            currency="USD",
            payment_method=method,
            payment_reference=reference,
            lines=(line, other),
        )
        self.world.add(DEVICES[n], sale, FIRST_MS + 1_000 * len(self.world.records))

    def read(self, below: int | None = None) -> None:
        """Anchor a head over the log, and make facts of it."""
        size = len(self.world.records) if below is None else below
        with Session(self.engine) as session:
            session.merge(
                AnchoredHeadRow(
                    size=size,
                    number=0,
                    root="",
                    state="",
                    block_number=0,
                    block_hash="",
                    transaction_hash="",
                )
            )
            session.commit()
        reader = SaleReader(self.engine, self.world.store())
        while reader.step():
            pass

    def settle(self, *rows: str, through: int = 0) -> tuple[int, int]:
        with Session(self.engine) as session:
            import_settlement(
                session,
                project="lakeside",
                text=HEADER + "".join(f"{r}\n" for r in rows),
                source="f",
            )
            session.flush()
            found = close_matching(session, "lakeside", through)
            session.commit()
            return found

    def facts(self) -> list[str]:
        with Session(self.engine) as session:
            rows = session.exec(select(SaleFact).order_by(SaleFact.log_index))  # type: ignore[arg-type]
            return [row.status for row in rows]

    def exceptions(self) -> list[tuple[str, int | None]]:
        with Session(self.engine) as session:
            return [(e.code, e.log_index) for e in session.exec(select(MatchException))]


@pytest.fixture
def house() -> Iterator[House]:
    engine = open_database("sqlite://")
    with Session(engine) as session:
        session.add(
            KnownProject(
                project="lakeside", project_hash="0xa1", name="", operator="", currency="USD"
            )
        )
        for device in DEVICES[:2]:
            session.add(registered("0x" + device_hash(device).hex()))
        session.commit()
    yield House(World(devices=DEVICES[:3]), engine)
    engine.dispose()


def registered(name: str, status: str = "active", project: str = "0xa1") -> DeviceRow:
    return DeviceRow(
        device_hash=name, owner="", operator="", project_hash=project, status=status, epoch=1
    )


def test_facts_are_made_below_the_newest_head_once(house: House) -> None:
    for number in range(4):
        house.sell(200, f"pay-{number}", n=number % 2)
    house.read(below=3)
    house.read(below=3)
    with Session(house.engine) as session:
        facts = session.exec(select(SaleFact)).all()
    assert [(f.log_index, f.device, f.status, f.project) for f in facts] == [
        (0, FIRST, WAITING, "lakeside"),
        (1, SECOND, WAITING, "lakeside"),
        (2, FIRST, WAITING, "lakeside"),
    ]
    assert facts[0].units == [["Oreo Mini", 2], ["Water", 1]]
    assert facts[0].business_date == MONDAY


def test_a_device_must_be_known_active_and_in_a_project(house: House) -> None:
    house.sell(200, "a", n=2)
    with Session(house.engine) as session:
        session.get_one(DeviceRow, "0x" + device_hash(FIRST).hex()).status = "suspended"
        session.get_one(DeviceRow, "0x" + device_hash(SECOND).hex()).project_hash = "0xb2"
        session.commit()
    house.sell(200, "b", n=0)
    house.sell(200, "c", n=1)
    house.read()
    assert house.exceptions() == [
        ("sale.device_unknown", 0),
        ("sale.device_suspended", 1),
        ("sale.not_in_project", 2),
    ]
    assert house.facts() == [EXCEPTION] * 3


def test_a_sale_counts_by_its_currency_and_its_machines_standing(house: House) -> None:
    add = house.world.add
    add(
        FIRST,
        Sale(amount_minor=200, currency="EUR", payment_method="card", payment_reference="a"),
        FIRST_MS,
    )
    add(FIRST, Status("fault"), FIRST_MS)
    add(
        FIRST,
        Sale(amount_minor=200, currency="USD", payment_method="card", payment_reference="b"),
        FIRST_MS,
    )
    add(
        FIRST,
        Refund(amount_minor=200, currency="USD", refunded_epoch=1, refunded_sequence=1),
        FIRST_MS,
    )
    add(FIRST, Status("running"), FIRST_MS)
    add(FIRST, Location(481_371_540, 115_754_300), FIRST_MS)
    add(FIRST, Location(525_200_070, 134_049_540), FIRST_MS)
    add(
        FIRST,
        Sale(amount_minor=200, currency="USD", payment_method="card", payment_reference="c"),
        FIRST_MS,
    )
    house.read()
    assert house.exceptions() == [
        ("sale.currency_differs", 0),
        ("sale.device_not_running", 2),
        ("sale.device_not_in_place", 7),
    ]
    assert house.settle() == (1, 0), "the refund needs no payment and no running machine"


def test_a_day_is_matched_and_what_is_left_goes_to_a_person(house: House) -> None:
    house.sell(200, "pay-0")
    house.sell(300, "pay-1")
    house.sell(100, None, "cash")
    house.sell(150, None, "cash")
    house.sell(250, "pay-4")
    house.read()
    rows = [
        f"pay-0,card,{MONDAY},2.00,USD,",
        f"pay-1,card,{MONDAY},2.99,USD,",
        f"cash:{FIRST}:{MONDAY},cash,{MONDAY},2.50,USD,{FIRST}",
        f"pay-9,card,{MONDAY},9.00,USD,",
    ]
    assert house.settle(*rows) == (3, 1)
    assert house.facts() == [MATCHED, EXCEPTION, MATCHED, MATCHED, WAITING]
    assert house.settle(through=MONDAY) == (0, 2)
    assert house.exceptions() == [
        ("sale.amount_differs", 1),
        ("sale.payment_missing", 4),
        ("payment.without_sale", None),
    ]
    assert house.settle(through=MONDAY) == (0, 0), "an exception is raised once"


def test_a_second_sale_under_a_matched_reference_is_found_in_a_later_run(house: House) -> None:
    house.sell(200, "pay-0")
    house.read()
    assert house.settle(f"pay-0,card,{MONDAY},2.00,USD,") == (1, 0)
    house.sell(200, "pay-0", n=1)
    house.read()
    assert house.settle(f"pay-1,card,{MONDAY},2.00,USD,") == (0, 1)
    assert house.exceptions() == [("sale.reference_used_twice", 1)]


def test_a_late_sale_matches_its_payment_after_the_day_was_closed(house: House) -> None:
    house.sell(200, "pay-0")
    house.read()
    house.settle(f"pay-0,card,{MONDAY},2.00,USD,", through=MONDAY)
    house.sell(300, "pay-1")
    house.read()
    assert house.settle(f"pay-1,card,{MONDAY},3.00,USD,") == (1, 0)
    assert house.facts() == [MATCHED, MATCHED]


def test_a_person_accepts_or_excludes_and_only_once(house: House) -> None:
    house.sell(200, "pay-0")
    house.sell(300, "pay-1")
    house.sell(100, "x", n=2)
    house.read()
    house.settle(f"pay-9,card,{MONDAY},1.00,USD,", through=MONDAY)
    with Session(house.engine) as session:
        by_record = {e.log_index: e.id or 0 for e in session.exec(select(MatchException))}
        resolve(
            session,
            exception_id=by_record[0],
            resolution="accepted",
            by="anna",
            note="the provider lost it",
        )
        resolve(
            session, exception_id=by_record[1], resolution="excluded", by="anna", note="a test sale"
        )
        resolve(
            session, exception_id=by_record[None], resolution="excluded", by="anna", note="not ours"
        )
        for number, resolution in ((by_record[0], "excluded"), (by_record[2], "accepted")):
            with pytest.raises(NotAllowedNow):
                resolve(session, exception_id=number, resolution=resolution, by="ben", note="")
        with pytest.raises(NotAllowedNow):
            resolve(session, exception_id=by_record[2], resolution="perhaps", by="ben", note="")
        with pytest.raises(UnknownName):
            resolve(session, exception_id=99, resolution="accepted", by="ben", note="")
        session.commit()
    assert house.facts() == [MATCHED, EXCLUDED, EXCEPTION]
    with Session(house.engine) as session:
        done = session.get_one(MatchException, by_record[0])
        assert (done.status, done.resolved_by, done.note) == (
            "resolved",
            "anna",
            "the provider lost it",
        )


def test_a_payment_without_a_sale_can_not_be_distributed(house: House) -> None:
    house.settle(f"pay-9,card,{MONDAY},1.00,USD,", through=MONDAY)
    with Session(house.engine) as session:
        number = session.exec(select(MatchException.id)).one() or 0
        with pytest.raises(NotAllowedNow):
            resolve(session, exception_id=number, resolution="accepted", by="anna", note="")
        assert session.exec(select(SettlementRow.status)).one() == EXCEPTION


def test_days_are_the_devices_own_utc_days(house: House) -> None:
    house.world.add(
        FIRST,
        Sale(amount_minor=200, currency="USD", payment_method="card", payment_reference="a"),
        FIRST_MS + DAY_MS - 1,
    )
    house.world.add(
        FIRST,
        Sale(amount_minor=200, currency="USD", payment_method="card", payment_reference="b"),
        FIRST_MS + DAY_MS,
    )
    house.read()
    with Session(house.engine) as session:
        assert session.exec(select(SaleFact.business_date)).all() == [MONDAY, MONDAY + 1]


def revoke(house: House, until: int, disputed_until: int | None = None) -> None:
    """The registry says that FIRST's key of epoch 1 counts up to *until*."""
    with Session(house.engine) as session:
        session.merge(
            RegistryKeyRow(
                device_hash="0x" + device_hash(FIRST).hex(),
                epoch=1,
                x="",
                y="",
                certificate_hash="",
                until_sequence=str(until),
                disputed_until=None if disputed_until is None else str(disputed_until),
                registered_block=1,
                revoked_at=1,
                reason=1,
            )
        )
        if session.get(KnownDevice, FIRST) is None:
            session.add(
                KnownDevice(device=FIRST, device_hash="0x" + device_hash(FIRST).hex(), label="")
            )
        session.commit()


def test_what_is_repudiated_is_set_aside_and_can_only_be_excluded(house: House) -> None:
    for number in range(4):
        house.sell(200, f"pay-{number}")
    house.sell(200, "other", n=1)
    house.read()
    house.settle(f"pay-2,card,{MONDAY},2.00,USD,")
    uncounted = Uncounted(house.engine, house.world.store())
    assert uncounted.step() == 0
    revoke(house, until=2**64 - 1)
    assert uncounted.step() == 0
    revoke(house, until=2, disputed_until=4)
    assert (uncounted.step(), uncounted.step()) == (2, 0)
    assert house.facts() == [WAITING, WAITING, EXCEPTION, EXCEPTION, WAITING]
    assert house.exceptions() == [("sale.number_not_counted", 2), ("sale.number_not_counted", 3)]
    with Session(house.engine) as session:
        with pytest.raises(NotAllowedNow):
            resolve(session, 1, "accepted", "me", "")
        resolve(session, 1, "excluded", "me", "")
        session.commit()
    assert house.facts()[2] == EXCLUDED
    revoke(house, until=1, disputed_until=4)
    assert uncounted.step() == 1
    assert Uncounted(house.engine, house.world.store()).step() == 0, "after a start, again once"
    assert house.facts()[:2] == [WAITING, EXCEPTION]


def test_a_sale_with_another_exception_is_not_accepted_either_once_it_is_repudiated(
    house: House,
) -> None:
    house.sell(200, None)
    house.read()
    house.settle(through=MONDAY)
    revoke(house, until=0, disputed_until=1)
    assert Uncounted(house.engine, house.world.store()).step() == 1
    assert [code for code, _ in house.exceptions()] == [
        "sale.reference_missing",
        "sale.number_not_counted",
    ]
    with Session(house.engine) as session, pytest.raises(NotAllowedNow):
        resolve(session, 1, "accepted", "me", "")


def test_a_number_that_does_not_count_is_read_as_an_exception(house: House) -> None:
    revoke(house, until=1)
    house.sell(200, "pay-0")
    house.sell(200, "pay-1")
    house.read()
    assert house.facts() == [WAITING, EXCEPTION]
    assert house.exceptions() == [("sale.number_not_counted", 1)]
    assert Uncounted(house.engine, house.world.store()).step() == 0, "it is known already"


def test_what_was_shared_out_stays_and_what_nobody_signed_is_taken_back(house: House) -> None:
    for number in range(4):
        house.sell(200, f"pay-{number}")
    house.read()
    with Session(house.engine) as session:
        for batch, transaction in (("0xaa", 7), ("0xbb", None)):
            session.add(
                Distribution(
                    batch=batch,
                    project="lakeside",
                    business_date=MONDAY,
                    gross_minor=400,
                    refunds_minor=0,
                    tax_minor=0,
                    units=[],
                    head_size=4,
                    facts_hash="",
                    facts=b"",
                    transaction_id=transaction,
                )
            )
        for fact in session.exec(select(SaleFact)):
            fact.status, fact.batch = DISTRIBUTED, "0xaa" if fact.log_index < 2 else "0xbb"
        session.commit()
    revoke(house, until=3, disputed_until=4)
    assert Uncounted(house.engine, house.world.store()).step() == 1
    assert house.facts() == [DISTRIBUTED, DISTRIBUTED, MATCHED, EXCEPTION]
    revoke(house, until=1, disputed_until=4)
    uncounted = Uncounted(house.engine, house.world.store())
    assert uncounted.step() == 2
    assert house.facts() == [DISTRIBUTED, DISTRIBUTED, EXCEPTION, EXCEPTION]
    with Session(house.engine) as session:
        assert [row.batch for row in session.exec(select(Distribution))] == ["0xaa"]
        found = session.exec(select(MatchException).where(MatchException.log_index == 1)).one()
        assert "shared out in 0xaa" in found.detail
        resolve(session, found.id or 0, "excluded", "me", "")
        session.commit()
    assert house.facts()[1] == DISTRIBUTED, "the money is with its recipients"
