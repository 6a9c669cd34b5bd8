"""The codes of faults that are stored, as ``area.word_word``: one fault has one code."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_OF_THE_ORACLE = {
    "chain.address_malformed": "address.malformed",
    "chain.block_not_rebuilt": "block.not_rebuilt",
    "chain.block_proof_invalid": "block.proof_invalid",
    "chain.hex_malformed": "hex.malformed",
    "chain.key_refused": "keys.refused",
    "gossip_mismatch": "head.gossip_differs",
    "key_not_held": "keys.not_held",
    "loan.date_invalid": "date.malformed",
    "oracle.account_malformed": "bank.account_malformed",
    "oracle.copy_differs": "log.copy_differs",
    "oracle.copy_in_use": "log.copy_in_use",
    "oracle.database_unreadable": "store.unreadable",
    "oracle.date_far_ahead": "day.date_far_ahead",
    "oracle.date_not_forward": "day.not_forward",
    "oracle.day_differs": "day.differs",
    "oracle.day_refused": "day.refused",
    "oracle.gateway_not_there": "gateway.unreachable",
    "oracle.input_malformed": "input.malformed",
    "oracle.input_unreadable": "file.unreadable",
    "oracle.key_awaited": "head.key_awaited",
    "oracle.not_a_peer": "quorum.not_a_peer",
    "oracle.not_allowed_now": "instruction.not_allowed_now",
    "oracle.not_in_time": "instruction.not_in_time",
    "oracle.output_unwritable": "file.unwritable",
    "oracle.peer_not_there": "quorum.peer_unreachable",
    "oracle.peers_invalid": "quorum.peers_invalid",
    "oracle.price_file": "price.file_invalid",
    "oracle.record_not_believed": "log.record_not_believed",
    "oracle.record_refused": "record.refused",
    "oracle.settings_invalid": "settings.invalid",
    "oracle.statement_changed": "bank.statement_changed",
    "oracle.statement_refused": "bank.statement_refused",
    "oracle.unknown_name": "name.unknown",
    "schedule.input_malformed": "input.malformed",
    "schedule.input_unreadable": "file.unreadable",
}
_OF_SALES = {
    "amount_differs": "sale.amount_differs",
    "cash_differs": "sale.cash_differs",
    "cash_not_counted": "sale.cash_not_counted",
    "currency_differs": "sale.currency_differs",
    "device_not_in_place": "sale.device_not_in_place",
    "device_not_running": "sale.device_not_running",
    "device_suspended": "sale.device_suspended",
    "device_unknown": "sale.device_unknown",
    "not_in_project": "sale.not_in_project",
    "payment_missing": "sale.payment_missing",
    "payment_without_sale": "payment.without_sale",
    "reference_missing": "sale.reference_missing",
    "reference_used_twice": "sale.reference_used_twice",
}
_OF_THE_BANK = {
    "account_unknown": "bank.account_unknown",
    "amount_zero": "bank.amount_zero",
    "balance_mismatch": "bank.balance_mismatch",
    "currency_differs": "bank.currency_differs",
    "debit_unknown": "bank.debit_unknown",
    "entry_known": "bank.entry_known",
    "entry_not_booked": "bank.entry_not_booked",
    "payment_returned": "bank.payment_returned",
    "payout_amount_differs": "bank.payout_amount_differs",
    "payout_paid_twice": "bank.payout_paid_twice",
    "reference_missing": "bank.reference_missing",
    "reference_reused": "bank.reference_reused",
    "statement_gap": "bank.statement_gap",
    "statement_known": "bank.statement_known",
}
_OF_PROPOSALS = {
    "amount_differs": "proposal.amount_differs",
    "batch_differs": "proposal.batch_differs",
    "behind": "quorum.behind",
    "block_not_read": "quorum.block_not_read",
    "block_too_old": "proposal.block_too_old",
    "call_differs": "proposal.call_differs",
    "currency_differs": "proposal.currency_differs",
    "date_differs": "proposal.date_differs",
    "facts_malformed": "proposal.facts_malformed",
    "figures_differ": "head.figures_differ",
    "not_a_signer": "proposal.not_a_signer",
    "previous_differs": "quorum.previous_differs",
    "project_differs": "proposal.project_differs",
    "project_unknown": "proposal.project_unknown",
    "record_differs": "proposal.record_differs",
    "record_not_anchored": "proof.not_included",
    "record_refused": "record.refused",
    "record_used_twice": "proposal.record_used_twice",
    "root_differs": "head.root_differs",
    "signature_wrong": "proposal.signature_wrong",
    "state_differs": "head.state_differs",
    "target_unknown": "proposal.target_unknown",
    "units_differ": "proposal.units_differ",
    "wrong_chain": "proposal.wrong_chain",
}
_OF_DAYS = {
    "attested_differs": "day.attested_differs",
    "balance_differs": "day.balance_differs",
    "balance_mismatch": "bank.balance_mismatch",
    "bank_line_set_aside": "day.bank_line_set_aside",
    "claim_differs": "day.claim_differs",
    "claimable_differs": "day.claimable_differs",
    "claims_cash_differs": "day.claims_cash_differs",
    "collection_differs": "day.collection_differs",
    "deposit_without_statement": "day.deposit_without_statement",
    "distributed_differs": "day.distributed_differs",
    "entry_minted_otherwise": "day.entry_minted_otherwise",
    "entry_not_minted": "day.entry_not_minted",
    "events_not_projected": "day.events_not_projected",
    "holdings_differ": "day.holdings_differ",
    "limit_exceeded": "day.limit_exceeded",
    "loan_differs": "day.loan_differs",
    "parts_differ": "day.parts_differ",
    "payout_not_confirmed": "day.payout_not_confirmed",
    "principal_differs": "day.principal_differs",
    "split_cash_differs": "day.split_cash_differs",
    "split_differs": "day.split_differs",
    "statement_gap": "bank.statement_gap",
    "step_failed": "day.step_failed",
    "supply_differs": "day.supply_differs",
}
_COLUMNS: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("alarm", "code"): _OF_THE_ORACLE,
    ("instruction", "error_code"): _OF_THE_ORACLE,
    ("chain_transaction", "error_code"): _OF_THE_ORACLE,
    ("day_close", "error_code"): _OF_THE_ORACLE,
    ("match_exception", "code"): _OF_SALES,
    ("bank_statement", "finding"): _OF_THE_BANK,
    ("bank_line", "reason"): _OF_THE_BANK,
    ("dissent", "code"): _OF_PROPOSALS,
}
_DAY = sa.table("day_close", sa.column("date"), sa.column("report", sa.JSON))


def upgrade() -> None:
    for (table, column), renamed in _COLUMNS.items():
        stored = sa.table(table, sa.column(column))
        for old, new in renamed.items():
            here = stored.c[column] == old
            op.execute(sa.update(stored).where(here).values({column: new}))
    connection = op.get_bind()
    for date, report in connection.execute(sa.select(_DAY)).all():
        if report is not None:
            told = {"report": _renamed(report)}
            connection.execute(sa.update(_DAY).where(_DAY.c.date == date).values(told))


def downgrade() -> None:
    """The codes stay: an older program shows them as they are."""


def _renamed(found: Any) -> Any:
    """A day's report, with the codes of its differences and failed steps as they are now."""
    if isinstance(found, list):
        return [_renamed(one) for one in found]
    if not isinstance(found, dict):
        return found
    kept = {name: _renamed(one) for name, one in found.items()}
    for name, renamed in (("code", _OF_DAYS), ("error_code", _OF_THE_ORACLE)):
        if isinstance(kept.get(name), str):
            kept[name] = renamed.get(kept[name], kept[name])
    return kept
