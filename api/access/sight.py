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

    *run* are the projects that it runs: there it sees every credit, in the others its own.
    *everything* is of the operation that is asked for: the table of roles says for which it is everybody's.
    """

    account: Address | NoAccount
    devices: frozenset[DeviceId]
    projects: frozenset[str]
    run: frozenset[str]
    everything: bool
