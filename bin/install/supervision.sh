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

stop_service() { # stop_service NAME: away from /service, and ended; 1 if it cannot be ended
    stop_link=$SERVICES/$1
    [ -L "$stop_link" ] || return 0
    stop_directory=$(link_target "$1")
    rm -f "$stop_link"
    [ -d "$stop_directory" ] || return 0
    # First the daemon, then its log, which takes the last lines.
    if end_supervise "$stop_directory" && end_supervise "$stop_directory/log"; then
        release_ports "$1"
        return 0
    fi
    warn "still there: $(svstat "$stop_directory" 2>&1)"
    return 1
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
