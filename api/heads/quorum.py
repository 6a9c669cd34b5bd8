"""The oracle's quorum: who signs heads and calls, how far each node is, and what nodes refused to sign.

Rules kept here:

* A batch's figures and a dissent's details name machines and amounts, so only those who may see everything see them.
  Everybody with a token sees who signs, which nodes respond, and that there was a dissent.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlmodel import Session

from counterfoil.api.heads.reads import HeadReads
from counterfoil.api.heads.routes import Size
from counterfoil.api.http import problems
from counterfoil.api.http.context import PartsDep, PrincipalDep, SightDep
from counterfoil.api.http.wide import Wide
from counterfoil.chain.hexadecimal import from_hex, to_hex
from counterfoil.oracle.rules.figures import Figures, decode_figures
from counterfoil.oracle.status.quorum_state import quorum_state
from counterfoil.oracle.store.head_tables import BatchFigures

router = APIRouter(tags=["quorum"], responses=problems.RESPONSES)
_Head = Annotated[int | None, Query(ge=1, le=2**53, description="Size of a head.")]


class NodeOut(BaseModel):
    """A node as this API's node sees it; `refusal` is why its copy of the log has stopped."""

    name: str = Field(examples=["harbour"])
    address: str
    signs: bool = Field(description="Whether it is one of the signers on chain.")
    is_self: bool
    records: int = Field(examples=[48960])
    anchored: int = Field(examples=[48211])
    answered_ms: int | None = Field(examples=[1661875980000])
    refusal: str | None
    error: str | None


class DissentOut(BaseModel):
    """Why a node refused to sign; `detail` and `log_index` are null for those who may not see everything."""

    kind: str = Field(examples=["head"])
    subject: str = Field(description="The EIP-712 digest that was proposed.")
    size: int | None
    proposer: str
    node: str
    code: str = Field(examples=["head.root_differs"])
    detail: str | None = Field(examples=["record 48211 is another one"])
    log_index: int | None
    times: int = Field(examples=[1])
    first_ms: int = Field(examples=[1661875980000])
    last_ms: int = Field(examples=[1661875980000])


class TurnOut(BaseModel):
    """An anchored head: the signer whose turn it was at first, and the one who sent it (null where unknown)."""

    number: int = Field(examples=[12])
    size: int = Field(examples=[48211])
    turn: str
    sent_by: str | None
    taken_over: bool | None


class QuorumOut(BaseModel):
    """`threshold` of `signers` must sign; `nodes` is empty where the oracle is one process.

    `turn` is the signer who proposes the next head first; `turns` are of the newest ten heads, by today's signers.
    """

    signers: list[str]
    threshold: int
    turn: str | None
    turns: list[TurnOut]
    nodes: list[NodeOut]
    dissents: list[DissentOut]


class GoodsOut(BaseModel):
    """Units sold of one commodity, and their price by the sales' lines."""

    commodity: str
    units: Wide
    amount_minor: Wide


class ProjectFiguresOut(BaseModel):
    """One project's takings in the batch; `project_hash` is zero for machines in none."""

    project_hash: str
    currency: str
    sales: int
    gross_minor: Wide
    refunds: int
    refunded_minor: Wide
    goods: list[GoodsOut]


class DeviceFiguresOut(BaseModel):
    """How one machine ran in the batch."""

    device_hash: str
    records: int
    intervals: int
    energy_wh: Wide


class FiguresOut(BaseModel):
    """A batch's figures; `encoded` is the hex of the bytes whose SHA-256 is in the head."""

    size: int
    previous_size: int
    block: int
    digest: str
    projects: list[ProjectFiguresOut]
    devices: list[DeviceFiguresOut]
    encoded: str


@router.get("/v1/quorum", summary="The oracle's quorum")
def get_quorum(parts: PartsDep, sight: SightDep, head: _Head = None) -> QuorumOut:
    """Signers, nodes, turns, and the newest dissents; with `head`, the dissents on heads of that size."""
    state = quorum_state(parts.reads, size=head, client=parts.client())
    nodes = [
        NodeOut(signs=node.address in state.signers, **node.model_dump(exclude={"url"}))
        for node in state.nodes
    ]
    dissents = [DissentOut.model_validate(row, from_attributes=True) for row in state.dissents]
    if not sight.everything:
        for node in nodes:
            node.refusal = node.error = None
        for dissent in dissents:
            dissent.detail = dissent.log_index = None
    return QuorumOut(
        signers=state.signers,
        threshold=state.threshold,
        turn=state.turn,
        turns=[TurnOut.model_validate(turn, from_attributes=True) for turn in state.turns],
        nodes=nodes,
        dissents=dissents,
    )


@router.get("/v1/heads/{size}/figures", summary="What a head's batch adds up to", tags=["heads"])
def get_figures(parts: PartsDep, _: PrincipalDep, size: Size) -> FiguresOut:
    """The figures that the quorum signed with the head; 404 where this node does not have their bytes."""
    anchored = HeadReads(parts.reads).head(size)
    with Session(parts.reads, expire_on_commit=False) as session:
        row = session.get(BatchFigures, anchored.figures) if anchored else None
    if anchored is None or row is None:
        raise problems.not_found("batch figures")
    return _figures_out(decode_figures(row.figures), row.figures, anchored.figures)


def _figures_out(figures: Figures, encoded: bytes, digest: str) -> FiguresOut:
    return FiguresOut(
        size=figures.size,
        previous_size=figures.previous_size,
        block=figures.block,
        digest=from_hex(digest).hex(),
        projects=[
            ProjectFiguresOut(
                project_hash=to_hex(p.project),
                **{name: getattr(p, name) for name in p._fields[1:-1]},
                goods=[GoodsOut(**g._asdict()) for g in p.goods],
            )
            for p in figures.projects
        ],
        devices=[
            DeviceFiguresOut(
                device_hash=to_hex(d.device),
                records=d.records,
                intervals=d.intervals,
                energy_wh=d.energy_wh,
            )
            for d in figures.devices
        ],
        encoded=encoded.hex(),
    )
