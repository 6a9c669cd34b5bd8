"""Tables made of chain events, one handler an event; inside the feed's database transaction, never committing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete
from sqlmodel import Session, col, select

from counterfoil.chain.tables import ChainEvent
from counterfoil.oracle.assets import Handler, claims, credit, deals, receipts, shares
from counterfoil.oracle.store import asset_tables
from counterfoil.oracle.store.day_tables import Deposit, TokenBalance
from counterfoil.oracle.store.tables import (
    AnchoredHead,
    Balance,
    Credit,
    Device,
    DeviceKeyEntry,
    DistributedEntry,
    ParticipantEntry,
    Payout,
    TermsEntry,
)

CONTRACTS = (
    "ParticipantRegistry",
    "DeviceRegistry",
    "RecordAnchor",
    "DepositToken",
    "RevenueSplit",
    "BusinessCalendar",
    "Receivables",
    "CreditLine",
    "WarehouseReceipts",
    "ProjectShare",
    "Settlement",
)

_STATUS = {0: "none", 1: "active", 2: "suspended"}
_PROJECTED = (
    *(AnchoredHead, Balance, Credit, Device, DeviceKeyEntry, DistributedEntry, ParticipantEntry),
    *(Deposit, Payout, TermsEntry, TokenBalance),
    *(asset_tables.BusinessDay, asset_tables.ClaimBalance, asset_tables.ClaimEntry),
    *(asset_tables.ClaimFunding, asset_tables.DealEntry, asset_tables.DiscountEntry),
    *(asset_tables.GoodsPrice, asset_tables.LineEntry, asset_tables.LineSweep),
    *(asset_tables.LoanEntry, asset_tables.LoanPayment, asset_tables.PartEntry),
    *(asset_tables.PledgeEntry, asset_tables.ReceiptEntry),
    *(asset_tables.ShareHolding, asset_tables.ShareProject),
)


class LedgerProjection:
    """Keeps every *projected* table of ``oracle.store`` true to the events that were read."""

    def apply(self, session: Session, event: ChainEvent) -> None:
        """Take one event in; one that nothing is made of is passed over."""
        handler = _HANDLERS.get((event.contract, event.name))
        if handler is not None:
            handler(session, event, event.arguments)

    def reset(self, session: Session) -> None:
        """Empty every projected table."""
        for table in _PROJECTED:
            session.exec(delete(table))


_Arguments = Mapping[str, Any]


def _admitted(session: Session, _: ChainEvent, a: _Arguments) -> None:
    session.merge(ParticipantEntry(account=a["account"], parts=str(a["parts"])))


def _parts(session: Session, _: ChainEvent, a: _Arguments) -> None:
    session.get_one(ParticipantEntry, a["account"]).parts = str(a["parts"])


def _certified(session: Session, _: ChainEvent, a: _Arguments) -> None:
    session.get_one(ParticipantEntry, a["account"]).certified_until = int(a["until"])


def _frozen(session: Session, _: ChainEvent, a: _Arguments) -> None:
    session.get_one(ParticipantEntry, a["account"]).frozen = True


def _unfrozen(session: Session, _: ChainEvent, a: _Arguments) -> None:
    session.get_one(ParticipantEntry, a["account"]).frozen = False


def _registered(session: Session, _: ChainEvent, a: _Arguments) -> None:
    session.merge(
        Device(
            device_hash=a["device"],
            owner=a["owner"],
            operator=a["operator"],
            project_hash=a["project"],
            status="active",
            epoch=1,
        )
    )


def _assigned(session: Session, _: ChainEvent, a: _Arguments) -> None:
    device = session.get_one(Device, a["device"])
    device.owner, device.operator, device.project_hash = a["owner"], a["operator"], a["project"]


def _status(session: Session, _: ChainEvent, a: _Arguments) -> None:
    session.get_one(Device, a["device"]).status = _STATUS[int(a["status"])]


def _key(session: Session, event: ChainEvent, a: _Arguments) -> None:
    session.merge(
        DeviceKeyEntry(
            device_hash=a["device"],
            epoch=int(a["epoch"]),
            x=a["x"],
            y=a["y"],
            certificate_hash=a["certificateHash"],
            from_sequence=int(a["fromSequence"]),
            until_sequence=str(2**64 - 1),
            registered_block=event.block_number,
        )
    )
    session.get_one(Device, a["device"]).epoch = int(a["epoch"])


def _key_closed(session: Session, _: ChainEvent, a: _Arguments) -> None:
    key = session.get_one(DeviceKeyEntry, (a["device"], int(a["epoch"])))
    key.until_sequence = str(a["untilSequence"])


def _key_revoked(session: Session, _: ChainEvent, a: _Arguments) -> None:
    key = session.get_one(DeviceKeyEntry, (a["device"], int(a["epoch"])))
    key.until_sequence = str(a["untilSequence"])
    key.revoked_at, key.reason = int(a["revokedAt"]), int(a["reason"])


def _renewed(session: Session, _: ChainEvent, a: _Arguments) -> None:
    key = session.get_one(DeviceKeyEntry, (a["device"], int(a["epoch"])))
    key.certificate_hash = a["certificateHash"]


def _anchored(session: Session, event: ChainEvent, a: _Arguments) -> None:
    session.merge(
        AnchoredHead(
            size=int(a["size"]),
            number=int(a["index"]),
            root=a["root"],
            state=a["state"],
            figures=a["figures"],
            block_number=event.block_number,
            block_hash=event.block_hash,
            transaction_hash=event.transaction_hash,
        )
    )


def _terms(session: Session, _: ChainEvent, a: _Arguments) -> None:
    session.merge(
        TermsEntry(
            project_hash=a["project"],
            version=int(a["version"]),
            effective_from=int(a["effectiveFrom"]),
            terms_hash=a["termsHash"],
        )
    )


def _distributed(session: Session, event: ChainEvent, a: _Arguments) -> None:
    session.merge(
        DistributedEntry(
            batch=a["batch"],
            project_hash=a["project"],
            version=int(a["version"]),
            gross_minor=int(a["gross"]),
            head_size=int(a["headSize"]),
            facts_hash=a["facts"],
            block_number=event.block_number,
            transaction_hash=event.transaction_hash,
        )
    )
    session.flush()


def _credited(session: Session, _: ChainEvent, a: _Arguments) -> None:
    amount = int(a["amount"])
    session.add(
        Credit(
            batch=a["batch"],
            project_hash=a["project"],
            account=a["account"],
            tier=int(a["tier"]),
            amount_minor=amount,
        )
    )
    _balance(session, a["account"]).credited_minor += amount


def _carried(session: Session, _: ChainEvent, a: _Arguments) -> None:
    session.get_one(DistributedEntry, a["batch"]).carried_minor = int(a["amount"])


def _withdrawn(session: Session, _: ChainEvent, a: _Arguments) -> None:
    _balance(session, a["account"]).withdrawn_minor += int(a["amount"])


def _payout(session: Session, event: ChainEvent, a: _Arguments) -> None:
    session.merge(
        Payout(
            id=int(a["id"]),
            holder=a["holder"],
            amount_minor=int(a["amount"]),
            payout_account=a["payoutAccount"],
            block_number=event.block_number,
        )
    )


def _paid(session: Session, _: ChainEvent, a: _Arguments) -> None:
    session.get_one(Payout, int(a["id"])).payment = a["payment"]


def _deposited(session: Session, event: ChainEvent, a: _Arguments) -> None:
    session.merge(
        Deposit(
            entry_hash=a["entry"],
            account=a["to"],
            amount_minor=int(a["amount"]),
            block_number=event.block_number,
        )
    )


def _moved(session: Session, _: ChainEvent, a: _Arguments) -> None:
    """Tokens moved; minted ones come from the zero address, burnt ones go there."""
    for account, change in ((a["from"], -int(a["value"])), (a["to"], int(a["value"]))):
        if int(account, 16) == 0:
            continue
        held = session.get(TokenBalance, account)
        if held is None:
            held = TokenBalance(account=account, amount_minor=0)
            session.add(held)
        held.amount_minor += change
        session.flush()


def _balance(session: Session, account: str) -> Balance:
    found = session.exec(select(Balance).where(col(Balance.account) == account)).first()
    if found is None:
        found = Balance(account=account)
        session.add(found)
    return found


_HANDLERS: Mapping[tuple[str, str], Handler] = {
    ("ParticipantRegistry", "ParticipantAdmitted"): _admitted,
    ("ParticipantRegistry", "ParticipantPartsChanged"): _parts,
    ("ParticipantRegistry", "ParticipantCertified"): _certified,
    ("ParticipantRegistry", "ParticipantFrozen"): _frozen,
    ("ParticipantRegistry", "ParticipantUnfrozen"): _unfrozen,
    ("DeviceRegistry", "DeviceRegistered"): _registered,
    ("DeviceRegistry", "DeviceAssigned"): _assigned,
    ("DeviceRegistry", "DeviceStatusChanged"): _status,
    ("DeviceRegistry", "KeyRegistered"): _key,
    ("DeviceRegistry", "KeyClosed"): _key_closed,
    ("DeviceRegistry", "KeyRevoked"): _key_revoked,
    ("DeviceRegistry", "CertificateRenewed"): _renewed,
    ("RecordAnchor", "HeadAnchored"): _anchored,
    ("RevenueSplit", "TermsSet"): _terms,
    ("RevenueSplit", "Distributed"): _distributed,
    ("RevenueSplit", "Credited"): _credited,
    ("RevenueSplit", "Carried"): _carried,
    ("RevenueSplit", "Withdrawn"): _withdrawn,
    ("DepositToken", "Transfer"): _moved,
    ("DepositToken", "Deposited"): _deposited,
    ("DepositToken", "WithdrawalRequested"): _payout,
    ("DepositToken", "WithdrawalPaid"): _paid,
    **claims.HANDLERS,
    **credit.HANDLERS,
    **receipts.HANDLERS,
    **shares.HANDLERS,
    **deals.HANDLERS,
}
