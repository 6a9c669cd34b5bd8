"""Messages through their published models: what a model does not allow is refused, with its place; nothing expands."""

from __future__ import annotations

import pytest
from support_camt import ACCOUNT, Booked, camt053

from counterfoil.gateway.formats.errors import FormatError
from counterfoil.gateway.formats.iso20022.camt053 import parse_valid_camt053
from counterfoil.gateway.formats.iso20022.iban import is_iban
from counterfoil.gateway.formats.iso20022.messages import read_message
from counterfoil.gateway.formats.iso20022.pain001 import Party, Transfer, write_pain001
from counterfoil.oracle.bank.accounts import AccountMalformed, check_account

GOOD = camt053("S1", [Booked(300, "A"), Booked(-50, "B", ("CF-1",)), Booked(7, own_reference="N")])
PAYER = Party("First Harbour Bank", ACCOUNT, "COBADEFFXXX")


def test_a_valid_statement_is_read_with_signs_and_references() -> None:
    (statement,) = parse_valid_camt053(GOOD)
    entries = statement.entries
    assert [e.amount_minor for e in entries] == [300, -50, 7]
    assert [e.reference for e in entries] == ["A", "B", "N"]
    assert [e.servicer_reference for e in entries] == ["A", "B", ""]
    assert entries[1].end_to_end_ids == ("CF-1",)


@pytest.mark.parametrize(
    ("wrong", "right", "code"),
    [
        ('<Amt Ccy="USD">3,00</Amt>', '<Amt Ccy="USD">3.00</Amt>', "iso20022.message_invalid"),
        ('<Amt Ccy="USD">-3.00</Amt>', '<Amt Ccy="USD">3.00</Amt>', "iso20022.message_invalid"),
        ('<Amt Ccy="USD">3.000001</Amt>', '<Amt Ccy="USD">3.00</Amt>', "iso20022.message_invalid"),
        ('Ccy="usd"', 'Ccy="USD"', "iso20022.message_invalid"),
        ("<CdtDbtInd>X</CdtDbtInd>", "<CdtDbtInd>CRDT</CdtDbtInd>", "iso20022.message_invalid"),
        ("", "<BkTxCd/>", "iso20022.message_invalid"),
        ("<Unheard/>", "<BkTxCd/>", "iso20022.message_invalid"),
        ("", "<MsgId>m</MsgId>", "iso20022.message_invalid"),
        ("<Id>" + "x" * 36 + "</Id>", "<Id>S1</Id>", "iso20022.message_invalid"),
        ("<Dt></Dt>", "<Dt><Dt>2022-08-31</Dt></Dt>", "iso20022.message_invalid"),
        (
            "<Dt><Dt>2022-08-32</Dt></Dt>",
            "<Dt><Dt>2022-08-31</Dt></Dt>",
            "iso20022.message_invalid",
        ),
        ("camt.053.001.99", "camt.053.001.08", "iso20022.message_unknown"),
        ("pain.001.001.09", "camt.053.001.08", "iso20022.message_unknown"),
        ("", "</Document>", "iso20022.message_invalid"),
    ],
)
def test_what_the_model_does_not_allow_is_refused(wrong: str, right: str, code: str) -> None:
    assert right in GOOD
    with pytest.raises(FormatError) as refused:
        parse_valid_camt053(GOOD.replace(right, wrong))
    assert refused.value.code == code


def test_entities_and_deep_or_long_documents_are_refused() -> None:
    laughs = '<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    namespace = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
    for bad in (
        GOOD.replace("?>\n", f"?>\n{laughs}"),
        f'<Document xmlns="{namespace}">' + "<a>" * 100_000,
        f'<Document xmlns="{namespace}">' + " " * 17_000_000 + "</Document>",
    ):
        with pytest.raises(FormatError):
            parse_valid_camt053(bad)


def test_a_payment_file_reads_back_as_it_was_meant() -> None:
    transfers = [
        Transfer("CF-5fbdb231-1", 12_345, Party("Lakeside Vending", "DE02120300000000202051")),
        Transfer("CF-5fbdb231-2", 7, Party("山海售货机运营", "6222021234567890123", "ICBKCNBJ")),
    ]
    written = write_pain001(
        message="CF-1",
        made_ms=1_661_904_000_000,
        execution_date=20220901,
        currency="USD",
        payer=PAYER,
        transfers=transfers,
    )
    read = read_message(written.decode(), "pain.001").cstmr_cdt_trf_initn
    assert (read.grp_hdr.nb_of_txs, str(read.grp_hdr.ctrl_sum)) == ("2", "123.52")
    (order,) = read.pmt_inf
    assert str(order.reqd_exctn_dt.dt) == "2022-09-01"
    assert order.dbtr_acct.id.iban == ACCOUNT
    one, two = order.cdt_trf_tx_inf
    assert (str(one.amt.instd_amt.value), one.cdtr_acct.id.iban) == (
        "123.45",
        "DE02120300000000202051",
    )
    assert (str(two.amt.instd_amt.value), two.cdtr_acct.id.othr.id) == (
        "0.07",
        "6222021234567890123",
    )
    assert (two.cdtr.nm, two.pmt_id.end_to_end_id) == ("山海售货机运营", "CF-5fbdb231-2")


def test_a_currency_without_minor_units_has_whole_amounts() -> None:
    written = write_pain001(
        message="CF-1",
        made_ms=0,
        execution_date=20220901,
        currency="JPY",
        payer=PAYER,
        transfers=[Transfer("CF-1-1", 500, Party("A", "1234"))],
    )
    assert b'<InstdAmt Ccy="JPY">500</InstdAmt>' in written


def test_what_the_message_can_not_carry_is_refused() -> None:
    for party in (Party("", "1234"), Party("A", "1" * 35), Party("A", "1234", "not a bic")):
        with pytest.raises(FormatError):
            write_pain001(
                message="CF-1",
                made_ms=0,
                execution_date=20220901,
                currency="USD",
                payer=PAYER,
                transfers=[Transfer("CF-1-1", 5, party)],
            )


def test_accounts_are_checked_as_a_bank_would() -> None:
    assert is_iban(ACCOUNT)
    assert not is_iban("DE89370400440532013001")
    check_account("6222021234567890123", "Lakeside", "ICBKCNBJ")
    for account, name, bic in (
        ("DE89370400440532013001", "A", ""),
        ("has spaces", "A", ""),
        ("", "A", ""),
        (ACCOUNT, "", ""),
        (ACCOUNT, "A\n", ""),
        (ACCOUNT, "A", "nobic"),
    ):
        with pytest.raises(AccountMalformed):
            check_account(account, name, bic)
