"""The health of a node and of the chain, as one node sees it; and in words, why the chain stands still."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from counterfoil.chain.errors import ChainError
from counterfoil.chain.nodes.network.charter import States
from counterfoil.chain.nodes.network.engines.engine import Engine
from counterfoil.chain.nodes.network.engines.process import running_pid
from counterfoil.chain.nodes.network.folder import MemberFolder
from counterfoil.chain.nodes.network.member_files import disk_of, size_of
from counterfoil.chain.nodes.network.rpc import call_rpc

_STILL_AFTER_S = 60
"""A chain stands still when transactions wait and no block comes for this time; a dead proposer's turn takes 10 s."""
_LEAST_FREE = 2 * 1024**3
_WARN_BEFORE = 2
"""A disk is too full when less than this multiple of the engine's own limit is free."""
_ENDS_SOON_S = 90 * 24 * 3600
_CLOCK_AHEAD_S = 5
_TIME_ERROR = 5


@dataclass
class Health:
    """One node's health.

    ``verdict`` is ``running`` (all is well), ``still`` (the chain stands still, or this node does not follow it) or
    ``unknown``; ``why`` explains it. ``ends_s`` is when the first validator's seat ends, in seconds since 1970; None
    where none ends. ``threshold`` of the ``owners`` decide about membership.
    """

    member: str
    verdict: str = "unknown"
    why: str = ""
    pid: int | None = None
    height: int | None = None
    final: int | None = None
    block_age_s: int | None = None
    waiting: int | None = None
    peers: int | None = None
    validators: int = 0
    connected: int = 0
    needed: int = 0
    owners: list[str] = field(default_factory=list)
    threshold: int = 0
    is_validator: bool = False
    missing: list[str] = field(default_factory=list)
    states: States = "archive"
    data_bytes: int = 0
    disk_free_bytes: int = 0
    disk_bytes: int = 0
    ends_s: int | None = None
    clock_synchronised: bool | None = None
    warnings: list[str] = field(default_factory=list)

    @property
    def exit_status(self) -> int:
        return {"running": 0, "still": 1}.get(self.verdict, 2)


def health_of(engine: Engine, folder: MemberFolder) -> Health:
    """The health of *folder*'s node."""
    found = Health(folder.name, pid=running_pid(folder), states=folder.states)
    _look_at_the_machine(engine, folder, found)
    if found.pid is None:
        found.verdict, found.why = "still", _why_it_does_not_run(engine, folder, found)
        return found
    try:
        peers = engine.peers(folder)
        found.peers = len(peers)
        if not engine.is_ready(folder):
            _say_what_it_waits_for(engine, folder, found, peers)
            return found
        _look_at_the_chain(engine, folder, found)
        _count_validators(engine, folder, found)
    except ChainError as failure:
        found.why = f"the node runs and does not answer yet: {failure}"
        return found
    found.verdict, found.why = _verdict(found)
    return found


def _say_what_it_waits_for(
    engine: Engine, folder: MemberFolder, found: Health, peers: Sequence[str]
) -> None:
    """A node that has just started serves nothing before it agrees with the others about the newest block."""
    members = folder.network.members
    found.missing = [m.name for m in folder.others if m.name not in peers]
    found.connected = len(members) - len(found.missing)
    found.needed = engine.needed(len(members))
    if found.connected < found.needed:
        found.verdict = "still"
        found.why = (
            f"the chain stands still here: the node waits for other members before it serves the chain; "
            f"{found.connected} of {len(members)} are connected, {found.needed} are needed; "
            f"missing: {', '.join(found.missing)}"
        )
    else:
        found.why = "the node runs and does not serve the chain yet: it is catching up"


def _verdict(found: Health) -> tuple[str, str]:
    gone = ", ".join(found.missing)
    if found.validators and found.connected < found.needed:
        return "still", (
            f"the chain stands still: {found.connected} of {found.validators} validators are connected, "
            f"{found.needed} are needed; missing: {gone}"
        )
    if found.waiting and (found.block_age_s or 0) > _STILL_AFTER_S:
        return "still", (
            f"the chain stands still: {found.waiting} transactions wait, and the newest block is "
            f"{found.block_age_s} s old, though enough validators are connected"
        )
    if found.missing:
        return "running", f"the chain goes on without {gone}"
    return "running", "the chain goes on, and nobody is missing"


def _look_at_the_chain(engine: Engine, folder: MemberFolder, found: Health) -> None:
    path = urlsplit(engine.rpc_url(folder)).path or "/"

    def block(tag: str) -> dict[str, Any]:
        found_block: dict[str, Any] = call_rpc(
            folder.rpc_port, path, method="eth_getBlockByNumber", params=[tag, False]
        )
        return found_block

    latest = block("latest")
    found.height = int(latest["number"], 16)
    found.final = int(block("finalized")["number"], 16)
    ahead = int(latest["timestamp"], 16) - time.time()
    found.block_age_s = max(0, int(-ahead))
    if ahead > _CLOCK_AHEAD_S:
        found.warnings.append(f"this machine's clock is {ahead:.0f} s behind the newest block")
    found.waiting = engine.waiting(folder)


def _count_validators(engine: Engine, folder: MemberFolder, found: Health) -> None:
    validators = engine.validators(folder)
    found.threshold, found.owners = engine.owners(folder)
    found.validators = len(validators)
    found.connected = sum(v.is_connected for v in validators)
    found.needed = engine.needed(len(validators))
    found.missing = [v.name for v in validators if not v.is_connected]
    found.is_validator = folder.me.node_id in {v.node_id for v in validators}
    found.ends_s = min((v.ends_s for v in validators if v.ends_s is not None), default=None)
    if found.ends_s is not None and found.ends_s - time.time() < _ENDS_SOON_S:
        names = ", ".join(v.name for v in validators if v.ends_s == found.ends_s)
        found.warnings.append(
            f"the seats of {names} end on {date_of(found.ends_s)}: vote new nodes in before, or the chain ends"
        )


def _look_at_the_machine(engine: Engine, folder: MemberFolder, found: Health) -> None:
    found.data_bytes = size_of(folder.data)
    found.disk_free_bytes, found.disk_bytes = disk_of(folder.path)
    full = disk_warning(found.disk_free_bytes, found.disk_bytes, engine.least_free_percent)
    if full:
        found.warnings.append(full)
    found.clock_synchronised = _is_clock_synchronised()
    if found.clock_synchronised is False:
        found.warnings.append("this machine's clock is not kept by a time service")


def disk_warning(free: int, total: int, least_percent: int) -> str:
    """The warning about a disk of *total* bytes with *free* bytes left; empty while there is room.

    Below *least_percent* the engine ends the node; 0 where it has no such limit.
    """
    if free >= max(_LEAST_FREE, _WARN_BEFORE * total * least_percent // 100):
        return ""
    said = f"only {free // 1024**2:,} MiB of disk are free, {100 * free / total:.1f} %"
    if least_percent:
        said += f"; below {least_percent} % the engine ends the node"
    return said


def date_of(seconds: int) -> str:
    """The day in UTC, as 2036-11-23."""
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def _why_it_does_not_run(engine: Engine, folder: MemberFolder, found: Health) -> str:
    start = f"counterfoil network start {folder.path}"
    if 100 * found.disk_free_bytes < found.disk_bytes * engine.least_free_percent:
        return (
            f"the node does not run, and can't: less than {engine.least_free_percent} % of its disk are free; "
            f"make room, then {start}"
        )
    return f"the node does not run: {start}"


def _is_clock_synchronised() -> bool | None:
    """Whether the kernel says that a time service keeps the clock; None where it can't be asked."""
    if not Path("/proc/self").exists():
        return None
    try:
        status = ctypes.CDLL(None, use_errno=True).ntp_adjtime(ctypes.create_string_buffer(512))
    except (OSError, AttributeError):
        return None
    return None if status < 0 else status != _TIME_ERROR
