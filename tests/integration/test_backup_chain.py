"""A copy of an embedded chain that goes on meanwhile: another node starts from it, and has the same blocks."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import get_args

import pytest
from support_waiting import wait_until

from counterfoil.backup.manifest import BLOCK_BYTES
from counterfoil.backup.snapshot import copy_ganache, dump_anvil
from counterfoil.chain.client import ChainClient
from counterfoil.chain.keys.signer import LocalSigner
from counterfoil.chain.nodes.embedded import EmbeddedEngine, EmbeddedNode, start_node
from counterfoil.chain.transaction import transact

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("engine", get_args(EmbeddedEngine))
def test_a_copy_has_the_chain_up_to_a_moment(tmp_path: Path, engine: EmbeddedEngine) -> None:
    node = start_node(engine, tmp_path / "chain", block_time_s=0.2)
    try:
        client = ChainClient(node.rpc_url)
        account = LocalSigner(node.account(0))
        for _ in range(3):
            transact(client, signer=account, to=node.account(1).address, data=b"")
        before = client.latest()
        copy(node, tmp_path / "copy")
        wait_until(lambda: client.latest().number > before.number + 3)
    finally:
        node.stop()
    shutil.copy(tmp_path / "chain" / "mnemonic", tmp_path / "copy" / "mnemonic")
    again = start_node(engine, tmp_path / "copy", block_time_s=0.2)
    try:
        client = ChainClient(again.rpc_url)
        found = client.block(before.number)
        assert found is not None
        assert found.hash == before.hash
        assert client.nonce(account.address) == 3
        transact(client, signer=account, to=again.account(1).address, data=b"")
        assert client.nonce(account.address) == 4
    finally:
        again.stop()


def test_a_later_dump_begins_as_the_one_before(tmp_path: Path) -> None:
    """So that an incremental backup does not store old blocks again."""
    node = start_node("anvil", tmp_path / "chain", block_time_s=0.02)
    try:
        client = ChainClient(node.rpc_url)
        wait_until(lambda: client.latest().number > 300)
        dump_anvil(tmp_path / "chain", node.rpc_url, tmp_path / "first")
        at = client.latest().number
        wait_until(lambda: client.latest().number > at + 5)
        dump_anvil(tmp_path / "chain", node.rpc_url, tmp_path / "second")
    finally:
        node.stop()
    first, second = (tmp_path / "first").read_bytes(), (tmp_path / "second").read_bytes()
    blocks = len(json.dumps(json.loads(first)["blocks"], separators=(",", ":")))
    same = blocks // BLOCK_BYTES * BLOCK_BYTES
    assert same > BLOCK_BYTES
    assert first[:same] == second[:same]


def copy(node: EmbeddedNode, to: Path) -> None:
    to.mkdir()
    if node.engine == "anvil":
        dump_anvil(node.state_dir, node.rpc_url, to / "anvil.json")
    else:
        copy_ganache(node.state_dir / "ganache", to / "ganache")
