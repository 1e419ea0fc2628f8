#!/bin/sh
# Removes the daemons from a GX device. Configuration, settings of devices (names, instances) and logs stay.
#   uninstall.sh [--purge] [--root DIR]      --purge: remove all three as well
set -u

BASE=$(dirname "$(dirname "$(readlink -f "$0")")")
ROOT=
PURGE=no
. "$BASE/bin/install/report.sh"
while [ $# -gt 0 ]; do
    case $1 in
        --purge) PURGE=yes ;;
        --root)
            [ $# -ge 2 ] || usage_error "--root needs a value"
            ROOT=$(readlink -f "$2")
            shift
            ;;
        -h | --help) sed -n '2,3s/^# *//p' "$0"; exit 0 ;;
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
        case $directory in "$DATA"/*) [ ! -d "$directory/service" ] || echo "$directory" ;; esac
    done | sort -u
}

is_suite_link() { # is_suite_link NAME: a link below /service to one of our versions (which may be gone)
    case $(link_target "$1") in
        "$BASE"/service/* | "$DATA"/drivers/venus-daemons-[0-9]*/service/*) return 0 ;;
    esac
    return 1
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
    mkdir -p "$RUN"
    take_turn
    trap '' HUP
    cd /
    versions=$(list_versions)
    names=$(for version in $versions; do list_services "$version"; done | sort -u | tr '\n' ' ')
    restored=$(rc_read "$RC" | sed -n 's/.*# venus-daemons took over: .*\/service\/\([^ \/]*\).*/\1/p' | tr '\n' ' ')

    step "taking our lines out of $RC ..."
    rc_remove "$names" || { make_room && rc_remove "$names"; } ||
        fail "$rc_problem; nothing was removed" "If the disk is full, see what is large: du -sk /data/* | sort -n"
    for link in "$SERVICES"/*; do
        name=${link##*/}
        { [ -L "$link" ] && is_suite_link "$name"; } || continue
        step "stopping $name ..."
        stop_service "$name" || fail "$name cannot be stopped; start uninstall.sh again, or restart the device"
    done

    if [ "$PURGE" = yes ]; then
        step "removing configuration and logs ..."
        rm -rf "$CONF"
        for name in $names; do rm -rf "${LOGS:?}/$name"; done
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
}

# Read completely before it runs: it removes its own file.
{ main; exit; }
