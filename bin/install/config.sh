# Sourced: configuration and the choice of daemons, below /data/conf/venus-daemons. What is there is never overwritten.
# shellcheck shell=sh

ENABLED=$CONF/enabled
ENABLED_HEADER="# The daemons of venus-daemons that run. Changed by: setup.sh --enable NAME, --disable NAME, --services A,B"

read_enabled() { # the names that run: as chosen, or at first those that the archive does not ship with a down file
    # Also what somebody has switched on by removing the down file, as one does with daemontools.
    for name in $(list_services "$BASE"); do
        linked=$(link_target "$name")
        [ ! -d "$linked" ] || [ -e "$linked/down" ] || echo "$name"
    done
    if [ -e "$ENABLED" ]; then
        sed 's/#.*//' "$ENABLED" | tr -s ' \t' '\n' | sed '/^$/d'
    else
        list_services "$BASE" | while read -r name; do [ -e "$BASE/service/$name/down" ] || echo "$name"; done
    fi
}

write_enabled() { # write_enabled NAMES...
    text=$ENABLED_HEADER$(printf '\n%s' "$@")
    [ "$(cat "$ENABLED" 2>/dev/null)" = "$text" ] || replace_file "$ENABLED" 644 "$text
"
}

add_user_files() { # add_user_files NAME: directories for files of the user's own, each with a README, only where there is none
    for directory in "$BASE/daemons/$(echo "$1" | tr - _)/user_files"/*; do
        user_files=$CONF/${directory##*/}
        if [ ! -d "$directory" ] || [ -e "$user_files" ]; then continue; fi
        # In two steps: what a power cut leaves has another name, and is made again.
        rm -rf "$user_files.new"
        if ! { cp -R "$directory" "$user_files.new" && mv "$user_files.new" "$user_files"; }; then
            rm -rf "$user_files.new"
            return 1
        fi
    done
}

add_config() { # add_config NAME [LINE]: the daemon's commented template, only when there is no file
    add_user_files "$1" || return 1
    template=$BASE/daemons/$(echo "$1" | tr - _)/$1.yml
    [ -e "$template" ] && [ ! -e "$CONF/$1.yml" ] || return 0
    text=$(cat "$template" && echo .)
    text=${text%.}
    [ -z "${2:-}" ] || text="$text
$2
"
    replace_file "$CONF/$1.yml" 644 "$text"
}

mark_down() { # mark_down NAME yes|no: whether supervise starts it by itself
    down=$BASE/service/$1/down
    if [ "$2" = no ]; then
        [ ! -e "$down" ] || rm -f "$down"
    else
        [ -e "$down" ] || : >"$down"
    fi
}
