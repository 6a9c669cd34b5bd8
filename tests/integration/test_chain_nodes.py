"""The embedded chains on real processes: what they keep, what they lose, and what ends with what."""

from __future__ import annotations

import json
import signal
import stat
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from support_chain import ENGINES, consortium_of, running_node, signer_of, wait_blocks
from support_waiting import PATIENCE_S, wait_until

from counterfoil.chain.client import ChainClient
from counterfoil.chain.deployment import deploy
from counterfoil.chain.deployment_file import Deployment
from counterfoil.chain.errors import DeploymentMismatch, NodeMissing, NodeNotReady, NodeUnreachable
from counterfoil.chain.hexadecimal import from_hex
from counterfoil.chain.nodes.embedded import EmbeddedEngine, start_node
from counterfoil.chain.nodes.kept_dump import KEPT, TORN
from counterfoil.chain.transaction import transact

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("engine", ENGINES)
def test_a_stopped_node_comes_back_with_its_blocks_contracts_and_keys(
    engine: EmbeddedEngine, tmp_path: Path
) -> None:
    with running_node(engine, tmp_path / "node") as node:
        client = ChainClient(node.rpc_url)
        first = deploy(
            client,
            admin=signer_of(node, "admin"),
            consortium=consortium_of(node),
            path=tmp_path / "d.json",
        )
        height = client.latest().number
        nonce = client.nonce(signer_of(node, "admin").address)
        admin = node.account(0).address
    with pytest.raises(NodeUnreachable):
        client.chain_id()
    with running_node(engine, tmp_path / "node") as again:
        client = ChainClient(again.rpc_url)
        assert again.account(0).address == admin
        assert client.latest().number >= height
        assert (
            deploy(
                client,
                admin=signer_of(again, "admin"),
                consortium=consortium_of(again),
                path=tmp_path / "d.json",
            )
            == first
        )
        assert client.nonce(admin) == nonce, "a run over a finished deployment sends nothing"


@pytest.mark.parametrize("engine", ENGINES)
def test_a_deployment_stands_over_many_restarts_and_a_kill(
    engine: EmbeddedEngine, tmp_path: Path
) -> None:
    """The embedded chain makes a block 0 at each start, and any of them may answer: the chain is known by another."""
    path, hashes = tmp_path / "d.json", set[bytes]()
    # ganache takes ten times as long to start, and has its blocks in a database.
    restarts = 40 if engine == "anvil" else 8
    for number in range(restarts + 1):
        node = start_node(engine, tmp_path / "node")
        client = ChainClient(node.rpc_url)
        try:
            found = deploy(
                client, admin=signer_of(node, "admin"), consortium=consortium_of(node), path=path
            )
            first = client.block(found.first_block)
            assert first is not None
            hashes.add(first.hash)
        finally:
            if number == restarts // 2:
                node.kill()
            else:
                node.stop()
    assert hashes == {from_hex(found.block_hash)}


def test_a_file_that_knew_its_chain_by_block_0_is_mended(tmp_path: Path) -> None:
    path, said = tmp_path / "d.json", list[str]()
    with running_node("anvil", tmp_path / "node") as node:
        client, consortium = ChainClient(node.rpc_url), consortium_of(node)
        made = deploy(client, admin=signer_of(node, "admin"), consortium=consortium, path=path)
        before = json.loads(path.read_text()) | {"genesis": "0x" + "0" * 64}
        del before["block_hash"]
        path.write_text(json.dumps(before))
        found = deploy(
            client,
            admin=signer_of(node, "admin"),
            consortium=consortium,
            path=path,
            progress=said.append,
        )
        assert found == made == Deployment.read(path)
        assert "the chain is known by its first contract's block from now on" in said


def test_another_chain_of_the_same_number_is_refused_and_nothing_is_deployed(
    tmp_path: Path,
) -> None:
    path = tmp_path / "d.json"
    for name in ("one", "two"):
        with running_node("anvil", tmp_path / name) as node:
            client, admin = ChainClient(node.rpc_url), signer_of(node, "admin")
            if name == "one":
                deploy(client, admin=admin, consortium=consortium_of(node), path=path)
                kept = path.read_bytes()
                continue
            wait_blocks(client, 2)
            with pytest.raises(DeploymentMismatch) as refused:
                deploy(client, admin=admin, consortium=consortium_of(node), path=path)
            assert "keep both" in str(refused.value)
            assert (client.nonce(admin.address), path.read_bytes()) == (0, kept)


def test_a_read_of_the_newest_block_bears_that_another_comes_meanwhile(tmp_path: Path) -> None:
    node = start_node("anvil", tmp_path / "node", block_time_s=0.02, keeps_history=False)
    try:
        client = ChainClient(node.rpc_url)
        ask = ("eth_call", [{"to": node.account(0).address, "data": "0x"}, "latest"])
        last = client.latest().number + 60
        while client.latest().number < last:
            assert [answer.unwrap() for answer in client.rpc_batch([ask] * 10)] == ["0x"] * 10
    finally:
        node.stop()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_killed_node_comes_back_on_its_own_chain(engine: EmbeddedEngine, tmp_path: Path) -> None:
    node = start_node(engine, tmp_path / "node", block_time_s=1.0)
    client = ChainClient(node.rpc_url)
    other = signer_of(node, "operator").address
    transact(client, signer=signer_of(node, "admin"), to=other, data=b"")
    first = client.block(1)
    if engine == "anvil":  # the dump is written every few seconds
        deadline = time.monotonic() + PATIENCE_S
        while not (tmp_path / "node/anvil.json").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        wait_blocks(client, 6)
    node.kill()
    with running_node(engine, tmp_path / "node") as again:
        client = ChainClient(again.rpc_url)
        assert client.block(1) == first
        assert client.nonce(signer_of(again, "admin").address) == 1
        wait_blocks(client, 1)


def test_states_are_kept_for_a_while_and_not_in_the_dumps(
    tmp_path: Path,
) -> None:
    """A dump of every state would be hundreds of megabytes within the hour, and be written every few seconds."""
    folder = tmp_path / "node"
    node = start_node("anvil", folder, block_time_s=0.02)
    client, admin = ChainClient(node.rpc_url), signer_of(node, "admin")
    deploy(client, admin, consortium=consortium_of(node), path=tmp_path / "d.json")
    spent = client.latest().number
    wait_blocks(client, 100)
    asked = (admin.address, hex(spent - 1))
    before = int(client.rpc("eth_getBalance", *asked), 16)
    transact(client, signer=admin, to=signer_of(node, "operator").address, data=b"")
    assert int(client.rpc("eth_getBalance", *asked), 16) == before, "of a while ago"
    dump: dict[str, Any] = {}
    deadline = time.monotonic() + PATIENCE_S
    while dump.get("best_block_number", 0) <= spent:
        assert time.monotonic() < deadline, "no dump of after the deployment"
        time.sleep(0.1)
        # It is written anew every few seconds, and in place: half of one is no dump yet, and one may be of before.
        with suppress(FileNotFoundError, json.JSONDecodeError):
            dump = json.loads((folder / "anvil.json").read_text())
    assert dump["blocks"]
    assert dump["transactions"]
    assert not dump.get("historical_states")
    node.kill()
    with running_node("anvil", folder) as again:
        assert ChainClient(again.rpc_url).latest().number > spent


def test_the_mnemonic_is_random_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    with running_node("anvil", tmp_path / "a") as a, running_node("anvil", tmp_path / "b") as b:
        assert a.mnemonic != b.mnemonic
        assert stat.S_IMODE((tmp_path / "a/mnemonic").stat().st_mode) == 0o600


@pytest.mark.parametrize("engine", ENGINES)
def test_a_node_ends_with_the_process_that_started_it(
    engine: EmbeddedEngine, tmp_path: Path
) -> None:
    code = (
        "import time; from pathlib import Path\n"
        "from counterfoil.chain.nodes.embedded import start_node\n"
        f"node = start_node({engine!r}, Path({str(tmp_path / 'node')!r}))\n"
        "from counterfoil.chain.client import ChainClient\n"
        "from counterfoil.chain.keys.signer import LocalSigner\n"
        "from counterfoil.chain.transaction import transact\n"
        "key = LocalSigner(node.account(0))\n"
        "transact(ChainClient(node.rpc_url), key, key.address, b'')\n"
        "print(node.process.pid, node.rpc_url, flush=True); time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pid, rpc_url = parent.stdout.readline().split()
        assert ChainClient(rpc_url).chain_id() == 31_337
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE_S
    while _is_alive(int(pid)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _is_alive(int(pid))
    with running_node(engine, tmp_path / "node") as again:
        assert ChainClient(again.rpc_url).nonce(again.account(0).address) == 1, "nothing was lost"


def test_a_second_node_over_the_same_state_is_refused(tmp_path: Path) -> None:
    with running_node("anvil", tmp_path / "node"), pytest.raises(NodeNotReady, match="in use"):
        start_node("anvil", tmp_path / "node")


def test_a_missing_program_is_named_with_the_line_that_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTERFOIL_ANVIL", str(tmp_path / "nowhere"))
    with pytest.raises(NodeMissing, match="COUNTERFOIL_ANVIL"):
        start_node("anvil", tmp_path / "node")


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("left", [0, 1_000], ids=["nothing", "half"])
def test_a_dump_that_was_cut_off_is_not_the_end_of_the_ledger(left: int, tmp_path: Path) -> None:
    """anvil writes it in place: killed meanwhile, it leaves half of it, or nothing."""
    folder = tmp_path / "node"
    with running_node("anvil", folder) as node:
        client = ChainClient(node.rpc_url)
        first = deploy(
            client,
            admin=signer_of(node, "admin"),
            consortium=consortium_of(node),
            path=tmp_path / "d.json",
        )
        height = client.latest().number

        def is_kept() -> bool:
            blocks = json.loads((folder / KEPT).read_bytes())["blocks"]
            return any(int(block["header"]["number"], 16) >= height for block in blocks)

        wait_until(lambda: (folder / KEPT).exists() and is_kept())
        node.kill()
    with (folder / "anvil.json").open("r+b") as dump:
        dump.truncate(left)
    with running_node("anvil", folder) as again:
        client = ChainClient(again.rpc_url)
        assert client.latest().number >= height
        found = deploy(
            client,
            admin=signer_of(again, "admin"),
            consortium=consortium_of(again),
            path=tmp_path / "d.json",
        )
        assert found == first
    assert (folder / TORN).stat().st_size == left
