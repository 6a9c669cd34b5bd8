"""camt.053 documents for tests: valid against the model, with whatever entries a test wants."""

from __future__ import annotations

from dataclasses import dataclass

ACCOUNT = "DE89370400440532013000"


@dataclass(frozen=True)
class Booked:
    """One entry; a debit's amount is negative."""

    amount_minor: int
    reference: str = ""
    end_to_end_ids: tuple[str, ...] = ()
    currency: str = "USD"
    status: str = "BOOK"
    own_reference: str = ""
    is_reversal: bool = False


def camt053(
    identification: str,
    entries: list[Booked],
    opening: int = 0,
    closing: int | None = None,
    account: str = ACCOUNT,
    currency: str = "USD",
) -> str:
    """A statement of *account* whose balances fit its booked entries, unless *closing* says otherwise."""
    booked = [e.amount_minor for e in entries if e.status == "BOOK" and e.currency == currency]
    closing = opening + sum(booked) if closing is None else closing
    known = (
        f"<IBAN>{account}</IBAN>" if account[:2].isalpha() else f"<Othr><Id>{account}</Id></Othr>"
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>'
        "<GrpHdr><MsgId>m</MsgId><CreDtTm>2022-08-31T20:00:00</CreDtTm></GrpHdr>"
        f"<Stmt><Id>{identification}</Id><Acct><Id>{known}</Id><Ccy>{currency}</Ccy></Acct>"
        + _balance("OPBD", opening, currency)
        + _balance("CLBD", closing, currency)
        + "".join(map(_entry, entries))
        + "</Stmt></BkToCstmrStmt></Document>"
    )


def _balance(kind: str, amount: int, currency: str) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>{_amount(amount, currency)}"
        "<Dt><Dt>2022-08-31</Dt></Dt></Bal>"
    )


def _amount(amount: int, currency: str) -> str:
    sign = "CRDT" if amount >= 0 else "DBIT"
    major = f"{abs(amount) // 100}.{abs(amount) % 100:02}"
    return f'<Amt Ccy="{currency}">{major}</Amt><CdtDbtInd>{sign}</CdtDbtInd>'


def _entry(e: Booked) -> str:
    own = f"<NtryRef>{e.own_reference}</NtryRef>" if e.own_reference else ""
    reversal = "<RvslInd>true</RvslInd>" if e.is_reversal else ""
    servicer = f"<AcctSvcrRef>{e.reference}</AcctSvcrRef>" if e.reference else ""
    ids = "".join(
        f"<TxDtls><Refs><EndToEndId>{i}</EndToEndId></Refs></TxDtls>" for i in e.end_to_end_ids
    )
    details = f"<NtryDtls>{ids}</NtryDtls>" if ids else ""
    return (
        f"<Ntry>{own}{_amount(e.amount_minor, e.currency)}{reversal}<Sts><Cd>{e.status}</Cd></Sts>"
        f"<BookgDt><Dt>2022-08-31</Dt></BookgDt>{servicer}<BkTxCd/>{details}</Ntry>"
    )
