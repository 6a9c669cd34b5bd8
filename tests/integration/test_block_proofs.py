"""A block's header proves what ran in it, on every engine; a block that can't be made again is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support_chain import ENGINES, ChainWorld, deployed_world, on_chain_id
from support_network import NETWORK_ENGINES, network_world, running_network

from counterfoil.chain.client import ChainClient
from counterfoil.chain.errors import RpcRefused
from counterfoil.chain.proof.block_proof import (
    BlockProofInvalid,
    ProvenTransaction,
    prove_transaction,
    read_header,
)
from counterfoil.chain.provable_block import BlockNotRebuilt, read_block

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module", params=[*ENGINES, *NETWORK_ENGINES])
def chain(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[ChainWorld]:
    folder: Path = tmp_path_factory.mktemp(request.param)
    if request.param in ENGINES:
        with deployed_world(request.param, folder) as world:
            yield world
    else:
        with running_network(folder, request.param) as network:
            yield network_world(network, "harbour", folder)


def every_transaction(chain: ChainWorld) -> Iterator[tuple[ProvenTransaction, int, list[Any]]]:
    """Each transaction of the chain, proved by its block's header."""
    for number in range(chain.client.latest().number + 1):
        block = read_block(chain.client, number)
        header = read_header(block.header)
        known = chain.client.block(number)
        assert known is not None
        assert (header.hash, header.number) == (known.hash, number)
        assert header.timestamp == known.timestamp
        for found in block.transactions:
            index, *proofs = block.proof(found)
            yield prove_transaction(header, index, *proofs), index, proofs


def test_every_transaction_of_the_chain_is_proved_by_its_header(chain: ChainWorld) -> None:
    count = 0
    for proven, index, _ in every_transaction(chain):
        (receipt,) = chain.client.receipts([proven.hash])
        assert receipt is not None
        assert (proven.index, len(proven.logs)) == (index, len(receipt["logs"]))
        decoded = chain.client.decode_receipt(receipt)
        mine = [
            event
            for name, address in chain.client.addresses.items()
            for event in proven.events(name, address)
        ]
        assert sorted(map(repr, mine)) == sorted(repr((e.name, dict(e.values))) for e in decoded)
        count += 1
    assert count >= 60, "the deployment of the contracts and their wiring"


def test_proof_for_another_place_or_another_block_proves_nothing(chain: ChainWorld) -> None:
    proven = [(one, proofs) for one, _, proofs in every_transaction(chain)]
    last, proofs = proven[-1]
    other = next(one for one, _ in proven if one.header != last.header)
    for header, index in ((last.header, last.index + 1), (other.header, last.index)):
        with pytest.raises(BlockProofInvalid):
            prove_transaction(header, index, *proofs)
    with pytest.raises(BlockProofInvalid):
        prove_transaction(last.header, last.index, *reversed(proofs))


def test_every_byte_of_a_proof_counts(chain: ChainWorld) -> None:
    last, proofs = [(one, proofs) for one, _, proofs in every_transaction(chain)][-1]
    for which, nodes in enumerate(proofs):
        for number, node in enumerate(nodes):
            for at in range(0, len(node), max(1, len(node) // 40)):
                changed = bytearray(node)
                changed[at] ^= 1
                other = [*nodes[:number], bytes(changed), *nodes[number + 1 :]]
                both = [other if n == which else p for n, p in enumerate(proofs)]
                with pytest.raises(BlockProofInvalid):
                    prove_transaction(last.header, last.index, *both)


class Liar(ChainClient):
    """A client whose node's blocks have one field changed."""

    def __init__(self, rpc_url: str, field: str, value: str) -> None:
        super().__init__(rpc_url)
        self._field, self._value = field, value

    def rpc(self, method: str, *params: Any) -> Any:
        found = super().rpc(method, *params)
        if method == "eth_getBlockByNumber" and found is not None:
            found[self._field] = self._value
        return found


def test_block_whose_fields_do_not_hash_to_what_it_names_is_refused(chain: ChainWorld) -> None:
    number = chain.client.latest().number
    for field, value in (
        ("hash", "0x" + on_chain_id("another").hex()),
        ("stateRoot", "0x" + bytes(32).hex()),
        ("timestamp", "0x1"),
        ("receiptsRoot", "0x" + bytes(32).hex()),
        ("transactionsRoot", "0x" + bytes(32).hex()),
    ):
        with pytest.raises(BlockNotRebuilt, match="can't be made again"):
            read_block(Liar(chain.node.rpc_url, field, value), number)
    with pytest.raises(BlockNotRebuilt, match="has no transaction"):
        read_block(chain.client, number).proof(bytes(32))
    with pytest.raises(RpcRefused):
        read_block(chain.client, number + 1_000_000)
