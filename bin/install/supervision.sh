# Sourced: daemontools. A link may be replaced only after its supervise has ended: else both versions run.
# shellcheck shell=sh

STOP_LIMIT_S=12   # our daemons end within 5 s; then they are killed
KILL_LIMIT_S=5
GOOD_UPTIME_S=3
MAX_STARTS=3      # so many process ids while we look are a crash loop
STABLE_LIMIT_S=60 # svscan looks every 5 s, a small CPU needs some more for Python; CCGX: setup.sh doubles it

wait_unsupervised() { # wait_unsupervised DIRECTORY SECONDS
    waited=0
    while svok "$1" 2>/dev/null; do
        [ "$waited" -lt "$2" ] || return 1
        sleep 1
        waited=$((waited + 1))
    done
}

end_supervise() { # end_supervise DIRECTORY: its process and its supervise
    svok "$1" 2>/dev/null || return 0
    svc -dx "$1"
    wait_unsupervised "$1" "$STOP_LIMIT_S" && return 0
    warn "$1 does not end: it is killed"
    svc -k "$1"
    wait_unsupervised "$1" "$KILL_LIMIT_S"
}

release_ports() { # release_ports NAME: adapters that it had taken are for Venus again, once they are replugged
    released=
    for rule in "$ROOT/run/udev/rules.d/99-venus-daemons-$1-"*.rules; do
        if [ -e "$rule" ]; then rm -f "$rule" && released=yes; fi
    done
    if [ -n "$released" ] && command -v udevadm >/dev/null; then udevadm control --reload; fi
}

# list_orphans NAME: processes of a daemon of ours, its log and their supervise, whose directory was removed while they ran.
# svc finds them no more, and they keep their successors from starting. A shell that somebody has left there is none of them.
list_orphans() {
    # shellcheck disable=SC2012 # these names are numbers, and a readlink for each process would take seconds
    ls -l /proc/[0-9]*/cwd 2>/dev/null | sed -n \
        -e "s|.* /proc/\([0-9]*\)/cwd -> $DATA/.*venus-daemons-[0-9][^/]*/service/$1\(/log\)\{0,1\} (deleted)\$|\1|p" \
        -e "s|.* /proc/\([0-9]*\)/cwd -> $BASE/service/$1\(/log\)\{0,1\} (deleted)\$|\1|p" | sort -u |
        while read -r pid; do
            case $(cat "/proc/$pid/comm" 2>/dev/null) in
                supervise | multilog) echo "$pid" ;;
                *) [ "$(cat "$RUN/$1.lock" 2>/dev/null)" != "$pid" ] || echo "$pid" ;;
            esac
        done
}

end_orphans() { # end_orphans NAME; 1 if one is left
    orphans=$(list_orphans "$1")
    [ -n "$orphans" ] || return 0
    step "ending what is left of $1: its directory was removed while it ran ..."
    # First those who would start the others again, and who heed no other signal.
    for pid in $orphans; do
        [ "$(cat "/proc/$pid/comm" 2>/dev/null)" != supervise ] || kill -9 "$pid" 2>/dev/null
    done
    for signal in TERM KILL; do
        for pid in $(list_orphans "$1"); do kill "-$signal" "$pid" 2>/dev/null; done
        waited=0
        while [ -n "$(list_orphans "$1")" ] && [ "$waited" -lt "$STOP_LIMIT_S" ]; do
            sleep 1
            waited=$((waited + 1))
        done
    done
    [ -z "$(list_orphans "$1")" ] || { warn "still there: $(list_orphans "$1" | tr '\n' ' '): restart the device"; return 1; }
}

stop_service() { # stop_service NAME: away from /service, and ended; 1 if it cannot be ended
    if [ -L "$SERVICES/$1" ]; then
        stop_directory=$(link_target "$1")
        rm -f "$SERVICES/$1"
        # First the daemon, then its log, which takes the last lines.
        if ! { end_supervise "$stop_directory" && end_supervise "$stop_directory/log"; }; then
            warn "still there: $(svstat "$stop_directory" 2>&1)"
            return 1
        fi
        release_ports "$1"
    fi
    end_orphans "$1"
}

start_service() { # start_service NAME DIRECTORY
    ln -s "$2" "$SERVICES/$1" || return 1
    # Venus has a svscan that can be told to look now; elsewhere it looks every 5 s.
    if command -v svrescan >/dev/null; then svrescan; fi
}

read_pid() { svstat "$SERVICES/$1" 2>/dev/null | sed -n 's/.*: up (pid \([0-9]*\)) .*/\1/p'; }
read_uptime() { svstat "$SERVICES/$1" 2>/dev/null | sed -n 's/.*: up (pid [0-9]*) \([0-9]*\) seconds.*/\1/p'; }
read_state() { sed -n 's/^ *"state": "\([a-z]*\)".*/\1/p' "$RUN/$1.json" 2>/dev/null; }
read_state_pid() { sed -n 's/^ *"pid": \([0-9]*\).*/\1/p' "$RUN/$1.json" 2>/dev/null; }

# wait_stable NAME: up for a while with one process that says of itself that it runs. The process alone proves nothing:
# a daemon that has failed holds on for some seconds, to slow the restarts down.
wait_stable() {
    stable_waited=0
    stable_starts=0
    stable_pid=
    while [ "$stable_waited" -lt "$STABLE_LIMIT_S" ]; do
        pid=$(read_pid "$1")
        if [ -n "$pid" ] && [ "$pid" != "$stable_pid" ]; then
            stable_pid=$pid
            stable_starts=$((stable_starts + 1))
            [ "$stable_starts" -le "$MAX_STARTS" ] || return 1
        fi
        if [ -n "$pid" ] && [ "$(read_state_pid "$1")" = "$pid" ]; then
            case $(read_state "$1") in
                failed) return 1 ;;
                running)
                    uptime=$(read_uptime "$1")
                    [ "${uptime:-0}" -lt "$GOOD_UPTIME_S" ] || return 0
                    ;;
            esac
        fi
        sleep 1
        stable_waited=$((stable_waited + 1))
    done
    return 1
}
