# Sourced after sandbox.sh: a person at a terminal (tmux), or at several.

command -v tmux >/dev/null || { echo "tmux is not installed" >&2; exit 1; }
terminal=none session=0 terminals=()
tmux_() { tmux -L "$terminal" "$@"; }
screen() { tmux_ capture-pane -p -J -S -200 -t main 2>/dev/null; }
# until_seen TEXT…: waits until the screen holds each.
until_seen() {
    local text
    for text in "$@"; do
        for _ in $(seq 300); do
            screen | grep -qF -- "$text" && continue 2
            sleep 0.1
        done
        fail "seen at the terminal: $text" "$(screen | tail -n 40)"
        return 1
    done
    pass "seen at the terminal: $*"
}
# until_asked TEXT: the last lines of the screen are a question about TEXT that nobody has answered.
until_asked() {
    for _ in $(seq 300); do
        screen | sed '/^ *$/d' | tail -n 2 | tr '\n' '|' | grep -qE -- "$1.*(\?|:) *\|$" && { pass "asked at the terminal: $1"; return; }
        sleep 0.1
    done
    fail "asked at the terminal: $1" "$(screen | sed '/^ *$/d' | tail -n 30)"
}
type_() { tmux_ send-keys -t main -l "$1"; tmux_ send-keys -t main Enter; }
# begin COMMAND: at a new terminal, which $terminal names; the one before it is closed.
begin() {
    tmux_ kill-server 2>/dev/null
    begin_beside "$@"
}
# begin_beside COMMAND: at one terminal more; set $terminal to turn to another.
begin_beside() {
    terminal=tenantsh-test-$$-$((session += 1))   # a server that is ending takes no new session
    terminals+=("$terminal")
    tmux_ new-session -d -s main -x 150 -y 50 "env TERM=screen bash --noprofile --norc -i" ||
        { fail "tmux starts"; finish; }
    tmux_ send-keys -t main "PS1='ready> '; clear" Enter
    for _ in $(seq 100); do [ "$(screen | sed '/^ *$/d')" != "ready> " ] || break; sleep 0.05; done
    type_ "$*"
}
end_terminals() {
    local status=$?
    for terminal in "${terminals[@]}"; do tmux_ kill-server 2>/dev/null; done
    (exit $status)
    end_sandbox
}
trap end_terminals EXIT   # its status is the script's
