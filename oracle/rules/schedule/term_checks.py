"""Checks of terms against each other: terms that require others, and terms that contradict each other."""

from __future__ import annotations

from counterfoil.oracle.rules.schedule.contract_terms import ContractTerms, ContractType
from counterfoil.oracle.rules.schedule.errors import FieldMissing, TermsInconsistent


def check_needs(terms: ContractTerms) -> None:
    """Check that each term has the terms that it requires."""
    kind, needs = terms.contract_type, list[tuple[bool, str]]()
    if kind is ContractType.PAM:
        needs.append((terms.maturity_date is None, "maturityDate"))
    else:
        needs.append((terms.nominal_interest_rate is None, "nominalInterestRate"))
        no_anchor = terms.cycle_anchor_date_of_principal_redemption is None
        no_cycle = terms.cycle_of_principal_redemption is None
        needs.append((no_cycle and no_anchor, "cycleOfPrincipalRedemption"))
        ends = terms.maturity_date or (
            terms.amortization_date if kind is ContractType.ANN else None
        )
        no_payment = terms.next_principal_redemption_payment is None
        is_needed = kind is ContractType.NAM or ends is None
        needs.append((is_needed and no_payment, "nextPrincipalRedemptionPayment"))
        needs.append((ends is None and no_cycle, "cycleOfPrincipalRedemption"))
    resets = terms.cycle_of_rate_reset or terms.cycle_anchor_date_of_rate_reset
    is_fixed = terms.next_reset_rate is not None and terms.cycle_of_rate_reset is None
    no_code = not terms.market_object_code_of_rate_reset
    needs.append((bool(resets) and not is_fixed and no_code, "marketObjectCodeOfRateReset"))
    needs.append((terms.is_fee_due and terms.fee_basis is None, "feeBasis"))
    if terms.cycle_of_scaling_index or terms.cycle_anchor_date_of_scaling_index:
        is_scaled = terms.scales("I") or terms.scales("N")
        no_index = not terms.scaling_index_at_contract_deal_date
        no_code = not terms.market_object_code_of_scaling_index
        needs.append((is_scaled and no_code, "marketObjectCodeOfScalingIndex"))
        needs.append((is_scaled and no_index, "scalingIndexAtContractDealDate"))
    no_price = terms.price_at_purchase_date is None
    needs.append((terms.purchase_date is not None and no_price, "priceAtPurchaseDate"))
    no_price = terms.price_at_termination_date is None
    needs.append((terms.termination_date is not None and no_price, "priceAtTerminationDate"))
    for is_missing, name in needs:
        if is_missing:
            raise FieldMissing(f"{name} is missing, which {kind} needs with these terms")


def check_order(terms: ContractTerms) -> None:
    """Check that dates and amounts do not contradict each other."""
    begins = terms.initial_exchange_date
    for name, ends in (
        ("maturityDate", terms.maturity_date),
        ("amortizationDate", terms.amortization_date),
    ):
        if ends is not None and ends <= begins:
            raise TermsInconsistent(f"{name} {ends} is not after initialExchangeDate {begins}")
    for name, happens in (
        ("terminationDate", terms.termination_date),
        ("purchaseDate", terms.purchase_date),
    ):
        ends = terms.maturity_date
        if happens is not None and ends is not None and happens > ends:
            raise TermsInconsistent(f"{name} {happens} is after maturityDate {ends}")
    if terms.notional_principal < 0:
        raise TermsInconsistent("notionalPrincipal is below zero: contractRole says who owes")
    payment = terms.next_principal_redemption_payment
    if payment is not None and payment < 0:
        raise TermsInconsistent("nextPrincipalRedemptionPayment is below zero")
    for low, high in (
        (terms.life_floor, terms.life_cap),
        (terms.period_floor, terms.period_cap),
    ):
        if low is not None and high is not None and low > high:
            raise TermsInconsistent(f"a floor of {low} is above its cap of {high}")
