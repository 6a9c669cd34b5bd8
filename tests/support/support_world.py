"""A small consortium's data for tests: a CA, signing devices, an interleaved log and its heads.

Everything is deterministic but the certificates' serial numbers. Money is in minor units of USD.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from support_blocks import ACCOUNTS, ADDRESSES, PaperChain, PaperMoney, assign, event, terms

from counterfoil.api.audit.making.collection import KnownFacts
from counterfoil.api.audit.verification import steps
from counterfoil.api.audit.verification.bundle import HeadFact, KeyFact, Scope
from counterfoil.api.audit.verification.deployment_pin import deployment_hash
from counterfoil.api.audit.verification.log_steps import LogTrust
from counterfoil.api.audit.verification.report import Report
from counterfoil.gateway.certificate import profile
from counterfoil.gateway.log.merkle import MemoryTree, hash_leaf
from counterfoil.gateway.log.state_tree import StateTree
from counterfoil.gateway.record.bodies import Body, Sale
from counterfoil.gateway.record.chain_check import ChainTip, next_counters
from counterfoil.gateway.record.identity import DeviceId, PublicKey, device_hash, parse_device_id
from counterfoil.gateway.record.proof_class import ProofClass
from counterfoil.gateway.record.record import ZERO_DIGEST, Clock, GossipedHead, Record
from counterfoil.gateway.record.sale_line import SaleLine
from counterfoil.gateway.record.signed_record import SignedRecord, decode, sign_record
from counterfoil.gateway.record.verification import OPEN_SEQUENCE, DeviceKey
from counterfoil.gateway.store.gateway_store import GatewayStore, open_store
from counterfoil.gateway.store.rows import NewRecord
from counterfoil.oracle.rules.facts import Facts

DAY_MS = 86_400_000
FIRST_MS = 1_661_731_200_000  # 2022-08-29 00:00 UTC, a Monday
DEVICES = tuple(parse_device_id(f"urn:dev:os:32473-vj30032061{n}") for n in range(1, 6))
GOODS = ("Oreo Mini", "Mini Chips Ahoy", "Fig Bar - Raspberry", "Fig Bar - Blueberry", "Water")


PINNED = deployment_hash(31_337, ADDRESSES)
"""The hash of the deployment that the world's contracts are of."""


def verify(
    data: bytes,
    root: x509.Certificate,
    trust: LogTrust | None = None,
    addresses: Mapping[str, str] | None = None,
) -> Report:
    """The report on *data* for an auditor who has pinned the world's deployment."""
    return steps.verify(data, root, trust, addresses, deployment_hash=PINNED)


def private_key(number: int) -> ec.EllipticCurvePrivateKey:
    """The P-256 key whose scalar follows from *number*."""
    return ec.derive_private_key(0xFACADE + number, ec.SECP256R1())


def der(certificate: x509.Certificate) -> bytes:
    """The certificate's DER."""
    return certificate.public_bytes(serialization.Encoding.DER)


@dataclass
class World:
    """A log that grows, and what is anchored of it."""

    devices: tuple[DeviceId, ...] = DEVICES[:2]
    records: list[SignedRecord] = field(default_factory=list)
    tree: MemoryTree = field(default_factory=MemoryTree)
    state: StateTree = field(default_factory=StateTree)
    heads: list[HeadFact] = field(default_factory=list)
    chain: PaperChain = field(default_factory=PaperChain)
    certified_ms: int = FIRST_MS - 30 * DAY_MS
    """When the certificates begin."""
    tips: dict[DeviceId, ChainTip] = field(default_factory=dict)
    seed: int = 0

    def __post_init__(self) -> None:
        root_key, issuing_key = private_key(100 + self.seed), private_key(101 + self.seed)
        start = datetime.fromtimestamp(self.certified_ms / 1000, UTC)
        self.root = profile.root_certificate("Test root", root_key, start)
        self.issuing = profile.issuing_certificate(
            name="Test issuing",
            public_key=issuing_key.public_key(),
            root=self.root,
            root_key=root_key,
            now=start,
        )
        self.issuing_key = issuing_key
        self.keys = {device: private_key(n) for n, device in enumerate(self.devices)}
        self.certificates = {
            device: profile.device_certificate(
                device,
                public_key=key.public_key(),
                issuer=self.issuing,
                issuer_key=issuing_key,
                now=start,
                signs_records=True,
            )
            for device, key in self.keys.items()
        }

    def add(
        self, device: DeviceId, body: Body, time_ms: int, head: GossipedHead | None = None
    ) -> SignedRecord:
        """Append *device*'s next record to the log; *head* is the last one that it was shown."""
        tip = self.tips.get(device)
        record = Record(
            device,
            stream="sales",
            epoch=1,
            sequence=1 if tip is None else tip.sequence + 1,
            prev=ZERO_DIGEST if tip is None else tip.payload_digest,
            time_ms=time_ms,
            clock=Clock.SYNCHRONISED,
            uptime_ms=1_000,
            body=body,
            counters=next_counters(body, None if tip is None else tip.counters),
            head=head,
        )
        signed = decode(sign_record(record, self.keys[device]))
        self.tips[device] = ChainTip(
            device,
            epoch=1,
            sequence=record.sequence,
            payload_digest=signed.payload_digest,
            counters=record.counters,
        )
        self.records.append(signed)
        self.tree.append(hash_leaf(signed.raw))
        self.state.apply_record(signed)
        return signed

    def sell(self, days: int = 3, sales_a_day: int = 4, first_ms: int = FIRST_MS) -> None:
        """Let every device sell a few things a day, and anchor a head at the end of each day."""
        for day in range(days):
            for number in range(sales_a_day):
                for n, device in enumerate(self.devices):
                    if (day + n) % 5 == 4 and number > 1:
                        continue
                    amount = 150 + 50 * ((day * 3 + number * 5 + n * 7) % 6)
                    method = "cash" if (number + n) % 2 else "card"
                    reference = None if method == "cash" else f"pay-{day}-{number}-{n}"
                    line = SaleLine(
                        commodity=GOODS[(number + n + day) % 5],
                        quantity=1,
                        unit_price_minor=amount,
                        slot=f"{130 + number}",
                    )
                    at = first_ms + day * DAY_MS + 36_000_000 + number * 5_400_000 + n * 60_000
                    self.add(
                        device,
                        Sale(
                            amount_minor=amount,
                            currency="USD",
                            payment_method=method,
                            payment_reference=reference,
                            lines=(line,),
                        ),
                        at,
                    )
            self.anchor(1_000 + day)

    def anchor(self, block: int) -> HeadFact:
        """Make the log's present head an anchored one."""
        stated = {"size": self.tree.size, "root": self.tree.root(), "state": self.state.root()}
        figures = sha256(b"figures %d" % block).digest()
        values = {
            "index": len(self.heads),
            "figures": figures,
            "annex": bytes(32),
            "previousSize": self.heads[-1].size if self.heads else 0,
            **stated,
        }
        logs = [event("RecordAnchor", "HeadAnchored", **values)]
        hashes = self.chain.mine(number=block, contract="RecordAnchor", data=b"anchor", logs=logs)
        head = HeadFact(stated["size"], stated["root"], stated["state"], block, *hashes)
        self.heads.append(head)
        return head

    def store(self, url: str = "sqlite://") -> GatewayStore:
        """Put the log and the keys into a gateway store at *url*."""
        store = open_store(url)
        with store.appending() as connection:
            store.append(
                connection, [NewRecord(s, s.record.time_ms + 250) for s in self.records], []
            )
        for device, key in self.keys.items():
            registered = DeviceKey(device, 1, PublicKey.of(key))
            store.put_device_key(registered, sha256(der(self.certificates[device])).digest())
        return store

    def key_fact(self, device: DeviceId, until: int = OPEN_SEQUENCE, revoked: int = 0) -> KeyFact:
        """The registry's entry for the device's first key."""
        key = PublicKey.of(self.keys[device])
        return KeyFact(
            epoch=1,
            x=key.x,
            y=key.y,
            from_sequence=1,
            until_sequence=until,
            revoked=revoked,
            certificate_hash=sha256(der(self.certificates[device])).digest(),
            registered_at=FIRST_MS // 1000 - 86_400,
        )

    def money(self, days: int = 3) -> PaperMoney:
        """The first days' takings, shared out by two versions of the terms; the first one's pool is ended."""
        money = PaperMoney(self.chain, "lakeside")
        money.add_pool(100)
        money.add_pool(120)
        money.set_terms(900, terms(20220801, 100))
        money.set_terms(901, terms(20220830, 120))
        for day, head in enumerate(self.heads[:days]):
            if day == 1:
                money.take(2_040, 100, ACCOUNTS["a"])
            if day == 2:
                money.end(2_090, 100)
                money.take(2_091, 100, ACCOUNTS["a"])
                money.take(2_092, 120, ACCOUNTS["c"])
            money.distribute(2_000 + 50 * day, self.facts_of(day), head.size)
        return money

    def facts_of(self, day: int) -> Facts:
        """All that was sold on a day, as the oracle shares it out."""
        first = FIRST_MS + day * DAY_MS
        sold: list[tuple[int, Sale]] = []
        for index, signed in enumerate(self.records):
            body = signed.record.body
            if isinstance(body, Sale) and first <= signed.record.time_ms < first + DAY_MS:
                sold.append((index, body))
        units = Counter[str]()
        for _, sale in sold:
            for line in sale.lines:
                units[line.commodity] += line.quantity
        return Facts(
            project="lakeside",
            business_date=20220829 + day if day < 3 else 20220901 + day - 3,
            entries=tuple((index, False, sale.amount_minor) for index, sale in sold),
            units=tuple(sorted(units.items())),
        )

    def revocation_list(self, *revoked: tuple[int, datetime], days: int = 3_650) -> bytes:
        """The issuing authority's list of (serial number, since), DER; it is due again after *days*."""
        start = datetime.fromtimestamp(self.certified_ms / 1000, UTC)
        crl = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.issuing.subject)
            .last_update(start)
            .next_update(start + timedelta(days=days))
        )
        for serial, since in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(since)
            crl = crl.add_revoked_certificate(entry.build())
        signed = crl.sign(self.issuing_key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.DER)

    def facts(self, device: DeviceId, first_ms: int, until_ms: int) -> KnownFacts:
        """What a projection of the chain would know, for a bundle."""
        money = self.money()
        contracts = (ADDRESSES[n] for n in ("RecordAnchor", "DeviceRegistry", "RevenueSplit"))
        return KnownFacts(
            scope=Scope(
                device,
                first_ms,
                until_ms,
                until_ms,
                31_337,
                *contracts,
                "lakeside",
                ProofClass.MACHINE,
            ),
            keys=[self.key_fact(device)],
            heads=list(self.heads),
            assignments=[
                assign(self.chain, block=800, device=device_hash(device), project="lakeside")
            ],
            certificates=[der(self.issuing), der(self.certificates[device])],
            revocations=[self.revocation_list()],
            terms=money.terms,
            distributions=money.distributions,
            pools=money.pools,
            takes=money.takes,
            prove=self.chain.prove,
        )
