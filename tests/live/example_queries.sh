#!/usr/bin/env bash
# The sanity queries of examples/queries on the fleet that their plant.sh makes: README.md shows what they say.
# TENANTSH_WRITE=1 writes their output there.
. "$(dirname "$0")/../support/sandbox.sh"
queries=$root/examples/queries

expect "a fleet with something wrong in each tenant" 0 "$queries/plant.sh"
same "every query is in README.md" "$(cd "$queries" && ls ./*.lua)" \
    "$(sed -n 's|^\$ tenantsh examples/queries/\(.*\.lua\)$|./\1|p' "$queries/README.md" | sort)"
cd "$root" || exit 1
said=$work/said
: >"$said"
# Each block is a command and what it prints.
shown=() line=
while IFS= read -r line; do
    printf '%s\n' "$line" >>"$said"
    [[ $line == '$ tenantsh '* ]] || continue
    words=(${line#\$ tenantsh })
    output=$(tenantsh "${words[@]}" 2>&1 </dev/null)
    status=$?
    check "${words[*]} runs" "$([ $status = 0 ] || echo "exit $status: $output")"
    printf '%s\n' "$output" >>"$said"
    # The old output, up to the end of its block.
    while IFS= read -r line && [ "$line" != '```' ]; do shown+=("$line"); done
    check "${words[*]} finds something" "$([ "$(wc -l <<<"$output")" -ge 1 ] && ! grep -q "^-*+-*$" <<<"$(tail -n 1 <<<"$output")" || echo "$output")"
    printf '```\n' >>"$said"
done <"$queries/README.md"
[ -z "${TENANTSH_WRITE:-}" ] || cp "$said" "$queries/README.md"
check "what README.md shows is what they say" "$(diff "$queries/README.md" "$said")"
finish
