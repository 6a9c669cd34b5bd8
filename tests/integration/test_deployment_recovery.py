"""A deployment's file is deleted: it is read again from the chain, and nothing is deployed a second time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support_chain import ENGINES, consortium_of, running_node, signer_of

from counterfoil.chain import deployment as module
from counterfoil.chain.client import ChainClient
from counterfoil.chain.deployment import deploy
from counterfoil.chain.deployment_file import Deployment
from counterfoil.chain.errors import DeploymentLost
from counterfoil.chain.nodes.embedded import EmbeddedEngine, EmbeddedNode
from counterfoil.chain.transaction import transact, unsigned

pytestmark = pytest.mark.integration
STOP = bytes.fromhex("6001600c60003960016000f300")
"""Creates a contract of one byte."""


def deployed(node: EmbeddedNode, path: Path) -> Deployment:
    client = ChainClient(node.rpc_url)
    return deploy(client, admin=signer_of(node, "admin"), consortium=consortium_of(node), path=path)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_deleted_file_is_made_again_and_nothing_is_sent(
    engine: EmbeddedEngine, tmp_path: Path
) -> None:
    path = tmp_path / "d.json"
    with running_node(engine, tmp_path / "node") as node:
        made = deployed(node, path)
        client, admin = ChainClient(node.rpc_url), signer_of(node, "admin").address
        nonce = client.nonce(admin)
        path.unlink()
        found = deployed(node, path)
        assert client.nonce(admin) == nonce
        assert (found.addresses, found.first_block) == (made.addresses, made.first_block)
        assert found.block_hash == made.block_hash
        assert {n: e["code_hash"] for n, e in found.contracts.items()} == {
            n: e["code_hash"] for n, e in made.contracts.items()
        }
        assert Deployment.read(path) == found


def test_one_that_was_cut_off_before_its_roles_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "d.json"

    class Killed(Exception):
        """As the process would be."""

    def killed(*_: object) -> None:
        raise Killed

    with running_node("anvil", tmp_path / "node") as node:
        with monkeypatch.context() as cut:
            cut.setattr(module, "transact_all", killed)
            with pytest.raises(Killed):
                deployed(node, path)
        before = json.loads(path.read_text())["contracts"]
        path.unlink()
        found = deployed(node, path)
        assert found.addresses == {name: entry["address"] for name, entry in before.items()}
        client = ChainClient(node.rpc_url, found.addresses)
        name = b"RecordAnchor".ljust(32, b"\0")
        assert (
            client.call("DeploymentRegistry", "current", name)["account"]
            == (found.addresses["RecordAnchor"])
        )


def test_what_is_no_whole_deployment_is_not_guessed_at_and_nothing_is_deployed(
    tmp_path: Path,
) -> None:
    path = tmp_path / "d.json"
    with running_node("anvil", tmp_path / "node") as node:
        client, admin = ChainClient(node.rpc_url), signer_of(node, "admin")
        raw = admin.sign_transaction(
            unsigned(client, sender=admin.address, to=None, data=STOP, nonce=0)
        )
        client.send_raw([raw])
        transact(client, admin, signer_of(node, "operator").address, b"")
        nonce = client.nonce(admin.address)
        with pytest.raises(DeploymentLost, match="not one whole deployment"):
            deployed(node, path)
        assert (client.nonce(admin.address), path.exists()) == (nonce, False)


def test_an_account_that_has_only_paid_deploys_as_a_new_one_does(tmp_path: Path) -> None:
    with running_node("anvil", tmp_path / "node") as node:
        client, admin = ChainClient(node.rpc_url), signer_of(node, "admin")
        transact(client, admin, signer_of(node, "operator").address, b"")
        first = deployed(node, tmp_path / "d.json")
        (tmp_path / "d.json").unlink()
        assert deployed(node, tmp_path / "d.json").addresses == first.addresses


def test_contracts_of_another_version_are_not_taken_for_this_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "d.json"
    with running_node("anvil", tmp_path / "node") as node:
        with monkeypatch.context() as older:
            older.setattr(module, "VERSION", "0.0.9, edition 1")
            deployed(node, path)
        path.unlink()
        with pytest.raises(DeploymentLost, match=r"0\.0\.9, edition 1, not 0\.1\.0"):
            deployed(node, path)
        assert not path.exists()
