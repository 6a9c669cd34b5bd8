// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IClaimable} from "./IClaimable.sol";
import {IStoppable} from "./IStoppable.sol";
import {Interest} from "../libraries/Interest.sol";

/// @title Credit that can only buy what was ordered, repaid out of what machines sell
/// @notice A line is applied for, approved by k of the committee's members and activated by its lender. A draw pays an
/// allowed supplier's confirmed order, never the borrower. What is owed is kept without rounding and rounded down when
/// it is posted. Repayment works in every state.
/// @dev Amounts in minor units of the line's token, rates in parts per million a year, dates YYYYMMDD of the business
/// calendar.
interface ICreditLine is IClaimable, IStoppable {
    enum LineState {
        NONE,
        APPLIED,
        APPROVED,
        ACTIVE,
        FROZEN,
        CLOSED
    }

    enum LoanState {
        NONE,
        CURRENT,
        GRACE,
        DELINQUENT,
        DEFAULT,
        WRITTEN_OFF,
        RECOVERED,
        REPAID
    }

    enum Plan {
        BULLET,
        EQUAL_PRINCIPAL,
        ANNUITY,
        INTEREST_ONLY,
        REVENUE_SHARE
    }

    enum Debt {
        COSTS,
        PENALTY,
        INTEREST,
        PRINCIPAL
    }

    enum Motion {
        APPROVE,
        LIFT_FREEZE
    }

    /// @param ratePpm interest on principal; `penaltyPpm` comes on top, on overdue principal only.
    /// @param costsPpm most costs of a loan, in parts per million of what was drawn.
    /// @param lastDue business date by which every instalment of the line is due.
    /// @param graceDays days after an instalment's date before it counts as missed.
    /// @param defaultDays days past the oldest unpaid instalment's date from which the loan is in default.
    /// @param order in which what is due at one time is paid, and then what is not due; each kind of debt once.
    /// @param purpose SHA-256 commitment to what the line is for, and to how its proof is weighed where that was agreed.
    struct LineTerms {
        address borrower;
        address lender;
        address token;
        uint128 limit;
        uint32 validFrom;
        uint32 validUntil;
        uint32 ratePpm;
        uint32 penaltyPpm;
        uint32 costsPpm;
        uint32 lastDue;
        Interest.Convention convention;
        uint16 graceDays;
        uint16 defaultDays;
        Debt[4] order;
        bytes32 purpose;
    }

    /// @param principal outstanding over all of the line's loans.
    /// @param loans ids of the line's loans, oldest first.
    /// @param moves how often the state changed: a motion names it, so that it is for this application or this freeze alone.
    struct Line {
        LineState state;
        LineTerms terms;
        uint128 principal;
        uint64[] loans;
        uint32 moves;
    }

    /// @param principal due on `date`; the interest accrued by then is due too.
    struct Instalment {
        uint32 date;
        uint128 principal;
    }

    /// @param drawn principal at the start; `repaid` of it since; `writtenOff` of it given up.
    /// @param accruedTo business date up to which interest and penalty are accrued.
    /// @param interest numerator of all interest accrued so far (over Interest.denominator); `interestPaid` minor units.
    /// @param penalty the same of penalty.
    struct Loan {
        LoanState state;
        Plan plan;
        uint64 line;
        uint64 orderRoot;
        uint64 collateral;
        uint32 accruedTo;
        uint128 drawn;
        uint128 repaid;
        uint128 writtenOff;
        uint128 costs;
        uint128 costsPaid;
        uint256 interest;
        uint128 interestPaid;
        uint256 penalty;
        uint128 penaltyPaid;
    }

    /// @notice Costs that a lender has stated and that are not owed yet; an amount of 0 for none.
    struct StatedCosts {
        uint128 amount;
        uint32 date;
        bool disputed;
        bytes32 evidence;
    }

    /// @param due of them, what should have been paid by now; all of it once the last instalment's date is passed.
    /// @param missed instalments in a row that are unpaid beyond their days of grace.
    struct Owed {
        uint256 costs;
        uint256 penalty;
        uint256 interest;
        uint256 principal;
        uint256 due;
        uint256 missed;
    }

    event LineApplied(uint64 indexed line, address indexed borrower, address indexed lender, LineTerms terms);
    event LineStateChanged(uint64 indexed line, LineState state, bytes32 reason);
    event SupplierAllowed(uint64 indexed line, address indexed supplier, bool allowed);
    event Drawn(uint64 indexed loan, uint64 indexed line, address indexed supplier, uint64 order, uint128 amount);
    event LoanScheduled(uint64 indexed loan, Plan plan, Instalment[] instalments, uint64 collateral);
    event Repaid(
        uint64 indexed loan, address indexed payer, uint256 costs, uint256 penalty, uint256 interest, uint256 principal
    );
    event CostsStated(uint64 indexed loan, uint128 amount, bytes32 evidence);
    event CostsDisputed(uint64 indexed loan, bytes32 reason);
    event CostsDecided(uint64 indexed loan, uint128 amount, bytes32 outcome);
    /// @notice From now on these costs are owed.
    event CostsAdded(uint64 indexed loan, uint128 amount, bytes32 evidence);
    /// @notice The pledged part secures the loan from now on, and does not any more.
    event CollateralBound(uint64 indexed loan, uint64 indexed part);
    event CollateralFreed(uint64 indexed loan, uint64 indexed part);
    event LoanStateChanged(uint64 indexed loan, LoanState state);
    event Swept(uint64 indexed line, uint256 amount, uint256 returned);
    /// @notice `account` can't receive tokens now; what is its own waits for `withdraw`.
    event PaymentHeld(address indexed token, address indexed account, uint256 amount);

    error LineUnknown(uint64 line);
    error LoanUnknown(uint64 loan);
    error LineTermsInvalid();
    /// @notice The loan's costs would be more than its terms, or more than was stated.
    error CostsTooHigh(uint64 loan, uint256 most, uint256 wanted);
    /// @notice What was stated is not in the state that this asks for: none, open until OBJECTION_DAYS after its date, or
    /// in dispute.
    error CostsNotReady(uint64 loan, uint128 amount, uint32 date, bool disputed);
    error LineStateNotAllowed(uint64 line, LineState state);
    error LoanStateNotAllowed(uint64 loan, LoanState state);
    error NotTheLender(uint64 line, address account);
    error NotTheBorrower(uint64 line, address account);
    /// @notice The motion was for another time: the line's state has changed since.
    error LineMoved(uint64 line, uint32 moves);
    error LineNotValidOn(uint64 line, uint32 date);
    error LimitExceeded(uint64 line, uint256 limit, uint256 wanted);
    error SupplierNotAllowed(uint64 line, address supplier);
    error OrderNotPayable(uint64 order);
    error PlanInvalid();
    /// @notice Not pledged to this contract by the caller, securing a loan already, or in another currency's token.
    error CollateralNotPledged(uint64 part);
    error NothingOwed(uint64 loan);
    error AmountZero();

    /// @notice Ask `terms.lender` for a line.
    /// @dev By the borrower.
    function applyFor(LineTerms calldata terms) external returns (uint64 line);

    /// @notice What the committee has carried: the line is approved, or its freeze is lifted.
    /// @dev Role COMMITTEE, which the contract Committee holds; the line's borrower and lender have no vote.
    /// @param moves the line's, when the motion was made.
    function carry(uint64 line, Motion motion, uint32 moves) external;

    /// @notice Open an approved line for draws. By its lender, who lets this contract take the money by allowance.
    function activate(uint64 line) external;

    /// @notice Stop draws. By the lender, or by anyone through `poke` once three instalments in a row of a loan were missed
    /// or a loan is in default. Only the committee's votes lift it; with the arrears unpaid the next poke freezes again.
    function freeze(uint64 line, bytes32 reason) external;

    /// @notice End a line with nothing outstanding. By the lender or the borrower.
    function close(uint64 line) external;

    /// @notice Say which suppliers a draw may pay. By the lender.
    function allowSupplier(uint64 line, address supplier, bool allowed) external;

    /// @notice Pay `amount` of the confirmed order `orderRoot` out of the lender's money.
    /// @dev By the borrower, who is the order's obligor. The instalments' principal adds up to `amount` and has the form
    /// of `plan`: one at the end (BULLET, INTEREST_ONLY, REVENUE_SHARE), equal but for the rounding (EQUAL_PRINCIPAL),
    /// or with equal totals but for the rounding of interest (ANNUITY).
    /// @param collateral a part of a claim that its holder has pledged to this contract; 0 for none.
    function draw(
        uint64 line,
        uint64 orderRoot,
        uint128 amount,
        Plan plan,
        Instalment[] calldata instalments,
        uint64 collateral
    ) external returns (uint64 loan);

    /// @notice Pay `amount` of what is owed, or all of it if that is less: what is due first, the oldest instalment first.
    /// Works in every state, in a pause of this contract or of the token, and whatever has become of the lender. What was
    /// paid ahead counts for the instalments to come, so that who has paid what is due is CURRENT.
    function repay(uint64 loan, uint256 amount) external returns (uint256 paid);

    /// @notice Use what the split has credited or paid to the line's account: for what is due on any of its loans, the
    /// oldest instalment first, then for the instalments to come by their dates; what nobody owes goes back to the
    /// borrower. Anyone, after each distribution.
    /// @dev Loans that were not looked at for long cost less once each was poked.
    function sweep(uint64 line) external returns (uint256 amount);

    /// @notice Use what was paid on a pledged claim for the loan that it secures. Anyone.
    function collect(uint64 loan) external returns (uint256 amount);

    /// @notice Give back a part that the caller pledged to this contract and that secures no loan.
    function returnCollateral(uint64 part) external;

    /// @notice State costs of recovering a loan that is late, within the terms. They are owed once the borrower has let
    /// OBJECTION_DAYS pass, or a supervisor has decided its dispute.
    /// @dev By the lender. `evidence` is the SHA-256 of what shows them.
    function stateCosts(uint64 loan, uint128 amount, bytes32 evidence) external;

    /// @notice Dispute stated costs; `reason` is the SHA-256 of the objection.
    /// @dev By the borrower.
    function disputeCosts(uint64 loan, bytes32 reason) external;

    /// @notice Make costs owed that nobody has disputed in time. By anyone.
    function admitCosts(uint64 loan) external;

    /// @notice Make `amount` of disputed costs owed, and the rest never.
    /// @dev Role SUPERVISOR. `outcome` is the SHA-256 of the decision.
    function decideCosts(uint64 loan, uint128 amount, bytes32 outcome) external;

    /// @notice Accrue to today and bring loan and line to the state that gives; anyone.
    function poke(uint64 loan) external returns (LoanState);

    /// @notice Give up what is outstanding of a loan in default; paying it stays possible. By the lender.
    function writeOff(uint64 loan) external;

    function line(uint64 id) external view returns (Line memory);
    function loan(uint64 id) external view returns (Loan memory);
    function statedCosts(uint64 loan) external view returns (StatedCosts memory);
    function instalmentsOf(uint64 loan) external view returns (Instalment[] memory);
    function isAllowed(uint64 line, address supplier) external view returns (bool);

    /// @notice What is owed on `date`, if nothing is paid until then.
    function owed(uint64 loan, uint32 date) external view returns (Owed memory);

    /// @notice The loan that a pledged part secures, or 0: an order that becomes a receivable carries it along.
    function loanSecuredBy(uint64 part) external view returns (uint64);

    /// @notice The account that a split's loan sweep pays into.
    function accountOf(uint64 line) external view returns (address);
}
