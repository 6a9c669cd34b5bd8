"""A command is imported when it is named, and nothing else.

So an auditor's verification starts without the libraries of a node or a database.
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
    """Import *module* and return it; from here on the process logs to its standard error."""
    # What is imported stays. Collecting garbage among it would take a tenth of a command's start.
    gc.disable()
    found = import_module(module)
    gc.freeze()
    gc.enable()
    structlog: Any = sys.modules.get("structlog")  # None where nothing that logs was imported
    if structlog is not None:
        # Standard error is looked up at each use: who captures it may have closed what stood there before.
        structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))
    return found


class CommandsByName(TyperGroup):
    """A group whose commands stand in ``TABLE``: name → (module, function).

    ``TABLE`` is also the order of the group's help, which alone imports all of them.
    """

    TABLE: ClassVar[Mapping[str, tuple[str, str]]] = {}

    def list_commands(self, ctx: Any) -> list[str]:
        """The names, in the table's order."""
        return list(self.TABLE)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import and return the command *cmd_name*; None when there is none."""
        if cmd_name in self.TABLE and cmd_name not in self.commands:
            module, function = self.TABLE[cmd_name]
            alone = typer.Typer(pretty_exceptions_enable=False)
            alone.command(cmd_name)(getattr(load(module), function))
            self.commands[cmd_name] = typer.main.get_command(alone)
        return super().get_command(ctx, cmd_name)
