"""The bundle of a machine's days, made out of this installation for whoever may see the machine."""

from __future__ import annotations

from datetime import date, timedelta

from counterfoil.api.access.sight import Machine, Sight
from counterfoil.api.audit.making.collection import collect
from counterfoil.api.audit.making.known_facts import known_facts
from counterfoil.api.audit.verification.bundle_format import encode
from counterfoil.api.http.context import ApiParts
from counterfoil.chain.client import ChainClient
from counterfoil.gateway.record.identity import DeviceId
from counterfoil.gateway.record.utc_date import midnight_ms


def are_in_order(first: date, last: date) -> bool:
    """Whether a bundle can be of the days from *first* to *last*."""
    return last >= first and 1970 <= first.year <= last.year < 9999


def bundle_of(
    parts: ApiParts,
    sight: Sight,
    machine: Machine,
    first: date,
    last: date,
    client: ChainClient | None,
) -> bytes:
    """Return the file of *machine* for the days from *first* to *last* (UTC, both included).

    It shows distributions only to those who run the project or may see everything. Raises NothingToBundleError while
    no anchored head covers a record, ChainError when the node fails.
    """
    facts = known_facts(
        parts.reads,
        device=DeviceId(machine.device),
        first_ms=midnight_ms(first),
        until_ms=midnight_ms(last + timedelta(days=1)),
        certificates=parts.settings.certificates,
        client=client,
        shows=lambda project: sight.everything or project in sight.run,
    )
    return encode(collect(parts.gateway, parts.settings.tiles, facts))


def bundle_name(machine: Machine, first: date, last: date) -> str:
    """Return the name that such a file is given."""
    return f"{machine.device.rsplit(':', 1)[-1]}-{first}-{last}.bundle"
