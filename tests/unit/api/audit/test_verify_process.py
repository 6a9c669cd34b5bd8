"""``audit verify`` as a process of its own: what an auditor's machine must have, and what it never loads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding
from support_world import DAY_MS, DEVICES, FIRST_MS, PINNED, World

from counterfoil.api.audit.making.collection import collect
from counterfoil.api.audit.verification.bundle_format import encode

_PROCESS = """
import sys
before = set(sys.modules)
from counterfoil.__main__ import main
try:
    main()
finally:
    tops = {name.partition(".")[0] for name in set(sys.modules) - before}
    strangers = [t for t in tops if t not in sys.stdlib_module_names and t[0] != "_"]
    print("LOADED", *sorted(strangers), file=sys.stderr)
"""


def test_a_bundle_is_verified_without_node_or_database(tmp_path: Path) -> None:
    world = World(devices=DEVICES[:1])
    world.sell(days=4, sales_a_day=1)
    made = collect(world.store().engine, None, world.facts(DEVICES[0], 0, FIRST_MS + 2 * DAY_MS))
    bundle, root = tmp_path / "machine.bundle", tmp_path / "root.pem"
    bundle.write_bytes(encode(made))
    root.write_bytes(world.root.public_bytes(Encoding.PEM))

    trusted = ["--root-ca", str(root), "--deployment-hash", PINNED.hex()]
    run = subprocess.run(
        [sys.executable, "-c", _PROCESS, "audit", "verify", str(bundle), *trusted],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[-1] == "valid"
    assert run.stderr.startswith("LOADED ")
    loaded = set(run.stderr.split()[1:]) - {"counterfoil", "cython_runtime"}
    assert "cbor2" in loaded
    assert not {"web3", "sqlalchemy", "requests", "httpx", "eth_account", "rich"} & loaded
    # The verifier's own and, beside them, the command line's and those that keccak is computed with.
    beside = {"typer", "annotated_doc", "shellingham", "Crypto", "cffi", "pycparser"}
    assert len(loaded - beside) <= 20, sorted(loaded)
