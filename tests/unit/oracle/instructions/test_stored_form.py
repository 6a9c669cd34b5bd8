"""Requests as they are stored: read back as they were, and refused with a reason where they are malformed."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import fields
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_instructions import ENTRY, WRITTEN

from counterfoil.oracle.errors import InputMalformed
from counterfoil.oracle.instructions.request import (
    CloseDay,
    CreditEntry,
    ImportCamt053,
    Json,
    Kind,
    MakePayoutFile,
    RegisterBankAccount,
    RegisterPayeeAccount,
    Request,
    ResolveBankLine,
    ResolveException,
    SignDigest,
    Transact,
)
from counterfoil.oracle.instructions.stored_form import decode, encode

REQUESTS: tuple[type[Request], ...] = get_args(Request)
TEXT = st.text().filter(lambda text: "\0" not in text)
WORD = TEXT.filter(bool)
WIDE = st.integers(-(2**63), 2**63 - 1)
NARROW = st.integers(-(2**31), 2**31 - 1)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda some: st.lists(some, max_size=3) | st.dictionaries(st.text(), some, max_size=3),
    max_leaves=8,
)
WIDE_FIELDS = {"amount_minor", "exception", "line"}


def _any(cls: type[Any], text: st.SearchStrategy[str] = TEXT) -> st.SearchStrategy[Any]:
    by_type: dict[Any, st.SearchStrategy[Any]] = {
        str: text,
        int: NARROW,
        int | None: st.none() | NARROW,
        bool: st.booleans(),
        bool | None: st.none() | st.booleans(),
        bytes: st.binary(min_size=32, max_size=32) if cls is SignDigest else st.binary(),
        int | str | None: st.none() | WIDE | TEXT,
    }
    hints = get_type_hints(cls)
    given_fields = {}
    for field in fields(cls):
        if field.name == "entries":
            given_fields["entries"] = st.lists(_any(CreditEntry, WORD), max_size=3).map(tuple)
        elif field.name == "body":
            given_fields["body"] = st.none() | st.dictionaries(st.text(), JSON, max_size=3)
        elif field.name in WIDE_FIELDS:
            given_fields[field.name] = WIDE
        else:
            given_fields[field.name] = by_type[hints[field.name]]
    return st.builds(cls, **given_fields)


def _through_json(value: Any) -> Any:
    return json.loads(json.dumps(value))


def test_each_kind_is_one_member_of_the_union() -> None:
    assert sorted(request.kind for request in REQUESTS) == sorted(Kind)


@pytest.mark.parametrize("cls", REQUESTS, ids=lambda cls: cls.kind)
@given(data=st.data())
def test_a_request_is_read_back_as_it_was(cls: type[Request], data: st.DataObject) -> None:
    request: Request = data.draw(_any(cls))
    assert decode(request.kind, _through_json(encode(request))) == request


@pytest.mark.parametrize(("kind", "payload"), WRITTEN)
def test_what_the_version_before_wrote_is_read_and_written_the_same(
    kind: str, payload: dict[str, Any]
) -> None:
    request = decode(kind, payload)
    assert (request.kind, _through_json(encode(request))) == (kind, payload)


def test_every_kind_is_among_what_was_written() -> None:
    assert {kind for kind, _ in WRITTEN} == set(Kind)


@pytest.mark.parametrize(
    ("kind", "payload", "request_read"),
    [
        (
            "resolve_exception",
            {"exception": 7, "resolution": "excluded"},
            ResolveException(7, "excluded"),
        ),
        ("close_day", {}, CloseDay()),
        ("close_day", {"date": 20220831, "n": 1}, CloseDay(20220831)),
        ("import_camt053", {"text": "<Document/>"}, ImportCamt053("<Document/>")),
        (
            "register_bank_account",
            {"account": "A", "name": "N", "holder": "core", "currency": "USD"},
            RegisterBankAccount("A", "N", "USD", holder="core"),
        ),
        (
            "register_payee_account",
            {"account": "A", "name": "N"},
            RegisterPayeeAccount("A", "N"),
        ),
        ("make_payout_file", {"account": "A"}, MakePayoutFile("A")),
        ("resolve_bank_line", {"line": 3}, ResolveBankLine(3)),
        (
            "transact",
            {"account": "0x", "contract": "Receivables", "function": "fund", "data": "AB"},
            Transact(account="0x", contract="Receivables", function="fund", data=b"\xab"),
        ),
        ("sign_digest", {"account": "0x", "digest": "d3" * 32}, SignDigest("0x", b"\xd3" * 32)),
    ],
)
def test_fields_that_a_row_lacks_have_their_defaults(
    kind: str, payload: dict[str, Any], request_read: Request
) -> None:
    assert decode(kind, payload) == request_read


@pytest.mark.parametrize(
    ("kind", "payload", "why"),
    [
        ("buy_cake", {}, "no instruction is called 'buy_cake'"),
        ("\ud800", {}, "no instruction"),
        ("close_day", None, "has no fields"),
        ("close_day", [], "has no fields"),
        ("close_day", "{}", "has no fields"),
        ("close_day", {"date": "20220831"}, "date: '20220831' is no whole number"),
        ("close_day", {"date": True}, "date: True is no whole number"),
        ("close_day", {"date": 2**31}, "date has more than 32 bits"),
        ("close_day", {"date": 20220831, "far": 1}, "far: int is neither true nor false"),
        ("close_matching", {"project": "lakeside"}, "through is missing"),
        ("close_matching", {"project": 5, "through": 1}, "project: int is no text"),
        ("close_matching", {"project": "a\0", "through": 1}, "project: 'a.x00' is no text"),
        ("accept_place", {"device": "\ud800"}, "device: '.ud800' is no text"),
        ("resolve_exception", {"exception": 1.5, "resolution": "accepted"}, "1.5 is no whole"),
        ("resolve_exception", {"exception": 2**63, "resolution": "accepted"}, "than 64 bits"),
        ("resolve_exception", {"exception": 1, "resolution": "x", "note": None}, "None is no text"),
        ("import_settlement", {"project": "lakeside", "text": "a"}, "source is missing"),
        ("import_statement", {}, "entries is missing"),
        ("import_statement", {"entries": {}}, "entries are a list"),
        ("import_statement", {"entries": ["s"]}, r"entries\[0\]: 's' has no fields"),
        ("import_statement", {"entries": [ENTRY, {}]}, r"entries\[1\]: statement is missing"),
        ("import_statement", {"entries": [ENTRY | {"project": ""}]}, "project: '' is empty"),
        ("import_statement", {"entries": [ENTRY | {"amount_minor": "1"}]}, "amount_minor: '1'"),
        ("import_statement", {"entries": [ENTRY | {"amount_minor": True}]}, "amount_minor: True"),
        ("import_statement", {"entries": [ENTRY | {"debit": True}]}, "no field .*debit"),
        ("register_bank_account", {"account": "A", "name": "N"}, "currency is missing"),
        ("make_payout_file", {"account": "A", "execution_date": "x"}, "'x' is no whole number"),
        ("sign_digest", {"account": "0x", "digest": "d3"}, "digest: 'd3' is not 32 bytes"),
        ("sign_digest", {"account": "0x", "digest": "d 3" * 32}, "is not bytes in hex"),
        (
            "transact",
            {"account": "0x", "contract": "R", "function": "f", "data": 5},
            "data: int is not bytes in hex",
        ),
        (
            "transact",
            {"account": "0x", "contract": "R", "function": "f", "data": "", "key": 1.5},
            "key: 1.5 is no whole number",
        ),
        (
            "transact",
            {"account": "0x", "contract": "R", "function": "f", "data": "", "body": []},
            "body: list has no fields",
        ),
    ],
)
def test_a_malformed_payload_is_refused_with_its_field(kind: str, payload: Any, why: str) -> None:
    with pytest.raises(InputMalformed, match=why):
        decode(kind, payload)


@pytest.mark.parametrize(("kind", "payload"), WRITTEN)
@given(data=st.data())
def test_a_payload_with_any_other_value_is_read_or_refused(
    kind: str, payload: dict[str, Any], data: st.DataObject
) -> None:
    changed: dict[str, Json] = {name: payload[name] for name in payload}
    changed[data.draw(st.sampled_from(sorted(payload)))] = data.draw(JSON)
    try:
        request = decode(kind, changed)
    except InputMalformed as refused:
        refused_as = str(refused)
        assert len(refused_as) < 500
        assert "\0" not in refused_as
        assert refused_as.encode()
    else:
        assert decode(request.kind, _through_json(encode(request))) == request


@given(kind=st.sampled_from(Kind), payload=JSON)
def test_any_json_is_read_or_refused(kind: Kind, payload: Any) -> None:
    with suppress(InputMalformed):
        assert decode(kind, payload).kind == kind
