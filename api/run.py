"""The API's composition root: settings become objects here, and nowhere else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from sqlalchemy import create_engine
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

from counterfoil import __version__
from counterfoil.api import metrics, nouns, operation_routes, stream
from counterfoil.api.access.directory import Directory
from counterfoil.api.http import description, etags, problems, security_headers
from counterfoil.api.http.body_limit import BodyLimit, Uploads
from counterfoil.api.http.certificate_watch import CertificateWatch
from counterfoil.api.http.chain_health import ChainWatch
from counterfoil.api.http.context import ApiParts, maybe_principal
from counterfoil.api.http.house_watch import HouseWatch
from counterfoil.api.http.party_limits import PartyLimits
from counterfoil.api.pages import proof, sign_in
from counterfoil.api.pages import routes as pages
from counterfoil.api.settings import ApiSettings
from counterfoil.api.store.database import open_oracle_database
from counterfoil.chain.client import ChainClient, Finality
from counterfoil.chain.deployment_file import Deployment
from counterfoil.database_link import link_limits
from counterfoil.gateway.logfiles.hash_reader import LogHashes

STATIC = Path(__file__).resolve().parent / "pages" / "static"

DESCRIPTION = """Signed takings of machines, what proves them, and how they are shared.

Reads need a bearer token and return only what its party may see; what belongs to others is 404.
Writes need an `Idempotency-Key` and return 202 with an *instruction*, which the oracle carries out
once; each is also offered as an unsigned transaction for a key that is held elsewhere. Amounts are
in minor units, energy in Wh, times UTC in ms, business dates YYYYMMDD. A number that may be above 2^53 - 1 (every
amount, energy, number of shares or units) is a string of decimal digits, whatever its size (`format: digits`).
"""


def _client_factory(settings: ApiSettings) -> Callable[[], ChainClient | None]:
    """Return a function that makes a client of the first node, None without one. The deployment may come later."""

    def make() -> ChainClient | None:
        if not settings.rpc_urls:
            return None
        path = settings.deployment
        addresses = Deployment.read(path).addresses if path is not None and path.exists() else {}
        return ChainClient(settings.rpc_urls[0], addresses, _finality(settings), timeout_s=10)

    return make


def _finality(settings: ApiSettings) -> Finality:
    return Finality(settings.final_depth, settings.final_tag)


def create_app(settings: ApiSettings) -> FastAPI:
    """Return the API and the pages over the databases and nodes of *settings*.

    Raises:
        EditionDiffers: the deployment is of another edition of the ledger; no database was opened.
    """
    if settings.deployment is not None and settings.deployment.exists():
        Deployment.read(settings.deployment)
    oracle = open_oracle_database(settings.oracle_url)
    reads = oracle.execution_options(reads_only=True)
    gateway = create_engine(
        settings.gateway_url, pool_pre_ping=True, connect_args=link_limits(settings.gateway_url)
    )
    clients = [
        ChainClient(rpc_url=url, addresses={}, finality=_finality(settings), timeout_s=2.0)
        for url in settings.rpc_urls
    ]
    watch = ChainWatch(clients)
    parts = ApiParts(
        settings,
        oracle,
        reads,
        gateway=gateway,
        hashes=LogHashes(gateway, settings.tiles),
        directory=Directory(reads),
        watch=watch,
        client=_client_factory(settings),
        house=HouseWatch(
            reads,
            chain=watch.health,
            certificates=CertificateWatch(settings.certificates).alarms,
            gateways=settings.gateways,
            disks=settings.disks,
        ),
        limits=PartyLimits(
            streams=settings.streams_a_party,
            writes_at_once=settings.writes_at_once,
            writes_a_minute=settings.writes_a_minute,
        ),
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        oracle.dispose()
        gateway.dispose()

    app = FastAPI(
        title="Counterfoil",
        version=__version__,
        description=DESCRIPTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        lifespan=lifespan,
    )
    app.state.parts = parts
    problems.install(app, pages.failure)
    for router in (*nouns.ROUTERS, operation_routes.router, stream.router):
        app.include_router(router)
    app.include_router(metrics.router)
    for page in (*nouns.PAGES, proof.router, pages.router, sign_in.router):
        app.include_router(page)
    description.install(app)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_middleware(etags.ETags)
    app.add_middleware(GZipMiddleware, minimum_size=1024)
    app.add_middleware(
        BodyLimit,
        max_body_bytes=settings.max_body_bytes,
        max_upload_bytes=settings.max_upload_bytes,
        uploads=Uploads(settings.uploads_at_once),
        uploads_to=nouns.UPLOADS,
        who=maybe_principal,
    )
    app.add_middleware(security_headers.SecurityHeaders)
    app.add_middleware(metrics.Measured)
    return app
