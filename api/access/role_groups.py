"""The groups of roles that the table of roles speaks of; ADMINS and every group of writers has the admin."""

from __future__ import annotations

from counterfoil.api.access.auth import Role

EVERY = frozenset(Role)
OVERSEERS = frozenset({Role.ADMIN, Role.AUDITOR, Role.REGULATOR})
SEERS = OVERSEERS | {Role.BANK, Role.SUPERVISOR, Role.COMMITTEE}
"""Who may see all that stands on the chain and in the log."""
OTHERS = EVERY - SEERS
TRADERS = OTHERS - {Role.WAREHOUSE} | {Role.ADMIN, Role.BANK}
"""Who may hold, owe, buy and sell."""
BORROWERS = TRADERS - {Role.BANK, Role.SITE, Role.INVESTOR}
WRITERS = EVERY - {Role.AUDITOR, Role.REGULATOR}
ADMINS = frozenset({Role.ADMIN})
LENDERS = frozenset({Role.ADMIN, Role.BANK})
WAREHOUSES = frozenset({Role.ADMIN, Role.WAREHOUSE})
SUPERVISORS = frozenset({Role.ADMIN, Role.SUPERVISOR})
COMMITTEE = frozenset({Role.ADMIN, Role.COMMITTEE})
PAID = TRADERS - {Role.BANK, Role.CORE_ENTERPRISE, Role.BORROWER}
BANKS_EYES = OVERSEERS | {Role.SUPERVISOR}
"""Who sees the bank's files beside the bank itself: no other bank, and no committee, which other banks sit on."""
