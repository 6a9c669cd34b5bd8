"""Whose contracts a bundle's blocks speak of: those that the auditor has from elsewhere, or nobody knows whose. Pure.

Rules kept here:

* A file names its contracts itself. Whoever makes the file can deploy contracts of his own, on the consortium's chain
  or another one, and everything else then holds. So a file is *unverifiable* until the auditor says, from elsewhere,
  which deployment is the consortium's: by its file, or by its hash.
* A deployment's hash is the SHA-256 of five lines, each with its newline: ``counterfoil deployment v1``, the chain's id
  in decimal, and the addresses of RecordAnchor, DeviceRegistry and RevenueSplit in lower case.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from counterfoil.api.audit.verification.bundle import Bundle, Scope
from counterfoil.api.audit.verification.errors import AddressError, DeploymentUnknownError
from counterfoil.api.audit.verification.report import Step
from counterfoil.api.audit.verification.said import Part, Said

CONTRACTS = ("RecordAnchor", "DeviceRegistry", "RevenueSplit")


def deployment_hash(chain_id: int, addresses: Mapping[str, str]) -> bytes:
    """Return the hash by which a deployment is pinned."""
    lines = (
        "counterfoil deployment v1",
        chain_id,
        *(addresses.get(name, "") for name in CONTRACTS),
    )
    return sha256("".join(f"{line}\n" for line in lines).lower().encode()).digest()


def stated_addresses(scope: Scope) -> dict[str, str]:
    """Return the contracts that a bundle names, by their names."""
    return dict(
        zip(
            CONTRACTS,
            (scope.record_anchor, scope.device_registry, scope.revenue_split),
            strict=True,
        )
    )


def check_deployment(
    bundle: Bundle, addresses: Mapping[str, str] | None, pinned: bytes, step: Step
) -> None:
    """Judge whether the bundle's deployment is the auditor's, and say in the step's line which it is.

    *addresses* are the auditor's own, where it has the file; *pinned* is the deployment's hash, empty without one.
    """
    stated = stated_addresses(bundle.scope)
    if not bundle.blocks and not any(stated.values()):
        return  # made without a chain: step 11 has said so
    mine = deployment_hash(bundle.scope.chain_id, stated)
    said = Said("deployment {hash} on chain {chain}", hash=mine.hex(), chain=bundle.scope.chain_id)
    if pinned and pinned != mine:
        detail = Said(
            "its deployment is {stated}, the one that you pinned is {pinned}",
            stated=mine.hex(),
            pinned=pinned.hex(),
        )
        step.findings.append(AddressError(Part("scope"), detail))
    elif pinned or addresses is not None:
        said = Said("{deployment}, the one that you pinned", deployment=said)
    else:
        detail = Said(
            "whose contracts these are can't be told by the file: anybody may deploy such ones"
        )
        step.findings.append(DeploymentUnknownError(Part("scope"), detail))
    step.add(said)
