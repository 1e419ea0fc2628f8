# Sourced: programs that ours replace. Their settings (names, instances) are ours as well, so only one may run.
# shellcheck shell=sh
# Each function knows them by the name of our daemon; data in one place for links, rc.local and configuration.

former_names() { # expression for their names below /service
    case $1 in
        mqtt-devices) echo '^dbus-mqtt-devices$' ;;
        modbus-client) echo '^dbus-[A-Za-z0-9_-]*modbus-client$' ;;
    esac
}

former_helpers() { # expression for their other lines in rc.local that would wait for the internet at each boot
    case $1 in
        mqtt-devices) echo 'dbus-mqtt-devices[^ ]*/bin/setup-dependencies[.]sh' ;;
    esac
}

former_config() { # what the configuration of our daemon needs to go on as before
    case $1 in
        mqtt-devices) echo 'device_instance_topic: true # clients of dbus-mqtt-devices before 0.6 read that topic' ;;
    esac
}

# Links below /service of a former program. Those of Venus itself are directories, or links to elsewhere: never touched.
former_links() {
    former_expression=$(former_names "$1")
    [ -n "$former_expression" ] || return 0
    for former_link in "$SERVICES"/*; do
        [ -L "$former_link" ] || continue
        former_name=${former_link##*/}
        printf '%s\n' "$former_name" | grep -q -- "$former_expression" || continue
        case $(readlink "$former_link") in "$DATA"/* | /data/*) echo "$former_name" ;; esac
    done
}

join_expressions() { # of several lines one expression
    tr '\n' '|' | sed 's/|*$//'
}
