"""The changes of a module that each take one check out of it. Pure: source text in, code objects out.

Why no library does this: cosmic-ray 8 and mutmut 3 change numbers, operators and texts, and have no operator that
leaves a check out; over these modules that is ten thousand changes (one for each pair of operators) of which most say
nothing of a check. cosmic-ray also writes each change into the sources and starts Python anew for it, and mutmut copies
the sources into a folder of its own, where the packages' links lead back to the originals.

One change is one of these, inside a function:

* a statement is left out: ``raise``, ``yield``, a call for its effect, ``x += …``;
* a condition never holds, or always: of ``if``, ``while``, ``a if c else b``, and each ``if`` of a comprehension;
* one operand of ``and`` or ``or``, one end of ``a <= b <= c``, one element of two compared tuples, one entry of a
  ``{"name": …}`` is left out;
* a bound moves by one: ``<`` for ``<=`` and the other way round.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CodeType

_LONGEST = 100
_BOUNDS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_Place = tuple[ast.AST, str, int | None]
"""A node's parent, the field, and the place in it where that is a list."""


@dataclass(frozen=True)
class Change:
    """One check taken out of *function* (its qualified name in the module at *path*)."""

    path: str
    function: str
    what: str
    lines: range
    """A test that reaches none of these is the same with the change."""
    code: Callable[[], CodeType]
    """The changed function, compiled."""

    @property
    def name(self) -> str:
        """What it is called in states and explanations: without line numbers, so that it lasts."""
        return f"{self.path}:{self.function}: {self.what}"


def changes_of(source: str, path: str) -> list[Change]:
    """Return the changes of the module *source*, each with a name of its own."""
    tree = ast.parse(source)
    seen: Counter[str] = Counter()
    found = []
    for function, node in _functions(tree, ""):
        for place, old, new, what, lines in _sites(node):
            seen[f"{function}: {what}"] += 1
            again = seen[f"{function}: {what}"]
            numbered = what if again == 1 else f"{what} #{again}"
            code = _compiler(tree, path, function, place, old, new)
            found.append(Change(path, function, numbered, lines, code))
    return found


def _functions(node: ast.AST, before: str) -> Iterator[tuple[str, ast.AST]]:
    """The outermost functions and the methods, by their qualified names."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _FUNCTIONS):
            yield before + child.name, child
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{before}{child.name}.")


def _sites(function: ast.AST) -> Iterator[tuple[_Place, ast.AST, ast.AST, str, range]]:
    """Each node of *function* that is replaced, by what, in words, and the lines that must be reached."""
    todo: list[tuple[_Place, ast.AST, range]] = []

    def below(node: ast.AST, lines: range) -> None:
        for field, value in ast.iter_fields(node):
            if isinstance(node, _FUNCTIONS) and field != "body":
                continue  # annotations, defaults and decorators are not run with the function
            many = value if isinstance(value, list) else [value]
            for index, child in enumerate(many):
                if isinstance(child, ast.AST):
                    at = index if isinstance(value, list) else None
                    todo.append(((node, field, at), child, _lines(child, lines)))

    below(function, range(0))
    while todo:
        place, node, lines = todo.pop(0)
        for new, what, reached in _replacements(place[0], place[1], node):
            yield place, node, new, what, reached or lines
        below(node, lines)


def _lines(node: ast.AST, around: range) -> range:
    """The lines of a statement, without the statements in it; of anything else those around it."""
    if not isinstance(node, ast.stmt):
        return around
    body = getattr(node, "body", None)
    last = body[0].lineno - 1 if body else node.end_lineno or node.lineno
    return range(node.lineno, max(last, node.lineno) + 1)


def _replacements(
    parent: ast.AST, field: str, node: ast.AST
) -> Iterator[tuple[ast.AST, str, range | None]]:
    """What stands for *node*, in words, and the lines that count instead of its own."""
    if _is_left_out(node):
        yield (
            ast.If(test=ast.Constant(False), body=[node], orelse=[]),
            f"without {_words(node)}",
            None,
        )
    if isinstance(node, ast.expr) and _is_condition(parent, field) and not _is_of_words(parent):
        body = parent.body if isinstance(parent, ast.If) else None
        if not (body and len(body) == 1 and _is_left_out(body[0])):
            reached = range(body[0].lineno, body[0].lineno + 1) if body else None
            yield _both(ast.And(), False, node), f"never {_words(node)}", reached
        yield _both(ast.Or(), True, node), f"always {_words(node)}", None
    if isinstance(node, ast.BoolOp) and not _is_of_words(node):
        for n, operand in enumerate(node.values):
            rest = [one for one in node.values if one is not node.values[n]]
            new = rest[0] if len(rest) == 1 else ast.BoolOp(op=node.op, values=rest)
            yield new, f"without {_words(operand)} in {_words(node)}", None
    if isinstance(node, ast.Compare):
        yield from ((new, what, None) for new, what in _of_comparison(node))
    if isinstance(node, ast.Dict) and all(isinstance(key, ast.Constant) for key in node.keys):
        for n, key in enumerate(node.keys):
            rest = [k for k in range(len(node.keys)) if k != n]
            new = ast.Dict(keys=[node.keys[k] for k in rest], values=[node.values[k] for k in rest])
            yield new, f"without {_words(key)} in a dict", None  # type: ignore[arg-type]


def _of_comparison(node: ast.Compare) -> Iterator[tuple[ast.AST, str]]:
    sides = [node.left, *node.comparators]
    for n, op in enumerate(node.ops):
        if type(op) in _BOUNDS:
            ops = [*node.ops[:n], _BOUNDS[type(op)](), *node.ops[n + 1 :]]
            new = ast.Compare(left=node.left, ops=ops, comparators=node.comparators)
            yield new, f"{_words(new)} for {_words(node)}"
    if len(node.ops) > 1:
        for n in (0, len(sides) - 1):
            cut = sides[1:] if n == 0 else sides[:-1]
            ops = node.ops[1:] if n == 0 else node.ops[:-1]
            new = ast.Compare(left=cut[0], ops=ops, comparators=cut[1:])
            yield new, f"{_words(new)} for {_words(node)}"
    if len(sides) == 2:
        tuples = [s.elts for s in sides if isinstance(s, ast.Tuple)]
        if len(tuples) == 2 and len(tuples[0]) == len(tuples[1]) > 1:
            for n in range(len(tuples[0])):
                one, two = (
                    ast.Tuple(elts=[*elts[:n], *elts[n + 1 :]], ctx=ast.Load()) for elts in tuples
                )
                new = ast.Compare(left=one, ops=node.ops, comparators=[two])
                yield new, f"without {_words(tuples[0][n])} in {_words(node)}"


def _is_left_out(node: ast.AST) -> bool:
    """Whether *node* is a statement that is only there for its effect."""
    if isinstance(node, ast.Expr):
        return not isinstance(node.value, ast.Constant)
    return isinstance(node, ast.Raise | ast.AugAssign)


def _is_condition(parent: ast.AST, field: str) -> bool:
    return (isinstance(parent, ast.If | ast.IfExp | ast.While) and field == "test") or (
        isinstance(parent, ast.comprehension) and field == "ifs"
    )


def _is_of_words(node: ast.AST) -> bool:
    """Whether *node* only chooses between texts, which decides nothing."""
    sides = node.values if isinstance(node, ast.BoolOp) else []
    if isinstance(node, ast.IfExp):
        sides = [node.body, node.orelse]
    return any(
        isinstance(side, ast.JoinedStr)
        or (isinstance(side, ast.Constant) and isinstance(side.value, str))
        for side in sides
    )


def _both(op: ast.boolop, constant: bool, node: ast.expr) -> ast.expr:
    """The *constant*, with *node* behind it: its names stay those of the function, and it is not run."""
    return ast.BoolOp(op=op, values=[ast.Constant(constant), node])


def _words(node: ast.AST) -> str:
    said = " ".join(ast.unparse(node).split())
    return said if len(said) <= _LONGEST else said[: _LONGEST - 1] + "…"


def _compiler(
    tree: ast.Module, path: str, function: str, place: _Place, old: ast.AST, new: ast.AST
) -> Callable[[], CodeType]:
    def compiled() -> CodeType:
        _put(place, ast.fix_missing_locations(ast.copy_location(new, old)))
        try:
            return _code(compile(tree, path, "exec"), function)
        finally:
            _put(place, old)

    return compiled


def _put(place: _Place, node: ast.AST) -> None:
    parent, field, index = place
    if index is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[index] = node


def _code(module: CodeType, function: str) -> CodeType:
    """The code of *function* in a compiled *module*."""
    todo = [module]
    found = []
    while todo:
        for one in todo.pop().co_consts:
            if isinstance(one, CodeType):
                todo.append(one)
                if one.co_qualname == function:
                    found.append(one)
    (code,) = found
    return code
