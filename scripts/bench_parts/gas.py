"""Gas on the embedded chain: a record's share of its anchor by batch size, and a distribution by recipients."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from sales import sign_sales

from counterfoil.chain.abi.head_fields import HeadFields
from counterfoil.chain.address import NOBODY, Address
from counterfoil.chain.client import ChainClient
from counterfoil.chain.consortium import ACCOUNT_ROLES, Consortium
from counterfoil.chain.deployment import deploy
from counterfoil.chain.keys.signer import LocalSigner
from counterfoil.chain.nodes.embedded import EmbeddedNode, start_node
from counterfoil.chain.transaction import transact, transact_all
from counterfoil.gateway.certificate.enrolment import prove_possession
from counterfoil.gateway.log.checkpoint import Head
from counterfoil.gateway.log.merkle import MemoryTree, hash_leaf
from counterfoil.gateway.log.state_tree import StateTree
from counterfoil.gateway.record.identity import Digest, PublicKey, device_hash, parse_device_id
from counterfoil.gateway.record.signed_record import decode
from counterfoil.oracle.rules.anchored_head import NO_ANNEX, head_argument
from counterfoil.oracle.rules.investor_pool import PoolList

LEAVES = 1_000_000
BATCHES = (100, 1_000, 10_000)
RECIPIENTS = (10, 100, 1_000)
_TAKINGS = 1_000_000
_FIRST_DATE = 20_260_101
_CERTIFIED_UNTIL = 4_000_000_000
_P256 = ec.SECP256R1()


class Ledger:
    """The contracts on a fresh chain, and the accounts that may call them."""

    def __init__(self, node: EmbeddedNode, folder: Path) -> None:
        self._signers = {role: LocalSigner(node.account(i)) for i, role in enumerate(ACCOUNT_ROLES)}
        at = {role: signer.address for role, signer in self._signers.items()}
        self.client = ChainClient(node.rpc_url)
        consortium = Consortium(**{r: at[r] for r in ACCOUNT_ROLES[1:]}, signers=[at["oracle"]])
        deploy(
            self.client,
            admin=self._signers["admin"],
            consortium=consortium,
            path=folder / "deployment.json",
        )

    def send(self, role: str, contract: str, function: str, *arguments: Any) -> Mapping[str, Any]:
        """Send a transaction as *role*. Returns its receipt."""
        data = self.client.encode(contract, function, *arguments)
        to = self.client.address_of(contract)
        return transact(self.client, signer=self._signers[role], to=to, data=data)

    def send_all(self, role: str, calls: Sequence[tuple[str, bytes]]) -> None:
        """Send calls as *role* that don't depend on each other."""
        transact_all(self.client, self._signers[role], calls)

    def anchor(self, head: HeadFields, proof: Sequence[Digest] = ()) -> Mapping[str, Any]:
        """Anchor the next head with the one signer's signature. Returns the receipt."""
        digest = self.client.call("RecordAnchor", "headDigest", head)
        signatures = [self._signers["oracle"].sign_digest(digest)]
        return self.send("oracle", "RecordAnchor", "anchor", head, list(proof), signatures)


def measure(folder: Path, say: Callable[[str], None]) -> dict[str, object]:
    """Gas of anchors that extend a log of a million records, and of distributions."""
    node = start_node("anvil", folder / "gas" / "node", block_time_s=0.2)
    try:
        say("gas: contracts")
        ledger = Ledger(node, folder / "gas")
        say("gas: anchors")
        anchors = anchor_gas(ledger)
        splits = {}
        for recipients in RECIPIENTS:
            say(f"gas: a split to {recipients}")
            splits[str(recipients)] = split_gas(ledger, recipients)
    finally:
        node.stop()
    disputes = {}
    for name, fork in (("without_precompile", "paris"), ("with_precompile", "osaka")):
        say(f"gas: a dispute {name.replace('_', ' ')}")
        disputes[name] = dispute_gas(folder / "gas" / fork, fork)
    return {"leaves": LEAVES, "anchor": anchors, "split": splits, "dispute": disputes}


def dispute_gas(folder: Path, fork: str) -> dict[str, int]:
    """Gas of confirming and of refuting one sale in a log of a million records."""
    device, key = parse_device_id("urn:dev:os:32473-dispute"), ec.derive_private_key(7, _P256)
    first, second = sign_sales(device, key, 2)
    tree = MemoryTree(Digest(sha256(at.to_bytes(8, "big")).digest()) for at in range(LEAVES - 1))
    tree.append(hash_leaf(first))
    signed = decode(first)
    state = StateTree()
    state.apply_record(signed)
    node = start_node("anvil", folder / "node", block_time_s=0.2, hardfork=fork)
    try:
        ledger = Ledger(node, folder)
        client, public = ledger.client, PublicKey.of(key)
        registry = client.address_of("DeviceRegistry").raw
        proof = prove_possession(
            record_key=key,
            chain_id=client.chain_id(),
            registry=registry,
            device=device,
            epoch=1,
            nonce=bytes(32),
        )
        new = (public.x, public.y, bytes(32), proof[:32], proof[32:])
        owner = Address(b"\x11" * 20)
        of = (device_hash(device), owner, owner, bytes(32))
        ledger.send("registrar", "DeviceRegistry", "register", *of, new)
        head = head_argument(Head(LEAVES, tree.root(), state.root()), NO_ANNEX, NO_ANNEX, 0)
        ledger.anchor(head)
        number, slot, path = state.inclusion_proof(device)
        end = (head, number, len(state), slot.epoch, slot.sequence, slot.payload_digest, path)
        inclusion = (LEAVES - 1, head, tree.inclusion_proof(LEAVES - 1))
        sent = {
            "confirm": ledger.send("bank", "RecordDispute", "confirm", first, inclusion),
            "refute": ledger.send("bank", "RecordDispute", "refute", second, end),
        }
        return {name: int(receipt["gasUsed"], 16) for name, receipt in sent.items()}
    finally:
        node.stop()


def anchor_gas(ledger: Ledger) -> dict[str, object]:
    """Anchor the first head at a million records, then one head for each size of batch."""
    total = LEAVES + sum(BATCHES)
    tree = MemoryTree(Digest(sha256(at.to_bytes(8, "big")).digest()) for at in range(total))
    found: dict[str, object] = {}
    size = before = 0
    for batch in (LEAVES, *BATCHES):
        before, size = size, size + batch
        state = Digest(sha256(size.to_bytes(8, "big")).digest())
        figures = Digest(sha256(state).digest())
        head = head_argument(Head(size, tree.root(size), state), figures, NO_ANNEX, before)
        proof = tree.consistency_proof(before, size) if before else []
        gas = int(ledger.anchor(head, proof)["gasUsed"], 16)
        if before:
            found[str(batch)] = {"gas": gas, "gas_a_record": round(gas / batch, 2)}
    return found


def split_gas(ledger: Ledger, recipients: int) -> dict[str, int]:
    """Gas of the first distribution to a pool of *recipients*, of a later one, and of an investor's first taking."""
    project = sha256(f"bench {recipients}".encode()).digest()
    token = ledger.client.address_of("DepositToken")
    operator = Address(secrets.token_bytes(20))
    ledger.send("supervisor", "DepositToken", "openCollection", project)
    ledger.send("registrar", "RevenueSplit", "openProject", project, token)
    investors = [(Address(secrets.token_bytes(20)), 1 + at % 7) for at in range(recipients)]
    pool = add_pool(ledger, project, investors)
    terms = {
        "effectiveFrom": _FIRST_DATE,
        "period": 0,
        "refundAccount": operator,
        "taxAccount": operator,
        "feeAccount": NOBODY,
        "sweepAccount": NOBODY,
        "residualAccount": operator,
        "senior": {"feeBasisPoints": 0, "sweepBasisPoints": 0, "sweepCap": 0},
        "goods": [],
        "allocations": [
            {"account": pool, "basis": 2, "value": 10_000, "minimum": 0, "cap": 0},
        ],
    }
    ledger.send("registrar", "RevenueSplit", "setTerms", project, terms)
    account = ledger.client.call("DepositToken", "collectionOf", project)
    found = []
    for day in range(2):
        entry = sha256(project + bytes((day,))).digest()
        ledger.send("bank", "DepositToken", "mint", account, _TAKINGS, entry)
        facts = {
            "project": project,
            "batch": entry,
            "periodStart": _FIRST_DATE + day,
            "periodEnd": _FIRST_DATE + day,
            "gross": _TAKINGS,
            "refunds": 0,
            "tax": 0,
            "headSize": LEAVES,
            "facts": entry,
            "units": [],
        }
        receipt = ledger.send("oracle", "RevenueSplit", "distribute", facts)
        found.append(int(receipt["gasUsed"], 16))
    taken = ledger.send("bank", "RevenueSplit", "takePool", pool, investors[-1][0])
    return {
        "gas_first": found[0],
        "gas_later": found[1],
        "gas_take": int(taken["gasUsed"], 16),
    }


def add_pool(ledger: Ledger, project: bytes, investors: Sequence[tuple[Address, int]]) -> Address:
    """Admit the *investors* and add their pool, in pieces. Returns its account."""
    registry, until = ledger.client.address_of("ParticipantRegistry"), _CERTIFIED_UNTIL
    for function, given in (("admit", (1, bytes(32))), ("certify", (until, bytes(32)))):
        calls = [
            (registry, ledger.client.encode("ParticipantRegistry", function, account, *given))
            for account, _ in investors
        ]
        ledger.send_all("registrar", calls)
    found = PoolList.of(investors)
    for arguments in found.calls(project, found.name):
        ledger.send("bank", "RevenueSplit", "addInvestors", *arguments)
    return found.account(ledger.client.address_of("RevenueSplit"), project)
