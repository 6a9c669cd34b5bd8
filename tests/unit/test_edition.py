"""A data folder, or a deployment, of another edition of the ledger is refused with a code and stays as it is."""

from __future__ import annotations

import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from eth_account import Account
from support_waiting import PATIENCE_S

from counterfoil.chain.client import ChainClient
from counterfoil.chain.consortium import Consortium
from counterfoil.chain.deployment import deploy
from counterfoil.chain.deployment_file import EDITION, Deployment
from counterfoil.chain.errors import EditionDiffers
from counterfoil.chain.keys.signer import LocalSigner
from counterfoil.up.data_folder import open_house

AT = "0x" + "22" * 20
CONSORTIUM = Consortium(
    registrar=AT, oracle=AT, bank=AT, supervisor=AT, committee=AT, guardian=AT, signers=[AT]
)
CONTRACT = {"address": "0x" + "11" * 20, "code_hash": "0x", "block": 1}
FIRST: dict[str, object] = {
    "chain_id": 31_337,
    "genesis": "0x00",
    "contracts": {"RecordAnchor": CONTRACT, "DepositToken": CONTRACT},
}
"""As the first edition wrote it: without a word on its edition."""


def content(folder: Path) -> dict[str, str]:
    """Every path below *folder*, with a digest of what is in the file."""
    return {
        str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else ""
        for path in folder.rglob("*")
    }


@pytest.mark.parametrize("edition", [None, 1, 3, "2", 2.0, True])
def test_a_deployment_of_another_edition_is_refused(tmp_path: Path, edition: object) -> None:
    path = tmp_path / "deployment.json"
    path.write_text(json.dumps(FIRST if edition is None else FIRST | {"edition": edition}))
    with pytest.raises(EditionDiffers) as refused:
        Deployment.read(path)
    assert refused.value.code == "ledger.edition_differs"


def test_this_edition_is_written_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "deployment.json"
    made = Deployment(31_337, {"RecordAnchor": CONTRACT})
    made.write(path)
    assert json.loads(path.read_text())["edition"] == EDITION == 2
    assert Deployment.read(path) == made


@pytest.mark.parametrize("text", ["[]", "{}", '{"chain_id": 1}', '{"x": 1}'])
def test_what_is_no_deployment_is_said_to_be_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "deployment.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="no deployment"):
        Deployment.read(path)


@pytest.mark.parametrize("words", ["up --data", "replay --exit --data"])
def test_a_house_of_the_first_edition_stays_as_it_is(tmp_path: Path, words: str) -> None:
    house = tmp_path / "house"
    open_house(house)
    settings = json.loads((house / "house.json").read_text())
    assert settings.pop("edition") == EDITION
    (house / "house.json").write_text(json.dumps(settings))
    (house / "oracle.db").write_bytes(b"of the first edition")
    before = content(house)
    done = subprocess.run(
        [sys.executable, "-m", "counterfoil", *words.split(), str(house)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 2
    assert '"code": "ledger.edition_differs"' in done.stderr
    assert content(house) == before


@pytest.mark.parametrize(
    "words",
    [
        "chain status",
        "api run",
        "oracle run",
        "audit sweep --rpc http://127.0.0.1:1 --log {folder} --deployment {folder}/deployment.json",
        "invoices {folder}/invoices.csv --data {folder}",
    ],
)
def test_each_command_refuses_the_first_editions_deployment(tmp_path: Path, words: str) -> None:
    (tmp_path / "deployment.json").write_text(json.dumps(FIRST))
    (tmp_path / "invoices.csv").write_text(
        "Invoice,Vendor_Name,Description,Invoice_Date,Due_Date,Amount,Settled,Outstanding,"
        "Number_of_Days_until_Payment,Created\n"
    )
    before = content(tmp_path)
    url = f"sqlite:///{tmp_path / 'oracle.db'}"
    done = subprocess.run(
        [sys.executable, "-m", "counterfoil", *words.format(folder=tmp_path).split()],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        cwd=tmp_path,
        env={
            "PATH": "/usr/bin:/bin",
            "COUNTERFOIL_CHAIN_DEPLOYMENT": str(tmp_path / "deployment.json"),
            "COUNTERFOIL_API_DEPLOYMENT": str(tmp_path / "deployment.json"),
            "COUNTERFOIL_API_ORACLE_URL": url,
            "COUNTERFOIL_ORACLE_DEPLOYMENT": str(tmp_path / "deployment.json"),
            "COUNTERFOIL_ORACLE_DATABASE_URL": url,
            "COUNTERFOIL_ORACLE_KEYSTORE": str(tmp_path / "key.json"),
            "COUNTERFOIL_ORACLE_PASSPHRASE": "x",
        },
    )
    assert done.returncode == 2, done.stderr
    assert "ledger.edition_differs" in done.stderr
    assert content(tmp_path) == before


def test_a_deployment_of_the_first_edition_is_not_gone_on_with(tmp_path: Path) -> None:
    """It is refused before anything is asked or sent: there is no node here."""
    path = tmp_path / "deployment.json"
    path.write_text(json.dumps(FIRST))
    nowhere = ChainClient("http://127.0.0.1:1")
    with pytest.raises(EditionDiffers):
        deploy(nowhere, LocalSigner(Account.from_key(b"\7" * 32)), CONSORTIUM, path)
    assert json.loads(path.read_text()) == FIRST
