from pathlib import Path

import pytest

from semiview.files.network_share import network_share, share_among

MOUNTS = """\
24 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
31 24 0:40 / /mnt/fab rw - nfs4 server:/export rw,vers=4.2
32 24 0:41 / /mnt/fab/local rw - xfs /dev/sdb1 rw
33 24 0:42 / /mnt/two\\040words rw - cifs //server/share rw
34 24 0:43 / /home/me/remote rw - fuse.sshfs me@server: rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/data/project", ""),
        ("/mnt/fab/lot 7", "nfs4"),
        ("/mnt/fab/local/lot 7", ""),
        ("/mnt/fabulous", ""),
        ("/mnt/two words/x", "cifs"),
        ("/home/me/remote", "sshfs"),
    ],
)
def test_that_the_deepest_mount_tells_whether_a_folder_is_on_a_share(path: str, kind: str) -> None:
    assert share_among(MOUNTS, Path(path)) == kind


def test_that_a_folder_that_is_not_there_yet_can_be_asked(tmp_path: Path) -> None:
    assert network_share(tmp_path / "not" / "yet") == network_share(tmp_path)
