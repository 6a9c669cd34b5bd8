"""Why a node does not sign what another one proposes, or not yet."""

from __future__ import annotations

from counterfoil.fault import fault

ROOT_DIFFERS = fault(
    "head.root_differs",
    "The records give another root than the head has.",
    "Compare the logs at the record that is named: one of them was changed. Keep both.",
)
STATE_DIFFERS = fault(
    "head.state_differs",
    "The records leave the devices in another state than the head says.",
    "Compare the device's last records in both logs; keep both heads.",
)
FIGURES_DIFFER = fault(
    "head.figures_differ",
    "The records add up to other figures than the head's.",
    "Compare the figures that the detail names; look for nodes of two versions.",
)
ANNEX_DIFFERS = fault(
    "head.annex_differs",
    "The head commits to something else beside the log than this node computes.",
    "Look for nodes of two versions; what the other node commits to is not signed here.",
)
NOT_INCLUDED = fault(
    "proof.not_included",
    "A record is not under the head that is said to hold it.",
    ("Ask for the proof under the right head; if there is none, the record is not in the log."),
)
MALFORMED = fault(
    "proposal.malformed",
    "What a node sent is no proposal: a field is of another type or range, or not in its one form.",
    "Ask the node's bank what it runs; nothing was signed. The detail names the field.",
)
WRONG_CHAIN = fault(
    "proposal.wrong_chain",
    "The proposal is for another chain or contract.",
    "Compare the nodes' deployment files.",
)
DEADLINE_WRONG = fault(
    "proposal.deadline_wrong",
    "The call could be made for longer than a node signs for, or its time is over.",
    "Compare the nodes' clocks. A call without a near end is not signed.",
)
TARGET_UNKNOWN = fault(
    "proposal.target_unknown",
    "The proposal calls a contract that is not signed for here.",
    "Find out who made it; it is not signed.",
)
FACTS_MALFORMED = fault(
    "proposal.facts_malformed",
    "The facts of the proposal are not of their form.",
    "Look for nodes of two versions.",
)
NUMBER_NOT_COUNTED = fault(
    "proposal.number_not_counted",
    "The proposal shares out a record behind the last number that counts of its machine's key.",
    "Nothing: what was repudiated is shared out no more.",
)
PROJECT_UNKNOWN = fault(
    "proposal.project_unknown",
    "This node was not told of the project.",
    "Tell this node's oracle of the project.",
)
UNITS_DIFFER = fault(
    "proposal.units_differ",
    "The units that were sold add up to others here.",
    "Compare the records that the batch names.",
)
BATCH_DIFFERS = fault(
    "proposal.batch_differs",
    "The batch's name does not follow from its facts.",
    "Look for nodes of two versions.",
)
CALL_DIFFERS = fault(
    "proposal.call_differs",
    "The call does not distribute what the facts come to.",
    "Find out who made it; it is not signed.",
)
RECORD_DIFFERS = fault(
    "proposal.record_differs",
    "A record is not what the facts say that it is.",
    "Compare the record in both logs.",
)
AMOUNT_DIFFERS = fault(
    "proposal.amount_differs",
    "A record has another amount than the facts say.",
    "Compare the record in both logs.",
)
DATE_DIFFERS = fault(
    "proposal.date_differs",
    "A record is of another day than the facts say.",
    "Compare the nodes' zones in their settings, and the record in both logs.",
)
CURRENCY_DIFFERS = fault(
    "proposal.currency_differs",
    "A record is in another currency than the facts say.",
    "Compare the record in both logs.",
)
PROJECT_DIFFERS = fault(
    "proposal.project_differs",
    "A record's device is not the project's.",
    "Compare the device's project on chain.",
)
RECORD_USED_TWICE = fault(
    "proposal.record_used_twice",
    "A record was shared out in another batch already.",
    "Find out why it was proposed twice; it is not signed.",
)
BLOCK_TOO_OLD = fault(
    "proposal.block_too_old",
    "The registry was read at a block before the anchored head's.",
    (
        "Nothing: it is proposed again at a later block. If it stays so, look at the proposer's"
        " node."
    ),
)
SIGNATURE_WRONG = fault(
    "proposal.signature_wrong",
    "The proposal is not signed by its sender.",
    "Compare the nodes' accounts in the file of the quorum.",
)
NOT_A_SIGNER = fault(
    "proposal.not_a_signer",
    "The sender is none of the quorum's signers.",
    "Compare the quorum on chain with the file of the nodes.",
)
BEHIND = fault(
    "quorum.behind",
    "This node has not come so far yet.",
    "Wait; if it stays so, look whether this node reaches the gateway and the chain.",
)
BLOCK_NOT_READ = fault(
    "quorum.block_not_read",
    "This node has not read the block yet.",
    "Wait; if it stays so, look at this node's chain node.",
)
PREVIOUS_DIFFERS = fault(
    "quorum.previous_differs",
    "The head before is another one for this node.",
    "Wait for the newest head; if it stays so, compare the nodes' chain nodes.",
)
