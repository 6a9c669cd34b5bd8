"""A consortium: who holds which role, which functions a role may call, and what each contract is created with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from counterfoil.chain.abi.enums import Role
from counterfoil.chain.address import Address

ACCOUNT_ROLES = tuple(
    role.wire_name
    for role in (
        Role.ADMIN,
        Role.REGISTRAR,
        Role.ORACLE,
        Role.BANK,
        Role.SUPERVISOR,
        Role.COMMITTEE,
        Role.GUARDIAN,
    )
)
"""Where one party runs the whole consortium, each of these roles has an account; in the accounts' order."""

FUNCTION_ROLES: Mapping[str, Mapping[Role, Sequence[str]]] = {
    "ParticipantRegistry": {
        Role.REGISTRAR: ["admit", "addParts", "certify"],
        Role.SUPERVISOR: ["freeze", "unfreeze", "removeParts"],
        Role.COMMITTEE: ["setRules"],
    },
    "DeviceRegistry": {
        Role.REGISTRAR: ["register", "rotate", "renewCertificate", "revoke", "assign"],
        Role.SUPERVISOR: ["setSuspended"],
        Role.COMMITTEE: ["repudiate"],
    },
    "RecordAnchor": {Role.COMMITTEE: ["setQuorum"]},
    "PromiseChallenge": {Role.REGISTRAR: ["setGateway"]},
    "DepositToken": {
        Role.BANK: ["mint", "confirmPaid"],
        Role.SUPERVISOR: ["openCollection"],
        Role.GUARDIAN: ["pause"],
        Role.COMMITTEE: ["unpause", "setBank"],
    },
    "RevenueSplit": {
        Role.REGISTRAR: ["openProject", "setTerms"],
        Role.ORACLE: ["distribute"],
        Role.GUARDIAN: ["pause"],
        Role.COMMITTEE: ["unpause"],
    },
    "BusinessCalendar": {Role.CALENDAR: ["advance"], Role.COMMITTEE: ["jump"]},
    "Receivables": {
        Role.SUPERVISOR: ["resolveDispute"],
        Role.GUARDIAN: ["pause"],
        Role.COMMITTEE: ["unpause"],
    },
    "CreditLine": {
        Role.SUPERVISOR: ["decideCosts"],
        Role.GUARDIAN: ["pause"],
        Role.COMMITTEE: ["carry", "unpause"],
    },
    "WarehouseReceipts": {
        Role.WAREHOUSE: ["issue"],
        Role.SUPERVISOR: ["verify"],
        Role.ORACLE: ["postPrice"],
        Role.GUARDIAN: ["pause"],
        Role.COMMITTEE: ["unpause"],
    },
    "ProjectShare": {
        Role.REGISTRAR: ["openProject"],
        Role.GUARDIAN: ["pause"],
        Role.COMMITTEE: ["unpause"],
    },
    "Settlement": {Role.GUARDIAN: ["pause"], Role.COMMITTEE: ["unpause"]},
}
"""By contract and role, the functions that the role may call."""
SETTLED = ("Receivables", "WarehouseReceipts", "ProjectShare")
"""The ledgers whose assets the Settlement contract moves."""
PLEDGEES = ("CreditLine",)
"""The contracts that take what is paid on a pledged part, and release it."""
TOKEN_LEDGERS = ("Receivables", "CreditLine", "ProjectShare")
"""The ledgers that hold deposit tokens for others."""


@dataclass(frozen=True)
class Consortium:
    """Who holds which role, and the bank's token.

    ``threshold`` of the accounts ``signers`` must sign a head or a movement of revenue; the contract OracleQuorum holds
    the role ORACLE for them. ``oracle`` is an account that holds ORACLE as well; it is empty where no single account
    may move money. ``members`` are the committee's accounts beside ``committee``; ``credit_votes`` of them
    carry a motion, more than half (0: the fewest that are). The contract Committee holds the role COMMITTEE for them,
    and ADMIN with a delay of ``admin_delay_s`` seconds. ``calendar`` moves the business date; where it is empty,
    ``oracle`` does. A gateway's operator must answer a challenged promise within ``promise_answer_s`` seconds. A price
    of pledged goods may be ``price_days`` days old when it is used.
    """

    registrar: str
    oracle: str
    bank: str
    supervisor: str
    committee: str
    guardian: str
    signers: Sequence[str]
    threshold: int = 1
    currency: str = "CNY"
    decimals: int = 2
    bank_name: str = "Deposit token"
    members: Sequence[str] = ()
    credit_votes: int = 0
    admin_delay_s: int = 172_800
    calendar: str = ""
    warehouses: Sequence[str] = ()
    promise_answer_s: int = 86_400
    price_days: int = 7


def constructors(
    admin: str, c: Consortium
) -> list[tuple[str, Callable[[Mapping[str, str]], list[Any]]]]:
    """The contracts in the order of their creation, each with how its arguments come of earlier addresses."""
    return [
        ("ConsortiumAccess", lambda _: [admin]),
        ("DeploymentRegistry", lambda at: [at["ConsortiumAccess"]]),
        ("ParticipantRegistry", lambda at: [at["ConsortiumAccess"]]),
        (
            "RecordAnchor",
            lambda at: [at["ConsortiumAccess"], sorted(c.signers, key=_as_number), c.threshold],
        ),
        ("DeviceRegistry", lambda at: [at["ConsortiumAccess"], at["RecordAnchor"]]),
        (
            "DepositToken",
            lambda at: [
                at["ConsortiumAccess"],
                at["ParticipantRegistry"],
                c.bank,
                c.bank_name,
                f"d{c.currency}",
                c.currency,
                c.decimals,
            ],
        ),
        ("SplitTerms", lambda _: []),
        (
            "RevenueSplit",
            lambda at: [at[n] for n in ("ConsortiumAccess", "ParticipantRegistry", "RecordAnchor")],
        ),
        ("OracleQuorum", lambda at: [at["RecordAnchor"]]),
        ("BusinessCalendar", lambda at: [at["ConsortiumAccess"]]),
        ("ClaimTerms", lambda _: []),
        (
            "Receivables",
            lambda at: [
                at[n] for n in ("ConsortiumAccess", "ParticipantRegistry", "BusinessCalendar")
            ],
        ),
        ("Instalments", lambda _: []),
        (
            "CreditLine",
            lambda at: [
                at["ConsortiumAccess"],
                at["ParticipantRegistry"],
                at["BusinessCalendar"],
                at["Receivables"],
            ],
        ),
        (
            "Committee",
            lambda at: [
                at["ConsortiumAccess"],
                [c.committee, *c.members],
                c.credit_votes or (1 + len(c.members)) // 2 + 1,
                [at["CreditLine"]],
            ],
        ),
        (
            "WarehouseReceipts",
            lambda at: [
                at["ConsortiumAccess"],
                at["ParticipantRegistry"],
                at["BusinessCalendar"],
                at["CreditLine"],
                c.price_days,
            ],
        ),
        ("ProjectShare", lambda at: [at["ConsortiumAccess"], at["ParticipantRegistry"]]),
        (
            "Settlement",
            lambda at: [
                at[n]
                for n in (
                    "ConsortiumAccess",
                    "ParticipantRegistry",
                    "BusinessCalendar",
                    *SETTLED,
                )
            ],
        ),
        ("RecordDispute", lambda at: [at["DeviceRegistry"], at["RecordAnchor"]]),
        (
            "PromiseChallenge",
            lambda at: [at["ConsortiumAccess"], at["RecordAnchor"], c.promise_answer_s],
        ),
    ]


def role_holders(
    consortium: Consortium, quorum: Address, committee: Address
) -> list[tuple[Role, str]]:
    """Each role but ADMIN with each account that holds it; *quorum* and *committee* are contracts."""
    return [
        (Role.REGISTRAR, consortium.registrar),
        (Role.ORACLE, quorum),
        *((Role.ORACLE, account) for account in (consortium.oracle,) if account),
        (Role.BANK, consortium.bank),
        (Role.SUPERVISOR, consortium.supervisor),
        (Role.GUARDIAN, consortium.guardian),
        (Role.CALENDAR, consortium.calendar or consortium.oracle),
        (Role.COMMITTEE, committee),
        *((Role.WAREHOUSE, account) for account in consortium.warehouses),
    ]


def _as_number(account: str) -> int:
    return int(account, 16)
