"""Reads terms by the field names of the ACTUS dictionary.

Rules that this module keeps:

- A number is read from its text, digit by digit, never through a float.
- A missing term that the contract type needs, a value that a term can't have, and terms that contradict each other are
  refused with the field's name before anything is computed. Terms that no schedule depends on are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any, TypeVar

from counterfoil.oracle.rules.schedule.business_days import BusinessDayConvention, Calendar
from counterfoil.oracle.rules.schedule.contract_terms import (
    SIGNS,
    ContractTerms,
    ContractType,
    DayCount,
    FeeBasis,
    InterestCalculationBase,
)
from counterfoil.oracle.rules.schedule.cycles import Cycle, EndOfMonthConvention
from counterfoil.oracle.rules.schedule.errors import (
    ContractTypeUnsupported,
    CycleInvalid,
    EnumUnknown,
    FieldMissing,
    FieldUnknown,
    ValueInvalid,
)
from counterfoil.oracle.rules.schedule.term_checks import check_needs, check_order

_LONGEST = 60
_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.0+)?)?)?Z?")
E_ = TypeVar("E_", bound=Enum)


def read_time(field: str, value: Any) -> datetime:
    """Read an ISO 8601 time without a zone; 24:00 is the next day's 00:00. Raises ValueInvalid."""
    found = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    try:
        if found is None:
            raise ValueError
        day = datetime.fromisoformat(found[1])
        hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
        if (hours, minutes, seconds) == (24, 0, 0):
            return day + timedelta(days=1)
        return day.replace(hour=hours, minute=minutes, second=seconds)
    except (ValueError, OverflowError) as wrong:
        raise ValueInvalid(f"{field}: {value!r} is no date like 2013-01-01T00:00:00") from wrong


def read_number(field: str, value: Any) -> Decimal:
    """Read a number from its text, or from JSON. Raises ValueInvalid."""
    try:
        if isinstance(value, bool | float) or not isinstance(value, str | int | Decimal):
            raise InvalidOperation
        number = Decimal(value.strip() if isinstance(value, str) else value)
        if not number.is_finite():
            raise InvalidOperation
    except InvalidOperation as wrong:
        raise ValueInvalid(f"{field}: {value!r} is no number") from wrong
    if number.adjusted() > _LONGEST // 2 or len(number.as_tuple().digits) > _LONGEST:
        raise ValueInvalid(f"{field}: a number of that size is not counted with")
    return number


def read_terms(given: Mapping[str, Any]) -> ContractTerms:
    """Read the terms of a contract that has a schedule; raises a ScheduleError that names the field."""
    present = {
        name: value
        for name, value in given.items()
        if value is not None and not (isinstance(value, str) and not value.strip())
    }
    _refuse_other_spellings(present)
    kind = present.get("contractType")
    if kind is None:
        raise FieldMissing("contractType is missing")
    if not isinstance(kind, str) or kind.strip() not in set(ContractType):
        supported = ", ".join(ContractType)
        raise ContractTypeUnsupported(f"contractType {kind!r}: {supported} are supported")
    read: dict[str, Any] = {}
    for name, (attribute, reader) in _READERS.items():
        if name in present:
            read[attribute] = reader(name, present[name])
        elif name in _ALWAYS:
            raise FieldMissing(f"{name} is missing")
    terms = ContractTerms(**read)
    check_needs(terms)
    check_order(terms)
    return terms


def _refuse_other_spellings(present: Mapping[str, Any]) -> None:
    right = {name.lower(): name for name in _READERS}
    for name in present:
        spelt = right.get(name.lower(), name)
        if spelt != name:
            raise FieldUnknown(f"{name}: the dictionary spells it {spelt}")


def _text(field: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueInvalid(f"{field}: {value!r} is no text")
    return value.strip()


def _cycle(field: str, value: Any) -> Cycle:
    try:
        return Cycle.parse(_text(field, value))
    except CycleInvalid as wrong:
        raise CycleInvalid(f"{field}: {wrong}") from wrong


def _one_of(values: type[E_], also: Mapping[str, E_] | None = None) -> Callable[[str, Any], E_]:
    """Return a reader of an enumeration's members by their codes."""
    known = {str(value.value): value for value in values} | dict(also or {})

    def read(field: str, value: Any) -> E_:
        code = _text(field, value)
        if code not in known:
            listed = ", ".join(str(one.value) for one in values)
            raise EnumUnknown(f"{field} {code!r}: {listed} are known")
        return known[code]

    return read


def _role(field: str, value: Any) -> str:
    role = _text(field, value)
    if role not in SIGNS:
        raise EnumUnknown(f"{field} {role!r}: {', '.join(SIGNS)} are known")
    return role


def _cycle_point(field: str, value: Any) -> str:
    """Interest is paid at the end of its period; payment in advance is not supported."""
    if _text(field, value) != "E":
        raise EnumUnknown(f"{field} {value!r}: only E, at the end of the cycle, is supported")
    return "E"


def _scaling_effect(field: str, value: Any) -> str:
    """Three characters: I, N and M, each of them or 0 (also O) for none."""
    effect = _text(field, value).upper()
    if re.fullmatch("[I0O][N0O][M0O]", effect) is None:
        raise EnumUnknown(f"{field} {value!r}: 000, I00, 0N0, IN0 and the like are known")
    return effect


def _camel(attribute: str) -> str:
    head, *rest = attribute.split("_")
    special = {"ied": "IED", "id": "ID"}
    return head + "".join(special.get(part, part.capitalize()) for part in rest)


_DAY_COUNTS = {
    **dict.fromkeys(("A/A", "A/AISDA", "A/A ISDA", "AAISDA"), DayCount.AA),
    "A/360": DayCount.A360,
    **dict.fromkeys(("A/365", "A/365F", "A365F"), DayCount.A365),
    "30E/360": DayCount.THIRTY_E_360,
    **dict.fromkeys(("30E/360ISDA", "30E/360 ISDA", "30E360 ISDA"), DayCount.THIRTY_E_360_ISDA),
    "28E/336": DayCount.TWENTY_EIGHT_E_336,
    "B/252": DayCount.B252,
}
_BY_TYPE: dict[str, Callable[[str, Any], Any]] = {
    "ContractType": _one_of(ContractType),
    "DayCount": _one_of(DayCount, _DAY_COUNTS),
    "Calendar": _one_of(Calendar, {"NoCalendar": Calendar.NC, "MondayToFriday": Calendar.MF}),
    "BusinessDayConvention": _one_of(
        BusinessDayConvention,
        {"NULL": BusinessDayConvention.NOS, "NONE": BusinessDayConvention.NOS},
    ),
    "EndOfMonthConvention": _one_of(EndOfMonthConvention),
    "InterestCalculationBase": _one_of(InterestCalculationBase),
    "FeeBasis": _one_of(FeeBasis),
    "datetime": read_time,
    "Decimal": read_number,
    "Cycle": _cycle,
    "str": _text,
}
_OWN: dict[str, Callable[[str, Any], Any]] = {
    "contract_role": _role,
    "cycle_point_of_interest_payment": _cycle_point,
    "scaling_effect": _scaling_effect,
}
_READERS: dict[str, tuple[str, Callable[[str, Any], Any]]] = {
    _camel(field.name): (
        field.name,
        _OWN.get(field.name, _BY_TYPE[str(field.type).removesuffix(" | None")]),
    )
    for field in fields(ContractTerms)
}
"""Name in the dictionary → name here, and its reader."""
_ALWAYS = {
    "contractRole",
    "statusDate",
    "initialExchangeDate",
    "notionalPrincipal",
    "dayCountConvention",
}
