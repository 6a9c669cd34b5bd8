"""Why terms have no schedule; every reason has a stable code."""

from __future__ import annotations

from counterfoil.oracle.errors import OracleError


class ScheduleError(OracleError):
    """Base of these errors."""

    code = "schedule.error"


class FieldMissing(ScheduleError):
    """The contract type needs a term that is not there."""

    code = "schedule.field_missing"


class FieldUnknown(ScheduleError):
    """A term is spelt as the ACTUS dictionary does not spell it."""

    code = "schedule.field_unknown"


class ValueInvalid(ScheduleError):
    """A term is no number, or no date."""

    code = "schedule.value_invalid"


class EnumUnknown(ScheduleError):
    """A term has a value that the dictionary does not list, or that is not supported here."""

    code = "schedule.enum_unknown"


class ContractTypeUnsupported(ScheduleError):
    """Only PAM, LAM, NAM and ANN have schedules here."""

    code = "schedule.contract_type_unsupported"


class CycleInvalid(ScheduleError):
    """A cycle has not the form of the dictionary, or no length."""

    code = "schedule.cycle_invalid"


class TermsInconsistent(ScheduleError):
    """Terms that can't hold together."""

    code = "schedule.terms_inconsistent"


class ScheduleTooLong(ScheduleError):
    """More dates than anybody reads."""

    code = "schedule.too_long"


class ObservationMissing(ScheduleError):
    """A rate, an index or a price that the terms refer to was not observed by then."""

    code = "schedule.observation_missing"


class InputMalformed(ScheduleError):
    """A file is no JSON object of terms or cases."""

    code = "schedule.input_malformed"
