"""An API over an asset world, with the oracle that carries out what is asked: parties write and read through HTTP.

Some parties' keys are kept by the oracle (KEPT); the others sign what the API offers them with keys of their own.
"""

from __future__ import annotations

import itertools
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import support_killed
from eth_account import Account
from fastapi.testclient import TestClient
from pydantic import SecretStr
from support_assets import PARTIES, TODAY, AssetWorld, asset_world, reach
from support_chain import FAR_FUTURE_S, ROLES, wait_mined
from support_json import read_json
from support_process import Process
from support_waiting import PATIENCE_S

from counterfoil.api.access import auth
from counterfoil.api.access.auth import Role
from counterfoil.api.run import create_app
from counterfoil.api.settings import ApiSettings
from counterfoil.gateway.store.gateway_store import open_store
from counterfoil.oracle.registrar import Registrar
from counterfoil.oracle.rules.business_date import days_between
from counterfoil.oracle.run.composition import OracleParts, compose
from counterfoil.oracle.run.loop import step_all
from counterfoil.oracle.settings import OracleSettings

IS = {
    "core": Role.CORE_ENTERPRISE,
    **{f"tier{n}": Role.SUPPLIER for n in range(1, 5)},
    "factory": Role.BORROWER,
    "resin": Role.SUPPLIER,
    "lender": Role.BANK,
    "buyer": Role.BANK,
    "warehouse": Role.WAREHOUSE,
    "supervisor": Role.SUPERVISOR,
    "committee": Role.COMMITTEE,
    "member2": Role.COMMITTEE,
    "member3": Role.COMMITTEE,
    "operator": Role.OPERATOR,
    "oracle": Role.ADMIN,
    "registrar": Role.ADMIN,
    "auditor": Role.AUDITOR,
    "stranger": Role.SUPPLIER,
}
KEPT = (
    "tier1",
    "tier2",
    "tier3",
    "tier4",
    "factory",
    "resin",
    "committee",
    "member2",
    "warehouse",
    "supervisor",
    "oracle",
)
FAR = 4_000_000_000
_PASSPHRASE = "only a test's"


@dataclass
class Desk:
    """The API and the oracle in this process."""

    world: AssetWorld
    http: TestClient
    folder: Path
    oracle: OracleParts
    oracle_url: str
    tokens: dict[str, str] = field(default_factory=dict)
    keys: Iterator[int] = field(default_factory=itertools.count)

    def headers(self, party: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[party]}"}

    def get(self, party: str, path: str) -> Any:
        """What *party* is answered."""
        answer = self.http.get("/v1" + path, headers=self.headers(party))
        assert answer.status_code == 200, (party, path, answer.text)
        return read_json(answer.text)

    def items(self, party: str, path: str) -> list[dict[str, Any]]:
        """Every item of a list, page by page."""
        found, more = [], ""
        while True:
            page = self.get(party, path + (f"?cursor={more}" if more else ""))
            found += page["items"]
            more = page["next"]
            if not more:
                return found

    def post(self, party: str, path: str, body: Any = None, key: str | None = None) -> Any:
        """The answer to a request for a write."""
        headers = self.headers(party) | {"Idempotency-Key": key or f"{party}-{next(self.keys)}"}
        return self.http.post("/v1" + path, json=body, headers=headers)

    def do(self, party: str, path: str, body: Any = None) -> dict[str, Any]:
        """*party* writes, by whoever has its key; the arguments of the events that it made, by their names."""
        if party in KEPT:
            return self.ask(party, path, body)
        return self.sign(party, path, body)

    def ask(self, party: str, path: str, body: Any = None) -> dict[str, Any]:
        """Have it carried out by the kept key."""
        answer = self.post(party, path, body)
        assert answer.status_code == 202, (party, path, answer.text)
        done = self.finish(answer.json()["id"], party)
        assert done["status"] == "done", (party, path, done)
        return _by_name(done["result"]["events"])

    def sign(self, party: str, path: str, body: Any = None) -> dict[str, Any]:
        """Sign the unsigned transaction with the party's own key, and send it."""
        headers = self.headers(party)
        made = self.http.post(f"/v1{path}/unsigned", json=body, headers=headers)
        assert made.status_code == 200, (party, path, made.text)
        raw = self.world.signer(party).sign_transaction(made.json()["transaction"])
        sent = self.http.post("/v1/transactions", json={"raw": "0x" + raw.hex()}, headers=headers)
        assert sent.status_code == 202, (party, path, sent.text)
        name = sent.json()["transaction_hash"]
        wait_mined(self.world.client, name)
        step_all(self.oracle)
        done = self.get(party, f"/transactions/{name}")
        assert done["status"] == "succeeded", (party, path, done)
        return _by_name(done["events"])

    def refused(self, party: str, path: str, body: Any = None) -> str:
        """The code with which the API refuses; both ways of writing refuse alike."""
        answer = self.post(party, path, body)
        unsigned = self.http.post(f"/v1{path}/unsigned", json=body, headers=self.headers(party))
        assert answer.status_code == unsigned.status_code >= 400, (party, path, answer.text)
        assert answer.json()["code"] == unsigned.json()["code"]
        code: str = answer.json()["code"]
        return code

    def finish(self, number: int, party: str) -> dict[str, Any]:
        """The instruction once the oracle has answered it."""
        for _ in range(400):
            step_all(self.oracle)
            said: dict[str, Any] = self.get(party, f"/instructions/{number}")
            if said["status"] in ("done", "failed"):
                return said
            time.sleep(0.02)
        raise AssertionError(f"instruction {number} was not answered: {said}")

    def crash_at(self, point: str) -> int:
        """Run the oracle's own process until it dies at *point*; its exit status."""
        keys = self.folder / "parties"
        settings = {
            "DATABASE_URL": self.oracle_url,
            "GATEWAY_DATABASE_URL": f"sqlite:///{self.folder}/gateway.db",
            "RPC_URL": self.world.node.rpc_url,
            "DEPLOYMENT": str(self.world.path),
            "TILES": str(self.folder / "tiles"),
            "KEYSTORE": str(keys / "oracle.json"),
            "PASSPHRASE": _PASSPHRASE,
            "PARTY_KEYS": str(keys),
            "PARTY_PASSPHRASE": _PASSPHRASE,
        }
        env = os.environ | {f"COUNTERFOIL_ORACLE_{name}": text for name, text in settings.items()}
        log = self.folder / "oracle.log"
        return Process([point], env, log, main=support_killed.oracle).status_within(PATIENCE_S)

    def signature(self, party: str, typed_data: Mapping[str, Any]) -> str:
        """*party*'s own signature over an EIP-712 message, as a wallet makes it."""
        key = self.world.signer(party)._account.key
        signed = Account.sign_typed_data(key, full_message=dict(typed_data))
        return "0x" + signed.signature.hex()

    def advance(self, date: int) -> None:
        """Make *date* the business date, through the API."""
        reach(self.world.client, date)
        today = self.world.view("BusinessCalendar", "today")
        if days_between(today, date) <= 31:
            self.do("oracle", "/business-dates", {"date": date})
            return
        for member in ("committee", "member2"):
            self.do(member, "/business-dates/votes", {"date": date, "evidence": {"why": "far"}})

    def balance(self, party: str) -> int:
        """What *party* has in the bank's token."""
        held: int = self.get(party, "/cash")["balance_minor"]
        return held


def _by_name(events: list[dict[str, Any]]) -> dict[str, Any]:
    """The last event of each name."""
    return {event["name"]: event["arguments"] for event in events}


@contextmanager
def open_desk(folder: Path, today: int = TODAY, oracle_url: str = "") -> Iterator[Desk]:
    """A desk over a fresh asset world; the oracle's database elsewhere by *oracle_url*."""
    with asset_world(folder, today=today) as world:
        urls = {name: f"sqlite:///{folder}/{name}.db" for name in ("gateway", "oracle")}
        urls["oracle"] = oracle_url or urls["oracle"]
        open_store(urls["gateway"]).engine.dispose()
        keys = folder / "parties"
        keys.mkdir()
        for party in (*KEPT, "bank"):
            account = world.signer(party)._account
            kept = Account.encrypt(account.key, _PASSPHRASE, kdf="pbkdf2", iterations=1_000)
            (keys / f"{party}.json").write_text(json.dumps(kept))
        app = create_app(
            ApiSettings(
                gateway_url=urls["gateway"],
                oracle_url=urls["oracle"],
                rpc_urls=[world.node.rpc_url],
                deployment=world.path,
            )
        )
        engine = app.state.parts.oracle
        registrar = Registrar(
            engine,
            world.client,
            registrar=world.signer("registrar"),
            supervisor=world.signer("supervisor"),
        )
        people = [name for name in IS if name in ROLES or name in PARTIES]
        named = {
            name: (world.at(name), name.title(), ("operator", "bank")) for name in (*people, "bank")
        }
        registrar.admit(named, FAR_FUTURE_S)
        oracle = compose(
            OracleSettings(
                database_url=urls["oracle"],
                gateway_database_url=urls["gateway"],
                rpc_url=world.node.rpc_url,
                deployment=world.path,
                tiles=folder / "tiles",
                keystore=keys / "oracle.json",
                passphrase=SecretStr(_PASSPHRASE),
                bank_keystore=keys / "bank.json",
                bank_passphrase=SecretStr(_PASSPHRASE),
                party_keys=keys,
                party_passphrase=SecretStr(_PASSPHRASE),
                batch_ms=50,
            )
        )
        tokens = {
            name: auth.create_token(engine, role, party=name, name=name.title(), days=1)[1]
            for name, role in (IS | {"bank": Role.BANK}).items()
        }
        step_all(oracle)
        with TestClient(app) as http:
            yield Desk(world, http, folder, oracle=oracle, oracle_url=urls["oracle"], tokens=tokens)
        oracle.engine.dispose()
