# Sourced by bin/test, bin/check and bin/demo, in the top directory of the repository: what a fresh machine needs.
# shellcheck shell=sh
# ensure_system_parts demo|test    programs of the system, through apt-get when root, else says what to type
# ensure_venv FILE [DIRECTORY] [PYTHON]   a virtual environment with exactly the pins of a requirements file

# How to see that it is there, the Debian package, and who needs it (a test run needs all).
SYSTEM_PARTS="
program:dbus-daemon      dbus               demo
program:dbus-send        dbus               demo
program:mosquitto        mosquitto          demo
program:mosquitto_pub    mosquitto-clients  demo
program:svscan           daemontools        demo
python:ensurepip         python3-venv       demo
program:busybox          busybox            test
program:chromium         chromium           test
program:dash             dash               test
program:cc               gcc                test
program:jq               jq                 test
program:node             nodejs             test
program:npm              npm                test
program:mbpoll           mbpoll             test
program:pkg-config       pkg-config         test
program:socat            socat              test
header:modbus/modbus.h   libmodbus-dev      test
program:shellcheck       shellcheck         test
system-python:dbus       python3-dbus       test
system-python:gi         python3-gi         test
"

# Some environments (containers above all) forbid compiled modules. The many short processes of the demo and of the tests
# would then compile the suite and its libraries again at each start: 0.6 to 1.3 s of CPU each.
unset PYTHONDONTWRITEBYTECODE

say() { printf '%s\n' "$*" >&2; }

# Debian puts daemons where only root's PATH looks.
PATH=$PATH:/usr/sbin:/sbin:/usr/local/sbin
export PATH

has_part() { # has_part KIND:NAME
    case $1 in
        program:*) command -v "${1#*:}" >/dev/null ;;
        # Needed for building .venv only; a Python of one's own brings it along.
        python:*) [ -x .venv/bin/python ] || "$(find_python 2>/dev/null)" -c "import ${1#*:}" 2>/dev/null ;;
        header:*) [ -r "/usr/include/${1#*:}" ] ;;
        system-python:*) /usr/bin/python3 -c "import ${1#*:}" 2>/dev/null ;;
    esac
}

missing_packages() { # missing_packages demo|test
    echo "$SYSTEM_PARTS" | while read -r part package need; do
        [ -n "$part" ] || continue
        [ "$need" = demo ] || [ "$1" = test ] || continue
        has_part "$part" || echo "$package"
    done | sort -u | tr '\n' ' '
}

ensure_system_parts() {
    packages=$(missing_packages "$1")
    packages=${packages% }
    [ -n "$packages" ] || return 0
    if ! command -v apt-get >/dev/null; then
        say "Missing on this machine (names of the Debian packages): $packages"
        return 1
    fi
    if [ "$(id -u)" -ne 0 ]; then
        say "This needs some system packages. As root, run:"
        say "    apt-get update && apt-get install -y --no-install-recommends $packages"
        return 1
    fi
    say "Installing system packages: $packages"
    # shellcheck disable=SC2086 # a list of packages
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $packages; } >&2 ||
        return 1
    packages=$(missing_packages "$1")
    [ -z "$packages" ] || { say "Still missing after installation: $packages"; return 1; }
}

is_good_python() {
    "$1" -c 'import sys; sys.exit(sys.implementation.name != "cpython" or sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    for python in python3 python3.11 python3.12 python3.13 python3.14 /usr/bin/python3; do
        if is_good_python "$python"; then echo "$python"; return; fi
    done
    say "No CPython 3.11 or later was found (python3, python3.11, ...)."
    return 1
}

ensure_venv() {
    venv_requirements=$1
    venv=${2:-.venv}
    venv_python=${3:-}
    stamp=$venv/.installed-$(basename "$venv_requirements")
    wanted=$(cat requirements*.txt | cksum)
    ! [ -x "$venv/bin/python" ] || [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || return 0
    # In a subshell that holds a lock: two demos may be started at once on a fresh machine.
    (
        if command -v flock >/dev/null; then flock 9; fi
        [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || exit 0
        if ! [ -x "$venv/bin/python" ]; then
            say "Making $venv ..."
            "${venv_python:-$(find_python)}" -m venv "$venv" || exit 1
        fi
        say "Installing the pins of $venv_requirements into $venv ..."
        "$venv/bin/python" -m pip install -q --disable-pip-version-check -r "$venv_requirements" >&2 || {
            say "pip could not install $venv_requirements: see above; the next run tries again."
            exit 1
        }
        echo "$wanted" >"$stamp"
    ) 9<bin/setup-env.sh
}
