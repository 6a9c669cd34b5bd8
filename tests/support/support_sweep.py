"""``counterfoil audit sweep`` run over a test's house: its words, what it prints and what it says as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from support_oracle import OracleHouse
from typer import Typer
from typer.testing import CliRunner, Result

from counterfoil.api.audit.commands.audit import register


def arguments(house: OracleHouse, *more: object, log: Path | None = None) -> list[str]:
    return [
        str(a)
        for a in (
            "audit",
            "sweep",
            "--rpc",
            house.chain.node.rpc_url,
            "--processes",
            1,
            "--log",
            log or house.folder / "tiles",
            "--deployment",
            house.chain.path,
            *more,
        )
    ]


def run(house: OracleHouse, *more: object, log: Path | None = None) -> Result:
    app = Typer()
    register(app)
    return CliRunner().invoke(app, arguments(house, *more, log=log))


def swept(house: OracleHouse, *more: object, log: Path | None = None) -> dict[str, Any]:
    result = run(house, "--json", *more, log=log)
    said: dict[str, Any] = json.loads(result.stdout)
    assert result.exit_code == {"valid": 0, "invalid": 1, "unverifiable": 2}[said["verdict"]]
    return said


def codes(said: dict[str, Any]) -> set[str]:
    return {finding["code"] for finding in said["findings"]}


def states(said: dict[str, Any]) -> dict[str, str]:
    """The state of each line, by its part."""
    return {line["part"]: line["state"] for line in said["lines"]}
