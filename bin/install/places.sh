# Sourced by setup.sh and uninstall.sh, with BASE (this suite, absolute, links resolved) and ROOT ("" on a GX) set.
# shellcheck shell=sh
# shellcheck disable=SC2034 # used by the scripts that source this
DATA=$ROOT/data
SERVICES=$ROOT/service
CONF=$DATA/conf/venus-daemons
RC=$DATA/rc.local
RC_BACKUP=$RC.venus-daemons-bak
RUN=${VENUS_DAEMONS_RUN:-$ROOT/run/venus-daemons}
LOGS=${VENUS_DAEMONS_LOG:-$ROOT/var/log}
TOP=${BASE#"$ROOT"}
. "$BASE/bin/python.sh"

# Bytes are bytes in every tool, whatever a file holds.
LC_ALL=C
export LC_ALL

list_services() { # list_services BASE: the daemons of a version, one name per line
    for run in "$1"/service/*/run; do
        [ -f "$run" ] || continue
        run=${run%/run}
        echo "${run##*/}"
    done
}

has_word() { # has_word WORD LIST...
    word=$1
    shift
    case " $* " in *" $word "*) return 0 ;; esac
    return 1
}

link_target() { # link_target NAME: where a link below /service leads, also if that is gone; "" if there is no link
    [ -L "$SERVICES/$1" ] || return 0
    readlink -f "$SERVICES/$1" 2>/dev/null || readlink "$SERVICES/$1" || :
}

leads_here() { [ "$(link_target "$1")" = "$BASE/service/$1" ]; } # leads_here NAME: it is linked to this version

# is_ours NAME: the link below /service leads to that daemon of one of our versions, which may be damaged or gone.
# The names are plain words: others may have a service of the same name, and that is theirs.
is_ours() {
    case $(link_target "$1") in
        "$BASE/service/$1" | "$DATA"/*venus-daemons-[0-9]*/service/"$1") return 0 ;;
        "$DATA"/*/service/"$1") [ -e "$SERVICES/$1/../../bin/run-daemon" ] ;;
        *) return 1 ;;
    esac
}

# Replace a file by text, so that a power cut or a full disk leaves the old content or the new one, never a part.
# replace_file FILE MODE TEXT; MODE "" keeps mode and owner. Returns 1, with the old content in place, when the text could
# not be written.
replace_file() {
    replace_new=$1.venus-daemons-new
    # Compared, because not every tool notices a failed write: on a full disk an empty file would take the old one's place.
    if { [ -n "$2" ] || cp -p "$1" "$replace_new" 2>/dev/null; } &&
        printf '%s' "$3" 2>/dev/null >"$replace_new" && [ "$(cat "$replace_new" && echo .)" = "$3." ] &&
        { [ -z "$2" ] || chmod "$2" "$replace_new"; } && { sync "$replace_new" 2>/dev/null || sync; }; then
        mv -f "$replace_new" "$1" && { sync "$(dirname "$1")" 2>/dev/null || sync; }
    else
        rm -f "$replace_new"
        return 1
    fi
}
