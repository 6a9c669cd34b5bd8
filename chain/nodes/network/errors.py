"""The errors of a network, each with a stable code."""

from __future__ import annotations

from counterfoil.chain.errors import ChainError
from counterfoil.fault import Code, fault


class NetworkError(ChainError):
    """A network's command failed; ``code`` is one of those below."""

    def __init__(self, code: Code, detail: str) -> None:
        self.code = code
        super().__init__(detail)


FILE_MALFORMED = fault(
    "network.file_malformed",
    "A file of the network or a member is not of its form.",
    "Ask for the file again, or restore the folder from a backup.",
)
CHARTER_MALFORMED = fault(
    "network.charter_malformed",
    "The charter is not of its form, or breaks a rule.",
    "Correct what the detail names; docs/network.md shows a charter.",
)
IN_REPOSITORY = fault(
    "network.in_repository",
    "Members' keys would lie in a repository, where they are easily published.",
    "Choose a folder outside of any repository.",
)
EXISTS = fault(
    "network.exists",
    "What would be made is there already; nothing is overwritten.",
    "Use what is there, or choose another place.",
)
RUNNING = fault(
    "network.running",
    "The member's node runs.",
    "Stop the node first.",
)
BACKUP_MALFORMED = fault(
    "network.backup_malformed",
    "The file is no backup.",
    "Name the file that the backup command wrote.",
)
NAME_TAKEN = fault(
    "network.name_taken",
    "Another member has this name or this node.",
    "Choose another name.",
)
NO_SUCH_MEMBER = fault(
    "network.no_such_member",
    "The network has no member of this name.",
    "Use one of the names in the detail.",
)
NO_SUCH_ENGINE = fault(
    "network.no_such_engine",
    "No engine has this name.",
    "Name an engine that docs/network.md lists.",
)
NO_FOLDER = fault(
    "network.no_folder",
    "The folder is no network's or member's.",
    "Name the folder that the network was made in.",
)
NOT_INSTALLED = fault(
    "network.not_installed",
    "The engine's programs are not installed.",
    "Run `counterfoil network install`.",
)
GO_MISSING = fault(
    "network.go_missing",
    "There is no Go to build the engine with.",
    "Install Go as docs/network.md says.",
)
GO_TOO_OLD = fault(
    "network.go_too_old",
    "The Go that was found is too old to build the engine with.",
    "Install a newer Go.",
)
COMPILER_MISSING = fault(
    "network.compiler_missing",
    "There is no C compiler to build the engine with.",
    "Install gcc or clang.",
)
BUILD_FAILED = fault(
    "network.build_failed",
    "The engine could not be built.",
    "Read the compiler's words in the detail; check room on the disk and the network.",
)
CHANGE_MISFIT = fault(
    "network.change_misfit",
    "A change to the engine's sources does not fit them.",
    "Use the version of the engine that this program was made for.",
)
NODE_ENDED = fault(
    "network.node_ended",
    "The node ended by itself.",
    "Read the end of its log in the detail, and start it again.",
)
NOT_READY = fault(
    "network.not_ready",
    "The node did not become ready in time.",
    "Look whether enough members' nodes run, then start it again.",
)
NOT_STOPPED = fault(
    "network.not_stopped",
    "The node's process does not end.",
    "Look at what it is doing; end it by hand only when it writes no more.",
)
THRESHOLD = fault(
    "network.threshold",
    "The number of owners that must agree is none, or more than there are.",
    "Choose a number from 1 to the number of owners.",
)
SIGNERS = fault(
    "network.signers",
    (
        "The owners who are to sign are too few, too many, or not all owners, or the network's "
        "money does not suffice."
    ),
    "Name as many owners as must agree.",
)
NOT_A_SIGNER = fault(
    "network.not_a_signer",
    "The member is not among those who are to sign.",
    "Have the members sign that the proposal names.",
)
NOT_ACCEPTED = fault(
    "network.not_accepted",
    "The network did not accept the change.",
    "Look at the members' state, and propose it again.",
)
NOT_TAKEN = fault(
    "network.not_taken",
    "The network did not take the change's transactions.",
    "Read the node's words in the detail; sign and submit again.",
)
CHANGE_MALFORMED = fault(
    "network.change_malformed",
    "The change that was asked for can't be made.",
    "Correct what the detail names.",
)
NOTHING_TO_CHANGE = fault(
    "network.nothing_to_change",
    "The change would leave everything as it is.",
    "Nothing: it is as asked for.",
)
PROPOSAL_MALFORMED = fault(
    "network.proposal_malformed",
    "The file is no proposal of a change.",
    "Ask for the file again.",
)
PROPOSAL_WRONG = fault(
    "network.proposal_wrong",
    "The proposal does something else than its words say.",
    "Do not sign it; ask whoever made it.",
)
OTHER_NETWORK = fault(
    "network.other_network",
    "The proposal is for another network.",
    "Do not sign it here.",
)
SEAT_ENDS = fault(
    "network.seat_ends",
    "A member's seat ends too soon for what was asked.",
    "Renew the seat first.",
)
TOOL_LATE = fault(
    "network.tool_late",
    "The network's tool did not end in time.",
    "Look whether enough members' nodes run, then ask again.",
)
TOOL_FAILED = fault(
    "network.tool_failed",
    "The network's tool failed.",
    "Read the detail; ask again.",
)
TOOL_INPUT = fault(
    "network.tool_input",
    "The network's tool was given something that it does not take.",
    "Report it: the two programs are of different versions.",
)
SYSTEM = fault(
    "network.system",
    "The system refused a file or a process.",
    "Read the detail: it is the system's own word.",
)
OWNERS_UNKNOWN = fault(
    "network.owners_unknown",
    "The network's owners are of a kind that is not known here.",
    "Use the program that the network was made with.",
)
NODE_ID = fault(
    "network.node_id",
    "The text is no node's ID.",
    "Copy the ID whole, with NodeID- before it.",
)
SUBNET = fault(
    "network.subnet",
    "The text is no subnet's ID.",
    "Copy the ID whole.",
)
OWNER_TWICE = fault(
    "network.owner_twice",
    "An owner is named twice.",
    "Name each owner once.",
)
KEY_MALFORMED = fault(
    "network.key_malformed",
    "The text is no key on the curve.",
    "Copy the key whole.",
)
SIGNATURES_MISSING = fault(
    "network.signatures_missing",
    "Not all who must sign have signed.",
    "Have the others sign.",
)
SIGNATURE_WRONG = fault(
    "network.signature_wrong",
    "A signature in the proposal does not verify.",
    "Begin again from the proposal as it was made.",
)
