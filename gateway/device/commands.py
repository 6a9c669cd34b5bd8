"""``counterfoil device …``: a device on this machine, its keys and its journal in a folder."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from counterfoil.gateway.device.device import Device, Event
from counterfoil.gateway.device.https_sender import HttpsSender
from counterfoil.gateway.device.mqtt_sender import Endpoint, MqttSender
from counterfoil.gateway.device.outbox import Retention
from counterfoil.gateway.device.simulator import simulate_meter, simulate_vending
from counterfoil.gateway.errors import GatewayError
from counterfoil.gateway.record.bodies import BODY_OF_KIND, Body
from counterfoil.gateway.record.identity import PublicKey, parse_device_id
from counterfoil.gateway.record.sale_line import SaleLine
from counterfoil.gateway.record.signed_record import decode
from counterfoil.printable import printable

_BODIES: dict[str, type[Any]] = {body.kind.name.lower(): body for body in BODY_OF_KIND.values()}

device_app = typer.Typer(name="device", help="A device's keys, journal and records.")

Folder = Annotated[Path, typer.Argument(help="the device's folder")]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON document")]


def register(app: typer.Typer) -> None:
    """Add ``device`` to *app*."""
    app.add_typer(device_app)


@contextmanager
def _errors_shown() -> Iterator[None]:
    """Turn this package's errors into {"code", "detail"} on stderr and exit status 2."""
    try:
        yield
    except GatewayError as error:
        print(json.dumps({"code": error.code, "detail": error.detail}), file=sys.stderr)
        raise typer.Exit(2) from error


def _key_of(text: str) -> PublicKey:
    if re.fullmatch("[0-9A-Fa-f]{128}", text) is None:
        raise typer.BadParameter("--gateway-key is x and y, 64 hexadecimal digits each")
    material = bytes.fromhex(text)
    return PublicKey(material[:32], material[32:])


def _show(document: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(document))
        return
    width = max(len(key) for key in document)
    for key, value in document.items():
        print(f"{key:<{width}}  {'-' if value is None else printable(value)}")


@device_app.command("init")
def init(
    folder: Folder,
    device_id: Annotated[str, typer.Option("--device", help="urn:dev:os:<PEN>-<serial>")],
    stream: Annotated[str, typer.Option(help="what the records are about")] = "sales",
    register_wh: Annotated[int, typer.Option(help="where the meter stands, in Wh")] = 0,
    as_json: AsJson = False,
) -> None:
    """Make a device: its record key, its TLS key and an empty journal."""
    with _errors_shown():
        device = Device.create(
            folder, device=parse_device_id(device_id), stream=stream, energy_register_wh=register_wh
        )
        _show(device.status(), as_json)
        device.close()


@device_app.command("csr")
def csr(
    folder: Folder,
    out: Annotated[Path | None, typer.Option(help="write to this file, not to stdout")] = None,
) -> None:
    """Write the enrolment request: a CSR by the TLS key, and the record key bound to it."""
    with _errors_shown():
        device = Device(folder)
        document = json.dumps(device.enrolment_request().to_json(), indent=2)
        device.close()
    if out is None:
        print(document)
    else:
        out.write_text(document + "\n")


def _body_from_json(text: str) -> Body:
    """Return the body that a JSON object like {"kind": "sale", "amount_minor": 350, …} states."""
    try:
        fields = json.loads(text)
        body_class = _BODIES[fields.pop("kind")]
        if "lines" in fields:
            fields["lines"] = tuple(SaleLine(**line) for line in fields["lines"])
        body: Body = body_class(**fields)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise typer.BadParameter(f"not a body: {error}") from error
    return body


@device_app.command("append")
def append(
    folder: Folder,
    body: Annotated[str, typer.Argument(help='JSON: {"kind": "sale", "amount_minor": 350, …}')],
    time_ms: Annotated[int | None, typer.Option(help="UTC ms since 1970; now by default")] = None,
    as_json: AsJson = False,
) -> None:
    """Sign one record and keep it in the journal until it is answered."""
    with _errors_shown():
        device = Device(folder)
        signed = decode(device.append(_body_from_json(body), time_ms))
        device.close()
    _show(
        {
            "epoch": signed.record.epoch,
            "sequence": signed.record.sequence,
            "payload_digest": signed.payload_digest.hex(),
            "raw": signed.raw.hex(),
        },
        as_json,
    )


@device_app.command("send")
def send(
    folder: Folder,
    host: Annotated[str, typer.Option()] = "localhost",
    port: Annotated[int, typer.Option()] = 8883,
    ca_file: Annotated[Path | None, typer.Option("--ca", help="authorities of the server")] = None,
    mqtt_version: Annotated[int, typer.Option(help="5 or 3 (3.1.1)")] = 5,
    url: Annotated[str | None, typer.Option(help="https://host:port, instead of MQTT")] = None,
    retention: Annotated[Retention, typer.Option(help="what lets a record go")] = Retention.PUBACK,
    gateway_key: Annotated[
        str | None, typer.Option(help="the gateway's receipt key: x and y in hexadecimal")
    ] = None,
    timeout: Annotated[float, typer.Option(help="seconds")] = 60.0,
    as_json: AsJson = False,
) -> None:
    """Send the journal, oldest first; exit 0 when every record was answered."""
    with _errors_shown():
        key = None if gateway_key is None else _key_of(gateway_key)
        device = Device(folder)
        client: MqttSender | HttpsSender
        if url is not None:
            if ca_file is None:
                raise typer.BadParameter("--url needs --ca")
            client = HttpsSender(device, url, ca_file, retention=retention, gateway_key=key)
        else:
            endpoint = Endpoint(host, port, ca_file, mqtt_version)
            client = MqttSender(device, endpoint, retention=retention, gateway_key=key)
        done = client.run(until_done=True, timeout_s=timeout)
        tally = client.outbox.tally
        _show(
            {
                "done": done,
                "sent": tally.sent,
                "acknowledged": tally.acknowledged,
                "refused": tally.refused,
                "last_refusal": tally.last_refusal,
                "last_error": client.last_error,
            },
            as_json,
        )
        device.close()
    raise typer.Exit(0 if done else 1)


@device_app.command("status")
def status(folder: Folder, as_json: AsJson = False) -> None:
    """Say where the device's chain stands and what is still unanswered."""
    with _errors_shown():
        device = Device(folder)
        _show(device.status(), as_json)
        device.close()


@device_app.command("simulate")
def simulate(
    folder: Folder,
    kind: Annotated[str, typer.Option(help="vending or meter")] = "vending",
    first_day: Annotated[str, typer.Option(help="yyyy-mm-dd")] = "2024-01-01",
    days: Annotated[int, typer.Option()] = 1,
    as_json: AsJson = False,
) -> None:
    """Append simulated events to the journal: the same ones each time for the same device."""
    if kind not in ("vending", "meter"):
        raise typer.BadParameter("kind is vending or meter")
    with _errors_shown():
        device = Device(folder)
        chain = device.journal.chain()
        seed = chain.device.rsplit(":", 1)[1]
        start = date.fromisoformat(first_day)
        events: Iterator[Event] = (
            simulate_vending(seed, start, days)
            if kind == "vending"
            else simulate_meter(
                seed, first_day=start, days=days, register_wh=chain.counters.energy_register_wh
            )
        )
        raws = device.append_all(events)
        _show({"appended": len(raws), **device.status()}, as_json)
        device.close()
