"""What a witness's commands can't do, each with its code."""

from __future__ import annotations

from counterfoil.fault import fault

WITNESS_EXISTS = fault(
    "witness.exists",
    "The folder is a witness already; its key is never overwritten.",
    "Use the witness that is there, or give another folder.",
)
WITNESS_NOT_MADE = fault(
    "witness.not_made",
    "The witness could not be made.",
    "Check the folder, and the log's key that was given.",
)
WITNESS_UNREADABLE = fault(
    "witness.unreadable",
    "The folder holds no witness that can be used.",
    "Name the witness's folder; keep its files as they are.",
)
CHECKPOINT_UNREADABLE = fault(
    "checkpoint.unreadable",
    "A checkpoint could not be fetched or opened.",
    "Check the file or URL, and ask again.",
)
