"""``counterfoil audit sweep`` over a house's whole life: true is valid, and each lie is named."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from support_chain import deployed_world
from support_language import every_sweep_is_said_in_chinese
from support_oracle import ACCOUNTS, FIRST_DATE, PROJECT, OracleHouse, pool_account
from support_sweep import arguments, codes, run, states, swept
from support_waiting import PATIENCE_S
from support_world import DEVICES, FIRST_MS
from typer import Typer
from typer.testing import CliRunner

from counterfoil.api.audit.commands.audit import register
from counterfoil.api.audit.node_check import check_keys
from counterfoil.api.audit.sweep.book import Book
from counterfoil.api.audit.sweep.facts_check import FactsCheck
from counterfoil.api.audit.sweep.ledger_view import LedgerView, read_ledger
from counterfoil.api.audit.sweep.log_sweep import LogSweep
from counterfoil.api.audit.sweep.money_sweep import MoneySweep
from counterfoil.api.audit.sweep.piece import Piece
from counterfoil.api.audit.verification.bundle import KeyFact
from counterfoil.chain.anchored_heads import newest_head
from counterfoil.gateway.logfiles.tiles import TileWriter
from counterfoil.gateway.record.bodies import Sale
from counterfoil.gateway.record.identity import device_hash
from counterfoil.gateway.record.sale_line import SaleLine
from counterfoil.oracle.heads.state_slots import end_argument

__all__ = ["every_sweep_is_said_in_chinese"]
pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OracleHouse]:
    """Three days sold, shared out and partly withdrawn."""
    folder = tmp_path_factory.mktemp("sweep")
    with deployed_world("anvil", folder) as chain:
        house = OracleHouse(chain, folder)
        parts = house.parts()
        for _ in range(3):
            house.sell_a_day()
            house.run_until_quiet(parts)
        token = chain.client.address_of("DepositToken")
        chain.send("operator", "RevenueSplit", "withdraw", token, ACCOUNTS["site"])
        chain.send(
            "operator", "RevenueSplit", "takePool", pool_account(chain.client), ACCOUNTS["a"]
        )
        yield house


def test_a_true_house_is_valid_and_all_of_it_was_looked_at(house: OracleHouse) -> None:
    said = swept(house, "--project", PROJECT)
    assert (said["verdict"], said["findings"]) == ("valid", [])
    assert said["records"] == len(house.world.records)
    assert said["heads"] == len(house.on_chain("RecordAnchor", "HeadAnchored")) >= 3
    assert said["distributions"] == said["distributions_proved"] == 3
    assert said["machines"] == 2
    assert said["not_shared_out"] == []
    assert set(states(said).values()) == {"held"}
    shown = run(house, "--project", PROJECT).stdout
    assert "every sale and refund under the newest head was shared out" in shown


def test_who_had_to_sign_the_heads_is_told_and_a_quorum_too_small_is_found(tmp_path: Path) -> None:
    """The committee hands the heads to one signer for a while, and back."""
    with deployed_world("anvil", tmp_path) as chain:
        house = OracleHouse(chain, tmp_path)
        alone = [str(chain.signer("oracle").address)]
        others = sorted([*alone, "0x" + "ee" * 20, "0x" + "ff" * 20], key=str.lower)
        parts = house.parts()
        house.sell_a_day()
        house.run_until_quiet(parts)
        before = len(house.on_chain("RecordAnchor", "HeadAnchored"))
        chain.decide("RecordAnchor", "setQuorum", others, 1)
        house.sell_a_day()
        house.run_until_quiet(parts)
        said = swept(house, "--project", PROJECT)
        assert (said["verdict"], said["heads"] > before) == ("valid", True)
        quorums = [
            (q["threshold"], [s.lower() for s in q["signers"]], q["heads"]) for q in said["quorums"]
        ]
        assert quorums == [
            (1, [s.lower() for s in alone], before),
            (1, [s.lower() for s in others], said["heads"] - before),
        ]
        asked = swept(house, "--project", PROJECT, "--signatures-at-least", 2)
        assert [(f["code"], f["where"]) for f in asked["findings"]] == [
            ("quorum.weak", named(0, before - 1)),
            ("quorum.weak", named(before, said["heads"] - 1)),
        ]
        assert states(asked)["signers"] == "failed"
        shown = run(house, "--project", PROJECT)
        heads = f"{before} head{'' if before == 1 else 's'}"
        assert f"{heads} under a quorum of 1 of {alone[0]}, since block " in shown.stdout


def named(first: int, last: int) -> str:
    return f"head {first}" if first == last else f"heads {first} to {last}"


def test_facts_come_from_files_as_well_and_without_either_are_unverifiable(
    house: OracleHouse, tmp_path: Path
) -> None:
    assert codes(swept(house)) == {"split.facts_missing"}
    app = Typer()
    register(app)
    env = {"COUNTERFOIL_API_ORACLE_URL": f"sqlite:///{house.folder / 'oracle.db'}"}
    words = ["audit", "facts", "--out", str(tmp_path), "--json"]
    made = CliRunner().invoke(app, words, env=env)
    assert json.loads(made.stdout) == {"files": 3}
    assert swept(house, "--facts", tmp_path)["verdict"] == "valid"


def rewritten(house: OracleHouse, folder: Path, index: int, raw: bytes | None) -> Path:
    """The house's tiles with the record at *index* replaced, or left out, all hashes made again."""
    raws = [record.raw for record in house.world.records]
    raws[index : index + 1] = [] if raw is None else [raw]
    writer = TileWriter(folder / "tiles")
    for size in [e["size"] for e in house.on_chain("RecordAnchor", "HeadAnchored")]:
        writer.append(raws[writer.size : size])
        writer.publish()
    return folder / "tiles"


def test_a_changed_record_is_named_by_signature_and_head(
    house: OracleHouse, tmp_path: Path
) -> None:
    raw = bytearray(house.world.records[4].raw)
    raw[-90] ^= 1
    said = swept(
        house, "--project", PROJECT, log=rewritten(house, folder=tmp_path, index=4, raw=bytes(raw))
    )
    assert {"record.refused", "head.root_differs"} <= codes(said)
    assert any(f["where"] == "record 4" for f in said["findings"])


def test_a_record_put_twice_for_another_is_a_break_of_its_chain(
    house: OracleHouse, tmp_path: Path
) -> None:
    raw = house.world.records[2].raw
    said = swept(
        house, "--project", PROJECT, log=rewritten(house, folder=tmp_path, index=4, raw=raw)
    )
    assert {"record.chain_broken", "head.root_differs"} <= codes(said)


def test_a_log_that_ends_before_its_heads_is_incomplete(house: OracleHouse, tmp_path: Path) -> None:
    log = rewritten(house, folder=tmp_path, index=4, raw=None)
    said = swept(house, "--project", PROJECT, log=log)
    assert {"log.records_missing", "head.root_differs"} <= codes(said)
    assert said["heads_verified"] < said["heads"]


def heads_found(house: OracleHouse, **change: Any) -> set[str]:
    """What the log's sweep finds when the second head on chain had said *change* instead."""
    view = read_ledger(house.chain.client, house.chain.deployment.first_block)
    view.heads[1] = view.heads[1]._replace(**change)
    book = Book(None, "a test")
    part = LogSweep(where=str(house.folder / "tiles"), ca="", view=view, book=book, processes=1)
    part.run(lambda _: None)
    return {finding.code for finding in (*part.check_order(), *book.findings())}


def test_every_field_of_a_head_is_made_again_or_said_to_be_unknown(house: OracleHouse) -> None:
    other = sha256(b"another").digest()
    assert heads_found(house) == set()
    for change, code in (
        ({"root": other}, "head.root_differs"),
        ({"state": other}, "head.state_differs"),
        ({"figures": other}, "head.figures_differ"),
        ({"annex": other}, "head.annex_unknown"),
        ({"previous": 1}, "head.missing"),
        ({"number": 7}, "head.missing"),
    ):
        assert heads_found(house, **change) == {code}, change


def money_found(house: OracleHouse, name: str, change: dict[str, Any]) -> set[str]:
    """What the money's sweep finds when the first event *name* had said *change* instead."""
    client = house.chain.client
    first_block = house.chain.deployment.first_block
    view = read_ledger(client, first_block)
    at = next(i for i, event in enumerate(view.money) if event.name == name)
    old = view.money[at]
    values = {**old.values, **{key: make(old.values[key]) for key, make in change.items()}}
    view.money[at] = replace(old, values=values)
    book = Book(None, "a test")
    LogSweep(where=str(house.folder / "tiles"), ca="", view=view, book=book, processes=1).run(
        lambda _: None
    )
    return {
        finding.code
        for finding in MoneySweep(client, view, facts=FactsCheck(view, book, {}, [PROJECT])).run()
    }


@pytest.mark.parametrize(
    ("event", "change", "expected"),
    [
        ("Credited", {"amount": lambda n: n + 1}, {"split.mismatch", "sweep.balance_mismatch"}),
        (
            "Credited",
            {"account": lambda _: ACCOUNTS["a"]},
            {"split.mismatch", "sweep.balance_mismatch"},
        ),
        ("PoolTaken", {"amount": lambda n: n + 1}, {"split.mismatch", "sweep.balance_mismatch"}),
        (
            "PoolTaken",
            {"account": lambda _: ACCOUNTS["b"]},
            {"split.mismatch", "sweep.balance_mismatch"},
        ),
        ("Distributed", {"gross": lambda n: n - 1}, {"split.mismatch"}),
        ("Distributed", {"headSize": lambda _: 1}, {"split.mismatch"}),
        ("Withdrawn", {"amount": lambda n: n - 1}, {"sweep.balance_mismatch"}),
        ("Transfer", {"value": lambda n: n + 1}, {"sweep.balance_mismatch"}),
        ("Deposited", {"amount": lambda n: n + 1}, {"sweep.balance_mismatch"}),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_minor_unit_that_went_elsewhere_is_found(
    house: OracleHouse, event: str, change: dict[str, Any], expected: set[str]
) -> None:
    assert money_found(house, event, change) == expected


def test_a_head_that_a_machine_was_shown_and_that_is_another_logs_is_found(
    house: OracleHouse,
) -> None:
    view = read_ledger(house.chain.client, house.chain.deployment.first_block)
    book = Book(None, "a test")
    part = LogSweep(where=str(house.folder / "tiles"), ca="", view=view, book=book, processes=1)
    true = (4, house.world.tree.root(4), 9)
    for shown, codes_ in (
        (true, []),
        ((5, bytes(32), 9), ["head.gossip_differs"]),
        ((12, house.world.tree.root(12), 9), ["head.gossip_differs"]),
    ):
        size, root, index = shown
        book.keep(Piece(0, 0, gossip={(size, root): index}), (), (), {}, ())
        assert [f.code for f in part.check_gossip()][-1:] == codes_


def test_an_interrupted_sweep_goes_on_and_another_logs_state_is_refused(
    house: OracleHouse, tmp_path: Path
) -> None:
    state = tmp_path / "sweep.db"
    first = swept(house, "--project", PROJECT, "--state", state)
    again = swept(house, "--project", PROJECT, "--state", state)
    assert (first["verdict"], again["verdict"]) == ("valid", "valid")
    assert again["records"] == first["records"]
    other = tmp_path / "other.db"
    shutil.copy(state, other)
    with sqlite3.connect(other) as db:
        db.execute("UPDATE sweep SET subject = 'chain 1, anchor 0x0'")
    result = run(house, "--state", other)
    assert (result.exit_code, json.loads(result.stderr.splitlines()[-1])["code"]) == (
        2,
        "sweep.state_of_another",
    )


def test_a_later_run_tells_when_a_node_says_otherwise_of_what_is_verified(
    house: OracleHouse, tmp_path: Path
) -> None:
    state, tiles = tmp_path / "sweep.db", str(house.folder / "tiles")
    view = read_ledger(house.chain.client, house.chain.deployment.first_block)

    def again(view: LedgerView) -> list[tuple[str, bool]]:
        book = Book(state, "a test")
        part = LogSweep(where=tiles, ca="", view=view, book=book, processes=1)
        part.run(lambda _: None)
        found = [(finding.code, finding.unverifiable) for finding in part.check_before()]
        book.close()
        return found

    assert again(view) == again(view) == []
    first, *others = view.heads
    assert again(replace(view, heads=[first._replace(root=bytes(32)), *others])) == [
        ("head.changed", False)
    ]
    assert again(replace(view, heads=view.heads[:-1])) == [("head.changed", True)]
    name, key = next(iter(view.keys.items()))
    ended = key._replace(until_sequence=1, revoked=True)
    for changed in (ended, key._replace(x=bytes(32))):
        for _ in range(2):  # as often as it is asked
            found = again(replace(view, keys=view.keys | {name: changed}))
            assert found == [("sweep.key_changed", True)]
    rotated = key._replace(until_sequence=10_000)
    assert again(replace(view, keys=view.keys | {name: rotated})) == []


def test_what_the_committee_repudiates_is_told_of_the_machine_and_of_each_split(
    tmp_path: Path,
) -> None:
    with deployed_world("anvil", tmp_path) as chain:
        house = OracleHouse(chain, tmp_path)
        parts = house.parts()
        for _ in range(2):
            house.sell_a_day()
            house.run_until_quiet(parts)
        first = chain.deployment.first_block
        state, tiles = tmp_path / "sweep.db", str(tmp_path / "tiles")
        before = read_ledger(chain.client, first)
        LogSweep(tiles, "", before, Book(state, "a test"), processes=1).run(lambda _: None)
        device, last = DEVICES[0], house.world.tips[DEVICES[0]].sequence
        end = end_argument(house.world.state, newest_head(chain.client), device)
        name = device_hash(device)
        chain.send("registrar", "DeviceRegistry", "revoke", name, 1, last, 1, end)
        assert swept(house, "--project", PROJECT)["verdict"] == "valid"
        chain.decide("DeviceRegistry", "repudiate", name, 1, last - 1, 1)
        chain.decide("DeviceRegistry", "repudiate", name, 1, 1, 1)
        said = swept(house, "--project", PROJECT)
        assert said["verdict"] == "unverifiable"
        found = [(f["code"], f["where"].split()[0], f["unverifiable"]) for f in said["findings"]]
        splits = [("split.sales_disputed", "distribution", True)] * 2
        assert found == [("record.disputed", "epoch", True), *splits]
        assert f"from 2 on, up to {last}" in said["findings"][0]["detail"]
        amounts = [
            r.record.body.amount_minor
            for r in house.world.records
            if r.record.device == device and r.record.sequence > 1
        ]
        told = [f["detail"].split() for f in said["findings"][1:]]
        assert sum(int(words[0]) for words in told) == len(amounts)
        assert sum(int(words[3].replace(".", "")) for words in told) == sum(amounts)
        kept = chain.client.call("DeviceRegistry", "signingKey", name, 1)
        fact = KeyFact(
            1,
            x=kept["x"],
            y=kept["y"],
            from_sequence=1,
            until_sequence=1,
            revoked=1,
            certificate_hash=kept["certificateHash"],
            registered_at=kept["registeredAt"],
        )
        (disputed,) = check_keys(device, [fact], chain.client)
        assert (disputed.code, disputed.unverifiable) == ("record.disputed", True)
        # Shared out after the committee had spoken, it is wrong and not only in dispute.
        view = read_ledger(chain.client, first)
        key = view.keys[name, 1]
        early = tuple(one._replace(block=0) for one in key.repudiations)
        view.keys[name, 1] = key._replace(repudiations=early)
        book = Book(None, "a test")
        LogSweep(tiles, "", view, book, processes=1).run(lambda _: None)
        money = MoneySweep(chain.client, view, facts=FactsCheck(view, book, {}, [PROJECT]))
        assert [(f.code, f.unverifiable) for f in money.run()] == [
            ("split.sales_disputed", False)
        ] * 2
        # What an earlier run has verified does not pass over what was repudiated since.
        again = LogSweep(tiles, "", view, Book(state, "a test"), processes=1)
        assert [(f.code, f.unverifiable) for f in again.check_before()] == [
            ("sweep.key_changed", True)
        ]


def test_a_day_with_too_many_kinds_of_goods_is_shared_out_in_pieces(tmp_path: Path) -> None:
    """Whoever sells under ever new codes keeps nobody's money back: no distribution is too large for a block."""
    with deployed_world("anvil", tmp_path) as chain:
        house = OracleHouse(chain, tmp_path)
        rows = []
        for number in range(9):
            lines = tuple(SaleLine(f"code {number}-{n}", 1, 10) for n in range(60))
            sale = Sale(
                amount_minor=600,
                currency="USD",
                payment_method="card",
                payment_reference=f"pay-{number}",
                lines=lines,
            )
            house.world.add(DEVICES[number % 2], sale, FIRST_MS + 1_000 * number)
            rows.append((f"pay-{number}", 600, FIRST_DATE))
        house.keep()
        house.settle(rows)
        house.run_until_quiet(house.parts())
        paid = house.on_chain("RevenueSplit", "Distributed")
        assert [(d["gross"], d["periodStart"]) for d in paid] == [
            (2_400, FIRST_DATE),
            (2_400, FIRST_DATE),
            (600, FIRST_DATE),
        ]
        said = swept(house, "--project", PROJECT)
        assert (said["verdict"], said["findings"]) == ("valid", [])
        assert said["distributions_proved"] == 3


def test_killed_at_any_moment_it_comes_to_the_same(house: OracleHouse, tmp_path: Path) -> None:
    state = tmp_path / "sweep.db"
    command = [sys.executable, "-m", "counterfoil"]
    command += arguments(house, "--project", PROJECT, "--state", state, "--json")
    for after_s in (0.8, 1.4, 2.0):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        time.sleep(after_s)
        process.send_signal(signal.SIGKILL)
        process.wait()
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["records"] == len(house.world.records)


def test_a_node_that_does_not_answer_can_not_tell(house: OracleHouse) -> None:
    words = arguments(house, "--json")
    words[words.index("--rpc") + 1] = "http://127.0.0.1:9"
    app = Typer()
    register(app)
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2
    assert json.loads(result.stderr.splitlines()[-1])["code"] == "chain.node_unreachable"
