"""Payouts as an ISO 20022 pain.001.001.09 document (customer credit transfer initiation).

It has one payment instruction, one debtor account, and a transfer for each payout. The control sum is that of the
transfers, in major units with the currency's own decimals. An account that is no IBAN is the bank's own number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from pyiso20022.pain import pain_001_001_09 as pain
from xsdata.models.datatype import XmlDate, XmlDateTime

from counterfoil.gateway.formats.iso20022.camt053 import MINOR_DIGITS
from counterfoil.gateway.formats.iso20022.iban import is_iban
from counterfoil.gateway.formats.iso20022.messages import write_message


@dataclass(frozen=True)
class Party:
    """Who owns an account: its name, the account, and its bank's BIC where that is known."""

    name: str
    account: str
    bic: str = ""


@dataclass(frozen=True)
class Transfer:
    """One payout; ``end_to_end_id`` comes back in the bank's statement."""

    end_to_end_id: str
    amount_minor: int
    payee: Party


def write_pain001(
    message: str,
    made_ms: int,
    execution_date: int,
    currency: str,
    payer: Party,
    transfers: Sequence[Transfer],
) -> bytes:
    """Return the document as UTF-8 XML, valid against its model.

    Raises:
        MessageInvalidError: a name, an account or an amount that the message can't carry.
    """
    digits = MINOR_DIGITS.get(currency, 2)
    count = str(len(transfers))
    total = _major(sum(transfer.amount_minor for transfer in transfers), digits)
    made = datetime.fromtimestamp(made_ms / 1000, UTC).replace(microsecond=0)
    day = XmlDate(execution_date // 10_000, execution_date // 100 % 100, execution_date % 100)
    instruction = pain.PaymentInstruction30(
        pmt_inf_id=message,
        pmt_mtd=pain.PaymentMethod3Code.TRF,
        nb_of_txs=count,
        ctrl_sum=total,
        reqd_exctn_dt=pain.DateAndDateTime2Choice(dt=day),
        dbtr=pain.PartyIdentification135(nm=payer.name),
        dbtr_acct=_account(payer.account, currency),
        dbtr_agt=_agent(payer.bic),
        cdt_trf_tx_inf=[_transfer(transfer, currency, digits) for transfer in transfers],
    )
    header = pain.GroupHeader85(
        msg_id=message,
        cre_dt_tm=XmlDateTime.from_datetime(made),
        nb_of_txs=count,
        ctrl_sum=total,
        initg_pty=pain.PartyIdentification135(nm=payer.name),
    )
    body = pain.CustomerCreditTransferInitiationV09(grp_hdr=header, pmt_inf=[instruction])
    return write_message(pain.Document(cstmr_cdt_trf_initn=body))


def _transfer(transfer: Transfer, currency: str, digits: int) -> pain.CreditTransferTransaction34:
    amount = pain.ActiveOrHistoricCurrencyAndAmount(
        value=_major(transfer.amount_minor, digits), ccy=currency
    )
    payee = transfer.payee
    return pain.CreditTransferTransaction34(
        pmt_id=pain.PaymentIdentification6(
            instr_id=transfer.end_to_end_id, end_to_end_id=transfer.end_to_end_id
        ),
        amt=pain.AmountType4Choice(instd_amt=amount),
        cdtr_agt=_agent(payee.bic) if payee.bic else None,
        cdtr=pain.PartyIdentification135(nm=payee.name),
        cdtr_acct=_account(payee.account),
        rmt_inf=pain.RemittanceInformation16(ustrd=[transfer.end_to_end_id]),
    )


def _account(account: str, currency: str | None = None) -> pain.CashAccount38:
    if is_iban(account):
        number = pain.AccountIdentification4Choice(iban=account)
    else:
        own = pain.GenericAccountIdentification1(id=account)
        number = pain.AccountIdentification4Choice(othr=own)
    return pain.CashAccount38(id=number, ccy=currency)


def _agent(bic: str) -> pain.BranchAndFinancialInstitutionIdentification6:
    if bic:
        found = pain.FinancialInstitutionIdentification18(bicfi=bic)
    else:
        unknown = pain.GenericFinancialIdentification1(id="NOTPROVIDED")
        found = pain.FinancialInstitutionIdentification18(othr=unknown)
    return pain.BranchAndFinancialInstitutionIdentification6(fin_instn_id=found)


def _major(amount_minor: int, digits: int) -> Decimal:
    return Decimal(amount_minor).scaleb(-digits)
