"""What a backup or a restore refuses; every error has a stable code."""

from __future__ import annotations

from counterfoil.fault import Code


class BackupError(Exception):
    """A backup could not be made, or not restored, for a reason without a code of its own."""

    code = Code("backup.error")
    to_do = "Read the detail; the house and the backups that were there stay as they are."


class KeyMalformed(BackupError):
    """The file is no backup key, or others than its owner may read it."""

    code = Code("backup.key_malformed")
    to_do = "Give the key's own file, mode 0600; `counterfoil backup --make-key` makes one where none is."


class KeyWrong(BackupError):
    """The backup was made with another key."""

    code = Code("backup.key_wrong")
    to_do = "Give the key that it was made with: the detail has the beginning of its fingerprint."


class PlaceRefused(BackupError):
    """Backup, house and key would lie in one another, so that one loss takes two of them."""

    code = Code("backup.place_refused")
    to_do = "Keep the three apart: best on another machine or disk, the key on neither."


class BackupBusy(BackupError):
    """Another process works on this folder of backups."""

    code = Code("backup.busy")
    to_do = "Wait until it has ended; then run it again."


class HouseMissing(BackupError):
    """There is no house in the folder."""

    code = Code("backup.house_missing")
    to_do = "Name the folder that `counterfoil up` was given."


class ChainSilent(BackupError):
    """The house runs, and its embedded chain did not give its state."""

    code = Code("backup.chain_silent")
    to_do = (
        "Look at the chain's log; run the backup again once it answers, or with the house stopped."
    )


class SourceDamaged(BackupError):
    """A database of the house is damaged, or what was read never fitted together; nothing was written."""

    code = Code("backup.source_damaged")
    to_do = "Restore an earlier backup elsewhere, and look at the disk. Keep the backups that there are."


class BackupUnknown(BackupError):
    """There is no finished backup there, or none of that name."""

    code = Code("backup.unknown")
    to_do = (
        "List the folder: a finished backup has a `manifest`, and a name that begins with its time."
    )


class BackupIncomplete(BackupError):
    """A part of the backup is not there: of itself, or of one that it goes on from."""

    code = Code("backup.incomplete")
    to_do = "Bring the missing folder back from another copy, or restore an earlier backup."


class BackupDamaged(BackupError):
    """Bytes of the backup are not those that were written."""

    code = Code("backup.damaged")
    to_do = "Take another copy of it, or restore an earlier backup."


class KeysMissing(BackupError):
    """The backup was made without the house's keys, and none were given."""

    code = Code("backup.keys_missing")
    to_do = "Give the folder that they are kept in with --keys; it is laid out as the house is."


class NotOverwritten(BackupError):
    """There is something at the place that is to be restored to."""

    code = Code("restore.exists")
    to_do = "Name a folder that is not there yet: nothing is ever restored over another."


class OldOneRuns(BackupError):
    """The house with the same keys runs: two would sign with one key."""

    code = Code("restore.old_one_runs")
    to_do = "Stop it for good first. While it runs, nothing has to be restored."


class OldOneUnknown(BackupError):
    """It can't be seen from here whether the house with the same keys still runs or may start again."""

    code = Code("restore.old_one_unknown")
    to_do = (
        "Make sure that it is stopped and does not start by itself; then say so with"
        " --the-old-one-is-gone."
    )


class NotSwept(BackupError):
    """The house was restored, and did not come up, or its sweep could not be made."""

    code = Code("restore.not_swept")
    to_do = (
        "What was restored is in its folder. Read the detail and the logs in it; start it with"
        " `counterfoil up`, and sweep it."
    )
