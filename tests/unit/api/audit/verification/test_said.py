"""All that a verification says stands in English and Chinese, once, and the same in terminal, JSON and HTML."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from support_bundles import bundle_of, world_of
from support_language import has_english
from support_world import PINNED, World
from typer import Typer
from typer.testing import CliRunner

from counterfoil.api.audit.commands import audit as audit_commands
from counterfoil.api.audit.verification.bundle import Bundle
from counterfoil.api.audit.verification.bundle_format import encode
from counterfoil.api.audit.verification.errors import AuditError
from counterfoil.api.audit.verification.money_errors import SplitError
from counterfoil.api.audit.verification.said import Counted, Joined, Part, Said, said_in, said_of

AUDIT = Path(__file__).parents[5] / "api" / "audit"
CATALOGUES = ("checked", "found", "money", "swept", "to_do")
CHINESE = re.compile("[一-鿿]")


def calls() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(AUDIT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                yield f"{path.name}:{node.lineno}", node


def has_words(value: ast.expr) -> bool:
    """Whether a value is text of the program's own: only a template is translated."""
    if isinstance(value, ast.IfExp):
        return has_words(value.body) or has_words(value.orelse)
    if isinstance(value, ast.BoolOp):
        return any(has_words(one) for one in value.values)
    return isinstance(value, ast.JoinedStr | ast.Constant)


def templates() -> dict[str, str]:
    """Each template that is used, with where; a template that is no literal fails."""
    found: dict[str, str] = {}
    for where, call in calls():
        assert isinstance(call.func, ast.Name)
        if call.func.id == "Said":
            (template,) = call.args
            assert isinstance(template, ast.Constant), where
            assert isinstance(template.value, str), where
            text = template.value
            names = set(re.findall(r"\{(\w+)\}", text))
            assert names == {keyword.arg for keyword in call.keywords}, where
            assert not any(has_words(keyword.value) for keyword in call.keywords), where
        elif call.func.id == "Counted":
            _, noun = call.args
            assert isinstance(noun, ast.Constant), where
            text = f"{{number}} {noun.value}"
        else:
            continue
        found[text] = where
    return found


def entries() -> list[tuple[str, str]]:
    """Each entry of the catalogues, as it is written there."""
    found = []
    for name in CATALOGUES:
        path = AUDIT / "verification" / f"said_zh_{name}.py"
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Dict):
                pairs = zip(node.keys, node.values, strict=True)
                found += [(ast.literal_eval(key), ast.literal_eval(one)) for key, one in pairs]
    return found


def subclasses(kind: type[AuditError]) -> set[type[AuditError]]:
    return {kind}.union(*(subclasses(one) for one in kind.__subclasses__()))


def test_each_text_has_one_translation_and_each_translation_is_used() -> None:
    kinds = subclasses(AuditError)
    assert SplitError in kinds
    used = {**templates(), **{kind.to_do: kind.__name__ for kind in kinds}}
    written = Counter(english for english, _ in entries())
    assert set(used) == set(written)
    assert [english for english, times in written.items() if times > 1] == []


def test_each_translation_is_chinese_and_has_the_names_of_its_template() -> None:
    for english, chinese in entries():
        names = [Counter(re.findall(r"\{\w+\}", text)) for text in (english, chinese)]
        assert names[0] == names[1], english
        words = re.sub(r"\{\w+\}", "", chinese)
        assert CHINESE.search(words) or not re.search("[A-Za-z]", words), english
        assert not has_english(chinese), chinese


def test_each_finding_says_what_to_do() -> None:
    for kind in subclasses(AuditError) - {AuditError}:
        assert "to_do" in vars(kind), kind


def test_nothing_is_put_into_words_before_somebody_asks() -> None:
    class Loud:
        asked = 0

        def __str__(self) -> str:
            Loud.asked += 1
            return "a\x1bb"

    said = Said("{file}", file=Loud())
    assert Loud.asked == 0
    assert (str(said), Loud.asked) == ("a\\x1bb", 1)
    assert said.in_("zh") == "a\\x1bb"


def test_said_things_are_nested_joined_and_counted() -> None:
    said = Joined(", ", [Counted(1, "sale"), Counted(2, "refund")])
    assert (str(said), said.in_("zh")) == ("1 sale, 2 refunds", "1 笔销售、2 笔退款")
    where = Said("{part} (size {size})", part=Part("heads", 3), size=7)
    assert (str(where), where.in_("zh")) == ("heads[3] (size 7)", "heads[3]（7 条记录）")
    assert said_in("zh", "{a} \u202e") == "{a} \\u202e"
    quoted = Said("no terms: {error}", error="{part} \x1b")
    assert quoted.in_("zh") == "不是条款：“{part} \\x1b”"
    assert [str(Counted(n, "record")) for n in (1, 12_345)] == ["1 record", "12,345 records"]


def test_what_was_said_is_kept_as_plain_values_and_said_again() -> None:
    said = Said(
        "{why}; the newest head on chain is of {records}",
        why=Joined("; ", [Said("{tile_error}", tile_error="gone\x1b"), Part("heads", 3)]),
        records=Counted(7, "record"),
    )
    again = said_of(json.loads(json.dumps(said.as_plain())))
    assert (
        again.in_("en")
        == said.in_("en")
        == ("gone\\x1b; heads[3]; the newest head on chain is of 7 records")
    )
    assert again.in_("zh") == said.in_("zh")


@pytest.mark.parametrize(
    "plain",
    [
        "text",
        [],
        ["said", "{0.__class__}", {}],
        ["said", "{device}", {"device": ["said", "words of another version", {}]}],
        ["counted", 1, "unicorn"],
        ["joined", " or ", []],
    ],
)
def test_words_that_the_program_does_not_have_are_not_said(plain: object) -> None:
    with pytest.raises(ValueError, match="nothing that is said"):
        said_of(plain)


# ---- whole reports


@pytest.fixture(scope="module")
def world() -> World:
    return world_of(days=4)


@pytest.fixture(scope="module")
def bundle(world: World) -> Bundle:
    return bundle_of(world, days=2)


@dataclass(frozen=True)
class Shown:
    """One report in its three forms."""

    terminal: str
    said: dict[str, Any]
    page: str


def shown(folder: Path, world: World, data: bytes, *options: str) -> Shown:
    app = Typer()
    audit_commands.register(app)
    file, root, page = folder / "machine.bundle", folder / "root.pem", folder / "page.html"
    file.write_bytes(data)
    root.write_bytes(world.root.public_bytes(Encoding.PEM))
    asked = ["audit", "verify", str(file), "--root-ca", str(root), *options]
    terminal = CliRunner().invoke(app, [*asked, "--html", str(page)])
    said = json.loads(CliRunner().invoke(app, [*asked, "--json"]).stdout)
    return Shown(terminal.stdout, said, unescape(page.read_text()))


def texts(said: dict[str, Any]) -> list[str]:
    """All that a report says in words."""
    rows = [f"{row['name']}{row['value']}" for key in ("sure", "figures_text") for row in said[key]]
    found = [said["verdict_text"], *rows, *said["not_looked_at"]]
    for step in said["steps"]:
        found += [step["title"], step["checked"]]
        found += [one[key] for one in step["findings"] for key in ("where", "detail", "to_do")]
    return found


def damaged(bundle: Bundle) -> Bundle:
    """Another's project, heads, records, payouts, terms and certificates."""
    first, second, *rest = bundle.records
    wrong = second._replace(raw=second.raw[:-1] + bytes([second.raw[-1] ^ 1]))
    row = bundle.distributions[0]
    payouts = row.credits[0]._replace(amount=row.credits[0].amount + 1)
    changed = row._replace(credits=(payouts, *row.credits[1:]), gross=row.gross + 1)
    return replace(
        bundle,
        scope=bundle.scope._replace(project="hilltop"),
        records=(wrong, first, *rest),
        heads=(bundle.heads[-1]._replace(root=bytes(32)),),
        distributions=(changed, changed, *bundle.distributions[1:]),
        certificates=(b"none", *bundle.certificates[1:]),
        registry=tuple(key._replace(revoked=1) for key in bundle.registry),
        assignments=(),
    )


CASES = {
    "valid": (encode, ("--deployment-hash", PINNED.hex())),
    "unverifiable": (encode, ()),
    "invalid": (
        lambda bundle: encode(damaged(bundle)),
        ("--device", "other", "--from", "2022-08-01", "--to", "2022-08-02"),
    ),
    "unreadable": (lambda bundle: b"no bundle" + encode(bundle)[:9], ()),
    "other deployment": (encode, ("--deployment-hash", "ab" * 32)),
}


@pytest.mark.parametrize("case", CASES)
def test_a_report_says_the_same_in_all_three_forms_and_no_english_in_chinese(
    case: str, world: World, bundle: Bundle, tmp_path: Path
) -> None:
    made, options = CASES[case]
    data = made(bundle)
    english = shown(tmp_path, world, data, *options)
    chinese = shown(tmp_path, world, data, *options, "--language", "zh")
    verdict = case if case in ("valid", "unverifiable") else "invalid"
    for one in (english, chinese):
        assert one.said["verdict"] == verdict
        for step in one.said["steps"]:
            assert step["checked"] in one.terminal
            assert step["checked"] in one.page
            for finding in step["findings"]:
                for key in ("code", "where", "detail", "to_do"):
                    assert finding[key] in one.terminal
                    assert finding[key] in one.page
        for line in (one.said["verdict_text"], *one.said["not_looked_at"]):
            assert line in one.terminal
            assert line in one.page
        assert one.said["not_looked_at"][: len(one.said["skipped"])] == one.said["skipped"]
    left = [text for text in texts(chinese.said) if has_english(text)]
    assert left == []
    assert [line for line in chinese.terminal.splitlines() if has_english(line)] == []
    body = re.sub(r"<style>.*?</style>|<[^>]*>", " ", chinese.page, flags=re.DOTALL)
    assert [line for line in body.splitlines() if has_english(line)] == []
    names = {"valid": "有效", "invalid": "无效", "unverifiable": "无法核实"}
    assert f"<strong>{names[verdict]}</strong>" in chinese.page
    assert f"<strong>{verdict}</strong>" in english.page
    assert any(has_english(text) for text in texts(english.said))
    assert [len(step["findings"]) for step in english.said["steps"]] == [
        len(step["findings"]) for step in chinese.said["steps"]
    ]
