"""What a route needs: the parts that ``create_app`` made, who asks, and what the asker may see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Request
from fastapi.security import APIKeyCookie, HTTPBearer
from sqlalchemy import Engine

from counterfoil.api.access import auth
from counterfoil.api.access.auth import Principal
from counterfoil.api.access.directory import Directory
from counterfoil.api.access.parties import NoAccount
from counterfoil.api.access.roles import whose
from counterfoil.api.access.sight import Sight
from counterfoil.api.access.whose import Whose
from counterfoil.api.http import problems
from counterfoil.api.http.chain_health import ChainHealth, ChainWatch
from counterfoil.api.http.faults import CHAIN_NOT_CONFIGURED, CSRF_TOKEN_MISSING
from counterfoil.api.http.house_watch import HouseWatch
from counterfoil.api.http.party_limits import PartyLimits
from counterfoil.api.settings import ApiSettings
from counterfoil.chain.address import Address
from counterfoil.chain.client import ChainClient
from counterfoil.chain.errors import ChainError
from counterfoil.gateway.logfiles.hash_reader import LogHashes

COOKIE = "counterfoil_session"
CSRF_HEADER = "x-csrf-token"


@dataclass(frozen=True)
class ApiParts:
    """The objects of one process, made once. *reads* only reads ``oracle.db``, and does not wait for a writer."""

    settings: ApiSettings
    oracle: Engine
    reads: Engine
    gateway: Engine
    hashes: LogHashes
    directory: Directory
    watch: ChainWatch
    client: Callable[[], ChainClient | None]
    house: HouseWatch
    limits: PartyLimits

    def final_number(self) -> int:
        """Return the newest final block that a node states; -1 when none does."""
        return self.watch.health().final

    def health(self) -> ChainHealth:
        """How the chain's nodes are doing."""
        return self.watch.health()

    def is_the_tokens_bank(self, account: Address | NoAccount) -> bool:
        """Whether *account* is the bank whose deposits the token stands for, or another that the settings name.

        Raises a problem where no node can be asked.
        """
        if not account or account in self.settings.bank_accounts:
            return bool(account)
        client = self.client()
        if client is None or not client.addresses:
            raise problems.conflict(CHAIN_NOT_CONFIGURED, "no node or deployment is set here")
        try:
            return bool(client.call("DepositToken", "bank") == account)
        except ChainError as error:
            raise problems.ApiProblem(
                503, error.code, "the chain's node does not answer"
            ) from error

    def sight(self, principal: Principal, reach: Whose) -> Sight:
        """Return what *principal* may see by an operation of this *reach*."""
        everything = reach in (Whose.ALL, Whose.TRIES) or (
            reach is Whose.BANK
            and self.is_the_tokens_bank(self.directory.account_of(principal.party))
        )
        return self.directory.sight(principal, everything)


def parts_of(request: Request) -> ApiParts:
    """The process's parts."""
    parts: ApiParts = request.app.state.parts
    return parts


_BEARER = HTTPBearer(auto_error=False, description="A token of `counterfoil api token create`.")
_COOKIE = APIKeyCookie(name=COOKIE, auto_error=False, description="A page's session; reads only.")


def maybe_principal(request: Request) -> Principal | None:
    """Return who asks, None for nobody. A session that writes must send its CSRF token."""
    parts = parts_of(request)
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return auth.by_token(parts.reads, token.strip())
    cookie = request.cookies.get(COOKIE)
    if not cookie:
        return None
    found = auth.by_cookie(parts.reads, cookie)
    if found is None or request.method in ("GET", "HEAD"):
        return found
    if not auth.same_secret(found.csrf, request.headers.get(CSRF_HEADER, "")):
        raise problems.ApiProblem(403, CSRF_TOKEN_MISSING, "the session's CSRF token is missing")
    return found


def operation_of(request: Request) -> str:
    """Return the name in the table of roles of what *request* asks for; "" where no route has taken it."""
    route = request.scope.get("route")
    return "" if route is None else f"{request.method} {route.path}"


def reach_of(request: Request, principal: Principal) -> Whose:
    """Return whose objects *principal* reaches by *request*."""
    return whose(operation_of(request), principal.role)


def principal_of(
    request: Request,
    _bearer: Annotated[object, Depends(_BEARER)],
    _cookie: Annotated[object, Depends(_COOKIE)],
) -> Principal:
    """Return who asks; 401 for nobody, 403 where the table of roles gives the role nothing by this operation.

    A write counts as one of its party's.
    """
    found = maybe_principal(request)
    if found is None:
        raise problems.unauthorised("a valid token is needed")
    if reach_of(request, found) is Whose.NONE:
        raise problems.forbidden(f"a {found.role} may not do this")
    if request.method not in ("GET", "HEAD"):
        parts_of(request).limits.write(found.party)
    return found


def sight_of(
    request: Request,
    parts: Annotated[ApiParts, Depends(parts_of)],
    principal: Annotated[Principal, Depends(principal_of)],
) -> Sight:
    """Return what the asker may see by this operation."""
    return parts.sight(principal, reach_of(request, principal))


PartsDep = Annotated[ApiParts, Depends(parts_of)]
PrincipalDep = Annotated[Principal, Depends(principal_of)]
SightDep = Annotated[Sight, Depends(sight_of)]


ProjectName = Annotated[str, Path(max_length=64, examples=["lakeside-vending"])]
