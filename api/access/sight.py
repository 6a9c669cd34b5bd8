"""What one reader may see."""

from __future__ import annotations

from dataclasses import dataclass

from counterfoil.api.access.parties import NoAccount
from counterfoil.chain.address import Address
from counterfoil.gateway.record.identity import DeviceId


@dataclass(frozen=True)
class Machine:
    """A registered device with its name; *project* is empty where it has none."""

    device: DeviceId
    label: str
    location: str
    kind: str
    owner: Address
    operator: Address
    project: str
    status: str
    epoch: int


@dataclass(frozen=True)
class Sight:
    """What a party may see: its account ("" for none), devices, and projects by name.

    *run* are those of the projects that it runs: there it sees every credit, elsewhere its own.
    *everything* is for admins, banks and auditors.
    """

    account: Address | NoAccount
    devices: frozenset[DeviceId]
    projects: frozenset[str]
    run: frozenset[str]
    everything: bool


@dataclass(frozen=True)
class Shared:
    """A distribution on chain, with the credits that its reader may see."""

    batch: str
    project: str
    business_date: int
    version: int
    gross_minor: int
    refunds_minor: int
    tax_minor: int
    head_size: int
    facts_hash: str
    block_number: int
    transaction_hash: str
    carried_before_minor: int
    carried_minor: int
    credits: tuple[tuple[str, Address, int], ...]
