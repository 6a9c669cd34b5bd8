"""What a parser says when a file is not of its format, or is not true."""

from __future__ import annotations

from counterfoil.gateway.errors import GatewayError


class FormatError(GatewayError):
    """The bytes are not of the format that they were read as."""

    code = "format_malformed"


class FileUnreadableError(FormatError):
    """The file cannot be opened, or cannot be decompressed."""

    code = "file_unreadable"


class FileTooLargeError(FormatError):
    """The file, or what it decompresses to, is longer than is read here."""

    code = "file_too_large"


class ColumnsError(FormatError):
    """A table's first line does not name the columns of its format."""

    code = "columns_missing"


class QuantityError(FormatError):
    """A number is not decimal, is out of range or is finer than its unit can hold."""

    code = "quantity_malformed"


class TimeError(FormatError):
    """A date or time is not in the form that the format fixes."""

    code = "time_malformed"


class SignatureMissingError(FormatError):
    """There is no key, or no signature, to verify the file with."""

    code = "signature_unverifiable"
