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

# The stick may stay in: what it has brought once, or would only take back, is not unpacked again.
PRE_HOOK = r"""#!/bin/sh
version=@VERSION@
tried=/data/conf/venus-daemons/usb-done
skip() {
    grep -qxF "$version" $tried 2>/dev/null || echo "$version" >>$tried
    echo "venus-daemons $version on the stick is skipped: $1"
    exit 1
}
is_older() { # is_older VERSION THAN
    printf '%s\n%s\n' "$1" "$2" | awk '
        { split($0, part, /[^0-9]+/); for (i = 1; i <= 4; i++) key[NR] = key[NR] sprintf("%06d", part[i]) }
        END { exit !(key[1] < key[2]) }'
}
! grep -qxF "$version" $tried 2>/dev/null || skip "it was tried before. To try it again: rm $tried"
line='^ln -s \(/data/[^ ]*\)/service/[a-z0-9-]* /service/.*'
active=$(sed -n "s|$line|\1|p" /data/rc.local 2>/dev/null | head -n 1)
installed=$(cat "$active/version" 2>/dev/null)
[ "$installed" != "$version" ] || skip "it is installed already"
! is_older "$version" "$installed" || skip "$installed, which is newer, is installed"
exit 0
"""

# In the background: setup.sh waits for svscan, and the boot must not wait for setup.sh. A version that fails is not
# tried again at every boot; one whose setup was interrupted is.
POST_HOOK = """#!/bin/sh
[ "$1" = success ] || exit 0
tried=/data/conf/venus-daemons/usb-done
export tried
mkdir -p /data/log/venus-daemons /data/conf/venus-daemons
setsid sh -c '
    sh /data/drivers/venus-daemons-@VERSION@/bin/setup.sh --boot ||
        echo "The stick does not try this version again, but after: rm $tried"
    echo @VERSION@ >>$tried
' >/data/log/venus-daemons/usb-setup.log 2>&1 &
"""


def make_usb_files(top: str, files: Files) -> Files:
    """Return the files of the archive; `top` is "venus-daemons-<version>", the first directory of all `files`."""
    version = top.removeprefix("venus-daemons-")
    hooks = {"rc/pre-hook.sh": PRE_HOOK, "rc/post-hook.sh": POST_HOOK}
    return {
        **{f"drivers/{path}": entry for path, entry in files.items()},
        **{path: (EXECUTABLE, text.replace("@VERSION@", version).encode()) for path, text in hooks.items()},
    }
