"""A neighbour on the machine, against a house that runs: what he reads of its processes, and what its chain obeys."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from eth_account import Account
from support_waiting import PATIENCE_S, wait_until

from counterfoil.chain.client import ChainClient
from counterfoil.chain.deployment_file import Deployment

pytestmark = pytest.mark.integration


@contextmanager
def running(data: Path, *words: str, env: dict[str, str] | None = None) -> Iterator[dict[str, Any]]:
    argv = [sys.executable, "-m", "counterfoil", "up", "--data", str(data), "--json", *words]
    with (
        (data.parent / f"{data.name}.log").open("a") as log,
        subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=log, text=True, env=env) as process,
    ):
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline()) | {"pid": process.pid}
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(90)


@pytest.fixture(scope="module", params=["anvil", "ganache"])
def house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    data = tmp_path_factory.mktemp(request.param) / "house"
    words = ["--engine", request.param]
    if request.param == "ganache":
        words += ["--oracles", "2"]  # each node is a process with a keystore of its own
    with running(data, *words) as found:
        yield found | {"engine": request.param}


def family(pid: int) -> list[int]:
    """A process and all that came of it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += family(int(child))
    return found


def secrets_of(data: Path) -> dict[str, bytes]:
    """Every secret that the folder holds, by what it is."""
    kept = json.loads((data / "house.json").read_text())
    words = (data / "chain" / "mnemonic").read_text().strip()
    found = {"passphrase": kept["passphrase"].encode(), "mnemonic": words.encode()}
    Account.enable_unaudited_hdwallet_features()
    for index in range(24):
        account = Account.from_mnemonic(words, account_path=f"m/44'/60'/0'/0/{index}")
        found[f"account {index}"] = bytes(account.key).hex().encode()
    for file in data.rglob("*"):
        if file.suffix in (".pem", ".key") and b"PRIVATE KEY" in file.read_bytes():
            body = re.sub(rb"-----.*?-----|\s", b"", file.read_bytes())
            found[str(file.relative_to(data))] = body[20:60]
    return found


def test_no_secret_is_in_the_arguments_or_the_environment_of_any_process(
    house: dict[str, Any],
) -> None:
    secrets = secrets_of(Path(house["data"]))
    assert len(secrets) > 20
    pids = family(house["pid"])
    assert len(pids) >= 6, "up, chain and its engine, gateway, oracle, API"
    for pid in pids:
        for name in ("cmdline", "environ"):
            shown = Path(f"/proc/{pid}/{name}").read_bytes()
            words = shown.replace(b"\0", b" ").lower()
            for what, secret in secrets.items():
                told = re.sub(rb"\s", b"", shown) if what.endswith((".pem", ".key")) else words
                wanted = secret if what.endswith((".pem", ".key")) else secret.lower()
                assert wanted not in told, f"{what} is in {name} of {words[:80]!r}"


def test_the_files_that_hold_secrets_are_their_owners(house: dict[str, Any]) -> None:
    data = Path(house["data"])
    assert data.stat().st_mode & 0o077 == 0
    for name in ("house.json", "chain/mnemonic", "keys/passphrase"):
        assert (data / name).stat().st_mode & 0o077 == 0, name
    assert (data / "chain").stat().st_mode & 0o077 == 0


ORDERS = (
    "eth_sendTransaction",
    "eth_sendUnsignedTransaction",
    "eth_signTransaction",
    "eth_sign",
    "eth_signTypedData_v4",
    "personal_sign",
    "eth_accounts",
    "anvil_impersonateAccount",
    "anvil_autoImpersonateAccount",
    "hardhat_impersonateAccount",
    "anvil_setBalance",
    "anvil_setCode",
    "anvil_setStorageAt",
    "anvil_dumpState",
    "anvil_loadState",
    "anvil_nodeInfo",
    "anvil_reset",
    "evm_addAccount",
    "evm_setAccountBalance",
    "evm_setAccountStorageAt",
    "evm_setAccountCode",
    "evm_increaseTime",
    "evm_mine",
    "evm_revert",
    "evm_snapshot",
    "evm_setIntervalMining",
    "personal_unlockAccount",
    "personal_newAccount",
    "personal_importRawKey",
    "miner_stop",
    "miner_start",
    "txpool_content",
    "debug_traceCall",
    "erc20_mint",
    "ots_getApiLevel",
    "rpc_modules",
    "",
)


def ask(url: str, method: object, *params: object, **headers: str) -> httpx.Response:
    asked = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
    return httpx.post(url, json=asked, headers=headers, trust_env=False, timeout=PATIENCE_S)


@pytest.mark.parametrize("method", ["eth_call", "eth_estimateGas", "eth_createAccessList"])
@pytest.mark.parametrize(
    "more",
    [
        [{"gas": "0xffffffffffff"}, "latest"],
        [{"gas": 2**53}, "latest"],
        [{"gasLimit": "0xffffffffffff"}, "latest"],
        [{"gas": "much"}, "latest"],
        [{}, "latest", {}, {"gasLimit": "0xffffffffffff"}],
    ],
    ids=str,
)
def test_a_question_without_an_end_is_refused_and_the_chain_goes_on(
    house: dict[str, Any], method: str, more: list[Any]
) -> None:
    """JUMPDEST, PUSH1 0, JUMP: one such question kept the chain from making blocks for good."""
    endless = {"data": "0x5b600056"} | more[0]
    refused = ask(house["chain"], method, endless, *more[1:]).json()
    assert refused["error"]["code"] == -32601
    before = int(ask(house["chain"], "eth_blockNumber").json()["result"], 16)
    wait_until(lambda: int(ask(house["chain"], "eth_blockNumber").json()["result"], 16) > before)


@pytest.mark.parametrize("method", ORDERS)
def test_the_chain_takes_no_orders(house: dict[str, Any], method: str) -> None:
    one = ask(house["chain"], method, "0x" + "11" * 20, "0x1").json()
    assert one["error"]["code"] == -32601
    calls = [
        {"jsonrpc": "2.0", "id": n, "method": name, "params": []}
        for n, name in enumerate(("eth_chainId", method))
    ]
    many = httpx.post(house["chain"], json=calls, trust_env=False, timeout=PATIENCE_S).json()
    assert "result" not in json.dumps(many), "not in the company of others either"


def test_nobody_mints_from_the_banks_account(house: dict[str, Any]) -> None:
    """As it was done: an order in the name of the bank's account, which the chain carried out."""
    data = Path(house["data"])
    deployed = Deployment.read(data / "deployment.json")
    client = ChainClient(house["chain"], deployed.addresses)
    bank = client.call("DepositToken", "bank")
    thief = "0x" + "ba" * 20
    wanted = {
        "from": bank,
        "to": deployed.addresses["DepositToken"],
        "data": "0x" + client.encode("DepositToken", "mint", thief, 1_000_000, b"\1" * 32).hex(),
        "gas": "0x100000",
    }
    for method in ("anvil_impersonateAccount", "evm_addAccount", "personal_unlockAccount"):
        ask(house["chain"], method, bank, "")
    assert "error" in ask(house["chain"], "eth_sendTransaction", wanted).json()
    assert client.call("DepositToken", "balanceOf", thief) == 0


def test_no_page_of_another_origin_is_answered(house: dict[str, Any]) -> None:
    own = ask(house["chain"], "eth_chainId", Origin=house["api"])
    assert own.status_code == 200
    assert own.headers["access-control-allow-origin"] == house["api"]
    for headers in (
        {"Origin": "http://attacker.example"},
        {"Origin": "null"},
        {"Origin": house["api"] + ".attacker.example"},
        {"Host": "attacker.example"},
    ):
        found = ask(house["chain"], "eth_chainId", **headers)
        assert found.status_code == 403, headers
        assert "access-control-allow-origin" not in found.headers
    asked = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"}
    plain = httpx.post(
        house["chain"],
        content=json.dumps(asked),
        headers={"Origin": "http://attacker.example", "Content-Type": "text/plain"},
        trust_env=False,
    )
    assert plain.status_code == 403


def test_there_is_no_other_way_to_the_chain(house: dict[str, Any]) -> None:
    """Of all that the house listens on, one place speaks JSON-RPC."""
    inodes = set()
    for pid in family(house["pid"]):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            found = re.match(r"socket:\[(\d+)\]", str(link.readlink()) if link.is_symlink() else "")
            inodes |= {found.group(1)} if found else set()
    ports = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and fields[9] in inodes:
            ports.add(int(fields[1].split(":")[1], 16))
    assert int(house["chain"].rsplit(":", 1)[1]) in ports
    for port in ports:
        try:
            found = ask(f"http://127.0.0.1:{port}", "web3_clientVersion").text
        except httpx.HTTPError:
            continue
        if "jsonrpc" in found:
            assert f":{port}" in house["chain"], f"port {port} answers too"


def test_a_huge_request_to_the_chain_is_refused(house: dict[str, Any]) -> None:
    port = int(house["chain"].rsplit(":", 1)[1])
    with closing(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)) as peer:
        head = f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {1 << 30}\r\n\r\n"
        peer.sendall(head.encode() + b" " * (5 << 20))
        assert b" 413 " in peer.recv(1000)
