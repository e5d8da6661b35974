"""Whether a folder lies on another machine, where a promise of durability is only as good as that machine's."""

import os
import re
import sys
from pathlib import Path

if sys.platform == "win32":
    import ctypes

_KINDS = (
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "9p", "ceph", "glusterfs", "lustre", "beegfs", "davfs", "ncpfs",
    "fuse.sshfs", "fuse.rclone", "fuse.glusterfs", "fuse.s3fs",
)  # fmt: skip
_MOUNTS = Path("/proc/self/mountinfo")
_REMOTE_DRIVE = 4  # GetDriveTypeW
_OCTAL = re.compile(r"\\([0-7]{3})")


def network_share(folder: Path) -> str:
    """Kind of share that a folder lies on ("nfs", "cifs", "network drive"); empty on a local disk or if unknown."""
    path = Path(os.path.realpath(folder))
    if sys.platform == "win32":
        if str(path).startswith("\\\\"):
            return "network drive"
        return "network drive" if ctypes.windll.kernel32.GetDriveTypeW(path.anchor) == _REMOTE_DRIVE else ""
    try:
        return share_among(_MOUNTS.read_text("utf-8", "surrogateescape"), path)
    except OSError:  # no /proc here
        return ""


def share_among(mountinfo: str, path: Path) -> str:
    """The same from the text of /proc/self/mountinfo: the deepest mount above the path says it."""
    deepest, found = -1, ""
    for line in mountinfo.splitlines():
        before, separator, after = line.partition(" - ")
        words = before.split(" ")
        if not separator or len(words) < 5:
            continue
        place = Path(_OCTAL.sub(lambda match: chr(int(match[1], 8)), words[4]))
        if path.is_relative_to(place) and len(place.parts) >= deepest:
            deepest, found = len(place.parts), after.split(" ")[0]
    return found.removeprefix("fuse.") if found in _KINDS else ""
