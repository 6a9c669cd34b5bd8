"""One file a resource; each has a ``router``. All answer below ``/v1``."""

from counterfoil.api.resources import heads, records, stream

ROUTERS = (records.router, heads.router, stream.router)
