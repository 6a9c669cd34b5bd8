"""``counterfoil replay`` and ``demo``: the main job, on real files or on a simulated fleet."""

from __future__ import annotations

import inspect
import json
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from counterfoil.api.access.auth import Role
from counterfoil.chain.errors import ChainError
from counterfoil.gateway.errors import GatewayError
from counterfoil.oracle.errors import OracleError
from counterfoil.oracle.settings import MINT_LIMIT_MINOR
from counterfoil.replay import made_up_parties as parties
from counterfoil.replay.asset_report import FACE
from counterfoil.replay.errors import REPLAY_FAILED
from counterfoil.replay.money_side import NotInTime
from counterfoil.replay.report import write
from counterfoil.replay.report_tables import show
from counterfoil.replay.run import new_report, run
from counterfoil.replay.script import ReplayPlan, plan_from_files, plan_simulated
from counterfoil.up.data_folder import MOST_ORACLES, open_house
from counterfoil.up.folder_lock import HouseInUse, default_data
from counterfoil.up.for_auditors import TITLE, for_auditors
from counterfoil.up.process_tree import Tree
from counterfoil.up.signin import sign_in_link
from counterfoil.up.superseded import HouseSuperseded
from counterfoil.up.supervisor import ChildFailed


def register(app: typer.Typer) -> None:
    """Add ``replay`` and ``demo`` to *app*."""
    app.command("replay")(replay)
    app.command("demo")(demo)


def _same_options_as(
    other: Callable[..., None],
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of *other*."""

    def with_options(command: Callable[..., None]) -> Callable[..., None]:
        command.__signature__ = inspect.signature(other, eval_str=True)  # type: ignore[attr-defined]
        command.__annotations__ = {
            name: p.annotation
            for name, p in inspect.signature(other, eval_str=True).parameters.items()
        }
        return command

    return with_options


def replay(
    sales: Annotated[
        Path | None,
        typer.Option(help="Sales CSV (.gz too): each transaction becomes a signed sale."),
    ] = None,
    meter: Annotated[
        Path | None, typer.Option(help="Meter CSV (.gz too): each row becomes a signed reading.")
    ] = None,
    days: Annotated[
        int, typer.Option(help="Without files: how many days the simulated fleet runs.", min=1)
    ] = 30,
    currency: Annotated[
        str, typer.Option(help="ISO 4217 code of the files' amounts (two decimals).")
    ] = "USD",
    data: Annotated[
        Path | None, typer.Option(help="The data folder; kept. [default: .counterfoil]")
    ] = None,
    engine: Annotated[str, typer.Option(help="Embedded chain: anvil or ganache.")] = "anvil",
    oracles: Annotated[
        int,
        typer.Option(
            help="At the first start: N oracle nodes, of which more than two thirds must sign.",
            min=1,
            max=MOST_ORACLES,
        ),
    ] = 1,
    network: Annotated[
        Path | None,
        typer.Option(
            help="At the first start: use this network member's node instead of an embedded chain."
        ),
    ] = None,
    leave: Annotated[
        bool, typer.Option("--exit", help="End when it is done, instead of serving the page.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the report as one JSON document.")
    ] = False,
) -> None:
    """Enrol machines, replay their sales and readings, anchor them, share the revenue, audit it.

    Exit status: 0 when every minor unit and every record is accounted for, 1 when not, 2 when it could not tell.
    """
    _main_job(
        sales,
        meter,
        days,
        currency,
        data,
        engine,
        oracles,
        network,
        leave,
        as_json,
        with_assets=False,
    )


@_same_options_as(replay)
def demo(**options: Any) -> None:
    """The same as replay, and a claim and a loan on what was replayed.

    A payable is confirmed, split, passed on, discounted and settled; a loan on the takings pays the supplier and is
    repaid by the split's sweep. Exit status as of replay.
    """
    _main_job(**options, with_assets=True)


def _main_job(
    sales: Path | None,
    meter: Path | None,
    days: int,
    currency: str,
    data: Path | None,
    engine: str,
    oracles: int,
    network: Path | None,
    leave: bool,
    as_json: bool,
    with_assets: bool,
) -> None:
    said = Console(stderr=True)
    began = time.monotonic()

    def say(step: str) -> None:
        said.print(f"[dim]{time.monotonic() - began:6.1f} s[/dim]  {step}", highlight=False)

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set() if stop.is_set() else _interrupt(stop))
    try:
        plan = _plan(sales, meter, days, currency)
        house = open_house(
            data or default_data(),
            currency=plan.currency,
            engine=engine,
            oracles=oracles,
            network=network,
        )
        report = new_report(plan)

        def tell() -> None:
            report.seconds["all"] = time.monotonic() - began
            write(report, house.folder / "report.json")
            if as_json:
                typer.echo(json.dumps(report.to_json()))
            else:
                show(report, Console())

        bounds = {"COUNTERFOIL_ORACLE_MINT_LIMIT_MINOR": str(_mint_limit(plan))}
        with Tree(house, lambda step: say(f"starting {step}"), oracle_settings=bounds) as tree:
            try:
                run(tree, plan, say, report=report, with_assets=with_assets)
            except Exception as failure:
                code = getattr(failure, "code", REPLAY_FAILED)
                report.failed = {"code": str(code), "detail": str(failure)}
                tell()
                raise
            tell()
            if not leave:
                said.print(f"\n{TITLE}", highlight=False, soft_wrap=True, markup=False)
                for what, value in for_auditors(house).items():
                    said.print(f"{what:15} {value}", highlight=False, soft_wrap=True, markup=False)
                name, _ = parties.PARTIES["operator"]
                link = sign_in_link(house, role=Role.OPERATOR, party="operator", name=name)
                said.print(
                    f"\nThe page is at {report.page} until Ctrl-C. To sign in as {name}, once within 15 minutes:",
                    highlight=False,
                    soft_wrap=True,
                )
                said.print(f"[bold]{link}[/bold]", highlight=False, soft_wrap=True)
                while not stop.wait(0.5):
                    tree.supervisor.watch_once()
    except (
        ChainError,
        GatewayError,
        OracleError,
        ChildFailed,
        HouseInUse,
        HouseSuperseded,
        NotInTime,
    ) as failure:
        typer.echo(json.dumps({"code": failure.code, "detail": str(failure)}), err=True)
        raise typer.Exit(2) from failure
    except (OSError, RuntimeError) as failure:
        typer.echo(json.dumps({"code": REPLAY_FAILED, "detail": str(failure)}), err=True)
        raise typer.Exit(2) from failure
    raise typer.Exit(0 if report.adds_up else 1)


def _interrupt(stop: threading.Event) -> None:
    stop.set()
    raise KeyboardInterrupt


def _mint_limit(plan: ReplayPlan) -> int:
    """What one account may mint within a day here: all takings come in at once, and nobody is there to confirm."""
    return max(MINT_LIMIT_MINOR, 2 * plan.gross_minor + 10 * FACE)


def _plan(sales: Path | None, meter: Path | None, days: int, currency: str) -> ReplayPlan:
    if sales is None and meter is None:
        return plan_simulated(days)
    return plan_from_files(sales, meter, currency)
