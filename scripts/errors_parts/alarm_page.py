"""docs/alarms.md: what each alarm means, what to do and when it ends."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from fault_declarations import Fault

_TOP = Path(__file__).with_name("alarms_top.txt")
_GATEWAY, _ORACLE, _HOUSE = "a gateway", "the oracle", "whoever looks"
ENDINGS: dict[str, tuple[str, str]] = {
    "api.unreachable": (_HOUSE, "The API responds."),
    "certificate.ends_soon": (_GATEWAY + ", the API", "The certificate is renewed."),
    "certificate.list_ends_soon": (_GATEWAY + ", the API", "A newer list is there."),
    "chain.node_unreachable": (_HOUSE, "A node responds."),
    "chain.nodes_disagree": (_HOUSE, "Every node responds and has the same blocks."),
    "chain.transaction_waits": (_HOUSE, "No transaction waits for more than a minute."),
    "clock.differs": (_HOUSE, "The next block, or the next answer, is within half a minute."),
    "day.differs": (_ORACLE, "The same day, or a later one, is closed without a difference."),
    "disk.full": (
        _GATEWAY + ", the API",
        "200 MB are free, or a twentieth of a disk of less than 4 GB.",
    ),
    "file.unreadable": (_GATEWAY + ", the API", "The file can be read."),
    "gateway.unreachable": (_HOUSE, "The gateway responds."),
    "head.gossip_differs": (
        _ORACLE,
        "Somebody says so: `counterfoil oracle alarm-seen NUMBER --note …`. It is evidence.",
    ),
    "head.key_awaited": (_ORACLE, "The log goes on."),
    "instruction.waits": (_HOUSE, "No instruction waits for more than a minute."),
    "intake.stalled": (_GATEWAY, "A batch is committed or given up."),
    "log.copy_differs": (_ORACLE, "The records give the anchored head."),
    "log.record_not_believed": (_ORACLE, "The log goes on."),
    "log.store_behind": (_ORACLE, "The log goes on."),
    "oracle.silent": (_HOUSE, "The oracle gives a sign of life."),
    "oracle.step_waits": (_ORACLE, "The part that the detail names goes on."),
    "process.worker_hung": (_GATEWAY, "Ten minutes after the last one, if all run."),
    "process.worker_lost": (_GATEWAY, "Ten minutes after the last one, if all run."),
    "quorum.node_not_well": (_HOUSE, "The node responds and its copy goes on."),
    "revenue.distribution_unknown": (
        _ORACLE,
        "The sales of each of the chain's distributions are known: `told.db` is put back.",
    ),
    "store.not_committed": (_GATEWAY, "A commit succeeds."),
    "store.unreadable": (_GATEWAY + ", the API", "The database can be read."),
}
"""code → (who says it, when it ends)."""


def alarm_page_of(faults: Iterable[Fault]) -> str:
    """The whole page; what a code means and what to do is its declaration's."""
    declared = {fault.code: fault for fault in faults}
    lines = [
        _TOP.read_text(),
        "| code | means | what to do | who says it | ends when |",
        "|---|---|---|---|---|",
    ]
    for code, (who, ends) in sorted(ENDINGS.items()):
        fault = declared[code]
        cells = (f"`{code}`", fault.means, fault.to_do, who, ends)
        lines.append(
            "| " + " | ".join(" ".join(c.split()).replace("|", "\\|") for c in cells) + " |"
        )
    return "\n".join([*lines, ""])
