"""Findings on unsigned files: only whether they are whole and consistent."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from counterfoil.gateway.formats import eva_dts, senml
from counterfoil.gateway.formats.errors import NO_ROWS, FormatError, SignatureMissingError
from counterfoil.gateway.formats.exported_sales import SalesFile
from counterfoil.gateway.formats.inspection.finding import Finding, Verdict
from counterfoil.gateway.formats.iso20022.camt053 import (
    MINOR_DIGITS,
    StatementBalanceError,
    check_statement,
    parse_camt053,
)
from counterfoil.gateway.formats.meter_csv import MeterFile, parse_meter
from counterfoil.gateway.formats.sales_csv import parse_sales
from counterfoil.gateway.formats.sparkplug import parse_sparkplug

_SHOWN_ROWS = 20
_CONSISTENT = "well formed and consistent; the format carries no signature"


def inspect_dex(content: bytes) -> Iterator[Finding]:
    """Yield the finding on an EVA-DTS transfer."""
    transfer = eva_dts.parse_dex(content)
    summary: dict[str, Any] = {
        "machine": transfer.machine or transfer.communication_id,
        "segments": len(transfer.segments),
        "decimals": transfer.decimals,
        "currency_code": transfer.currency_code,
        "value_minor": transfer.value_minor,
        "vends": transfer.vends,
        "cash_minor": transfer.cash_minor,
        "cashless_minor": transfer.cashless_minor,
        "products": len(transfer.products),
        "warnings": transfer.warnings,
    }
    try:
        summary["warnings"] = eva_dts.check_dex(transfer)
    except SignatureMissingError as error:
        yield Finding(
            format="eva-dts", verdict=Verdict.UNVERIFIABLE, reason=str(error), summary=summary
        )
    except FormatError as error:
        yield Finding(format="eva-dts", verdict=Verdict.INVALID, reason=str(error), summary=summary)
    else:
        yield Finding(
            format="eva-dts",
            verdict=Verdict.VALID,
            reason="segment count and G85 are right",
            summary=summary,
        )


def inspect_senml(pack: senml.SenmlPack) -> Iterator[Finding]:
    """Yield the finding on a SenML pack; its resolved form is in the summary."""
    names = sorted({str(record["n"]) for record in pack.records})
    summary = {
        "records": len(pack.records),
        "names": names,
        "version": pack.version,
        "relative_times": pack.relative_times,
        "resolved": pack.records,
    }
    yield Finding(format="senml", verdict=Verdict.VALID, reason=_CONSISTENT, summary=summary)


def inspect_sparkplug(content: bytes) -> Iterator[Finding]:
    """Yield the finding on a Sparkplug B payload."""
    payload = parse_sparkplug(content)
    summary = {
        "timestamp_ms": payload.timestamp_ms,
        "sequence": payload.sequence,
        "metric_count": len(payload.metrics),
        "metrics": [
            {
                "name": metric.name,
                "alias": metric.alias,
                "datatype": metric.datatype,
                "value": metric.value,
            }
            for metric in payload.metrics
        ],
    }
    yield Finding(format="sparkplug-b", verdict=Verdict.VALID, reason=_CONSISTENT, summary=summary)


def inspect_camt053(text: str) -> Iterator[Finding]:
    """Yield a finding for each statement."""
    for statement in parse_camt053(text):
        digits = MINOR_DIGITS.get(statement.currency, 2)
        summary = {
            "statement": statement.identification,
            "account": statement.account,
            "currency": statement.currency,
            "entries": len(statement.entries),
            "opening": _shown(statement.opening_minor, digits),
            "closing": _shown(statement.closing_minor, digits),
            "booked": _shown(statement.booked_minor, digits),
            "references": [entry.reference for entry in statement.entries],
        }
        try:
            check_statement(statement)
        except StatementBalanceError as error:
            yield Finding(
                format="camt.053", verdict=Verdict.INVALID, reason=str(error), summary=summary
            )
        else:
            yield Finding(
                format="camt.053", verdict=Verdict.VALID, reason=_CONSISTENT, summary=summary
            )


def inspect_sales(text: str) -> Iterator[Finding]:
    """Yield the finding on a sales export."""
    sales = parse_sales(text)
    grouped: dict[str, dict[str, Any]] = {}
    for item in sales.set_aside:
        entry = grouped.setdefault(item.reason, _empty_group(item.reason))
        entry["rows"] += len(item.rows)
        entry["amount_minor"] += item.amount_minor or 0
        entry["lines"] += item.rows[: _SHOWN_ROWS - len(entry["lines"])]
    summary = {
        "layout": sales.layout,
        "rows": sales.rows,
        "sales": len(sales.sales),
        "gross": _shown(sales.gross_minor),
        "gross_minor": sales.gross_minor,
        "file_total": _shown(sales.file_total_minor),
        "energy": None,
        "machines": {key: _shown(value) for key, value in sales.gross_by_machine.items()},
        "set_aside": [
            entry | {"amount": _shown(entry["amount_minor"])} for entry in grouped.values()
        ],
        "notices": sales.notices,
    }
    yield _table(name="sales-csv", table=sales, anything=bool(sales.sales), summary=summary)


def inspect_meter(text: str) -> Iterator[Finding]:
    """Yield the finding on a meter export."""
    meter = parse_meter(text)
    grouped: dict[str, dict[str, Any]] = {}
    by_meter: dict[str, int] = {}
    for row in meter.set_aside:
        entry = grouped.setdefault(row.reason, {"reason": row.reason, "rows": 0, "lines": []})
        entry["rows"] += 1
        entry["lines"] += [row.row] if len(entry["lines"]) < _SHOWN_ROWS else []
    for interval in meter.intervals:
        by_meter[interval.meter] = by_meter.get(interval.meter, 0) + interval.energy_wh
    summary = {
        "layout": meter.layout,
        "rows": meter.rows,
        "intervals": len(meter.intervals),
        "gross": None,
        "energy": _shown(meter.energy_wh, 3),
        "energy_wh": meter.energy_wh,
        "machines": {key: _shown(value, 3) for key, value in by_meter.items()},
        "gaps": len(meter.gaps),
        "set_aside": list(grouped.values()),
    }
    yield _table(name="meter-csv", table=meter, anything=bool(meter.intervals), summary=summary)


def _empty_group(reason: str) -> dict[str, Any]:
    return {"reason": reason, "rows": 0, "amount_minor": 0, "lines": []}


def _table(
    name: str, table: SalesFile | MeterFile, anything: bool, summary: dict[str, Any]
) -> Finding:
    if not anything:
        return Finding(
            format=name,
            verdict=Verdict.INVALID,
            reason=f"{NO_ROWS}: no row could be read",
            summary=summary,
        )
    aside = len(table.set_aside)
    reason = f"{_CONSISTENT}; {aside} set aside" if aside else _CONSISTENT
    return Finding(format=name, verdict=Verdict.VALID, reason=reason, summary=summary)


def _shown(amount: int | None, digits: int = 2) -> str | None:
    return None if amount is None else f"{Decimal(amount).scaleb(-digits):.{digits}f}"
