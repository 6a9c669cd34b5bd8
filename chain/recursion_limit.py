"""Importing this keeps the interpreter's recursion limit.

py_ecc, which web3 brings, lifts it to 100,000 as it is imported; above some ten thousand a deeply nested JSON body
overflows the C stack and ends the process. Where py_ecc came in before, the limit is what Python starts with.
"""

import sys
from contextlib import suppress

_PYTHONS_OWN = 1_000
_limit = _PYTHONS_OWN if "py_ecc" in sys.modules else sys.getrecursionlimit()
with suppress(ImportError):
    import py_ecc  # noqa: F401
sys.setrecursionlimit(_limit)
