"""The archive for an SD card or USB stick: Venus unpacks venus-data-*.tar.gz from it over /data at every boot.

update-data.sh of Venus OS runs rc/pre-hook.sh (non-zero: skip the archive), unpacks everything but rc/, and then runs
rc/post-hook.sh success|extraction-failed. All that happens before svscan is up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from release.contents import EXECUTABLE

if TYPE_CHECKING:
    from release.archive import Files

NAME = "venus-data-venus-daemons.tar.gz"

# The stick may stay in: only a version that is not the active one is unpacked.
PRE_HOOK = """\
#!/bin/sh
if grep -q '^ln -s /data/drivers/{top}/service/' /data/rc.local 2>/dev/null; then
    echo "{top} is active already: the archive on the stick is skipped"
    exit 1
fi
"""

# In the background: setup.sh waits for svscan, and the boot must not wait for setup.sh.
POST_HOOK = """\
#!/bin/sh
[ "$1" = success ] || exit 0
mkdir -p /data/log/venus-daemons
setsid sh /data/drivers/{top}/bin/setup.sh --boot >/data/log/venus-daemons/usb-setup.log 2>&1 &
"""


def make_usb_files(top: str, files: Files) -> Files:
    """Return the files of the archive; `top` is "venus-daemons-<version>", the first directory of all `files`."""
    hooks = {"rc/pre-hook.sh": PRE_HOOK, "rc/post-hook.sh": POST_HOOK}
    return {
        **{f"drivers/{path}": entry for path, entry in files.items()},
        **{path: (EXECUTABLE, text.format(top=top).encode()) for path, text in hooks.items()},
    }
