# Sourced, with BASE set, by whatever starts a program of the suite on a GX: which Python runs it, and what that imports.
# shellcheck shell=sh
PYTHON=${VENUS_DAEMONS_PYTHON:-python3}

# The vendored libraries come first: Venus has others of the same name (pymodbus 2.5.3).
PYTHONPATH=$BASE/lib:$BASE/daemons
[ ! -d "$BASE/vendor" ] || PYTHONPATH=$BASE/vendor:$PYTHONPATH
export PYTHONPATH PYTHONNOUSERSITE=1

# python_complaint: why PYTHON cannot run the suite; nothing when it can. A firmware that goes back changes the answer.
python_complaint() {
    python_found=$("$PYTHON" -V 2>&1) || { echo "there is no $PYTHON: this needs Venus OS v3.60 or later"; return; }
    case ${python_found#Python } in
        3.1[1-9]* | 3.[2-9][0-9]* | [4-9]*) ;;
        *) echo "$python_found is too old: this needs Python 3.11, which is in Venus OS v3.60 and later" ;;
    esac
}
