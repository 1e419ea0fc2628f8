# Sourced by setup.sh: the changes, in an order in which every moment is a good one for a power cut, and their way back.
# shellcheck shell=sh
# shellcheck disable=SC2086,SC2153,SC2154 # lists of names; set by setup.sh, by rc_local.sh

LOCK_FILE_NAME=setup.lock

take_turn() { # two setups at once would undo each other
    mkdir -p "$RUN" || fail "$RUN cannot be made"
    exec 9>"$RUN/$LOCK_FILE_NAME" || fail "$RUN cannot be written"
    if command -v flock >/dev/null && ! flock -n 9; then
        fail "another setup.sh or uninstall.sh is at work: wait until it has ended"
    fi
}

refuse_disabled_hooks() { # at boot nobody is asked
    [ ! -e "$RC" ] || return 0
    for other in "$RC"*disabled*; do
        [ ! -e "$other" ] || fail "the startup scripts were disabled ($other): enable them, or start setup.sh by hand"
    done
}

remember() { # for the way back: what each name below /service leads to now
    BEFORE= # a line for each link: name, blank, target as it is, which may have blanks
    HERE_BEFORE=
    PREVIOUS=
    for name in $ALL $TAKEN; do
        [ -L "$SERVICES/$name" ] || continue
        BEFORE="$BEFORE$name $(readlink "$SERVICES/$name")
"
        target=$(link_target "$name")
        if [ "$target" = "$BASE/service/$name" ]; then
            HERE_BEFORE="$HERE_BEFORE $name"
        elif [ -f "${target%/service/*}/bin/setup.sh" ] && ! has_word "$name" $TAKEN; then
            PREVIOUS=${target%/service/*}
        fi
    done
    DOWN_BEFORE=
    for name in $ALL; do
        [ ! -e "$BASE/service/$name/down" ] || DOWN_BEFORE="$DOWN_BEFORE $name"
    done
    ENABLED_OLD=$(cat "$ENABLED" 2>/dev/null && echo .)
    # Between two versions nothing is linked; what was interrupted there is found in rc.local.
    [ -n "$PREVIOUS" ] || PREVIOUS=$(printf '%s' "$rc_text" |
        sed -n 's|^#* *ln -s \(/data/[^ ]*\)/service/[a-z0-9-]* /service/[a-z0-9-]*$|\1|p' | while read -r old; do
        [ "$old" = "$TOP" ] || [ ! -f "$ROOT$old/bin/setup.sh" ] || echo "$ROOT$old"
    done | tail -n 1)
}

apply_changes() {
    trap '' HUP PIPE # an ssh connection that breaks is no reason to stop half-way
    rc_remember || fail "$rc_problem; nothing was changed"
    remember
    # Not before everything is remembered: what is to be put back must be known.
    trap 'take_back "interrupted"' INT TERM
    chmod 755 "$BASE"/bin/*.sh "$BASE/bin/run-daemon" "$BASE/bin/venus-daemons" "$BASE"/service/*/run \
        "$BASE"/service/*/log/run 2>/dev/null || fail "the scripts in $TOP/bin cannot be made executable"
    # Only what needs it: a chmod without effect is a write to the flash all the same.
    find "$BASE" \( -type f -o -type d \) \( -perm -020 -o -perm -002 \) -exec chmod go-w {} +

    for name in $LINKED; do
        line=
        if [ -n "$(former_names "$name")" ] && former_was_there "$name"; then line=$(former_config "$name"); fi
        add_config "$name" "$line" || take_back "$CONF/$name.yml cannot be written (disk full?)"
    done
    for name in $LINKED; do
        if has_word "$name" $RUNNING; then mark_down "$name" no; else mark_down "$name" yes; fi ||
            take_back "$TOP/service/$name cannot be written"
    done
    write_enabled $RUNNING || take_back "$ENABLED cannot be written (disk full?)"

    # What was just unpacked and checked may exist in memory only: it must be on the flash before rc.local leads to it.
    sync
    step "editing $RC ..."
    rc_install "$ALL" "$WANTED" "$FORMER" "$HELPERS" || take_back "$rc_problem"

    # From here on the next boot starts this version.
    if [ "$START" = yes ]; then
        switch_links
        verify
    fi
    trap - INT TERM
    remove_outdated
    sync
}

former_was_there() { # in /service now, or in rc.local as a line that we have taken over
    [ -n "$(former_links "$1")" ] ||
        printf '%s' "$rc_text" | grep '/service/' | sed 's|.*/service/\([^ /]*\).*|\1|' | grep -q -- "$(former_names "$1")"
}

switch_links() {
    for name in $TAKEN; do
        step "stopping $name, which$RUNNING replaces; its settings stay"
        stop_service "$name" || take_back "$name cannot be stopped"
    done
    for name in $ALL; do
        if leads_here "$name" && has_word "$name" $LINKED && [ -z "$(list_orphans "$name")" ]; then continue; fi
        [ ! -L "$SERVICES/$name" ] || step "stopping $name of $(link_target "$name" | sed 's|/service/.*||') ..."
        stop_service "$name" || take_back "$name of the version before cannot be stopped"
    done
    for name in $LINKED; do
        if [ -L "$SERVICES/$name" ]; then
            # Linked before; enabling or disabling is all that can have changed.
            if ! svok "$SERVICES/$name" 2>/dev/null; then continue; fi
            if has_word "$name" $RUNNING; then
                [ -n "$(read_pid "$name")" ] || svc -u "$SERVICES/$name"
            else
                [ -z "$(read_pid "$name")" ] || svc -d "$SERVICES/$name"
                release_ports "$name"
            fi
        else
            start_service "$name" "$BASE/service/$name" || take_back "$SERVICES/$name cannot be linked"
        fi
    done
}

verify() {
    [ "$BOOT" = no ] || STABLE_LIMIT_S=$((STABLE_LIMIT_S * 4)) # svscan itself comes later
    for name in $STARTING; do
        step "waiting for $name to be up and to stay up ..."
        wait_stable "$name" || take_back "$name does not stay up. Its last lines:
$(tail -n 5 "$LOGS/$name/current" 2>/dev/null | cut -c 27- | cut -c 1-200 | sed 's/^/    /')"
    done
}

# take_back REASON: to the state before, and end.
take_back() {
    trap '' INT TERM
    warn "$1"
    step "taking everything back ..."
    for name in $ALL; do
        ! leads_here "$name" || has_word "$name" $HERE_BEFORE || stop_service "$name"
    done
    rc_restore || warn "$RC could not be written back; as it was, until the next restart: $RUN/rc.local.before"
    if [ -n "$ENABLED_OLD" ]; then
        replace_file "$ENABLED" 644 "${ENABLED_OLD%.}" || warn "$ENABLED could not be written back"
    else
        rm -f "$ENABLED"
    fi
    for name in $LINKED; do
        if has_word "$name" $DOWN_BEFORE; then mark_down "$name" yes; else mark_down "$name" no; fi
        # Linked before and after: only the mark had changed.
        if has_word "$name" $HERE_BEFORE && has_word "$name" $DOWN_BEFORE && svok "$SERVICES/$name" 2>/dev/null; then
            svc -d "$SERVICES/$name"
        fi
    done
    printf '%s' "$BEFORE" | while IFS= read -r entry; do
        name=${entry%% *}
        if [ ! -L "$SERVICES/$name" ]; then start_service "$name" "${entry#* }" || warn "$name could not be linked again"; fi
    done
    fail "venus-daemons $VERSION was not installed; everything is as it was before${PREVIOUS:+ ($PREVIOUS)}."
}

remove_outdated() { # all versions but this one and the one before
    kept=$PREVIOUS
    # A CCGX has no room for two; what has proved itself here is the way back. Until the next boot the other one may still run.
    [ "$CCGX" = no ] || [ "$START" = no ] || kept=
    for directory in "$DATA"/drivers/venus-daemons-[0-9]*; do
        case $directory in "$BASE" | "$kept") continue ;; esac
        [ -e "$directory/MANIFEST.sha256" ] || continue
        # Newly unpacked, not installed yet: leave it to its own setup.sh.
        grep -q "ln -s ${directory#"$ROOT"}/service/" "$RC" || continue
        [ -n "$PREVIOUS" ] || continue
        step "removing $directory, which is not needed any more"
        rm -rf "$directory"
    done
    [ -f "$PREVIOUS/bin/setup.sh" ] || PREVIOUS=
}
