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

check_archive() {
    if [ ! -d "$BASE/vendor" ]; then
        fail "this is the source code, which lacks the libraries that a GX needs." \
            "Download venus-daemons-$VERSION.zip (1.6 MB) instead, from where this copy came from, or make it on a computer" \
            "with bin/release. Then: cd /data/drivers; unzip venus-daemons-$VERSION.zip; venus-daemons-$VERSION/bin/setup.sh"
    fi
    [ -s "$BASE/MANIFEST.sha256" ] || fail "MANIFEST.sha256 is missing: the archive was not unpacked completely" \
        "Remove $TOP, download the archive again, unpack it again."
    bad=$(cd "$BASE" && sha256sum -c MANIFEST.sha256 2>/dev/null | grep -v ': OK$') || return 0
    fail "files of this copy are missing or damaged: $(printf '%s' "$bad" | sed 's/: FAILED.*//' | head -n 3 | tr '\n' ' ')" \
        "Remove $TOP, download the archive again, unpack it again."
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

check_memory() {
    file=$ROOT/proc/meminfo
    [ -r "$file" ] || file=/proc/meminfo
    available=$(awk '/^MemAvailable:/ { print $2 }' "$file")
    [ "$available" -ge "$MIN_CCGX_MEMORY_KB" ] || fail "only $((available / 1024)) MB of memory are available; a CCGX needs" \
        "$((MIN_CCGX_MEMORY_KB / 1024)) MB for this, or it restarts itself again and again."
}

check_names() { # our names below /service belong to links; a directory there is somebody else's
    for name in $(list_services "$BASE"); do
        [ ! -e "$SERVICES/$name" ] || [ -L "$SERVICES/$name" ] ||
            fail "$SERVICES/$name is a directory, not a link of ours: another program has that name"
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
