"""Takes out one check at a time and prints those that no fast unit test notices. See docs/contributing.md."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from types import ModuleType

from changes import Change, changes_of
from running import ROOT, Reach, Tests, load, with_tests

DECIDES = (
    "api/audit/verification",
    "api/audit/node_check.py",
    "gateway/record/verification.py",
    "gateway/record/chain_check.py",
    "gateway/record/signed_record.py",
    "gateway/record/cose.py",
    "gateway/record/cbor_form.py",
    "gateway/log",
    "chain/proof/block_proof.py",
    "oracle/rules/judging",
)
"""What is changed."""
WORDS = (
    "errors.py",
    "money_errors.py",
    "report_words.py",
    "said.py",
    "said_zh_checked.py",
    "said_zh_found.py",
    "said_zh_money.py",
    "said_zh_to_do.py",
    "words.py",
    "opinion.py",
)
"""Files of words: they decide nothing."""
TESTS = (
    "tests/unit/api/audit",
    "tests/unit/chain/proof",
    "tests/unit/gateway/log",
    "tests/unit/gateway/logfiles",
    "tests/unit/gateway/record",
    "tests/unit/gateway/witness",
    "tests/unit/oracle/heads",
    "tests/unit/oracle/revenue",
    "tests/unit/oracle/rules/judging",
)
"""The fast tests that are near enough to notice."""
FIRST = 12
"""So many of the tests that noticed other changes of a module are tried first."""
MOST = 48
"""So many tests are run with a change: what none of the nearest notices wants a test of its own."""
EXPLAINED = Path(__file__).with_name("explained.txt")
STATE = ROOT / "build" / "mutants.jsonl"
NONE_LEFT, SOME_LEFT, COULD_NOT_TELL = 0, 1, 2
STATUS = """
exit status: 0 none survives that is not explained; 1 some do, or an explanation fits no survivor; 2 it could not be
told. What was run is kept in build/mutants.jsonl: that a change was noticed, until its module or that test changes;
that it survived, until its module or any test does.
"""


@dataclass(frozen=True)
class Outcome:
    """What came of a change: which test noticed it, if any did, and of which sources that is true."""

    name: str
    digest: str
    noticed_by: str
    seconds: float

    @property
    def path(self) -> str:
        """The module that was changed."""
        return self.name.partition(":")[0]

    @property
    def survived(self) -> bool:
        """Whether no test noticed it."""
        return not self.noticed_by


def python_files(places: Iterable[str]) -> list[str]:
    """The files of the repository under *places*, which may be files themselves."""
    found = []
    for place in places:
        at = ROOT / place
        found += [at] if at.is_file() else sorted(at.rglob("*.py"))
    return [str(path.relative_to(ROOT)) for path in found]


def read_state() -> dict[str, Outcome]:
    """What earlier runs found, the newest of each change."""
    if not STATE.exists():
        return {}
    rows = (json.loads(line) for line in STATE.read_text().splitlines())
    return {row["name"]: Outcome(**row) for row in rows if "noticed_by" in row}


def write(row: object) -> None:
    """Add a line to the state."""
    STATE.parent.mkdir(exist_ok=True)
    with STATE.open("a") as file:
        file.write(json.dumps(row if isinstance(row, dict) else vars(row)) + "\n")


def read_explained() -> dict[str, str]:
    """The reason why each survivor that is explained can't matter, by the change's name."""
    rows = {}
    for line in EXPLAINED.read_text().splitlines():
        if line and not line.startswith("#"):
            name, _, reason = line.partition(" -- ")
            rows[name] = reason
    return rows


def reaches(
    tests: Tests, files: Sequence[str], modules: dict[str, ModuleType], around: str
) -> dict[str, Reach]:
    """What each test reaches; kept in a file while the test's own and *around*, a hash of the rest, are the same."""
    kept = STATE.with_name("mutants-reach.jsonl")
    kept.parent.mkdir(exist_ok=True)
    rows = [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
    known = {
        row["digest"]: {name: Reach(**of) for name, of in row["reach"].items()} for row in rows
    }
    found: dict[str, Reach] = {}
    for path in files:
        digest = digest_of([path]) + around
        if digest not in known:
            print(f"mutants: which lines {path} reaches", file=sys.stderr)
            known[digest] = {name: tests.reach_of(name, modules) for name in tests.in_file(path)}
            reach = {name: vars(of) for name, of in known[digest].items()}
            with kept.open("a") as file:
                file.write(json.dumps({"digest": digest, "reach": reach}) + "\n")
        found |= known[digest]
    return found


def digest_of(files: Iterable[str]) -> str:
    """One hash of all these files."""
    return sha256(b"".join(_digest(path) for path in files)).hexdigest()


@cache
def _digest(path: str) -> bytes:
    return sha256(path.encode() + b"\0" + (ROOT / path).read_bytes()).digest()


def run(
    change: Change,
    module: ModuleType,
    tests: Tests,
    near: dict[str, Reach],
    noticed: Counter[str],
) -> str:
    """The test that notices *change*, "" when none does; *noticed* counts what each test did in this module before.

    First those that noticed most, then those that are quick and reach most around it; of the rest those of a file
    together, for they share what they stand on.
    """
    lines = set(change.lines)
    reach = {n: r for n, r in near.items() if lines & set(r.lines.get(change.path, ()))}
    around = range(min(lines) - 40, max(lines) + 40)

    def rank(name: str) -> float:
        near_by = sum(line in around for line in reach[name].lines[change.path])
        return float(reach[name].seconds / 1.2**near_by)

    first = [name for name, _ in noticed.most_common() if name in reach][:FIRST]
    ranked = sorted(reach.keys() - set(first), key=rank)[: MOST - len(first)]
    files = dict.fromkeys(name.partition("::")[0] for name in ranked)
    rest = [name for file in files for name in ranked if name.startswith(file)]
    timed = [(name, reach[name].seconds) for name in (*first, *rest)]
    return tests.notices(module, change.function, change.code(), timed) if timed else ""


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(
        prog="scripts/mutants",
        description=__doc__,
        epilog=STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--part", default="1/1", metavar="N/M", help="the Nth of M parts")
    parser.add_argument("--only", default="", metavar="TEXT", help="those with TEXT in their name")
    parser.add_argument("--list", action="store_true", help="print the changes, run nothing")
    parser.add_argument(
        "--again", action="store_true", help="run what survived again, and nothing else"
    )
    asked = parser.parse_args()
    try:
        asked.number, asked.of = (int(word) for word in asked.part.split("/"))
    except ValueError:
        parser.error(f"--part {asked.part}: 2/8 is the second of eight")
    if not 1 <= asked.number <= asked.of:
        parser.error(f"--part {asked.part}: 2/8 is the second of eight")
    return asked


def main() -> int:
    """Run what is asked for, print what survives, and return the exit status."""
    asked = arguments()
    paths = [path for path in python_files(DECIDES) if Path(path).name not in WORDS]
    changes = [one for path in paths for one in changes_of((ROOT / path).read_text(), path)]
    names = {one.name for one in changes}
    mine = [one for one in changes[asked.number - 1 :: asked.of] if asked.only in one.name]
    if asked.list:
        print("\n".join(one.name for one in mine))
        return NONE_LEFT
    files = [path for path in python_files(TESTS) if Path(path).name.startswith("test_")]
    modules = load(paths)
    work = partial(run_all, mine=mine, names=names, modules=modules, files=files, again=asked.again)
    status = with_tests(files, work)
    if status is None:
        print("mutants: the tests can't be collected", file=sys.stderr)
        return COULD_NOT_TELL
    return status


def run_all(
    tests: Tests,
    mine: Sequence[Change],
    names: set[str],
    modules: dict[str, ModuleType],
    files: Sequence[str],
    again: bool,
) -> int:
    """Run *mine* as far as they are not known, print what survives, and return the exit status."""
    started = time.monotonic()
    support = [*python_files(["tests/support"]), "tests/conftest.py"]
    near = reaches(tests, files, modules, around=digest_of([*modules, *support]))
    failing = [name for name, reach in near.items() if reach.failed]
    if failing:
        print(f"mutants: {failing[0]} fails with nothing changed", file=sys.stderr)
        return COULD_NOT_TELL
    state, ran = read_state(), 0
    noticed: dict[str, Counter[str]] = defaultdict(Counter)
    for outcome in state.values():
        noticed[outcome.path][outcome.noticed_by] += 1

    def digest(path: str, noticed_by: str) -> str:
        """Of what an outcome depends on: a change that was noticed still is, whatever the other tests say."""
        said = [noticed_by.split("::", maxsplit=1)[0]] if noticed_by else files
        return digest_of([path, *said, *support])

    for change in mine:
        known = state.get(change.name)
        is_known = known is not None and known.digest == digest(change.path, known.noticed_by)
        if (again and not (known and known.survived)) or (is_known and not again):
            continue
        began = time.monotonic()
        noticed_by = run(
            change, modules[change.path], tests, near=near, noticed=noticed[change.path]
        )
        noticed[change.path][noticed_by] += 1
        took = round(time.monotonic() - began, 2)
        found = Outcome(change.name, digest(change.path, noticed_by), noticed_by, took)
        state[change.name] = found
        write(found)
        ran += 1
    return tell(mine, names, state, ran=ran, seconds=time.monotonic() - started)


def tell(
    mine: Sequence[Change], names: set[str], state: dict[str, Outcome], ran: int, seconds: float
) -> int:
    """Print what survives of *mine*, and return the exit status."""
    explained, counts = read_explained(), Counter[str]()
    status = NONE_LEFT
    for change in mine:
        found = state.get(change.name)
        reason = explained.get(change.name)
        if found is None:
            counts["not run"] += 1
        elif not found.survived:
            counts["killed"] += 1
            if reason is not None:
                print(f"explained, and killed: {change.name}")
                status = SOME_LEFT
        elif reason is not None:
            counts["explained"] += 1
        else:
            counts["survive"] += 1
            print(f"survives: {change.name}")
            status = SOME_LEFT
    for name in sorted(explained.keys() - names):
        print(f"explained, and no such change: {name}")
        status = SOME_LEFT
    said = ", ".join(f"{counts[kind]} {kind}" for kind in ("killed", "survive", "explained"))
    left = f", {counts['not run']} not run" if counts["not run"] else ""
    print(f"{len(mine)} changes: {said}{left}; {ran} run now, in {seconds:.0f} s")
    return status


if __name__ == "__main__":
    raise SystemExit(main())
