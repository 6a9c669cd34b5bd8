"""Keeps the interpreter's recursion limit; importing this module is enough.

py_ecc, which web3 imports, raises the limit to 100,000. Above some ten thousand, a deeply nested JSON body overflows
the C stack and ends the process. Where py_ecc was imported before, the limit becomes Python's default.
"""

import sys
from contextlib import suppress

_PYTHONS_OWN = 1_000
_limit = _PYTHONS_OWN if "py_ecc" in sys.modules else sys.getrecursionlimit()
with suppress(ImportError):
    import py_ecc  # noqa: F401
sys.setrecursionlimit(_limit)
