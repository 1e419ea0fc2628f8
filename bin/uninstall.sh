#!/bin/sh
# Removes the daemons from a GX device. Configuration, settings of devices (names, instances) and logs stay.
#   uninstall.sh [--purge] [--root DIR]      --purge: remove all three as well
set -u
umask 022

BASE=$(dirname "$(dirname "$(readlink -f "$0")")")
ROOT=
PURGE=no

# This is the way out, so it needs of a damaged copy no more than its own parts, and those whole: half of them would remove half.
check_parts() {
    parts=$(cd "$BASE" 2>/dev/null && grep '^[0-9a-f]*  bin/' MANIFEST.sha256 2>/dev/null)
    if [ -n "$parts" ] && command -v sha256sum >/dev/null && ! (cd "$BASE" && printf '%s\n' "$parts" | sha256sum -c >/dev/null 2>&1); then
        return 1
    fi
    # The list may be what is damaged.
    for part in python.sh install/report.sh install/places.sh install/rc_local.sh install/rc_local.awk install/supervision.sh \
        install/change.sh; do
        part=$BASE/bin/$part
        [ -s "$part" ] && [ "$(tr -d '\000' <"$part" | wc -c)" = "$(wc -c <"$part")" ] || return 1
    done
}

case " $* " in *' -h '* | *' --help '*) sed -n '2,3s/^# *//p' "$0"; exit 0 ;; esac
if ! check_parts; then
    cat >&2 <<DAMAGED
FAILED: $BASE/bin is damaged; nothing was removed. Unpack the archive over it once more, and start uninstall.sh again:
        cd ${BASE%/*}; unzip -o the archive
        Or by hand: take the lines with venus-daemons out of /data/rc.local, restart the device, then rm -r $BASE
DAMAGED
    exit 1
fi
. "$BASE/bin/install/report.sh"
while [ $# -gt 0 ]; do
    case $1 in
        --purge) PURGE=yes ;;
        --root)
            [ $# -ge 2 ] || usage_error "--root needs a value"
            [ -d "$2" ] || usage_error "--root: there is no directory $2"
            ROOT=$(readlink -f "$2")
            ROOT=${ROOT%/}
            shift
            ;;
        *) usage_error "unknown option $1" ;;
    esac
    shift
done
. "$BASE/bin/install/places.sh"
. "$BASE/bin/install/rc_local.sh"
. "$BASE/bin/install/supervision.sh"
. "$BASE/bin/install/change.sh"

list_versions() { # all that are or were installed
    for directory in "$BASE" "$DATA"/drivers/venus-daemons-[0-9]*; do
        if [ "$directory" = "$BASE" ] || [ -d "$directory/service" ]; then echo "$directory"; fi
    done | sort -u
}

list_names() { # the daemons of all versions, and those that are linked, whatever is left of their version
    for version in $versions; do list_services "$version"; done
    for link in "$SERVICES"/*; do
        name=${link##*/}
        if [ -L "$link" ] && is_ours "$name"; then echo "$name"; fi
    done
}

make_room() { # by what Python makes again whenever it needs it
    # shellcheck disable=SC2086 # a list of directories
    find $versions -type d -name __pycache__ -prune -exec rm -rf {} +
}

purge_settings() { # the names and VRM instances of our devices; after the daemons have ended, who would add them again
    # What stands for / in a test has no D-Bus of its own.
    [ -z "$ROOT" ] && [ -z "$(python_complaint)" ] && [ -d "$BASE/vendor" ] &&
        PYTHONDONTWRITEBYTECODE=1 "$PYTHON" -s -P -m console.remove_settings
}

main() {
    case $TOP in /data/?*) ;; *) fail "$BASE is not an installed copy: it is not below /data" ;; esac
    take_turn
    trap '' HUP PIPE
    cd /
    versions=$(list_versions)
    names=$(list_names | sort -u | tr '\n' ' ')
    restored=$(rc_read "$RC" | sed -n 's/.*# venus-daemons took over: .*\/service\/\([^ \/]*\).*/\1/p' | tr '\n' ' ')

    step "taking our lines out of $RC ..."
    rc_remove "$names" || { make_room && rc_remove "$names"; } ||
        fail "$rc_problem; nothing was removed" "If the disk is full, see what is large: du -sk /data/* | sort -n"
    for name in $names; do
        # Not linked, it may still run: when its directory was removed before.
        [ ! -L "$SERVICES/$name" ] || is_ours "$name" || continue
        [ ! -L "$SERVICES/$name" ] || step "stopping $name ..."
        stop_service "$name" || fail "$name cannot be stopped; start uninstall.sh again, or restart the device"
    done

    if [ "$PURGE" = yes ]; then
        step "removing configuration and logs ..."
        rm -rf "$CONF"
        # What is still linked is a service of somebody else, with the same name.
        for name in $names venus-daemons; do [ -L "$SERVICES/$name" ] || rm -rf "${LOGS:?}/$name"; done
        step "removing the settings of our devices (names, VRM instances) from Venus OS ..."
        purge_settings || warn "settings of our devices are left in Venus OS (/Settings/Devices, /Settings/MqttDevices): see above"
        say "Kept: the settings of Modbus devices in Venus OS, which its own Modbus client uses as well"
    else
        say "Kept: $CONF"
        for name in $names; do [ ! -d "$LOGS/$name" ] || say "Kept: the log $LOGS/$name"; done
        say "Kept: the settings of devices (names, VRM instances) in Venus OS"
    fi
    for version in $versions; do
        case $version in
            "$DATA"/drivers/venus-daemons-[0-9]*) step "removing $version ..."; rm -rf "$version" ;;
            *) say "Kept: $version, which belongs to the package manager" ;;
        esac
    done
    rm -rf "$RUN"
    sync
    [ -z "$restored" ] || say "$RC starts the former ${restored}again from the next boot on."
    say "venus-daemons is removed."
    return 0 # also when nobody reads that
}

# Read completely before it runs: it removes its own file.
{ main; exit; }
