"""Every decoder of what others sign is fed every wrong CBOR type at every place, and refuses each with its own error.

A node, a gateway or an auditor that took a float for a number would sign, or believe, what nobody can make again: the
float has another encoding, and so another digest, and compares equal to the number all the same.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import cbor2
import pytest
from support_record import DEVICE, private_key
from support_world import DAY_MS, DEVICES, FIRST_MS, World

from counterfoil.api.audit.making.collection import collect
from counterfoil.api.audit.verification import bundle_format
from counterfoil.api.audit.verification.bundle import StateFact
from counterfoil.api.audit.verification.errors import AuditError
from counterfoil.chain.address import Address
from counterfoil.gateway.errors import ReceiptError, RecordError
from counterfoil.gateway.log.checkpoint import Head
from counterfoil.gateway.log.merkle import hash_leaf
from counterfoil.gateway.log.receipt import Promise, ReceiptSigner, verify_promise, verify_receipt
from counterfoil.gateway.record import cose
from counterfoil.gateway.record.downlink import RefusalMessage, decode_message
from counterfoil.gateway.record.identity import Digest, PublicKey
from counterfoil.gateway.record.signed_record import (
    decode,
    decode_payload,
    decode_protected,
    open_envelope,
)
from counterfoil.oracle.errors import InputMalformed
from counterfoil.oracle.rules.facts import Facts, decode_facts
from counterfoil.oracle.rules.figures import (
    DeviceFigures,
    Figures,
    GoodsFigures,
    ProjectFigures,
    decode_figures,
)
from counterfoil.oracle.rules.judging.proposal import (
    CallProposal,
    HeadProposal,
    decode_call_proposal,
    decode_head_proposal,
)

Place = tuple[Any, ...]
RECORDS = json.loads((Path(__file__).parents[1] / "vectors" / "records.json").read_text())
KEY = private_key(7)
ROOT = Digest(b"\3" * 32)


@dataclass(frozen=True)
class Decoder:
    """*decode* reads the bytes that *wrap* makes of an item; *item* is a good one."""

    name: str
    item: Any
    decode: Callable[[bytes], object]
    error: type[Exception]
    wrap: Callable[[Any], bytes] = cbor2.dumps
    may_be_below_zero: frozenset[Place] = frozenset()
    or_else: tuple[Place, ...] = ()
    """Places where another type is meant as well."""


def places(item: Any, at: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every place of *item*, the whole of it first, with what stands there."""
    yield at, item
    if isinstance(item, list):
        for number, inner in enumerate(item):
            yield from places(inner, (*at, number))
    elif isinstance(item, dict):
        for key, inner in item.items():
            yield from places(inner, (*at, key))


def with_value(item: Any, at: Place, value: Any) -> Any:
    """*item* with *value* in the place *at*."""
    if not at:
        return value
    if isinstance(item, dict):
        return {k: with_value(v, at[1:], value) if k == at[0] else v for k, v in item.items()}
    return [with_value(v, at[1:], value) if n == at[0] else v for n, v in enumerate(item)]


OF_NO_FORM = (
    0.0,
    2.5,
    math.nan,
    math.inf,
    None,
    cbor2.undefined,
    cbor2.CBORSimpleValue(99),
    Decimal("1.5"),
    cbor2.CBORTag(24, b"\0"),
    cbor2.CBORTag(5_000, "x"),
    2**256,
)
"""What no place of any of our formats holds (one of them has an optional part, written as null)."""
OF_TYPE: dict[type, tuple[Any, ...]] = {
    int: (0, 1, -1),
    bool: (True, False),
    str: ("x", ""),
    bytes: (b"x", b"", bytes(32)),
    list: ([], [0], [b""]),
    dict: ({}, {1: 1}),
}


def wrong_values(value: Any, may_be_below_zero: bool) -> Iterator[Any]:
    """Values of every type but that of *value*, those that Python calls equal to it among them."""
    yield from (other for other in OF_NO_FORM if value is not None or other is not None)
    for kind, values in OF_TYPE.items():
        if kind is not type(value):
            yield from values
    yield from ([value], {1: value}, cbor2.CBORTag(5_000, value))
    if type(value) is int:
        yield from (float(value), bool(value), Decimal(value), str(value), cbor2.CBORTag(3, b"\1"))
        if not may_be_below_zero:
            yield -1
    elif type(value) is bool:
        yield int(value)
    elif type(value) is str:
        yield value.encode()
    elif type(value) is bytes:
        yield from (value.hex(), list(value))
    elif type(value) is list:
        yield from ([*value, 0], dict(enumerate(value)))
    elif type(value) is dict:
        yield list(value.values())


FIGURES = Figures(
    previous_size=10,
    size=16,
    block=3,
    projects=(ProjectFigures(b"\1" * 32, "USD", 2, 750, 1, 300, (GoodsFigures("cola", 4, 600),)),),
    devices=(DeviceFigures(b"\2" * 32, 3, 2, 2_000),),
)
FACTS = Facts("lakeside", 20220829, ((4, False, 350), (5, True, 350)), (("cola", 1),))
HEAD = HeadProposal(
    chain_id=31_337,
    anchor=Address(b"\xaa" * 20),
    head=Head(16, ROOT, ROOT),
    figures=FIGURES,
    annex=ROOT,
    previous=Head(10, ROOT, Digest(bytes(32))),
    signature=bytes(65),
)
CALL = CallProposal(
    chain_id=31_337,
    contract=Address(b"\xaa" * 20),
    target=Address(b"\xbb" * 20),
    data=b"\x12",
    label=bytes(32),
    deadline=1_800_000_000,
    facts=FACTS.encode(),
    head_size=16,
    signature=bytes(65),
)
CANONICAL: Callable[[Any], bytes] = lambda item: cbor2.dumps(item, canonical=True)  # noqa: E731


SIGNED_PLACES: dict[str, list[Place]] = {
    "meter interval": [(9, 5)],
    "location": [(9, 1), (9, 2)],
    "daily closing": [(9, 3)],
}
"""Reactive energy, degrees, and a day's takings less its refunds may be below zero, as the device's counted amount."""


def record_decoders() -> Iterator[Decoder]:
    """The payload of each good record of the published vectors: every kind of record is among them."""
    for vector in RECORDS["good"]:
        signed = decode(bytes.fromhex(vector["raw"]))
        yield Decoder(
            f"record {vector['name']!r}",
            item=cbor2.loads(signed.payload),
            decode=lambda data, of=signed: decode_payload(data, of.iss, of.sub),
            error=RecordError,
            may_be_below_zero=frozenset([(10, 2), *SIGNED_PLACES.get(vector["name"], [])]),
        )


def in_parts(parts: dict[str, Any]) -> bytes:
    """The bundle of *parts*, each with the digest that it has now."""
    encoded = {name: cbor2.dumps(part) for name, part in parts.items()}
    rows = [[name, sha256(part).digest(), part] for name, part in encoded.items()]
    return cbor2.dumps([bundle_format.MAGIC, bundle_format.VERSION, rows])


def bundle_decoders() -> Iterator[Decoder]:
    world = World(devices=DEVICES[:1])
    world.sell(days=2, sales_a_day=1)
    data = bundle_format.encode(
        collect(world.store().engine, None, world.facts(DEVICES[0], 0, FIRST_MS + 9 * DAY_MS))
    )
    whole = cbor2.loads(data)
    yield Decoder("bundle", whole, bundle_format.decode, AuditError)
    parts = {name: cbor2.loads(part) for name, _, part in whole[2]}
    assert isinstance(parts["state"], list)
    assert len(parts["state"]) == len(StateFact._fields)
    for name, part in parts.items():
        yield Decoder(
            f"bundle's {name}",
            item=part,
            decode=bundle_format.decode,
            error=AuditError,
            wrap=lambda item, name=name: in_parts(parts | {name: item}),
            or_else=((),) if name == "state" else (),
        )


def log_decoders() -> Iterator[Decoder]:
    signer = ReceiptSigner("log.example", KEY)
    public = PublicKey.of(KEY)
    promise = cose.split_sign1(signer.sign_promise(Promise(DEVICE, 1, 2, ROOT, 1_000, 2_000, 5)))
    yield Decoder(
        "promise",
        item=cbor2.loads(promise.payload),
        decode=lambda data: verify_promise(data, public),
        error=ReceiptError,
        wrap=lambda item: cose.sign1(promise.protected, cbor2.dumps(item), KEY),
    )
    yield Decoder(
        "promise's header",
        item=cbor2.loads(promise.protected),
        decode=lambda data: verify_promise(data, public),
        error=ReceiptError,
        wrap=lambda item: cose.sign1(cbor2.dumps(item), promise.payload, KEY),
    )
    receipt = signer.sign_root(1, hash_leaf(b"entry")).receipt(0, [])
    yield Decoder(
        "receipt",
        item=list(cbor2.loads(receipt).value),
        decode=lambda data: verify_receipt(data, b"entry", public),
        error=ReceiptError,
        wrap=lambda item: cbor2.dumps(cbor2.CBORTag(18, item)),
    )
    refusal = RefusalMessage(ROOT, "record.broken", "no", position=(1, 2), expected=(1, 1))
    yield Decoder("message", cbor2.loads(refusal.encode()), decode_message, ReceiptError)


def decoders() -> Iterator[Decoder]:
    yield Decoder(
        "figures", cbor2.loads(FIGURES.encode()), decode_figures, InputMalformed, CANONICAL
    )
    yield Decoder("facts", cbor2.loads(FACTS.encode()), decode_facts, InputMalformed, CANONICAL)
    head, call = cbor2.loads(HEAD.encode()), cbor2.loads(CALL.encode())
    yield Decoder("head proposal", head, decode_head_proposal, InputMalformed, CANONICAL)
    yield Decoder("call proposal", call, decode_call_proposal, InputMalformed, CANONICAL)
    yield Decoder(
        "figures within a head",
        item=cbor2.loads(FIGURES.encode()),
        decode=decode_head_proposal,
        error=InputMalformed,
        wrap=lambda item: CANONICAL([*head[:7], CANONICAL(item), *head[8:]]),
    )
    yield from record_decoders()
    yield from bundle_decoders()
    yield from log_decoders()


DECODERS = list(decoders())


@pytest.mark.parametrize("decoder", DECODERS, ids=[one.name for one in DECODERS])
def test_a_wrong_type_at_any_place_is_refused(decoder: Decoder) -> None:
    taken = []
    for at, value in places(decoder.item):
        if at in decoder.or_else:
            continue
        for wrong in wrong_values(value, may_be_below_zero=at in decoder.may_be_below_zero):
            data = decoder.wrap(with_value(decoder.item, at, wrong))
            try:
                decoder.decode(data)
            except decoder.error:
                continue
            taken.append((at, value, wrong))
    assert taken == []


@pytest.mark.parametrize("decoder", DECODERS, ids=[one.name for one in DECODERS])
def test_the_good_item_is_taken(decoder: Decoder) -> None:
    """Otherwise the other test would pass for another reason than the one that it names."""
    decoder.decode(decoder.wrap(decoder.item))


def test_headers_and_envelopes_of_other_types_are_refused() -> None:
    parts = list(cbor2.loads(bytes.fromhex(RECORDS["good"][0]["raw"])).value)
    protected = cbor2.loads(parts[0])
    taken = []
    for read, item, wrap in (
        (decode_protected, protected, cbor2.dumps),
        (open_envelope, parts, lambda item: cbor2.dumps(cbor2.CBORTag(18, item))),
    ):
        for at, value in places(item):
            for wrong in wrong_values(value, may_be_below_zero=False):
                try:
                    read(wrap(with_value(item, at, wrong)))
                except RecordError:
                    continue
                taken.append((at, value, wrong))
    assert taken == []
