"""A credit line's arithmetic as the contracts do it, to the minor unit. Pure.

What `contracts/libraries/{BusinessDate,Interest,Instalments}.sol` and `CreditLine.sol` compute on chain is computed
here in whole numbers; a property test runs both on the same lives of loans.
"""

from counterfoil.oracle.loans.instalments import (
    Instalment,
    Plan,
    has_form,
    instalments,
    monthly_dates,
)
from counterfoil.oracle.loans.interest import Convention
from counterfoil.oracle.loans.loan import Debt, Loan, LoanState, LoanTerms, Owed, Repaid

__all__ = [
    "Convention",
    "Debt",
    "Instalment",
    "Loan",
    "LoanState",
    "LoanTerms",
    "Owed",
    "Plan",
    "Repaid",
    "has_form",
    "instalments",
    "monthly_dates",
]
