"""What a parser says when a file is not of its format, or is not true."""

from __future__ import annotations

from counterfoil.fault import FILE_MALFORMED, FILE_TOO_LARGE, FILE_UNREADABLE, Code, fault
from counterfoil.gateway.errors import GatewayError


class FormatError(GatewayError):
    """The bytes are not of the format that they were read as."""

    code = FILE_MALFORMED


class FileUnreadableError(FormatError):
    """The file cannot be opened, or cannot be decompressed."""

    code = FILE_UNREADABLE


class FileTooLargeError(FormatError):
    """The file, or what it decompresses to, is longer than is read here."""

    code = FILE_TOO_LARGE


class ColumnsError(FormatError):
    """A table's first line does not name the columns of its format."""

    code = Code("file.columns_missing")
    to_do = "Export the table with its header line, with the columns that docs/formats lists."


class QuantityError(FormatError):
    """A number is not decimal, is out of range or is finer than its unit can hold."""

    code = Code("file.quantity_malformed")
    to_do = "Correct the number where it comes from, and export again."


class TimeError(FormatError):
    """A date or time is not in the form that the format fixes."""

    code = Code("file.time_malformed")
    to_do = "Correct the date or time where it comes from, and export again."


class SignatureMissingError(FormatError):
    """There is no key, or no signature, to verify the file with."""

    code = Code("file.signature_missing")
    to_do = "Get the file with its signature, and the signer's key beside it."


FORMAT_UNKNOWN = fault(
    "file.format_unknown",
    "The file is of no format that is known here.",
    "Check that it is the right file; docs/formats lists what is read.",
)
NO_ROWS = fault(
    "file.no_rows",
    "No row of the table could be read.",
    "Look at the rows that were set aside and why, and export again.",
)
CERTIFICATE_MALFORMED = fault(
    "certificate.malformed",
    "The file holds no certificate or revocation list that can be read.",
    "Ask for it again, as PEM or DER.",
)
