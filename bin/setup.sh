#!/bin/sh
# Installs, upgrades or changes the daemons on a GX device. Needs no network; changes only /data, /service and /run.
# May be started again at any time: what is right already stays untouched.
set -u
umask 022 # also where an administrator has another one: what root runs is written by root alone

usage() {
    cat <<'USAGE'
setup.sh [OPTIONS]          install this version, or upgrade or go back to it
  --enable NAME             from now on run this daemon (and remember that)
  --disable NAME            from now on do not
  --services NAME,NAME      from now on run exactly these
  --dry-run                 check everything and say what would be done
  --no-start                prepare everything; the daemons start with the next boot
  --ccgx                    one small daemon only (what setup-ccgx.sh does; chosen by itself on a CCGX)
  --force                   more than one daemon on a CCGX all the same
  --boot                    called while the device starts, from an SD card or USB stick
  --root DIR                for tests: DIR stands for /
USAGE
}

BASE=$(dirname "$(dirname "$(readlink -f "$0")")")
VERSION=$(cat "$BASE/version" 2>/dev/null)
ROOT=
ENABLE=
DISABLE=
ONLY=
DRY_RUN=no
START=yes
CCGX=no
FORCE=no
BOOT=no

refuse() { # refuse TEXT...: as `fail`, which is one of the parts
    printf 'FAILED: %s\n' "$1" >&2
    shift
    printf '        %s\n' "$@" >&2
    exit 1
}

# Here, before any part is used: the part that looks could be the damaged one. A power cut soon after the archive was unpacked
# leaves empty files and blocks of NULs, also in the list itself, and sha256sum passes over lines that it cannot read.
check_copy() {
    [ -d "$BASE/vendor" ] || refuse "this is the source code, which lacks the libraries that a GX needs." \
        "Download venus-daemons-$VERSION.zip instead, from where this copy came from, or make it on a computer" \
        "with bin/release. Then: cd /data/drivers; unzip venus-daemons-$VERSION.zip; venus-daemons-$VERSION/bin/setup.sh"
    command -v sha256sum >/dev/null || refuse "there is no sha256sum on this device, so this copy cannot be checked." \
        "Venus OS v3.60 and later have it: update the firmware first"
    code=0
    checked=$(cd "$BASE" && LC_ALL=C sha256sum -c MANIFEST.sha256 2>/dev/null) || code=$?
    good=$(printf '%s\n' "$checked" | grep -c ': OK$')
    # The list is sorted: one that ends early does not end with "version".
    if [ "$code" = 0 ] && [ "$good" = "$(wc -l <"$BASE/MANIFEST.sha256" | tr -d ' ')" ] &&
        [ "$(tail -n 1 "$BASE/MANIFEST.sha256" | cut -c 67-)" = version ]; then return 0; fi
    bad=$(printf '%s\n' "$checked" | sed -n 's/: FAILED.*//p' | head -n 3 | tr '\n' ' ')
    refuse "files of this copy are missing or damaged: ${bad:-MANIFEST.sha256 (sha256sum ended with $code)}" \
        "Unpack the archive over it once more, and start setup.sh again; what runs may go on running meanwhile:" \
        "cd ${BASE%/*}; unzip -o the archive. If that does not help, download the archive again."
}

case " $* " in *' -h '* | *' --help '*) usage; exit 0 ;; esac
check_copy
. "$BASE/bin/install/report.sh"

while [ $# -gt 0 ]; do
    case $1 in
        --enable | --disable | --services | --root) [ $# -ge 2 ] || usage_error "$1 needs a value" ;;
    esac
    case $1 in
        --enable) ENABLE="$ENABLE $2"; shift ;;
        --disable) DISABLE="$DISABLE $2"; shift ;;
        --services) ONLY=$(echo "$2" | tr , ' '); shift ;;
        --root)
            [ -d "$2" ] || usage_error "--root: there is no directory $2"
            ROOT=$(readlink -f "$2")
            ROOT=${ROOT%/}
            shift
            ;;
        --dry-run) DRY_RUN=yes ;;
        --no-start) START=no ;;
        --ccgx) CCGX=yes ;;
        --force) FORCE=yes ;;
        --boot) BOOT=yes ;;
        *) usage_error "unknown option $1" ;;
    esac
    shift
done

. "$BASE/bin/install/places.sh"
. "$BASE/bin/install/preflight.sh"
. "$BASE/bin/install/config.sh"
. "$BASE/bin/install/former.sh"
. "$BASE/bin/install/rc_local.sh"
. "$BASE/bin/install/supervision.sh"
. "$BASE/bin/install/change.sh"

# shellcheck disable=SC2086 # lists of names
choose_daemons() { # sets ALL, RUNNING (the enabled), LINKED, TESTED (of the linked) and STARTING (of the running)
    ALL=$(list_services "$BASE" | tr '\n' ' ')
    for name in $ENABLE $DISABLE $ONLY; do
        has_word "$name" $ALL || usage_error "there is no daemon $name; there are: $ALL"
    done
    RUNNING=
    for name in ${ONLY:-$(read_enabled)} $ENABLE; do
        has_word "$name" $DISABLE $RUNNING || ! has_word "$name" $ALL || RUNNING="$RUNNING $name"
    done
    LINKED=$ALL
    [ "$CCGX" = no ] || LINKED=$RUNNING
    # Whoever switches one daemon on or off is not kept from it by the trouble of another that is linked already.
    TESTED=
    STARTING=
    for name in $LINKED; do
        starts=
        ! has_word "$name" $RUNNING || starts=$name
        if [ -n "$ENABLE$DISABLE$ONLY" ] && leads_here "$name" && ! has_word "$name" $ENABLE $ONLY; then
            if [ -z "$starts" ] || [ ! -e "$BASE/service/$name/down" ]; then continue; fi
        fi
        TESTED="$TESTED $name"
        STARTING="$STARTING${starts:+ $starts}"
    done
    if [ "$CCGX" = yes ] && [ "$FORCE" = no ] && [ -n "$STARTING" ] && [ "$(echo $RUNNING | wc -w)" -gt 1 ]; then
        fail "a CCGX has memory for one daemon, not for$RUNNING." \
            "Choose one: --services NAME. (--force tries it all the same; the device may restart itself.)"
    fi
}

# shellcheck disable=SC2086
preflight() {
    [ "$(machine)" != ccgx ] || CCGX=yes
    if [ "$CCGX" = yes ]; then STABLE_LIMIT_S=$((STABLE_LIMIT_S * 2)); fi
    check_place
    # Before anything is decided: what another setup.sh changes meanwhile would be undone.
    [ "$DRY_RUN" = yes ] || take_turn
    check_python
    check_names
    choose_daemons
    plan_rc_local
    [ -n "$TESTED" ] || return 0 # to stop a daemon takes nothing
    check_space
    if [ "$CCGX" = yes ] && [ -n "$STARTING" ]; then check_memory; fi
    step "testing $(echo $TESTED | tr ' ' ,) with $("$PYTHON" -V 2>&1) ..."
    check_daemons $TESTED
    check_config $STARTING
}

# shellcheck disable=SC2086
plan_rc_local() { # sets WANTED and what the former programs are known by
    WANTED=$(for name in $LINKED; do echo "ln -s $TOP/service/$name /service/$name"; done)
    FORMER=$(for name in $RUNNING; do former_names "$name"; done | join_expressions)
    HELPERS=$(for name in $RUNNING; do former_helpers "$name"; done | join_expressions)
    TAKEN=$(for name in $RUNNING; do former_links "$name"; done)
    LEFT=$(for name in $ALL; do has_word "$name" $RUNNING || former_links "$name"; done)
}

describe() { # what --dry-run says
    say "Would now, for venus-daemons $VERSION:"
    for name in $RUNNING; do
        [ -e "$CONF/$name.yml" ] || say "  - create $CONF/$name.yml, if it needs one"
        [ "$(link_target "$name")" = "$BASE/service/$name" ] || say "  - start $name"
    done
    for name in $TAKEN; do say "  - stop the former program $name; its settings stay"; done
    say "  - have these lines in $RC:"
    say "$WANTED" | sed 's/^/      /'
    say "Nothing was changed."
}

# shellcheck disable=SC2086
summarize() {
    say ""
    say "venus-daemons $VERSION is installed. These start at every boot, also after a firmware update:"
    for name in $LINKED; do
        if has_word "$name" $RUNNING; then
            say "  $name: $(svstat "$SERVICES/$name" 2>/dev/null | sed 's/^[^ ]* //' | grep . || echo "from the next boot on")"
        else
            say "  $name: not enabled. Configure it in $CONF, then: $TOP/bin/venus-daemons enable $name"
        fi
    done
    for name in $LEFT; do
        say "  $name, an older program of the same kind, keeps running until you enable its successor."
    done
    first=$(echo $RUNNING | cut -d' ' -f1)
    first=${first:-$(echo $ALL | cut -d' ' -f1)}
    say "What you may need next:"
    hint "the lines that start it" "cat /data/rc.local"
    hint "is it up?" "svstat /service/$first"
    hint "stop, start, restart" "svc -d /service/$first    svc -u ...    svc -t ..."
    hint "its log" "tail -F /var/log/$first/current | tai64nlocal"
    hint "its configuration" "vi $CONF/$first.yml"
    hint "something is wrong" "$TOP/bin/venus-daemons doctor"
    [ -z "$PREVIOUS" ] || hint "the version before" "$PREVIOUS/bin/setup.sh"
    hint "remove all this" "$TOP/bin/uninstall.sh"
}

hint() { printf '  %-24s %s\n' "$1" "$2"; }

main() {
    say "venus-daemons $VERSION on Venus OS $(venus_version) ($(machine))"
    preflight
    rc_warn
    if [ "$DRY_RUN" = yes ]; then
        describe
        return 0
    fi
    if [ "$BOOT" = yes ]; then refuse_disabled_hooks; fi
    mkdir -p "$CONF" || fail "$CONF cannot be made"
    apply_changes
    summarize
}

# One function, read completely before it runs: the file may be replaced meanwhile.
# What ends it otherwise has said so, with a code of its own: here the last line may have met a closed connection.
main
exit 0
