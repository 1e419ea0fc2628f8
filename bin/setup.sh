#!/bin/sh
# Installs, upgrades or changes the daemons on a GX device. Needs no network; changes only /data, /service and /run.
# May be started again at any time: what is right already stays untouched.
set -u

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
VERSION=$(cat "$BASE/version")
ROOT=
ENABLE=
DISABLE=
ONLY=
DRY_RUN=no
START=yes
CCGX=no
FORCE=no
BOOT=no
# A copy that came without its parts cannot use them to say so.
{ [ -d "$BASE/bin/install" ] && [ -r "$BASE/bin/python.sh" ]; } || { echo "FAILED: $BASE is incomplete: unpack the archive again" >&2; exit 1; }
. "$BASE/bin/install/report.sh"

while [ $# -gt 0 ]; do
    case $1 in
        --enable | --disable | --services | --root) [ $# -ge 2 ] || usage_error "$1 needs a value" ;;
    esac
    case $1 in
        --enable) ENABLE="$ENABLE $2"; shift ;;
        --disable) DISABLE="$DISABLE $2"; shift ;;
        --services) ONLY=$(echo "$2" | tr , ' '); shift ;;
        --root) ROOT=$(readlink -f "$2"); shift ;;
        --dry-run) DRY_RUN=yes ;;
        --no-start) START=no ;;
        --ccgx) CCGX=yes ;;
        --force) FORCE=yes ;;
        --boot) BOOT=yes ;;
        -h | --help) usage; exit 0 ;;
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
choose_daemons() { # sets ALL, RUNNING (the enabled), LINKED
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
    if [ "$CCGX" = yes ] && [ "$FORCE" = no ] && [ "$(echo $RUNNING | wc -w)" -gt 1 ]; then
        fail "a CCGX has memory for one daemon, not for$RUNNING." \
            "Choose one: --services NAME. (--force tries it all the same; the device may restart itself.)"
    fi
}

# shellcheck disable=SC2086
preflight() {
    [ "$(machine)" != ccgx ] || CCGX=yes
    if [ "$CCGX" = yes ]; then STABLE_LIMIT_S=$((STABLE_LIMIT_S * 2)); fi
    check_place
    check_archive
    check_python
    check_space
    [ "$CCGX" = no ] || check_memory
    check_names
    choose_daemons
    step "testing $(echo $LINKED | tr ' ' ,) with $("$PYTHON" -V 2>&1) ..."
    check_daemons $LINKED
    check_config $RUNNING
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
    plan_rc_local
    rc_warn
    if [ "$DRY_RUN" = yes ]; then
        describe
        return 0
    fi
    if [ "$BOOT" = yes ]; then refuse_disabled_hooks; fi
    mkdir -p "$RUN" "$CONF" || fail "$RUN or $CONF cannot be made"
    take_turn
    apply_changes
    summarize
}

# One function, read completely before it runs: the file may be replaced meanwhile.
main
exit
