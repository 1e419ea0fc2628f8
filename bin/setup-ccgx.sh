#!/bin/sh
# setup.sh for a CCGX: one daemon, longer waits, and only if there is memory for it. Options: setup.sh --help
exec sh "$(dirname "$(readlink -f "$0")")/setup.sh" --ccgx "$@"
