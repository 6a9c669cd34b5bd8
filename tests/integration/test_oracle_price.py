"""A price of goods goes from bank to bank as a file, and stands on chain once three of four have signed it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support_chain import signer_of
from support_process import run_command
from support_quorum import NAMES, QuorumHouse, quorum_house

from counterfoil.chain.errors import ContractReverted
from counterfoil.chain.transaction import transact
from counterfoil.gateway.record.identity import on_chain_id
from counterfoil.oracle.quorum.agreed_price import AgreedPrice

pytestmark = pytest.mark.integration

GOODS = "PP granulate, grade A"


@pytest.fixture(scope="module")
def quorum(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuorumHouse]:
    with quorum_house(tmp_path_factory.mktemp("quorum")) as house:
        chain = house.house.chain
        calendar = chain.client.address_of("BusinessCalendar")
        data = chain.client.encode("BusinessCalendar", "advance", 20260525)
        transact(chain.client, signer=signer_of(chain.node, "oracle"), to=calendar, data=data)
        yield house


def price(
    quorum: QuorumHouse, bank: str, *arguments: str, **env: str
) -> tuple[int, dict[str, Any]]:
    """``counterfoil oracle price …`` with *bank*'s key: the exit status, and what it says or why not."""
    chain = quorum.house.chain
    own = {
        "COUNTERFOIL_ORACLE_RPC_URL": chain.node.rpc_url,
        "COUNTERFOIL_ORACLE_DEPLOYMENT": str(chain.path),
        "COUNTERFOIL_ORACLE_KEYSTORE": str(quorum.folder / f"{bank}.json"),
        "COUNTERFOIL_ORACLE_PASSPHRASE": "only a test's",
    }
    done = run_command(
        ["oracle", "price", *arguments, "--json"], os.environ | own | env, timeout_s=120
    )
    said = done.stdout or done.stderr
    return done.returncode, json.loads(said.strip().splitlines()[-1])


def posted(quorum: QuorumHouse, goods: str = GOODS) -> int:
    found = quorum.house.chain.client.call("WarehouseReceipts", "priceOf", on_chain_id(goods))
    return int(found[0] if isinstance(found, tuple | list) else found["price"])


def test_no_account_posts_a_price_alone(quorum: QuorumHouse) -> None:
    chain = quorum.house.chain
    data = chain.client.encode("WarehouseReceipts", "postPrice", on_chain_id(GOODS), 800, 20260525)
    for role in ("admin", "supervisor", "bank"):
        with pytest.raises(ContractReverted) as refused:
            transact(
                chain.client,
                signer=signer_of(chain.node, role),
                to=chain.client.address_of("WarehouseReceipts"),
                data=data,
            )
        assert refused.value.code == "contract.access_managed_unauthorized"


def test_a_price_that_three_of_four_have_signed_is_posted_once(
    quorum: QuorumHouse, tmp_path: Path
) -> None:
    file = str(tmp_path / "price.json")
    status, said = price(quorum, NAMES[0], "propose", GOODS, "800", "--out", file)
    assert (status, said.get("missing"), said.get("posted")) == (0, 2, False), said
    assert price(quorum, NAMES[0], "propose", GOODS, "800", "--out", file)[0] == 2
    status, said = price(quorum, NAMES[1], "sign", file)
    assert (status, said["missing"]) == (0, 1)
    assert price(quorum, NAMES[1], "check", file)[0] == 1
    status, said = price(quorum, NAMES[1], "post", file)
    assert (status, said["code"]) == (2, "price.file_invalid")
    assert posted(quorum) == 0, "two are not enough"
    price(quorum, NAMES[3], "sign", file)
    assert price(quorum, NAMES[2], "check", file)[0] == 0
    status, said = price(quorum, NAMES[2], "post", file)
    assert (status, said["posted"]) == (0, True), said
    assert posted(quorum) == 800
    status, said = price(quorum, NAMES[0], "post", file)
    assert (status, said["posted"], "transaction" in said) == (0, True, False)


def test_words_that_were_changed_after_the_signing_are_refused(
    quorum: QuorumHouse, tmp_path: Path
) -> None:
    file = tmp_path / "price.json"
    price(quorum, NAMES[0], "propose", GOODS, "700", "--out", str(file))
    price(quorum, NAMES[1], "sign", str(file))
    true = json.loads(file.read_text())
    changes: list[dict[str, Any]] = [
        {"price_minor": 7_000},
        {"goods": "PP granulate, grade B"},
        {"date": 20991231},
        {"deadline": true["deadline"] + 1},
    ]
    for change in changes:
        file.write_text(json.dumps(true | change))
        for command in ("sign", "check", "post"):
            status, said = price(quorum, NAMES[2], command, str(file))
            assert (status, said["code"]) == (2, "price.file_invalid"), (change, command)
    wrongs: list[dict[str, Any]] = [
        {"chain_id": 1},
        {"deadline": 0},
        {"deadline": "soon"},
        {"revocations": {"0x1": "00"}},
        {"price_minor": 0},
        {"price_minor": 1.5},
        {"date": 20261341},
    ]
    for wrong in [*wrongs, {"signatures": {"0x1": "zz"}}, {"more": 1}]:
        file.write_text(json.dumps(true | wrong))
        status, said = price(quorum, NAMES[2], "sign", str(file))
        assert (status, said["code"]) == (2, "price.file_invalid"), wrong


def test_a_price_is_taken_back_by_as_many_as_post_one(quorum: QuorumHouse, tmp_path: Path) -> None:
    file = str(tmp_path / "price.json")
    price(quorum, NAMES[0], "propose", GOODS, "200000", "--out", file)
    for bank in NAMES[1:3]:
        assert price(quorum, bank, "sign", file)[0] == 0
    before = posted(quorum)
    for bank in NAMES[:2]:
        status, said = price(quorum, bank, "revoke", file)
        assert (status, said["revoked"]) == (0, False)
    status, said = price(quorum, NAMES[3], "revoke", file)
    assert (status, said["revoked"], len(said["taken_back_by"])) == (0, True, 3), said
    for command in ("post", "sign"):
        status, said = price(quorum, NAMES[2], command, file)
        assert (status, said["code"]) == (2, "price.file_invalid")
    assert quorum.house.on_chain("OracleQuorum", "Revoked")
    assert posted(quorum) == before


def test_a_price_that_was_not_posted_in_time_is_agreed_on_again(
    quorum: QuorumHouse, tmp_path: Path
) -> None:
    chain, goods = quorum.house.chain, "copper"
    kept, fresh = (str(tmp_path / f"{name}.json") for name in ("kept", "fresh"))
    price(quorum, NAMES[0], "propose", goods, "900", "--days", "1", "--out", kept)
    for bank in NAMES[1:3]:
        price(quorum, bank, "sign", kept)
    chain.client.rpc("evm_increaseTime", 86_401)
    chain.client.rpc("evm_mine")
    status, said = price(quorum, NAMES[2], "post", kept)
    assert (status, said["code"]) == (2, "price.file_invalid")
    agreed = AgreedPrice.read(Path(kept))
    signatures = list(agreed.true_signatures(chain.client, list(agreed.signatures)).values())
    parts = (agreed.data(chain.client), agreed.label, agreed.deadline, signatures)
    to = chain.client.address_of("WarehouseReceipts")
    with pytest.raises(ContractReverted) as refused:
        transact(
            chain.client,
            signer=signer_of(chain.node, "bank"),
            to=chain.client.address_of("OracleQuorum"),
            data=chain.client.encode("OracleQuorum", "execute", to, *parts),
        )
    assert refused.value.code == "contract.call_expired"
    assert posted(quorum, goods) == 0
    price(quorum, NAMES[0], "propose", goods, "900", "--out", fresh)
    for bank in NAMES[1:3]:
        price(quorum, bank, "sign", fresh)
    assert price(quorum, NAMES[2], "post", fresh)[1]["posted"]
    assert posted(quorum, goods) == 900


def test_a_key_outside_of_the_quorum_signs_nothing(quorum: QuorumHouse, tmp_path: Path) -> None:
    file = str(tmp_path / "price.json")
    outside = {"COUNTERFOIL_ORACLE_KEYSTORE": str(quorum.folder / "bank.json")}
    status, said = price(quorum, NAMES[0], "propose", GOODS, "1", "--out", file, **outside)
    assert (status, said["code"]) == (2, "price.file_invalid")
    status, said = price(
        quorum, NAMES[0], "check", file, COUNTERFOIL_ORACLE_DEPLOYMENT=str(tmp_path / "none")
    )
    assert status == 2
