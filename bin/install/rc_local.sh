# Sourced: edits /data/rc.local, the one file through which a firmware update finds us again. It is the owner's: what
# cannot be read completely is not written, and a function that returns 1 has changed nothing and says why in rc_problem.
# shellcheck shell=sh
# shellcheck disable=SC2034 # rc_problem: used by the scripts that source this

rc_before=      # what rc_restore goes back to: "file", "none", "" as long as that is not known completely
rc_written=no
rc_problem=
NEWLINE='
'

rc_read() { # rc_read FILE: its text; NUL (left by power cuts) and CR (Windows) would keep the shell from running it
    [ ! -e "$1" ] || tr -d '\000\r' <"$1"
}

rc_load() { # rc_load FILE: sets rc_text
    if [ -L "$1" ] && [ ! -e "$1" ]; then
        rc_problem="$1 is a link to $(readlink "$1"), which is not there: bring that back, or remove the link"
        return 1
    fi
    if ! rc_text=$(rc_read "$1" && echo .); then # the dot keeps the last newlines
        rc_problem="$1 cannot be read"
        return 1
    fi
    rc_text=${rc_text%.}
}

rc_edit() { # rc_edit above|install|remove: sets rc_new from rc_text, rc_names and the like; rc_local.awk says how
    rc_problem="the new text of $RC cannot be made (no memory?)"
    # printf is of no interest where awk has read enough.
    rc_new=$(printf '%s' "$rc_text" 2>/dev/null |
        VD_MODE=$1 VD_LENGTH=${#rc_text} VD_PLACE=$rc_place VD_FILL=$rc_fill VD_TOP=$TOP VD_ROOT=$ROOT \
            VD_NAMES=$rc_names VD_WANTED=$rc_wanted VD_FORMER=$rc_former VD_HELPERS=$rc_helpers \
            awk -f "$BASE/bin/install/rc_local.awk") || return 1
    rc_count=${rc_new##*"$NEWLINE"}
    rc_new=${rc_new%"$NEWLINE"*}
    # Not every awk notices a failed write.
    [ "${#rc_new}" = "$rc_count" ]
}

rc_parses() { # rc_parses TEXT: can its shell read it?
    case ${1%%"$NEWLINE"*} in
        '#!'*bash*) rc_shell=bash ;;
        *) rc_shell='sh' ;;
    esac
    { printf '%s' "$1" | "$rc_shell" -n; } 2>/dev/null
}

rc_is_breaking() { rc_parses "$rc_text" && ! rc_parses "$rc_new"; }

# Whether a line after TEXT is a command of its own: not in a block, in quotes, in a here-document, or part of the command
# before. In the last two a "fi" would be no error.
rc_is_open_at() { rc_parses "$1" && ! rc_parses "${1%"$NEWLINE"}${NEWLINE}fi"; }

rc_plan() { # rc_plan install|remove: sets rc_new, which a shell can read if it could before
    rc_fill=no
    rc_edit "$1" || return 1
    rc_is_breaking || return 0
    rc_fill=yes
    rc_edit "$1" || return 1
    rc_is_breaking || return 0
    rc_problem="$RC would not run any more: change or take out its lines with /service/ by hand"
    return 1
}

rc_target() { # some users keep rc.local elsewhere and link it
    if [ -L "$RC" ]; then readlink -f "$RC"; else echo "$RC"; fi
}

rc_write() { # rc_write TEXT: put it in place, executable
    if [ -x "$RC" ] && printf '%s' "$1" 2>/dev/null | cmp -s - "$RC"; then return 0; fi
    rc_problem="$RC cannot be written (disk full?)"
    rc_written=yes
    rc_mode=755
    [ ! -x "$RC" ] || rc_mode=
    replace_file "$(rc_target)" "$rc_mode" "$1"
}

rc_put() { # rc_put FILE: its bytes, mode and owner
    rc_problem="$RC cannot be written (disk full?)"
    rc_file=$(rc_target)
    if cp -p "$1" "$rc_file.venus-daemons-new" && cmp -s "$1" "$rc_file.venus-daemons-new" &&
        { sync "$rc_file.venus-daemons-new" 2>/dev/null || sync; }; then
        mv -f "$rc_file.venus-daemons-new" "$rc_file" && { sync "${rc_file%/*}" 2>/dev/null || sync; }
    else
        rm -f "$rc_file.venus-daemons-new"
        return 1
    fi
}

rc_keep_original() { # once: the file as it was before we came
    [ -e "$RC" ] && [ ! -e "$RC_BACKUP" ] || return 0
    rc_edit remove || return 1
    [ "$rc_new" = "$rc_text" ] || return 0
    rc_problem="$RC_BACKUP cannot be written (disk full?)"
    { cp -p "$RC" "$RC_BACKUP.new" && mv -f "$RC_BACKUP.new" "$RC_BACKUP"; } 2>/dev/null && return 0
    rm -f "$RC_BACKUP.new"
    return 1
}

rc_install() { # rc_install NAMES WANTED FORMER HELPERS
    rc_names=$1 rc_wanted=$2 rc_former=$3 rc_helpers=$4 rc_place=top rc_fill=no
    rc_load "$RC" && rc_keep_original || return 1
    # Where the lines are now they stay, if they are reached for certain.
    if rc_edit above && rc_is_open_at "$rc_new"; then rc_place=keep; fi
    rc_plan install && rc_write "$rc_new"
}

rc_remove() { # rc_remove NAMES
    rc_names=$1 rc_wanted='' rc_former='' rc_helpers='' rc_place=top rc_fill=no
    [ -e "$RC" ] || return 0
    rc_load "$RC" && rc_plan remove || return 1
    if [ ! -e "$RC_BACKUP" ]; then
        [ "$rc_new" != "$rc_text" ] || return 0
        if [ "$rc_new" = "#!/bin/sh$NEWLINE" ] && [ ! -L "$RC" ]; then
            rm -f "$RC" # we had made it
        else
            rc_write "$rc_new"
        fi
        return
    fi
    rc_left=$rc_new
    # Unless somebody has changed it meanwhile, the original comes back byte for byte, but not what kept it from running.
    if ! rc_load "$RC_BACKUP" || ! rc_edit install || [ "${rc_new%"$NEWLINE"}" != "${rc_left%"$NEWLINE"}" ]; then
        rc_write "$rc_left"
    elif rc_is_clean "$RC_BACKUP"; then
        [ -x "$RC_BACKUP" ] || chmod 755 "$RC_BACKUP"
        rc_put "$RC_BACKUP" && rm -f "$RC_BACKUP"
    else
        rc_write "$rc_left" && rm -f "$RC_BACKUP"
    fi
}

rc_remember() { # before the first change
    rc_before=
    rc_had_backup=no
    [ ! -e "$RC_BACKUP" ] || rc_had_backup=yes
    rc_load "$RC" || return 1
    [ -e "$RC" ] || { rc_before=none; return 0; }
    rc_problem="$RUN cannot be written"
    cp -p "$RC" "$RUN/rc.local.before" && cmp -s "$RC" "$RUN/rc.local.before" || return 1
    rc_before='file'
}

rc_restore() { # to what rc_remember has found; nothing if it has not ended, or nothing was written since
    case $rc_before-$rc_written in
        file-yes) rc_put "$RUN/rc.local.before" || return 1 ;;
        none-yes) rm -f "$RC" ;;
        -*) return 0 ;;
    esac
    [ "$rc_had_backup" = yes ] || rm -f "$RC_BACKUP"
}

rc_is_clean() { # rc_is_clean FILE: is rc_text, which was read from it, all that it holds?
    printf '%s' "$rc_text" 2>/dev/null | cmp -s - "$1"
}

rc_warn() { # what a user should know of the file as it is
    rc_load "$RC" || { warn "$rc_problem"; return 0; }
    if [ ! -e "$RC" ]; then
        for rc_other in "$RC"?*; do
            case $rc_other in
                *venus-daemons*) ;;
                *disabled*) warn "$rc_other exists: the startup scripts were disabled (Settings, General, Support status)." ;;
            esac
        done
        return 0
    fi
    case $rc_text in
        '!#'*) warn "rc.local begins with '!#' instead of '#!': it works, but was meant otherwise" ;;
    esac
    [ -x "$RC" ] || warn "rc.local was not executable, so none of its lines was run at boot: it is made executable"
    rc_is_clean "$RC" ||
        warn "rc.local holds NUL or CR characters that keep it from running: they are taken out ($RC_BACKUP keeps the original)"
}
