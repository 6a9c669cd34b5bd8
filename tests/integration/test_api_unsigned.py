"""Writes for keys that are held elsewhere, on a real chain: asked for, signed here, sent back, in force."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.testclient import TestClient
from support_chain import FAR_FUTURE_S, ChainWorld, deployed_world, on_chain_id, wait_mined

from counterfoil.api.access import auth
from counterfoil.api.access.auth import Role
from counterfoil.api.run import create_app
from counterfoil.api.settings import ApiSettings
from counterfoil.gateway.store.gateway_store import open_store
from counterfoil.oracle.registrar import Registrar
from counterfoil.oracle.store.directory_tables import KnownProject

pytestmark = pytest.mark.integration

PROJECT = "lakeside-vending"


@dataclass
class Desk:
    """A served API over a real chain, and tokens by party."""

    chain: ChainWorld
    client: TestClient
    tokens: dict[str, str]

    def post(self, party: str, path: str, body: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens[party]}"}
        return self.client.post(path, json=body, headers=headers)

    def send(self, party: str, transaction: dict[str, Any]) -> None:
        """Sign as *party*, send through the API, and wait until it is mined with success."""
        raw = self.chain.signer(party).sign_transaction(transaction)
        answer = self.post(party, "/v1/transactions", {"raw": "0x" + raw.hex()})
        assert answer.status_code == 202, answer.text
        again = self.post(party, "/v1/transactions", {"raw": "0x" + raw.hex()})
        assert again.status_code in (202, 409)
        mined = wait_mined(self.chain.client, answer.json()["transaction_hash"])
        assert int(mined["status"], 16) == 1


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    with deployed_world("anvil", folder) as chain:
        open_store(f"sqlite:///{folder}/gateway.db").engine.dispose()
        settings = ApiSettings(
            gateway_url=f"sqlite:///{folder}/gateway.db",
            oracle_url=f"sqlite:///{folder}/oracle.db",
            rpc_urls=[chain.node.rpc_url],
            deployment=chain.path,
        )
        app = create_app(settings)
        engine = app.state.parts.oracle
        registrar = Registrar(
            engine,
            chain.client,
            registrar=chain.signer("registrar"),
            supervisor=chain.signer("supervisor"),
        )
        at = {role: chain.signer(role).address for role in ("bank", "registrar", "operator")}
        parts = {"bank": ("bank",), "registrar": ("platform",), "operator": ("operator",)}
        registrar.admit(
            {role: (account, role.title(), parts[role]) for role, account in at.items()},
            FAR_FUTURE_S,
        )
        project = KnownProject(
            project=PROJECT,
            project_hash="",
            name="Lakeside",
            operator=at["operator"],
            currency="USD",
            tax_basis_points=0,
        )
        registrar.open_project(project)
        roles = {"bank": Role.BANK, "registrar": Role.ADMIN, "operator": Role.OPERATOR}
        tokens = {
            p: auth.create_token(engine, role, party=p, name=p, days=1)[1]
            for p, role in roles.items()
        }
        tokens["stranger"] = auth.create_token(
            engine, role=Role.BANK, party="stranger", name="x", days=1
        )[1]
        tokens["other-bank"] = auth.create_token(
            engine, role=Role.BANK, party=at["operator"], name="x", days=1
        )[1]
        with TestClient(app) as client:
            yield Desk(chain, client, tokens)


def entries(*references: str) -> dict[str, Any]:
    return {
        "entries": [
            {
                "statement": "2022-08-31/1",
                "reference": reference,
                "project": PROJECT,
                "business_date": 20220831,
                "amount_minor": 7475,
                "currency": "USD",
            }
            for reference in references
        ]
    }


def terms(desk: Desk, effective_from: int) -> dict[str, Any]:
    operator = desk.chain.signer("operator").address
    return {
        "effective_from": effective_from,
        "period": "day",
        "refund": operator,
        "tax": operator,
        "residual": operator.lower(),
        "fee": {"account": operator, "basis_points": 100},
        "goods": [],
        "allocations": [{"account": operator, "basis": "net_basis_points", "value": 1000}],
        "investors": [],
    }


def test_bank_mints_a_statement_with_its_own_key_once(desk: Desk) -> None:
    path = "/v1/statements/unsigned"
    made = desk.post("bank", path, entries("a", "b"))
    assert made.status_code == 200, made.text
    for transaction in made.json()["transactions"]:
        desk.send("bank", transaction)
    client = desk.chain.client
    account = client.call("DepositToken", "collectionOf", on_chain_id(PROJECT))
    assert client.call("DepositToken", "balanceOf", account) == 2 * 7475
    again = desk.post("bank", path, entries("b"))
    assert again.status_code == 409
    assert again.json()["code"].startswith("contract.")
    assert client.call("DepositToken", "balanceOf", account) == 2 * 7475


def test_registrar_signs_new_terms_itself(desk: Desk) -> None:
    path = f"/v1/projects/{PROJECT}/split-versions/unsigned"
    made = desk.post("registrar", path, terms(desk, 20220801))
    assert made.status_code == 200, made.text
    desk.send("registrar", made.json()["transaction"])
    client = desk.chain.client
    assert client.call("RevenueSplit", "versionCount", on_chain_id(PROJECT)) == 1
    held = client.call("RevenueSplit", "termsOf", on_chain_id(PROJECT), 1)
    assert (held["effectiveFrom"], held["senior"]["feeBasisPoints"]) == (20220801, 100)
    earlier = desk.post("registrar", path, terms(desk, 20220701))
    assert (earlier.status_code, earlier.json()["code"][:9]) == (409, "contract.")
    unknown = desk.post("registrar", path.replace(PROJECT, "nobodys"), terms(desk, 20220901))
    assert unknown.status_code == 404


def test_what_the_contracts_would_refuse_is_refused_with_their_code(desk: Desk) -> None:
    for party, path, body in (
        ("operator", "/v1/withdrawals/unsigned", {"step": "from_split"}),
        ("bank", "/v1/withdrawals/99/payment/unsigned", {"payment": "0x" + "5c" * 32}),
        ("other-bank", "/v1/statements/unsigned", entries("c")),
    ):
        answer = desk.post(party, path, body)
        assert (answer.status_code, answer.json()["code"][:9]) == (409, "contract."), path
    answer = desk.post("stranger", "/v1/statements/unsigned", entries("c"))
    assert (answer.status_code, answer.json()["code"]) == (409, "party.account_missing")


def test_role_comes_before_everything_else(desk: Desk) -> None:
    for party, path, body in (
        ("operator", "/v1/statements/unsigned", entries("d")),
        ("operator", "/v1/withdrawals/1/payment/unsigned", {"payment": "0x" + "5c" * 32}),
        ("bank", f"/v1/projects/{PROJECT}/split-versions/unsigned", terms(desk, 20221001)),
    ):
        answer = desk.post(party, path, body)
        assert (answer.status_code, answer.json()["code"]) == (403, "request.role_insufficient"), (
            path
        )


def test_only_signed_transactions_to_own_contracts_are_passed_on(desk: Desk) -> None:
    signer = desk.chain.signer("operator")
    stray = {
        "chainId": desk.chain.client.chain_id(),
        "nonce": 0,
        "gas": 21_000,
        "value": 1,
        "data": "0x",
        "type": 2,
        "maxFeePerGas": 10**9,
        "maxPriorityFeePerGas": 1,
        "to": signer.address,
    }
    raw = signer.sign_transaction(stray).hex()
    answer = desk.post("operator", "/v1/transactions", {"raw": "0x" + raw})
    assert (answer.status_code, answer.json()["code"]) == (409, "transaction.target_not_ours")
    for bad in ("0x02", "0x01" + raw[2:], "0x02" + "c0", "0x" + raw[:-8]):
        answer = desk.post("operator", "/v1/transactions", {"raw": bad})
        assert (answer.status_code, answer.json()["code"]) == (422, "request.malformed"), bad[:12]
    assert desk.chain.client.nonce(signer.address, "pending") == 0


def test_chain_of_a_running_node_is_told(desk: Desk) -> None:
    headers = {"Authorization": f"Bearer {desk.tokens['operator']}"}
    said = desk.client.get("/v1/chain", headers=headers).json()
    assert (said["good"], said["nodes"], said["agreeing"]) == (True, 1, 1)
    assert said["height"] >= said["final"] > 0
