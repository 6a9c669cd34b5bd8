"""A made-up bank's statement (camt.053) of one deposit, which opens an account."""

from __future__ import annotations

from datetime import date


def opening_statement(account: str, currency: str, day: int, amount: int) -> str:
    """The statement's XML; *amount* in minor units, *day* YYYYMMDD."""
    on = date(day // 10_000, day // 100 % 100, day % 100).isoformat()
    major = f"{amount // 100}.{amount % 100:02}"

    def balance(kind: str, much: str) -> str:
        return (
            f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>"
            f'<Amt Ccy="{currency}">{much}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{on}</Dt></Dt></Bal>'
        )

    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>{account}</MsgId><CreDtTm>{on}T20:00:00</CreDtTm></GrpHdr>"
        f"<Stmt><Id>{account}-1</Id><Acct><Id><Othr><Id>{account}</Id></Othr></Id><Ccy>{currency}</Ccy></Acct>"
        f"{balance('OPBD', '0.00')}{balance('CLBD', major)}"
        f'<Ntry><Amt Ccy="{currency}">{major}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'
        f"<BookgDt><Dt>{on}</Dt></BookgDt><AcctSvcrRef>{account}-OPENING</AcctSvcrRef><BkTxCd/></Ntry>"
        "</Stmt></BkToCstmrStmt></Document>"
    )
