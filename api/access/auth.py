"""Who asks: bearer tokens for programs, cookie sessions for the pages.

Rules kept here:

* A token is 32 random bytes, shown once when it is made and stored as its SHA-256; so are session
  cookies and login codes. There is no default secret.
* What a role may see and try stands in ``roles_table`` and nowhere else.
* What belongs to somebody else is 404, like what does not exist.
"""

from __future__ import annotations

import hmac
import secrets
import time
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from counterfoil.api.store.tables import ApiLoginLink, ApiSession, ApiToken
from counterfoil.chain.abi import enums as contracts

TOKEN_PREFIX = "cf_"  # noqa: S105  # marks a leaked token as ours to scanners
LOGIN_MINUTES = 15
_DAY_MS = 86_400_000


class Role(StrEnum):
    """What a token's holder is in the consortium. A role that exists on chain has the same name here."""

    ADMIN = contracts.Role.ADMIN.wire_name
    OPERATOR = "operator"
    BANK = contracts.Role.BANK.wire_name
    AUDITOR = "auditor"
    REGULATOR = "regulator"
    MANUFACTURER = "manufacturer"
    SITE = "site"
    INVESTOR = "investor"
    SUPPLIER = "supplier"
    CORE_ENTERPRISE = contracts.Role.CORE_ENTERPRISE.wire_name
    BORROWER = "borrower"
    WAREHOUSE = contracts.Role.WAREHOUSE.wire_name
    SUPERVISOR = contracts.Role.SUPERVISOR.wire_name
    COMMITTEE = contracts.Role.COMMITTEE.wire_name


@dataclass(frozen=True)
class Principal:
    """Who asks: the role, the party it acts for, and its name."""

    token_id: str
    role: Role
    party: str
    name: str
    csrf: str = ""


def now_ms() -> int:
    """This machine's UTC clock in ms."""
    return time.time_ns() // 1_000_000


def _hash(secret: str) -> bytes:
    return sha256(secret.encode()).digest()


def create_token(engine: Engine, role: Role, party: str, name: str, days: int) -> tuple[str, str]:
    """Make a token and return (its id, the token). It can never be read again."""
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    made = now_ms()
    row = ApiToken(
        id=secrets.token_hex(6),
        token_hash=_hash(token),
        role=role.value,
        party=party,
        name=name,
        created_ms=made,
        expires_ms=made + days * _DAY_MS,
    )
    with Session(engine, expire_on_commit=False) as session:
        session.add(row)
        session.commit()
    return row.id, token


def list_tokens(engine: Engine) -> list[ApiToken]:
    """Return all tokens' rows, the oldest first; the tokens themselves are not stored."""
    with Session(engine) as session:
        return list(session.exec(select(ApiToken).order_by(col(ApiToken.created_ms))))


def revoke_token(engine: Engine, token_id: str) -> bool:
    """End a token and its sessions; False when there is none of this id."""
    with Session(engine) as session:
        row = session.get(ApiToken, token_id)
        if row is None:
            return False
        row.revoked_ms = row.revoked_ms or now_ms()
        for opened in session.exec(select(ApiSession).where(ApiSession.token_id == token_id)):
            session.delete(opened)
        session.commit()
    return True


def _principal(session: Session, row: ApiToken | None, csrf: str = "") -> Principal | None:
    if row is None or row.revoked_ms is not None or row.expires_ms <= now_ms():
        return None
    return Principal(
        token_id=row.id, role=Role(row.role), party=row.party, name=row.name, csrf=csrf
    )


def by_token(engine: Engine, token: str) -> Principal | None:
    """Return whose *token* this is; None when it is unknown, expired or revoked."""
    with Session(engine) as session:
        row = session.exec(select(ApiToken).where(ApiToken.token_hash == _hash(token))).first()
        return _principal(session, row)


def create_login_code(engine: Engine, token_id: str) -> str:
    """Make a code that opens one session of this token within 15 minutes."""
    code = secrets.token_urlsafe(32)
    with Session(engine) as session:
        session.add(
            ApiLoginLink(
                code_hash=_hash(code),
                token_id=token_id,
                expires_ms=now_ms() + LOGIN_MINUTES * 60_000,
            )
        )
        session.commit()
    return code


def open_session(engine: Engine, secret: str, hours: int) -> str | None:
    """Open a session for a token or a login code, and return its cookie; None when *secret* is neither.

    A code opens one session, even when it is sent twice at once.
    """
    with Session(engine) as session:
        token = session.exec(select(ApiToken).where(ApiToken.token_hash == _hash(secret))).first()
        if token is None:
            link = session.get(ApiLoginLink, _hash(secret), with_for_update=True)
            if link is None or link.used_ms is not None or link.expires_ms <= now_ms():
                return None
            link.used_ms = now_ms()
            token = session.get(ApiToken, link.token_id)
        if token is None or _principal(session, token) is None:
            return None
        cookie = secrets.token_urlsafe(32)
        session.add(
            ApiSession(
                cookie_hash=_hash(cookie),
                token_id=token.id,
                csrf=secrets.token_urlsafe(24),
                expires_ms=min(now_ms() + hours * 3_600_000, token.expires_ms),
            )
        )
        session.commit()
    return cookie


def by_cookie(engine: Engine, cookie: str) -> Principal | None:
    """Return whose session this is; None when it has ended."""
    with Session(engine) as session:
        opened = session.get(ApiSession, _hash(cookie))
        if opened is None or opened.expires_ms <= now_ms():
            return None
        return _principal(session, session.get(ApiToken, opened.token_id), opened.csrf)


def close_session(engine: Engine, cookie: str) -> None:
    """End a session."""
    with Session(engine) as session:
        opened = session.get(ApiSession, _hash(cookie))
        if opened is not None:
            session.delete(opened)
            session.commit()


def same_secret(one: str, other: str) -> bool:
    """Whether the two are equal, in constant time; never true of empty ones."""
    return bool(one) and hmac.compare_digest(one.encode(), other.encode())
