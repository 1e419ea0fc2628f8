# Sourced by setup.sh and uninstall.sh: what people read.
# shellcheck shell=sh

say() { printf '%s\n' "$*"; }
step() { printf '* %s\n' "$*"; }
warn() { printf 'WARNING: %s\n' "$*" >&2; }

# fail TEXT...: say what is wrong, each argument a line, and end with 1.
fail() {
    printf 'FAILED: %s\n' "$1" >&2
    shift
    for line in "$@"; do printf '        %s\n' "$line" >&2; done
    exit 1
}

usage_error() {
    printf '%s: %s (--help says more)\n' "${0##*/}" "$*" >&2
    exit 2
}
