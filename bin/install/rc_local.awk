# Reads /data/rc.local, prints it with the lines of venus-daemons as they should be. Lines of others stay as they are.
#   VD_MODE    install | remove
#   VD_WANTED  install: the lines that must be there, before the first top-level "exit"
#   VD_NAMES   names below /service that are ours
#   VD_FORMER  install: expression for names below /service of programs that we take over from ("" for none)
#   VD_HELPERS install: expression for other lines of such programs that would undo or delay our work

# The name below /service that a line makes a link for, "" if it does not.
function linked_name(text,    words, count, i, is_link) {
    count = split(text, words, /[ \t;&|(){}"']+/)
    for (i = 1; i <= count; i++) {
        if (words[i] == "ln") is_link = 1
        if (is_link && words[i] ~ /^\/service\/[^\/]+\/?$/) {
            sub(/^\/service\//, "", words[i])
            sub(/\/$/, "", words[i])
            return words[i]
        }
    }
    return ""
}

function is_ours(text,    name) {
    name = linked_name(text)
    return name != "" && name in ours
}

function is_former(text,    name) {
    name = linked_name(text)
    return (former != "" && name != "" && name ~ former && text ~ /[ \t"']\/data\//) || (helpers != "" && text ~ helpers)
}

# Inside "if" or a function a comment alone is no command; ":" is one.
function silence(text, mark,    indent) {
    indent = text
    sub(/[^ \t].*$/, "", indent)
    return indent == "" ? mark text : indent ": " mark substr(text, length(indent) + 1)
}

function emit(text) { out[++emitted] = text }

BEGIN {
    TAKEN = "# venus-daemons took over: "
    former = ENVIRON["VD_FORMER"]
    helpers = ENVIRON["VD_HELPERS"]
    is_install = ENVIRON["VD_MODE"] == "install"
    count_wanted = is_install ? split(ENVIRON["VD_WANTED"], wanted, "\n") : 0
    for (i = 1; i <= count_wanted; i++) is_wanted[wanted[i]] = 1
    count = split(ENVIRON["VD_NAMES"], words, " ")
    for (i = 1; i <= count; i++) ours[words[i]] = 1
}

{ line[NR] = $0; is_there[$0] = 1 }

END {
    end = NR + 1
    for (i = NR; i >= 1; i--) if (line[i] ~ /^exit([ \t;#]|$)/) end = i
    if (is_install && line[1] !~ /^#!/ && line[1] !~ /^!#/) emit("#!/bin/sh")
    for (i = 1; i <= NR + 1; i++) {
        if (i == end) # what is missing goes before the first exit, or to the end
            for (j = 1; j <= count_wanted; j++) if (!(wanted[j] in is_done)) emit(wanted[j])
        if (i > NR) break
        text = line[i]
        bare = text
        sub(/^[ \t]+/, "", bare)
        if (is_install) {
            if (text in is_wanted) {
                if (i < end && !(text in is_done)) { emit(text); is_done[text] = 1 }
            } else if (bare ~ /^(: )?#/) emit(text)
            else if (is_ours(bare)) { if (!(silence(text, "# ") in is_there)) emit(silence(text, "# ")) }
            else if (is_former(bare)) emit(silence(text, TAKEN))
            else emit(text)
        } else {
            taken = index(text, TAKEN)
            if (taken == 1) emit(substr(text, length(TAKEN) + 1))
            else if (taken > 2 && bare ~ /^: #/) emit(substr(text, 1, taken - 3) substr(text, taken + length(TAKEN)))
            else if (is_ours(bare) && (bare !~ /^(: )?#/ || bare ~ /^(: )?# *ln /)) {
                if (text != bare) emit(substr(text, 1, length(text) - length(bare)) ":")
            }
            else emit(text)
        }
    }
    for (i = 1; i <= emitted; i++) printf "%s\n", out[i]
}
