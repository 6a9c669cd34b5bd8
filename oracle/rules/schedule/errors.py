"""Why terms have no schedule; every reason has a stable code."""

from __future__ import annotations

from counterfoil.fault import Code
from counterfoil.oracle.errors import InputMalformed as OracleInputMalformed
from counterfoil.oracle.errors import OracleError


class ScheduleError(OracleError):
    """The terms have no schedule, for a reason without a code of its own.

    Base of these errors.
    """

    code = Code("schedule.error")
    to_do = "Read the detail."


class FieldMissing(ScheduleError):
    """The contract type needs a term that is not there."""

    code = Code("schedule.field_missing")
    to_do = "Add the term that the detail names."


class FieldUnknown(ScheduleError):
    """A term is spelt as the ACTUS dictionary does not spell it."""

    code = Code("schedule.field_unknown")
    to_do = "Spell the term as the ACTUS dictionary does."


class ValueInvalid(ScheduleError):
    """A term is no number, or no date."""

    code = Code("schedule.value_invalid")
    to_do = "Write the term as the number or date that it is."


class EnumUnknown(ScheduleError):
    """A term has a value that the dictionary does not list, or that is not supported here."""

    code = Code("schedule.enum_unknown")
    to_do = "Use a value of the dictionary that docs/loan-arithmetic.md lists."


class ContractTypeUnsupported(ScheduleError):
    """Only PAM, LAM, NAM and ANN have schedules here."""

    code = Code("schedule.contract_type_unsupported")
    to_do = "Use PAM, LAM, NAM or ANN."


class CycleInvalid(ScheduleError):
    """A cycle has not the form of the dictionary, or no length."""

    code = Code("schedule.cycle_invalid")
    to_do = "Write the cycle as the dictionary does, such as P1ML0."


class TermsInconsistent(ScheduleError):
    """Terms that can't hold together."""

    code = Code("schedule.terms_inconsistent")
    to_do = "Change one of the terms that the detail names."


class ScheduleTooLong(ScheduleError):
    """More dates than anybody reads."""

    code = Code("schedule.too_long")
    to_do = "Shorten the time or lengthen the cycle."


class ObservationMissing(ScheduleError):
    """A rate, an index or a price that the terms refer to was not observed by then."""

    code = Code("schedule.observation_missing")
    to_do = "Add the observation for the date that the detail names."


class InputMalformed(ScheduleError):
    """A file is no JSON object of terms or cases."""

    code = OracleInputMalformed.code
