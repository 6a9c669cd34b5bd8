"""Hex prefixes are dealt with in one place, and no account is compared by the case of its digits."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("gateway", "chain", "oracle", "api", "src/counterfoil", "scripts")
HEX = "chain/hexadecimal.py"
LOWERS_NAMES = "api/access/parties.py"
"""Parties' names are told apart in any case here: accounts are not."""
_ACCOUNT = re.compile(
    r"account|address|part(y|ies)\b|holder|owner|operator|obligor|creditor|pledgee|issuer|supplier|borrower|lender"
    r"|signer|sender|seller|buyer|payer|offered_to|warehouse|\bme\b|\bside|token",
)


def modules() -> Iterator[Path]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            real = path.resolve().relative_to(ROOT)
            if "migrations" not in real.parts and "node_modules" not in real.parts:
                yield real


def by_hand(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and source of every place in *tree* that adds or strips ``0x``."""
    for node in ast.walk(tree):
        match node:
            case ast.BinOp(left=ast.Constant(value=str(text)), op=ast.Add()) if is_prefix(text):
                yield node.lineno, ast.unparse(node)
            case ast.JoinedStr(values=values):
                for before, after in itertools.pairwise(values):
                    text = before.value if isinstance(before, ast.Constant) else ""
                    hidden = isinstance(after, ast.FormattedValue)
                    if hidden and str(text).lower().endswith("0x"):
                        yield node.lineno, ast.unparse(node)
            case ast.Call(
                func=ast.Attribute(attr=verb), args=[ast.Constant(value=str(text)), *_]
            ) if verb in {
                "removeprefix",
                "lstrip",
                "startswith",
                "replace",
                "partition",
                "split",
            } and is_prefix(text):
                yield node.lineno, ast.unparse(node)
            case ast.Call(func=ast.Attribute(attr="fromhex"), args=[argument]) if any(
                isinstance(inner, ast.Slice) for inner in ast.walk(argument)
            ):
                yield node.lineno, ast.unparse(node)
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in {
                "to_checksum_address",
                "is_address",
                "remove_0x_prefix",
                "add_0x_prefix",
                "encode_hex",
                "decode_hex",
            }:
                yield node.lineno, ast.unparse(node)


def lowered(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and source of every place in *tree* that changes the case of an account, or of a column."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="func"), attr="lower" | "upper"), args=[_]
            ):
                yield node.lineno, ast.unparse(node)
            case ast.Call(
                func=ast.Attribute(value=value, attr="lower" | "upper" | "casefold"), args=[]
            ) if _ACCOUNT.search(ast.unparse(value)):
                yield node.lineno, ast.unparse(node)


def is_prefix(text: str) -> bool:
    return text.lower() == "0x"


def read(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text())


def test_no_module_but_one_adds_or_strips_the_prefix_of_hex() -> None:
    allowed = {HEX, "chain/address.py"}
    found = [
        f"{path}:{line}: {source}"
        for path in modules()
        if str(path) not in allowed
        for line, source in by_hand(read(path))
    ]
    assert found == []


def test_no_module_compares_accounts_by_the_case_of_their_digits() -> None:
    found = [
        f"{path}:{line}: {source}"
        for path in modules()
        if str(path) != LOWERS_NAMES
        for line, source in lowered(read(path))
    ]
    assert found == []


def test_the_folders_are_all_looked_at() -> None:
    seen = {path.parts[0] for path in modules()}
    assert {"gateway", "chain", "oracle", "api", "src", "scripts"} <= seen
    assert len(list(modules())) > 400


@pytest.mark.parametrize(
    "source",
    [
        '"0x" + data.hex()',
        'f"0x{data.hex()}"',
        'f"block 0x{name}"',
        'text.removeprefix("0x")',
        'text.startswith("0X")',
        "bytes.fromhex(text[2:])",
        "bytes.fromhex(str(row.root)[2:])",
        "to_checksum_address(text)",
    ],
)
def test_each_way_to_do_it_by_hand_is_noticed(source: str) -> None:
    assert list(by_hand(ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    [
        "row.account.lower()",
        "func.lower(Credit.account) == mine",
        "{side.lower() for side in sides}",
        'str(sent["sender"]).upper()',
    ],
)
def test_each_way_to_lower_an_account_is_noticed(source: str) -> None:
    assert list(lowered(ast.parse(source)))
