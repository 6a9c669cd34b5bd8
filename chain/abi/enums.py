"""The contracts' enumerations and the consortium's roles: generated from ``contracts/``, not to be edited. Pure.

``python -m counterfoil.chain.compilation`` writes this file.
"""

from __future__ import annotations

from typing import Literal

from counterfoil.chain.abi.contract_enum import ContractEnum


class Asset(ContractEnum):
    """ISettlement.Asset."""

    CLAIM_PART = 0
    WAREHOUSE_RECEIPT = 1
    PROJECT_SHARE = 2
    DEPOSIT_TOKEN = 3


AssetName = Literal["claim_part", "warehouse_receipt", "project_share", "cash"]


class Basis(ContractEnum):
    """Waterfall.Basis."""

    FIXED = 0
    PER_UNIT = 1
    NET_BASIS_POINTS = 2
    REMAINDER_BASIS_POINTS = 3


BasisName = Literal["fixed", "per_unit", "net_basis_points", "remainder_basis_points"]


class ClaimKind(ContractEnum):
    """IReceivables.Kind."""

    RECEIVABLE = 0
    PAYABLE = 1
    ORDER = 2


ClaimKindName = Literal["receivable", "payable", "order"]


class ClaimState(ContractEnum):
    """IReceivables.State."""

    NONE = 0
    DRAFT = 1
    REGISTERED = 2
    CONFIRMED = 3
    MATURED = 4
    SETTLED = 5
    OVERDUE = 6
    RECOURSE = 7
    DEFAULTED = 8
    CANCELLED = 9


ClaimStateName = Literal[
    "draft",
    "registered",
    "confirmed",
    "matured",
    "settled",
    "overdue",
    "recourse",
    "defaulted",
    "cancelled",
]


class Convention(ContractEnum):
    """Interest.Convention."""

    ACT_360 = 0
    ACT_365F = 1
    THIRTY_E_360 = 2
    ACT_ACT_ISDA = 3


ConventionName = Literal["A/360", "A/365F", "30E/360", "A/A ISDA"]


class Debt(ContractEnum):
    """ICreditLine.Debt."""

    COSTS = 0
    PENALTY = 1
    INTEREST = 2
    PRINCIPAL = 3


DebtName = Literal["costs", "penalty", "interest", "principal"]


class DeviceStatus(ContractEnum):
    """IDeviceRegistry.Status."""

    NONE = 0
    ACTIVE = 1
    SUSPENDED = 2


DeviceStatusName = Literal["active", "suspended"]


class DisputePlace(ContractEnum):
    """IRecordDispute.Place."""

    UNPROVEN = 0
    IN_LOG = 1
    ABSENT = 2
    DISPLACED = 3


DisputePlaceName = Literal["unproven", "in_log", "absent", "displaced"]


class DisputeWord(ContractEnum):
    """IRecordDispute.Word."""

    UNJUDGED = 0
    SIGNED = 1
    KEY_UNKNOWN = 2
    SEQUENCE_OUTSIDE_KEY = 3
    KEY_ID_DIFFERS = 4
    SIGNATURE_INVALID = 5


DisputeWordName = Literal[
    "unjudged",
    "signed",
    "key_unknown",
    "sequence_outside_key",
    "key_id_differs",
    "signature_invalid",
]


class LineState(ContractEnum):
    """ICreditLine.LineState."""

    NONE = 0
    APPLIED = 1
    APPROVED = 2
    ACTIVE = 3
    FROZEN = 4
    CLOSED = 5


LineStateName = Literal["applied", "approved", "active", "frozen", "closed"]


class LoanState(ContractEnum):
    """ICreditLine.LoanState."""

    NONE = 0
    CURRENT = 1
    GRACE = 2
    DELINQUENT = 3
    DEFAULT = 4
    WRITTEN_OFF = 5
    RECOVERED = 6
    REPAID = 7


LoanStateName = Literal[
    "current",
    "grace",
    "delinquent",
    "default",
    "written_off",
    "recovered",
    "repaid",
]


class Motion(ContractEnum):
    """ICreditLine.Motion."""

    APPROVE = 0
    LIFT_FREEZE = 1


MotionName = Literal["approve", "lift_freeze"]


class Period(ContractEnum):
    """IRevenueSplit.Period."""

    DAY = 0
    MONTH = 1


PeriodName = Literal["day", "month"]


class Plan(ContractEnum):
    """ICreditLine.Plan."""

    BULLET = 0
    EQUAL_PRINCIPAL = 1
    ANNUITY = 2
    INTEREST_ONLY = 3
    REVENUE_SHARE = 4


PlanName = Literal["bullet", "equal_principal", "annuity", "interest_only", "revenue_share"]


class PromiseStatus(ContractEnum):
    """IPromiseChallenge.Status."""

    NONE = 0
    OPEN = 1
    KEPT = 2
    KEPT_LATE = 3
    BROKEN = 4
    VOID = 5


PromiseStatusName = Literal["open", "kept", "kept_late", "broken", "void"]


class ReceiptState(ContractEnum):
    """IWarehouseReceipts.State."""

    NONE = 0
    ISSUED = 1
    VERIFIED = 2
    PLEDGED = 3
    PARTIAL_RELEASE = 4
    DELIVERED = 5
    FORECLOSED = 6
    SPLIT = 7
    SURRENDERED = 8


ReceiptStateName = Literal[
    "issued",
    "verified",
    "pledged",
    "partial_release",
    "delivered",
    "foreclosed",
    "split",
    "surrendered",
]


class Refusal(ContractEnum):
    """IParticipantRegistry.Refusal."""

    NONE = 0
    NOT_ADMITTED = 1
    NOT_CERTIFIED = 2
    FROZEN = 3
    PART_NOT_PLAYED = 4


RefusalName = Literal["not_admitted", "not_certified", "frozen", "part_not_played"]


class Role(ContractEnum):
    """Roles, and OpenZeppelin's own ADMIN."""

    ADMIN = 0
    REGISTRAR = 1
    ORACLE = 2
    BANK = 3
    CORE_ENTERPRISE = 4
    WAREHOUSE = 5
    SUPERVISOR = 6
    COMMITTEE = 7
    GUARDIAN = 8
    CALENDAR = 9


RoleName = Literal[
    "admin",
    "registrar",
    "oracle",
    "bank",
    "core_enterprise",
    "warehouse",
    "supervisor",
    "committee",
    "guardian",
    "calendar",
]


class Standing(ContractEnum):
    """ClaimParts.Standing."""

    GONE = 0
    HELD = 1
    PLEDGED = 2
    DEMANDED = 3


StandingName = Literal["gone", "held", "pledged", "demanded"]


class Status(ContractEnum):
    """IOracleQuorum.Status."""

    NONE = 0
    EXECUTED = 1
    REVOKED = 2


StatusName = Literal["executed", "revoked"]


class Supply(ContractEnum):
    """IRevenueSplit.Supply."""

    ON_CREDIT = 0
    PREPAID = 1


SupplyName = Literal["on_credit", "prepaid"]


class Tier(ContractEnum):
    """IRevenueSplit.Tier."""

    REFUND = 0
    TAX = 1
    GOODS = 2
    FEE = 3
    SWEEP = 4
    ALLOCATION = 5
    RESIDUAL = 6


TierName = Literal["refund", "tax", "goods", "fee", "sweep", "allocation", "residual"]
