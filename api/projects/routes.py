"""Projects, the versions of their splits, and their distributions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from counterfoil.api.access.sight import Sight
from counterfoil.api.http import problems
from counterfoil.api.http.context import ApiParts, PartsDep, ProjectName, SightDep
from counterfoil.api.http.paging import Cursor, Limit, Page, page_of, read_cursor, write_cursor
from counterfoil.api.http.wide import Plain, Wide
from counterfoil.api.projects.reads import ProjectReads, SeenDistribution
from counterfoil.chain.hexadecimal import HEX_32_BYTES, from_hex, to_hex
from counterfoil.oracle.store.directory_tables import KnownProject

router = APIRouter(tags=["projects"], responses=problems.RESPONSES)
_Batch = Annotated[str, Path(pattern=HEX_32_BYTES, examples=[to_hex(b"\xd5" * 32)])]
Day = Annotated[int | None, Query(ge=19700101, le=99991231, description="YYYYMMDD")]


class ProjectOut(BaseModel):
    """A project: machines whose revenue is shared by the same terms."""

    project: str = Field(examples=["lakeside-vending"])
    project_hash: str
    name: str
    operator: str
    currency: str = Field(examples=["USD"])
    decimals: int
    tax_basis_points: int
    devices: list[str]


class SplitVersionOut(BaseModel):
    """The terms from one business date on; `terms` where they are known here, `terms_hash` as on chain."""

    project: str
    version: int
    effective_from: int = Field(examples=[20220801])
    terms_hash: str
    terms: Plain | None


class CreditOut(BaseModel):
    """The amount that one tier gave one account."""

    tier: str = Field(examples=["goods"])
    account: str
    amount_minor: Wide


class DistributionOut(BaseModel):
    """A distribution: the sum of credits is the gross.

    Those who do not run the project see their own credits only, and those of pools in which they have a share.
    """

    batch: str
    project: str
    business_date: int
    version: int
    gross_minor: Wide
    refunds_minor: Wide
    tax_minor: Wide
    head_size: int
    facts_hash: str
    block_number: int
    transaction_hash: str
    credits: list[CreditOut]


def _project(parts: ApiParts, sight: Sight, project: str) -> KnownProject:
    if project not in sight.projects:
        raise problems.not_found("project")
    return next(p for p in parts.directory.projects() if p.project == project)


def _out(parts: ApiParts, sight: Sight, project: KnownProject) -> ProjectOut:
    devices = [
        m.device
        for m in parts.directory.machines()
        if m.project == project.project and m.device in sight.devices
    ]
    fields = {name: getattr(project, name) for name in ProjectOut.model_fields if name != "devices"}
    return ProjectOut(**fields, devices=devices)


def _shared(parts: ApiParts, sight: Sight, batch: str) -> SeenDistribution:
    for shared in ProjectReads(parts.reads).distributions(sight, sight.projects):
        if shared.batch == batch:
            return shared
    raise problems.not_found("distribution")


def _distribution(shared: SeenDistribution) -> DistributionOut:
    names = [name for name in DistributionOut.model_fields if name != "credits"]
    credited = [CreditOut(tier=t, account=a, amount_minor=m) for t, a, m in shared.credits]
    return DistributionOut(**{n: getattr(shared, n) for n in names}, credits=credited)


@router.get("/v1/projects", summary="Projects")
def list_projects(
    parts: PartsDep, sight: SightDep, cursor: Cursor = None, limit: Limit = 50
) -> Page[ProjectOut]:
    """Projects that the asker runs or is paid by."""
    mine = [p for p in parts.directory.projects() if p.project in sight.projects]
    return page_of(
        rows=mine,
        name="projects",
        place=lambda p: p.project,
        cursor=cursor,
        limit=limit,
        show=lambda p: _out(parts, sight, p),
    )


@router.get("/v1/projects/{project}", summary="One project")
def get_project(parts: PartsDep, sight: SightDep, project: ProjectName) -> ProjectOut:
    """A project by its name."""
    return _out(parts, sight, _project(parts, sight, project))


@router.get("/v1/projects/{project}/split-versions", summary="Its rules, version by version")
def list_split_versions(
    parts: PartsDep,
    sight: SightDep,
    project: ProjectName,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[SplitVersionOut]:
    """The split's versions on chain; their terms are shown to those who run the project."""
    known = _project(parts, sight, project)
    open_terms = sight.everything or project in sight.run
    rows = [
        SplitVersionOut(
            project=project,
            version=entry.version,
            effective_from=entry.effective_from,
            terms_hash=entry.terms_hash,
            terms=said.terms if said is not None and open_terms else None,
        )
        for entry, said in ProjectReads(parts.reads).terms(known)
    ]
    return page_of(
        rows,
        name="split-versions",
        place=lambda row: f"{row.version:010}",
        cursor=cursor,
        limit=limit,
        show=lambda row: row,
    )


@router.get("/v1/distributions", summary="Distributions", tags=["distributions"])
def list_distributions(
    parts: PartsDep,
    sight: SightDep,
    project: Annotated[str | None, Query(max_length=64)] = None,
    first: Day = None,
    last: Day = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[DistributionOut]:
    """Distributions of the asker's projects, in the chain's order."""
    if project is not None and project not in sight.projects:
        raise problems.not_found("project")
    wanted = sight.projects if project is None else {project}
    start = int(read_cursor(cursor, "distributions", "0"))
    found = ProjectReads(parts.reads).distributions(
        sight, projects=wanted, first=first or 0, last=last or 99991231
    )
    more = write_cursor("distributions", str(start + limit)) if len(found) > start + limit else None
    return Page(items=[_distribution(d) for d in found[start : start + limit]], next=more)


@router.get("/v1/distributions/{batch}", summary="One distribution", tags=["distributions"])
def get_distribution(
    parts: PartsDep,
    sight: SightDep,
    batch: _Batch,
) -> DistributionOut:
    """A distribution by its batch."""
    return _distribution(_shared(parts, sight, batch))


@router.get(
    "/v1/distributions/{batch}/facts",
    summary="Which records it shared out",
    tags=["distributions"],
    response_class=Response,
    responses={200: {"content": {"application/cbor": {}}}},
)
def get_facts(parts: PartsDep, sight: SightDep, batch: _Batch) -> Response:
    """Its facts, byte for byte (docs/formats/facts.md): their SHA-256 is `facts_hash`, which is on chain.

    For those who see all of the project: who runs it, and who may read everything.
    """
    shared = _shared(parts, sight, batch)
    if not sight.everything and shared.project not in sight.run:
        raise problems.not_found("facts")
    facts = ProjectReads(parts.reads).facts(shared.facts_hash)
    if facts is None:
        raise problems.not_found("facts")
    name = f"{from_hex(shared.facts_hash).hex()}.cbor"
    return Response(
        facts,
        media_type="application/cbor",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
