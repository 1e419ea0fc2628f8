# Reads /data/rc.local and prints it with the lines of venus-daemons as they should be, then a line with the number of
# characters printed, without which it is not complete. Lines of others stay as they are, byte for byte.
#   VD_MODE    install | remove | above: only what stands above our lines; fails when they are not together, or when
#              something above may end the file
#   VD_LENGTH  how many characters there are to read; fails when fewer arrive
#   VD_PLACE   install: keep | top, the lines that are there stay where they are, or all go directly below the first line,
#              where they are reached whatever follows: an exit, an exec, a wait for the internet, a syntax error
#   VD_FILL    yes: leave a command, ":", in the place of our lines; they may have been all that an "if" did
#   VD_WANTED  install: the lines that must be there
#   VD_NAMES   names below /service that are ours, for links to a copy of venus-daemons
#   VD_TOP     this copy, as a GX sees it;  VD_ROOT  what stands for /
#   VD_FORMER  install: expression for names below /service of programs that we take over from ("" for none)
#   VD_HELPERS install: expression for other lines of such programs that would undo or delay our work

# Sets link_name to the name below /service that a command makes a link for, and link_source to where the link leads.
function find_link(text,    words, count, i, is_link, source) {
    link_name = link_source = ""
    gsub(/[;&|(){}]/, " ; ", text)
    count = split(text, words, /[ \t"']+/)
    for (i = 1; i <= count; i++) {
        if (words[i] == "ln" || words[i] == ";") {
            is_link = words[i] == "ln"
            source = ""
            continue
        }
        if (is_link && source != "" && words[i] ~ /^\/service(\/[^\/]*)?\/?$/) {
            link_source = source
            link_name = words[i]
            sub(/^\/service\/?/, "", link_name)
            sub(/\/$/, "", link_name)
            if (link_name == "") { # into the directory
                link_name = source
                sub(/^.*\//, "", link_name)
            }
            return
        }
        if (words[i] !~ /^-/) source = words[i]
    }
}

# A copy of venus-daemons: this one, one that is there, or one that has gone but had the name.
function is_suite(base) {
    return base == top || base ~ /\/venus-daemons-[0-9][^\/]*$/ || (getline ignored < (root base "/bin/run-daemon")) >= 0
}

# Somebody else's program may have a name like ours.
function is_ours(text,    at) {
    find_link(text)
    sub(/\/$/, "", link_source)
    at = length(link_source) - length("/service/" link_name)
    return link_name in ours && at > 0 && substr(link_source, at + 1) == "/service/" link_name &&
        is_suite(substr(link_source, 1, at))
}

function is_former(text) {
    find_link(text)
    return (former != "" && link_name != "" && link_name ~ former && text ~ /[ \t"']\/data\//) ||
        (helpers != "" && text ~ helpers)
}

function strip(text) {
    sub(/^[ \t]+/, "", text)
    return text
}

function is_comment(text) { return strip(text) ~ /^(: )?#/ }

# Whether the next line belongs to the same command. Where a comment may have begun, the backslash means nothing.
function is_continued(text) {
    match(text, /\\+$/)
    return RLENGTH % 2 == 1 && text !~ /(^|[ \t;])#/
}

# Whether a line may leave the file for good, so that what follows is not run. "exec >file" goes on.
function may_end(text) {
    gsub(/exec[ \t]+[0-9&]*[<>]/, "", text)
    return text ~ /(^|[;&|(){}]|then|else|do)[ \t]*(exit|exec)([ \t;)}&|#]|$)/
}

# Inside "if" or a function a comment alone is no command; ":" is one.
function silence(text, mark,    indent) {
    indent = substr(text, 1, length(text) - length(strip(text)))
    return indent == "" && !fill ? mark text : indent ": " mark strip(text)
}

function restore(text,    at) {
    at = index(text, TAKEN)
    if (at == 1) return substr(text, length(TAKEN) + 1)
    if (at > 2 && strip(text) ~ /^: #/) return substr(text, 1, at - 3) substr(text, at + length(TAKEN))
    return text
}

function emit(text, from) { # from: which of the lines read it is; 0 for one of ours
    out[++emitted] = text
    origin[emitted] = from
}

# One ":" for lines that stand together; those below the first line of the file were in no block.
function drop(from, to,    indent) {
    indent = substr(line[from], 1, length(line[from]) - length(strip(line[from])))
    if (from != dropped + 1 && (indent != "" || fill && from > 2)) emit(indent ":", 0)
    dropped = to
}

function emit_missing(    i) {
    for (i = 1; i <= count_wanted; i++) if (!(wanted[i] in is_done)) emit(wanted[i], 0)
}

# One command of a file to install into: lines `from` to `to`, joined in `text`.
function install(from, to, text,    i) {
    for (i = from; i <= to; i++) {
        if (line[i] in is_wanted) {
            if (keeps && !(line[i] in is_done)) { emit(line[i], i); is_done[line[i]] = 1 }
            else drop(i, i)
        } else if (is_comment(text)) emit(line[i], i)
        else if (is_ours(text)) {
            # A part of a command does not tell by itself whose it is: uninstall.sh has to put it together again.
            if (to > from) emit(silence(line[i], TAKEN), i)
            else if (fill || !(silence(text, "# ") in is_there)) emit(silence(text, "# "), i)
        } else if (is_former(text)) emit(silence(line[i], TAKEN), i)
        else emit(line[i], i)
    }
}

function remove(from, to, text,    i) {
    if ((!is_comment(text) || strip(text) ~ /^(: )?# *ln /) && is_ours(text)) drop(from, to)
    else for (i = from; i <= to; i++) emit(line[i], i)
}

BEGIN {
    TAKEN = "# venus-daemons took over: "
    dropped = -1
    mode = ENVIRON["VD_MODE"]
    keeps = ENVIRON["VD_PLACE"] == "keep"
    fill = ENVIRON["VD_FILL"] == "yes"
    top = ENVIRON["VD_TOP"]
    root = ENVIRON["VD_ROOT"]
    former = ENVIRON["VD_FORMER"]
    helpers = ENVIRON["VD_HELPERS"]
    count_wanted = split(ENVIRON["VD_WANTED"], wanted, "\n")
    for (i = 1; i <= count_wanted; i++) is_wanted[wanted[i]] = 1
    count = split(ENVIRON["VD_NAMES"], words, " ")
    for (i = 1; i <= count; i++) ours[words[i]] = 1
}

{
    arrived += length($0) + 1
    line[NR] = mode == "remove" ? restore($0) : $0
    is_there[$0] = 1
}

END {
    is_open = arrived == ENVIRON["VD_LENGTH"] + 1 # no newline at the end
    if (arrived + 0 != ENVIRON["VD_LENGTH"] + is_open) exit 1
    for (from = 1; from <= NR; from = to + 1) {
        text = line[to = from]
        while (to < NR && !is_comment(text) && is_continued(line[to]) && strip(line[to + 1]) !~ /^ln[ \t]/)
            text = substr(text, 1, length(text) - 1) " " line[++to]
        last[from] = to
        command[from] = text
        if (is_comment(text)) continue
        if (is_ours(text)) {
            if (last_ours && others) is_split = 1
            last_ours = from
            if (!first_ours) first_ours = from
        } else if (last_ours) others = 1
    }
    is_headed = line[1] ~ /^(#!|!#)/
    if (mode == "above") {
        if (!first_ours || is_split) exit 1
        for (i = 1; i < first_ours; i++) {
            if (!is_comment(line[i]) && may_end(line[i])) exit 1
            emit(line[i], i)
        }
    } else if (mode == "install") {
        if (!is_headed) emit("#!/bin/sh", 0)
        if (!is_headed && !keeps) emit_missing()
        for (from = 1; from <= NR; from = last[from] + 1) {
            install(from, last[from], command[from])
            if (keeps ? from == last_ours : is_headed && from == 1) emit_missing()
        }
    } else for (from = 1; from <= NR; from = last[from] + 1) remove(from, last[from], command[from])
    for (i = 1; i <= emitted; i++) {
        text = out[i] (i == emitted && is_open && origin[i] == NR ? "" : "\n")
        total += length(text)
        printf "%s", text
    }
    printf "\n%d\n", total
}
