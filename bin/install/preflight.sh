# Sourced: everything that can be known to fail is found here, before anything is changed.
# shellcheck shell=sh

MIN_FREE_KB=13500       # 10 MB, below which Venus shows a full disk, and ours: compiled Python and logs
MIN_CCGX_MEMORY_KB=40960 # one daemon takes 35 MB; below, the watchdog restarts the device
EXIT_BAD_CONFIG=2       # of `daemon --check`

venus_version() { head -n 1 "$ROOT/opt/victronenergy/version" 2>/dev/null || :; }
machine() { cat "$ROOT/etc/venus/machine" 2>/dev/null || :; }

check_place() {
    case $TOP in
        /data/?*) ;;
        *) fail "this copy is in $TOP, which a reboot or a firmware update removes." \
            "Unpack the archive in /data/drivers and start setup.sh there:" \
            "mkdir -p /data/drivers; cd /data/drivers; unzip venus-daemons-$VERSION.zip" ;;
    esac
    case $BASE in
        *[!A-Za-z0-9/._+-]*) fail "the path $BASE has unusual characters: move it to /data/drivers/venus-daemons-$VERSION" ;;
    esac
    [ -d "$SERVICES" ] || fail "there is no $SERVICES: this is not a Venus OS device"
    [ -n "$ROOT" ] || [ "$(id -u)" = 0 ] || fail "log in as root (on a GX: ssh root@venus.local)"
}

check_python() {
    complaint=$(python_complaint)
    [ -z "$complaint" ] || fail "$complaint. This is Venus OS $(venus_version)." \
        "Update the firmware first: Settings, Firmware, Online updates. Then start setup.sh again."
}

check_space() {
    free=$(df -Pk "$DATA" | awk 'NR == 2 { print $4 }')
    [ "$free" -ge "$MIN_FREE_KB" ] || fail "only $free kB are free on /data; $MIN_FREE_KB kB are needed." \
        "See what is large: du -sk /data/* | sort -n"
}

# What runs and is replaced or stopped gives its memory back.
# shellcheck disable=SC2086,SC2153 # lists of names; set by setup.sh
check_memory() {
    proc=$ROOT/proc
    [ -r "$proc/meminfo" ] || proc=/proc
    available=$(awk '/^MemAvailable:/ { print $2 }' "$proc/meminfo")
    for name in $ALL $TAKEN; do
        { has_word "$name" $STARTING $TAKEN || ! has_word "$name" $RUNNING; } || continue
        pid=$(read_pid "$name")
        [ -n "$pid" ] || continue
        resident=$(awk '/^VmRSS:/ { print $2 }' "$proc/$pid/status" 2>/dev/null)
        available=$((available + ${resident:-0}))
    done
    [ "$available" -ge "$MIN_CCGX_MEMORY_KB" ] || fail "only $((available / 1024)) MB of memory are available; a CCGX needs" \
        "$((MIN_CCGX_MEMORY_KB / 1024)) MB for this, or it restarts itself again and again."
}

check_names() { # our names below /service belong to links of ours; anything else there is somebody's
    for name in $(list_services "$BASE"); do
        if [ -L "$SERVICES/$name" ]; then
            is_ours "$name" || fail "$SERVICES/$name leads to $(link_target "$name"), which is not ours: another program has that name"
        elif [ -e "$SERVICES/$name" ]; then
            fail "$SERVICES/$name is a directory, not a link of ours: another program has that name"
        fi
    done
}

run_check() { # run_check NAME CONFIG_DIRECTORY: have the daemon load everything that it is made of
    package=$(echo "$1" | tr - _)
    no_cache=
    [ "${DRY_RUN:-no}" = no ] || no_cache=1
    PYTHONDONTWRITEBYTECODE=$no_cache VENUS_DAEMONS_DATA=$DATA VENUS_DAEMONS_RUN=$RUN VENUS_DAEMONS_LOG=$LOGS \
        "$PYTHON" -s -P -m "$package" --config "$2" --check 2>&1
}

check_daemons() { # check_daemons NAMES: also fills Python's cache, which makes the first start faster
    for name in "$@"; do
        code=0
        output=$(run_check "$name" "$RUN/no-configuration") || code=$?
        [ "$code" = 0 ] || [ "$code" = "$EXIT_BAD_CONFIG" ] ||
            fail "$name does not start on this device (its test ended with $code):" "$(printf '%s' "$output" | tail -n 3)" \
                "Please report this, with: cat /opt/victronenergy/version; cat /etc/venus/machine"
    done
}

check_config() { # check_config NAMES: what the user wrote
    for name in "$@"; do
        [ -e "$CONF/$name.yml" ] || continue
        output=$(run_check "$name" "$CONF") || fail "$CONF/$name.yml is not right:" "$(printf '%s' "$output" | tail -n 3)"
    done
}
