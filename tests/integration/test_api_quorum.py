"""The oracle's quorum and a batch's figures, to those who may see them."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session
from support_api import Site, build
from support_json import read_json

from counterfoil.chain.tables import EventRow
from counterfoil.gateway.record.identity import on_chain_id
from counterfoil.oracle.ledger.record_anchor import AnchoredHeadRow
from counterfoil.oracle.rules.figures import Tally, decode_figures
from counterfoil.oracle.store.head_tables import BatchFigures
from counterfoil.oracle.store.quorum_tables import Dissent, OracleNode

pytestmark = pytest.mark.integration

SIGNERS = ["0x" + f"{n}" * 40 for n in range(1, 5)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    made = build(tmp_path_factory.mktemp("quorum"), days=2)
    tally, size = Tally(), made.world.heads[0].size
    for one in made.world.records[:size]:
        tally.add(one)
    figures = tally.figures(0, size, 7, lambda _: on_chain_id("lakeside-vending"))
    digest = "0x" + figures.digest.hex()
    with Session(made.oracle) as session:
        for number, threshold in enumerate((1, 3)):
            session.add(
                EventRow(
                    block_number=number,
                    block_hash=f"0x{number:064x}",
                    log_index=0,
                    transaction_hash="0x00",
                    contract="RecordAnchor",
                    name="QuorumChanged",
                    arguments={"signers": SIGNERS[: 4 * number or 1], "threshold": threshold},
                )
            )
        for number, address in enumerate(SIGNERS):
            error = "ConnectError: refused" if number == 3 else None
            session.add(
                OracleNode(
                    address=address,
                    name=f"bank-{number}",
                    url="https://x",
                    is_self=number == 0,
                    records=size,
                    anchored=size,
                    answered_ms=5,
                    error=error,
                )
            )
        for at, code in enumerate(("head.root_differs", "head.figures_differ")):
            session.add(
                Dissent(
                    kind="head",
                    subject=digest,
                    size=size + at,
                    proposer=SIGNERS[3],
                    node=SIGNERS[0],
                    code=code,
                    detail="record 3 is another one",
                    log_index=3,
                    first_ms=at,
                    last_ms=at,
                )
            )
        session.get_one(AnchoredHeadRow, size).figures = digest
        session.add(BatchFigures(digest=digest, figures=figures.encode()))
        session.commit()
    return made


@pytest.fixture(scope="module")
def client(site: Site) -> TestClient:
    return TestClient(site.app, follow_redirects=False)


def test_an_auditor_sees_who_signs_and_who_would_not(site: Site, client: TestClient) -> None:
    found = client.get("/v1/quorum", headers=site.headers("auditor")).json()
    assert (found["signers"], found["threshold"]) == (SIGNERS, 3)
    assert [node["name"] for node in found["nodes"]] == [f"bank-{n}" for n in range(4)]
    assert all(node["signs"] for node in found["nodes"])
    assert found["nodes"][3]["error"] == "ConnectError: refused"
    assert [d["code"] for d in found["dissents"]] == ["head.figures_differ", "head.root_differs"]
    assert found["dissents"][0]["detail"] == "record 3 is another one"
    heads = len(site.world.heads)
    assert found["turn"] == SIGNERS[heads % 4]
    assert [turn["size"] for turn in found["turns"]] == [h.size for h in site.world.heads][::-1]
    assert [turn["turn"] for turn in found["turns"]] == [SIGNERS[n % 4] for n in range(heads)][::-1]
    size = site.world.heads[0].size
    one = client.get(f"/v1/quorum?head={size}", headers=site.headers("auditor")).json()
    assert [d["code"] for d in one["dissents"]] == ["head.root_differs"]


def test_what_is_watched_by_figures_has_the_quorum(client: TestClient) -> None:
    lines = client.get("/metrics").text.splitlines()
    for line in (
        "counterfoil_quorum_threshold 3.0",
        'counterfoil_quorum_nodes{state="well"} 3.0',
        'counterfoil_quorum_nodes{state="not_well"} 1.0',
        "counterfoil_quorum_dissents 2.0",
    ):
        assert line in lines


def test_an_operator_sees_that_there_was_a_dissent_and_no_more(
    site: Site, client: TestClient
) -> None:
    found = client.get("/v1/quorum", headers=site.headers("lakeside")).json()
    assert [d["code"] for d in found["dissents"]] == ["head.figures_differ", "head.root_differs"]
    assert {(d["detail"], d["log_index"]) for d in found["dissents"]} == {(None, None)}
    assert {node["error"] for node in found["nodes"]} == {None}
    assert client.get("/v1/quorum").status_code == 401


def test_figures_can_be_checked_against_the_head(site: Site, client: TestClient) -> None:
    size = site.world.heads[0].size
    found = read_json(client.get(f"/v1/heads/{size}/figures", headers=site.headers("auditor")).text)
    head = client.get(f"/v1/heads/{size}", headers=site.headers("auditor")).json()
    figures = decode_figures(bytes.fromhex(found["encoded"]))
    assert figures.digest.hex() == found["digest"] == head["figures"]
    assert found["projects"][0]["gross_minor"] == figures.projects[0].gross_minor > 0
    assert sum(d["records"] for d in found["devices"]) == size


def test_figures_are_not_everybodys(site: Site, client: TestClient) -> None:
    size = site.world.heads[0].size
    refused = client.get(f"/v1/heads/{size}/figures", headers=site.headers("lakeside"))
    assert refused.status_code == 403
    other = site.world.heads[1].size
    missing = client.get(f"/v1/heads/{other}/figures", headers=site.headers("auditor"))
    assert missing.status_code == 404
