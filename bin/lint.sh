# Sourced by bin/check and bin/test, with PYTHON set: everything that reads the code without running it.
# shellcheck shell=sh

shell_scripts() { git ls-files -co --exclude-standard bin service setup .ci tests | while read -r file; do
    case $file in
        *.sh) echo "$file" ;;
        *) ! head -n 1 "$file" | grep -qE '^#!(/bin/|/usr/bin/env )(ba)?sh' || echo "$file" ;;
    esac
done; }

lint() {
    roots=
    for root in lib daemons simulators bench release tests; do [ ! -d "$root" ] || roots="$roots $root"; done
    # shellcheck disable=SC2086 # a list of directories
    { "$PYTHON" -m ruff check $roots && "$PYTHON" -m ruff format --check $roots && "$PYTHON" -m mypy $roots; } || return 1
    if command -v shellcheck >/dev/null; then
        # shellcheck disable=SC2046 # a list of files
        shellcheck -x $(shell_scripts) || return 1
        echo "shellcheck: $(shell_scripts | wc -l) scripts are clean"
    else
        echo "shellcheck: skipped, it is not installed"
    fi
}

# with_lint COMMAND...: lint beside a command, whose output comes first; fails when one of the two does. Both are needed
# to land, and neither fills two cores alone.
with_lint() {
    lint_output=$(mktemp)
    lint >"$lint_output" 2>&1 &
    lint_pid=$!
    trap 'kill "$lint_pid" || :; rm -f "$lint_output"' EXIT # Ctrl-C
    result=0
    "$@" || result=$?
    if wait "$lint_pid"; then verdict=passed; else verdict=FAILED result=1; fi
    echo "=== lint $verdict:"
    cat "$lint_output"
    rm -f "$lint_output"
    trap - EXIT
    return "$result"
}
