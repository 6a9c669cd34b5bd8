"""Sets up participants, devices, projects and terms on chain. Each call does only what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session

from counterfoil.chain.address import NOBODY, Address
from counterfoil.chain.client import ChainClient
from counterfoil.chain.hexadecimal import to_hex
from counterfoil.chain.keys.signer import Signer
from counterfoil.chain.transaction import transact, transact_all
from counterfoil.gateway.record.identity import DeviceId, PublicKey, device_hash, on_chain_id
from counterfoil.oracle.errors import InputMalformed
from counterfoil.oracle.rules.investor_pool import PoolList
from counterfoil.oracle.rules.split_terms import investors_of, terms_argument
from counterfoil.oracle.store.directory_tables import (
    KnownDevice,
    KnownGoods,
    KnownParticipant,
    KnownProject,
    KnownTerms,
)

ROLE_BITS = {
    "operator": 0,
    "manufacturer": 1,
    "site": 2,
    "investor": 3,
    "supplier": 4,
    "bank": 5,
    "platform": 6,
    "obligor": 8,
    "creditor": 9,
    "holder": 10,
    "borrower": 11,
    "lender": 12,
    "issuer": 13,
    "shareholder": 14,
    "depositor": 15,
}
"""Bit numbers of what a participant is in trade (below 8) and of what it may begin (libraries/Parts.sol)."""

_COMPANY = ("obligor", "creditor", "holder", "borrower", "shareholder", "depositor")
PARTS_OF: Mapping[str, Sequence[str]] = {
    "operator": (*_COMPANY, "issuer"),
    "manufacturer": _COMPANY,
    "supplier": _COMPANY,
    "investor": ("holder", "shareholder"),
    "bank": ("lender", "holder", "shareholder", "depositor"),
}
"""What a participant may begin by its trade; a site and the platform are paid, and begin nothing."""


def bits_of(roles: Sequence[str]) -> int:
    """The bits of *roles* and of what each of them may begin.

    Raises:
        InputMalformed: there is no such role.
    """
    unknown = [role for role in roles if role not in ROLE_BITS]
    if unknown:
        raise InputMalformed(f"no role {unknown[0]}: there are {', '.join(ROLE_BITS)}")
    names = {name for role in roles for name in (role, *PARTS_OF.get(role, ()))}
    return sum(1 << ROLE_BITS[name] for name in names)


@dataclass(frozen=True)
class NewDevice:
    """A machine to register: its certified record key and its proof of possession (r || s)."""

    device: DeviceId
    key: PublicKey
    certificate_hash: bytes
    possession: bytes
    owner: str
    operator: str
    project: str
    label: str
    location: str = ""
    kind: str = "vending"


class Registrar:
    """Sends as REGISTRAR (as SUPERVISOR for collection accounts), and stores the names off chain."""

    def __init__(
        self, engine: Engine, client: ChainClient, registrar: Signer, supervisor: Signer
    ) -> None:
        self._engine = engine
        self._client = client
        self._registrar = registrar
        self._supervisor = supervisor

    def admit(self, participants: Mapping[str, tuple[str, str, Sequence[str]]], until: int) -> None:
        """Admit participants and certify them until chain time *until*: party → (account, name, roles).

        What each may begin follows from its roles, see ``PARTS_OF``.
        """
        registry = self._client.address_of("ParticipantRegistry")
        calls: list[tuple[str, bytes]] = []
        certify: list[tuple[str, bytes]] = []
        with Session(self._engine) as session:
            for party, (account, name, _) in participants.items():
                session.merge(KnownParticipant(account=Address(account), party=party, name=name))
            session.commit()
        asked = [(account,) for account, _, _ in participants.values()]
        held = self._client.call_all("ParticipantRegistry", "participant", asked)
        for (party, (account, name, parts)), entry in zip(participants.items(), held, strict=True):
            profile = sha256(b"counterfoil profile" + party.encode() + name.encode()).digest()
            if entry["profile"] == bytes(32):
                values = account, bits_of(parts), profile
                calls.append(
                    (registry, self._client.encode("ParticipantRegistry", "admit", *values))
                )
            if entry["certifiedUntil"] < until:
                values = account, until, profile
                certify.append(
                    (registry, self._client.encode("ParticipantRegistry", "certify", *values))
                )
        transact_all(self._client, self._registrar, calls)
        transact_all(self._client, self._registrar, certify)

    def open_project(self, project: KnownProject) -> None:
        """Open the project's collection account and the project itself.

        Raises:
            InputMalformed: the deposit token is in another currency than the project.
        """
        currency = self._client.call("DepositToken", "currency")
        if project.currency != currency:
            raise InputMalformed(
                f"{project.project} is in {project.currency}, the token in {currency}"
            )
        name = on_chain_id(project.project)
        token = self._client.address_of("DepositToken")
        split = self._client.address_of("RevenueSplit")
        project.project_hash = to_hex(name)
        with Session(self._engine) as session:
            session.merge(project)
            session.commit()
        if int(self._client.call("RevenueSplit", "tokenOf", name), 16) != 0:
            return
        transact_all(
            self._client,
            self._supervisor,
            [(token, self._client.encode("DepositToken", "openCollection", name))],
        )
        transact_all(
            self._client,
            self._registrar,
            [(split, self._client.encode("RevenueSplit", "openProject", name, token))],
        )

    def set_terms(self, project: str, terms: Mapping[str, Any]) -> None:
        """Add *terms*, as ``rules.split_terms.terms_argument`` makes them, unless that date has terms.

        The investors of their pool that are not there yet are added first, in pieces.
        """
        with Session(self._engine) as session:
            key = (project, int(terms["effective_from"]))
            for line in terms["goods"]:
                if line["code"]:
                    session.merge(
                        KnownGoods(goods_hash=to_hex(on_chain_id(line["code"])), code=line["code"])
                    )
            session.merge(KnownTerms(project=project, effective_from=key[1], terms=dict(terms)))
            session.commit()
        name = on_chain_id(project)
        for version in range(1, self._client.call("RevenueSplit", "versionCount", name) + 1):
            if (
                self._client.call("RevenueSplit", "termsOf", name, version)["effectiveFrom"]
                == key[1]
            ):
                return
        split = self._client.address_of("RevenueSplit")
        calls: list[bytes] = []
        pool = NOBODY
        if investors := investors_of(terms):
            found = PoolList.of(investors)
            pool = found.account(split, name)
            left = self._client.call("RevenueSplit", "nextInvestors", name, found.name)
            if any(left):
                calls += [
                    self._client.encode("RevenueSplit", "addInvestors", *arguments)
                    for arguments in found.calls(name, left)
                ]
        calls.append(
            self._client.encode("RevenueSplit", "setTerms", name, terms_argument(terms, pool))
        )
        for data in calls:  # each depends on the one before
            transact(self._client, signer=self._registrar, to=split, data=data)

    def register(self, devices: Sequence[NewDevice]) -> None:
        """Register these machines, each with the key of its first epoch."""
        registry = self._client.address_of("DeviceRegistry")
        calls: list[tuple[str, bytes]] = []
        names = [device_hash(new.device) for new in devices]
        with Session(self._engine) as session:
            for new, name in zip(devices, names, strict=True):
                session.merge(
                    KnownDevice(
                        device=new.device,
                        device_hash=to_hex(name),
                        label=new.label,
                        location=new.location,
                        kind=new.kind,
                    )
                )
            session.commit()
        held = self._client.call_all("DeviceRegistry", "device", [(name,) for name in names])
        for new, name, entry in zip(devices, names, held, strict=True):
            if entry["epoch"] != 0:
                continue
            key = {
                "x": new.key.x,
                "y": new.key.y,
                "certificateHash": new.certificate_hash,
                "r": new.possession[:32],
                "s": new.possession[32:],
            }
            project = on_chain_id(new.project) if new.project else bytes(32)
            data = self._client.encode(
                "DeviceRegistry", "register", name, new.owner, new.operator, project, key
            )
            calls.append((registry, data))
        transact_all(self._client, self._registrar, calls)
