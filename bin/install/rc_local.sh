# Sourced: edits /data/rc.local, the one file through which a firmware update finds us again.
# shellcheck shell=sh

rc_read() { # rc_read FILE: its text; NUL (left by power cuts) and CR (Windows) would keep the shell from running it
    [ ! -e "$1" ] || tr -d '\000\r' <"$1"
}

rc_plan() { # rc_plan install|remove NAMES [WANTED FORMER HELPERS]: the new text, and a dot to keep the last newlines
    rc_read "$RC" | VD_MODE=$1 VD_NAMES=$2 VD_WANTED=${3:-} VD_FORMER=${4:-} VD_HELPERS=${5:-} \
        awk -f "$BASE/bin/install/rc_local.awk" && echo .
}

rc_is_text() { # rc_is_text TEXT: can a shell read it?
    printf '%s' "$1" | sh -n 2>/dev/null
}

# rc_write TEXT: put it in place; returns 1 when the disk is full, with the old file still there.
rc_write() {
    rc_file=$RC
    # Some users keep rc.local elsewhere and link it.
    [ ! -L "$RC" ] || rc_file=$(readlink -f "$RC")
    if [ -x "$RC" ] && printf '%s' "$1" | cmp -s - "$RC"; then return 0; fi
    replace_file "$rc_file" 755 "$1"
}

rc_install() { # rc_install NAMES WANTED FORMER HELPERS
    rc_before=$(rc_read "$RC" && echo .)
    rc_new=$(rc_plan install "$@") || return 1
    if rc_is_text "${rc_before%.}" && ! rc_is_text "${rc_new%.}"; then
        warn "the edited rc.local would not run: it is left as it was"
        return 1
    fi
    # Once: the file as it was before we came.
    if [ -e "$RC" ] && [ ! -e "$RC_BACKUP" ] && [ "$(rc_plan remove "$1")" = "$(rc_read "$RC" | awk 1 && echo .)" ]; then
        if ! { cp -p "$RC" "$RC_BACKUP.new" && mv -f "$RC_BACKUP.new" "$RC_BACKUP"; } 2>/dev/null; then
            rm -f "$RC_BACKUP.new"
            return 1
        fi
    fi
    rc_write "${rc_new%.}"
}

rc_remove() { # rc_remove NAMES
    [ -e "$RC" ] || return 0
    rc_new=$(rc_plan remove "$1") || return 1
    rc_new=${rc_new%.}
    if [ ! -e "$RC_BACKUP" ] && [ "$rc_new" = "#!/bin/sh
" ]; then
        rm -f "$RC" # we had made it
        return 0
    fi
    rc_write "$rc_new" || return 1
    # Differs at most in what we mended: the missing newline at the end, NULs, CRs.
    if [ "$(rc_read "$RC_BACKUP" 2>/dev/null)" = "$(rc_read "$RC")" ]; then rm -f "$RC_BACKUP"; fi
}

rc_warn() { # what a user should know of the file as it is
    if [ ! -e "$RC" ]; then
        for rc_other in "$RC"?*; do
            case $rc_other in
                *venus-daemons*) ;;
                *disabled*) warn "$rc_other exists: the startup scripts were disabled (Settings, General, Support status)." ;;
            esac
        done
        return 0
    fi
    case $(rc_read "$RC" | head -n 1) in
        '!#'*) warn "rc.local begins with '!#' instead of '#!': it works, but was meant otherwise" ;;
    esac
    [ -x "$RC" ] || warn "rc.local was not executable, so none of its lines was run at boot: it is made executable"
    if [ "$(tr -d '\000\r' <"$RC" | wc -c)" -ne "$(wc -c <"$RC")" ]; then
        warn "rc.local holds NUL or CR characters that keep it from running: they are taken out ($RC_BACKUP keeps the original)"
    fi
}
