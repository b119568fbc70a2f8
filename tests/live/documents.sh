#!/usr/bin/env bash
# What is made from the registry, in the programs that read it: the manual in groff, completions in bash, zsh and fish,
# annotations in Lua. And every example of the registry, run.
. "$(dirname "$0")/../support/sandbox.sh"
. "$root/tests/support/terminal.sh"

for program in zsh fish groff luac5.4; do
    command -v "$program" >/dev/null || { echo "$program is not installed" >&2; exit 1; }
done
tenantsh -e 'return shell:reference("lua")' >meta.lua 2>errors
tenantsh -e 'local names = {}
for _, object in ipairs { "fleet", "master", "servers", "tenants", "backups", "migrations", "seeds", "runbooks", "runs", "sql", "shell", "result" } do
    for name in help(object):gmatch("\n  ([%w_]+) ") do names[#names + 1] = object .. ":" .. name end
end
return table.concat(names, "\n")' >methods 2>>errors
check "the registry lists its methods" "$([ "$(wc -l <methods)" -gt 80 ] || cat methods errors)"

# ---- annotations ------------------------------------------------------------------------------------------------
check "the annotations are Lua" "$(luac5.4 -p meta.lua 2>&1)"
missing=
while read -r method; do grep -q "^function $method(" meta.lua || missing+="$method "; done <methods
check "every method is in them" "$missing"
has "so are one tenant and one server" "$(cat meta.lua)" '---@field [string] tenant' 'function tenant:card(' 'function server:card(' '---@field slug string'
same "the build has made them" "$(cat meta.lua)" "$(cat "$build/annotations/tenantsh.lua")"

# ---- the manual ---------------------------------------------------------------------------------------------------
tenantsh help man >tenantsh.1
same "the build has made the manual" "$(cat tenantsh.1)" "$(cat "$build/man/tenantsh.1")"
check "groff has nothing to complain of" "$(groff -man -K utf8 -Tutf8 -ww -z tenantsh.1 2>&1 | grep -v "can't break line\|cannot break line" | head)"
manual=$(groff -man -K utf8 -Tutf8 -P-cbou tenantsh.1 2>/dev/null)
has "it says what, how, and what an exit status means" "$manual" NAME SYNOPSIS OPTIONS COMMANDS OBJECTS 'EXIT STATUS' \
    'tenantsh execute' 'tenantsh query' '--confirm VALUE' 'in doubt: the outcome of a commit' 'tenants:query(sql, {'
missing=
while read -r method; do grep -qF -- "${method//:/:}(" <<<"$manual" || missing+="$method "; done <methods
check "every method is in it" "$missing"

# ---- installed ----------------------------------------------------------------------------------------------------
expect "it is installed" 0 cmake --install "$build" --prefix "$work/installed"
same "with what is made for other programs" "" "$(for file in share/man/man1/tenantsh.1 share/bash-completion/completions/tenantsh \
    share/zsh/vendor-completions/_tenantsh share/fish/vendor_completions.d/tenantsh.fish share/tenantsh/annotations/tenantsh.lua; do
    [ -s "$work/installed/$file" ] || echo "no $file"; done)"
expect "the installed program finds what it ships" 0 "$work/installed/bin/tenantsh" check master_init provision_tenant
has "its runbooks" "$output" "2 files checked, nothing found"
expect "its migrations" 0 "$work/installed/bin/tenantsh" migrate lint --scope master
expect "and its database module" 3 "$work/installed/bin/tenantsh" query 'select 1'
has "which has no sandbox yet" "$output" "there is no sandbox yet"

# ---- bash ---------------------------------------------------------------------------------------------------------
bash_completes() {
    bash --noprofile --norc -c '
        source "$1"; shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _tenantsh
        printf "%s\n" "${COMPREPLY[@]}"' bash "$build/completions/tenantsh.bash" "$@" 2>&1
}
same "bash: a command" "migrate migrations" "$(bash_completes tenantsh migr | sort | tr '\n' ' ' | sed 's/ $//')"
same "bash: its second word" "up" "$(bash_completes tenantsh migrate u | grep -v unlock)"
has "bash: the options of a command, past its arguments" "$(bash_completes tenantsh --env prod execute 'update t' --)" --no-transaction --answer-within --tenants --plan --yes
same "bash: a value is no command" "" "$(bash_completes tenantsh --env migrate up --scope x | grep -x up)"
same "bash: formats" "markdown" "$(bash_completes tenantsh query x --format ma)"

# ---- with tenants ---------------------------------------------------------------------------------------------------
expect "two tenants" 0 tenantsh sandbox up --servers 1 --tenants 2
for slug in acme beta; do
    expect "and one with a name that examples use" 0 tenantsh run provision_tenant --input slug=$slug --yes
done
tenantsh seed generate --tenants all --members 3 --yes >/dev/null 2>&1
same "bash: tenants by name" "tenant-01 tenant-02" "$(bash_completes tenantsh query x --tenants ten | tr '\n' ' ' | sed 's/ $//')"

# ---- fish ---------------------------------------------------------------------------------------------------------
fish_completes() { fish --no-config -c "source $build/completions/tenantsh.fish; complete -C '$1'" 2>&1; }
has "fish: a command with what it does" "$(fish_completes 'tenantsh exec')" $'execute\tOne writing statement on every chosen tenant'
has "fish: its second word" "$(fish_completes 'tenantsh migrate ')" $'up\t' $'status\t'
has "fish: options" "$(fish_completes 'tenantsh execute x --answer')" '--answer-within'
has "fish: tenants by name" "$(fish_completes 'tenantsh query x --tenants ac')" acme

# ---- zsh ----------------------------------------------------------------------------------------------------------
mkdir zsh && cp "$build/completions/_tenantsh" zsh/
begin "cd $work && TENANTSH_HOME=$TENANTSH_HOME PATH=$PATH zsh -f"
type_ "fpath=($work/zsh \$fpath); autoload -Uz compinit; compinit -u -d $work/zcompdump; PS1='zsh> '"
until_seen "zsh>"
tmux_ send-keys -t main -l 'tenantsh exec' && tmux_ send-keys -t main Tab && tmux_ send-keys -t main -l '"select 1" --answer' && tmux_ send-keys -t main Tab
until_seen 'tenantsh execute "select 1" --answer-within'
tmux_ send-keys -t main C-u && tmux_ send-keys -t main -l 'tenantsh query x --tenants ac' && tmux_ send-keys -t main Tab
until_seen 'tenantsh query x --tenants acme'

# ---- examples -----------------------------------------------------------------------------------------------------
# Each in a process of its own, as somebody who reads help would try it; plans end with 8, and what nobody answers with 4.
tenantsh -e 'return shell:reference()' | awk '/^### / { name = $2 } /^```$/ { inside = 0 } inside { print name "\t" $0 } /^```lua$/ { inside = 1 }' >tried
same "every method has an example" "$(sort -u methods)" "$(cut -f1 tried | sort -u)"
login=$(find "$TENANTSH_HOME" -name acme.dsn)
export ACME_DSN; ACME_DSN=$(cat "$login")
cp -r "$root/examples" .
while IFS=$'\t' read -r method example; do
    output=$(timeout 120 tenantsh -e "$example" 2>&1 </dev/null)
    status=$?
    wanted='0 8'
    case $method in
        # Nothing was adopted in this fleet: said, with what would be.
        migrations:adopt | migrations:history) wanted='0 1 2 8' ;;
        # Their set is for schemas, this fleet's tenants are databases: said so.
        migrations:down | migrations:redo) wanted=1 ;;
        shell:confirm | shell:ask | shell:choose) wanted='0 4' ;;
    esac
    check "$method: $example" "$([[ " $wanted " == *" $status "* ]] || echo "exit $status: $output")"
    [ "$wanted" != 1 ] || has "$method says why not" "$output" "is written for a schema"
done <tried
finish
