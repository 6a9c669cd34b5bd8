"""The only place that talks to an EVM: nodes, client, sender, events, errors, deployment.

Importing it keeps the interpreter's recursion limit. py_ecc, which web3 brings, lifts it to 100,000 as it is imported;
above some ten thousand a deeply nested JSON body overflows the C stack and ends the process.
"""

import sys
from contextlib import suppress

_limit = sys.getrecursionlimit()
with suppress(ImportError):
    import py_ecc  # noqa: F401
sys.setrecursionlimit(_limit)
