"""The second verifier of bundles (``tests/second_verifier``, JavaScript under node), held against the first one."""

from __future__ import annotations

import inspect
import json
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from counterfoil.api.audit.commands import verify as verify_command
from counterfoil.api.audit.verification import steps
from counterfoil.api.audit.verification.log_steps import LogTrust
from counterfoil.api.audit.verification.report import Report

PROGRAM = Path(__file__).resolve().parents[1] / "second_verifier" / "verify.mjs"
MOST = 120
"""Files of one test that the second verifier reads: a test that changes every byte gives it every so-manyth."""


class Judged(NamedTuple):
    """What a verifier says of a file: the verdict, and the codes of what it found, in the order of the steps."""

    verdict: str
    codes: list[str]


class SecondVerifier:
    """One process, which answers line by line."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [node(), PROGRAM, "--each"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        self._process.communicate(timeout=30)

    def judge(self, asked: Mapping[str, Any]) -> Judged:
        """What it says of ``asked["bundle"]``."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the second verifier ended: its error stands above"
        said = json.loads(answer)
        return Judged(said["verdict"], [finding["code"] for finding in said["findings"]])


def node() -> str:
    """Where node is; the test is skipped where it is not."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("no node on PATH: the second verifier is not run")
    return found


def asked_of(
    data: bytes,
    root: x509.Certificate,
    trust: LogTrust | None = None,
    addresses: Mapping[str, str] | None = None,
    deployment_hash: bytes = b"",
    revocations: Sequence[bytes] = (),
) -> dict[str, Any]:
    """The same question as ``steps.verify`` is asked."""
    trust = trust or LogTrust()
    return {
        "bundle": b64encode(data).decode(),
        "root": root.public_bytes(Encoding.PEM).decode(),
        "lists": [b64encode(der).decode() for der in revocations],
        "log_key": trust.log.verifier_key() if trust.log else None,
        "witnesses": [key.verifier_key() for key in trust.witnesses],
        "at_least": trust.at_least,
        "addresses": None if addresses is None else dict(addresses),
        "deployment_hash": deployment_hash.hex(),
    }


@contextmanager
def every_file_judged_twice(
    module: ModuleType, second: SecondVerifier, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Let the second verifier read all that ``steps.verify`` reads meanwhile, and fail where they differ."""
    honest = steps.verify
    calls: list[tuple[dict[str, Any], Judged]] = []

    def verify(*args: Any, **named: Any) -> Report:
        report = honest(*args, **named)
        given = inspect.signature(honest).bind(*args, **named).arguments
        first = Judged(report.verdict, [str(finding.code) for finding in report.findings])
        calls.append((given, first))
        return report

    for place in (steps, verify_command, module):
        if getattr(place, "verify", None) is honest:
            monkeypatch.setattr(place, "verify", verify)
    yield
    for given, first in calls[:: -(-len(calls) // MOST) or 1]:
        hold_together(first, second.judge(asked_of(**given)))


def hold_together(first: Judged, second: Judged) -> None:
    """Fail unless both came to one verdict, found the same kinds of things, and the same one first."""
    assert second.verdict == first.verdict, (first, second)
    assert second.codes[:1] == first.codes[:1], (first, second)
    assert set(second.codes) == set(first.codes), (first, second)


@pytest.fixture(scope="session")
def second_verifier() -> Iterator[SecondVerifier | None]:
    """One for all tests; None where node is not, which ``test_second_verifier`` says by being skipped."""
    second = SecondVerifier() if shutil.which("node") else None
    yield second
    if second is not None:
        second.close()


@pytest.fixture(autouse=True)
def held_against_the_second_verifier(
    request: pytest.FixtureRequest,
    second_verifier: SecondVerifier | None,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[None]:
    """Every file that a test has verified goes through the second verifier too, in a module that imports both."""
    if second_verifier is None:
        yield
        return
    with every_file_judged_twice(request.module, second_verifier, monkeypatch):
        yield
