"""ISO 20022 messages through their published models (pyiso20022, one a version), read and written by xsdata.

Rules kept here:

* A document is read by the model that its namespace names; elements that the model does not have are an error.
* The schema's restrictions are checked on the objects: required and repeated elements, lengths, patterns, digits, and
  that a choice has exactly one of its elements.
* A document type is refused, so there are no entities to expand; so is more than ``MAX_BYTES``.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any

from counterfoil.fault import Code
from counterfoil.gateway.formats.errors import FileTooLargeError, FormatError

MAX_BYTES = 16 * 1024 * 1024
_NAMESPACE = re.compile(
    r"urn:iso:std:iso:20022:tech:xsd:((?:camt|pain)\.[0-9]{3}\.001\.[0-9]{2})\b"
)
_HEAD = 4_096


class MessageInvalidError(FormatError):
    """The document is well formed and not valid against its message's model; says where."""

    code = Code("iso20022.message_invalid")
    to_do = "Ask the sender for a message that is valid; the detail names the place."


class MessageUnknownError(FormatError):
    """The document's namespace names no message, or no version of it, that there is a model of."""

    code = Code("iso20022.message_unknown")
    to_do = "Ask the sender for a version that docs/formats lists."


def refuse_document_type(text: str) -> None:
    """Raise FormatError when *text* has a document type, which could define entities."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise FormatError("XML with a document type is not read")


def read_message(text: str, message: str) -> Any:
    """Return the document in *text* as the objects of its model; *message* as in ``camt.053``.

    Raises FormatError, MessageUnknownError or MessageInvalidError.
    """
    from xsdata.exceptions import ParserError
    from xsdata.formats.dataclass.parsers import XmlParser
    from xsdata.formats.dataclass.parsers.config import ParserConfig
    from xsdata.formats.dataclass.parsers.handlers import XmlEventHandler

    if len(text) > MAX_BYTES:
        raise FileTooLargeError(f"more than {MAX_BYTES} bytes")
    refuse_document_type(text)
    found = _NAMESPACE.search(text[:_HEAD])
    if found is None or not found[1].startswith(message):
        raise MessageUnknownError(f"no {message} namespace at the document's beginning")
    model = _model(found[1])
    config = ParserConfig(fail_on_converter_warnings=True)
    try:
        document = XmlParser(config=config, handler=XmlEventHandler).from_string(text, model)
    except (ParserError, SyntaxError, TypeError, ValueError, LookupError, Warning) as error:
        raise MessageInvalidError(f"not a valid {found[1]}: {str(error)[:300]}") from error
    check_message(document)
    return document


def write_message(document: Any) -> bytes:
    """Return *document* as UTF-8 XML, valid against its model; or MessageInvalidError."""
    from xsdata.formats.dataclass.serializers import XmlSerializer
    from xsdata.formats.dataclass.serializers.config import SerializerConfig

    check_message(document)
    namespace = type(document).Meta.namespace
    text = XmlSerializer(config=SerializerConfig(indent=" ")).render(
        document, ns_map={None: namespace}
    )
    return text.encode()


def check_message(document: Any) -> None:
    """Raise MessageInvalidError with the first of their model's restrictions that the objects break."""
    for path, broken in _broken(document, type(document).__name__):
        raise MessageInvalidError(f"{path}: {broken}")


def _model(name: str) -> Any:
    module = name.replace(".", "_")
    try:
        package = importlib.import_module(f"pyiso20022.{name[:4]}.{module}")
    except ImportError as error:
        raise MessageUnknownError(f"there is no model of {name}") from error
    return package.Document


def _broken(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield (path, rule) of what is broken in an object and below it."""
    present = 0
    for field in fields(value):
        content = getattr(value, field.name)
        rules = field.metadata
        where = f"{path}/{rules.get('name', field.name)}"
        items = content if isinstance(content, list) else [] if content is None else [content]
        present += bool(items)
        least = rules.get("min_occurs", 1 if rules.get("required") else 0)
        if len(items) < least:
            yield where, "is missing"
        if isinstance(content, list) and len(items) > rules.get("max_occurs", len(items)):
            yield where, f"more than {rules['max_occurs']} times"
        for item in items:
            if is_dataclass(item):
                yield from _broken(item, where)
            else:
                yield from ((where, rule) for rule in _broken_rules(item, rules))
    if type(value).__name__.endswith("Choice") and present != 1:
        yield path, f"{present} of its choices"


def _broken_rules(item: Any, rules: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(item, str):
        if not rules.get("min_length", 0) <= len(item) <= rules.get("max_length", len(item)):
            yield f"{item[:40]!r} is not {rules.get('min_length', 0)} to {rules.get('max_length', '')} long"
        if "pattern" in rules and re.fullmatch(rules["pattern"], item) is None:
            yield f"{item[:40]!r} does not have the form {rules['pattern']}"
    elif isinstance(item, Decimal):
        _, digits, exponent = item.as_tuple()
        if not isinstance(exponent, int):
            yield f"{item} is no number"
            return
        if -exponent > rules.get("fraction_digits", 99) or len(digits) > rules.get(
            "total_digits", 99
        ):
            yield f"{item} has too many digits"
        if item < rules.get("min_inclusive", item):
            yield f"{item} is less than {rules['min_inclusive']}"
