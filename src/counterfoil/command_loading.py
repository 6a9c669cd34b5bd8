"""A command is imported when it is named, and nothing beside it.

An auditor's verification starts without the libraries of a node or a database, because nothing here imports them.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup


def load(module: str) -> ModuleType:
    """*module*, imported; what a process logs goes beside its output from here on."""
    # What is imported stays: to look through it for garbage again and again takes a tenth of a command's start.
    gc.disable()
    found = import_module(module)
    gc.freeze()
    gc.enable()
    structlog: Any = sys.modules.get(
        "structlog"
    )  # where nothing was imported that logs, nothing is to be set
    if structlog is not None:
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    return found


class CommandsByName(TyperGroup):
    """A group whose commands stand in ``TABLE``: name → (module, function).

    ``TABLE`` is the order of the group's help too, which is the one thing that imports them all.
    """

    TABLE: ClassVar[Mapping[str, tuple[str, str]]] = {}

    def list_commands(self, ctx: Any) -> list[str]:
        """The names, in the table's order."""
        return list(self.TABLE)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command *cmd_name*, imported now; None when there is none."""
        if cmd_name in self.TABLE and cmd_name not in self.commands:
            module, function = self.TABLE[cmd_name]
            alone = typer.Typer(pretty_exceptions_enable=False)
            alone.command(cmd_name)(getattr(load(module), function))
            self.commands[cmd_name] = typer.main.get_command(alone)
        return super().get_command(ctx, cmd_name)
