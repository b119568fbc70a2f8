#!/usr/bin/env bash
# Lint against squawk and pgfence: time over 1,000 files, and how many of the labelled examples (tests/migrations/lint)
# each tells apart: a rule that it reports for the bad file of a pair and not for the good one. Only pairs of one plain
# PostgreSQL file without settings, which a peer can read. Peers come from npm; without it they are left out.
# Prints tables and JSON; asserts nothing.
. "$(dirname "$0")/../support/sandbox.sh"

npm=
if command -v npm >/dev/null && npm install --prefix "$work/peers" --no-audit --no-fund --loglevel=error squawk-cli@2.66.0 @flvmnt/pgfence@0.1.5 >npm.log 2>&1; then
    npm=yes
    export PATH="$work/peers/node_modules/.bin:$PATH"
else
    echo "squawk and pgfence are left out: npm cannot install them ($(tail -n 1 npm.log 2>/dev/null))" >&2
fi
tools=(tenantsh ${npm:+squawk pgfence})

# FILE:RULE lines of what a tool says about the files in a folder.
rules_of() {
    case $1 in
        tenantsh) tenantsh migrate lint --format csv "$2"/*.sql 2>/dev/null | tail -n +2 | awk -F, '{ n = split($1, p, "/"); print p[n] ":" $4 }' ;;
        squawk) squawk --reporter gcc "$2"/*.sql 2>/dev/null | sed -nE 's|^([^:]*/)?([^:/]+):[0-9]+:[0-9]+: [a-z]+: ([a-z-]+) .*|\2:\3|p' ;;
        pgfence) pgfence analyze --output json "$2"/*.sql 2>/dev/null | awk -F'"' '
            $2 == "filePath" { n = split($4, p, "/"); file = p[n] } $2 == "ruleId" { print file ":" $4 }' ;;
    esac | sort -u
}

mkdir pairs
rules=()
for bad in "$root"/tests/migrations/lint/*.bad.sql; do
    good=${bad%.bad.sql}.good.sql
    rule=$(basename "$bad" .bad.sql)
    ! grep -qE '^-- (file:|case:|down)|tenantsh: (seed|allow)' "$bad" "$good" || continue
    case $rule in tsql-residue | psql-command | copy-from-stdin | syntax-error | not-analysed | baseline-*) continue ;; esac
    rules+=("$rule")
    cp "$bad" "$good" pairs/
done
declare -A told
for tool in "${tools[@]}"; do
    rules_of "$tool" pairs >"$tool.rules"
    for rule in "${rules[@]}"; do
        comm -23 <(sed -n "s/^$rule\.bad\.sql://p" "$tool.rules") <(sed -n "s/^$rule\.good\.sql://p" "$tool.rules") | grep -q . &&
            told[$tool]=$((${told[$tool]:-0} + 1))
    done
    # Of those that the peers have a rule for, by our own table.
    known=0 found=0
    for rule in "${rules[@]}"; do
        tenantsh help "$rule" | grep -qE '^  peers .*(sq|pf): ' || continue
        known=$((known + 1))
        comm -23 <(sed -n "s/^$rule\.bad\.sql://p" "$tool.rules") <(sed -n "s/^$rule\.good\.sql://p" "$tool.rules") | grep -q . &&
            found=$((found + 1))
    done
    told[$tool:known]=$known told[$tool:found]=$found
done

mkdir set
examples=(pairs/*.sql)
for i in $(seq 1 1000); do
    { cat "${examples[$((i % ${#examples[@]}))]}"; printf -- '-- %s\ncreate table claims.t%s (id bigint primary key, body text, total numeric(18,4), at timestamptz);\ncreate index on claims.t%s (at);\n' "$i" "$i" "$i"; } >"$(printf 'set/%04d_x.sql' "$i")"
done
printf '%s files, %s bytes\n' "$(ls set | wc -l)" "$(cat set/*.sql | wc -c)"
median() { # COMMAND…
    for _ in 1 2 3 4 5; do
        local started=$EPOCHREALTIME
        "$@" >/dev/null 2>&1
        echo $((${EPOCHREALTIME/./} - ${started/./}))
    done | sort -n | sed -n 3p
}
declare -A took
for tool in "${tools[@]}"; do
    case $tool in
        tenantsh) took[$tool]=$(median tenantsh migrate lint --set set) ;;
        squawk) took[$tool]=$(median squawk --reporter gcc set/*.sql) ;;
        pgfence) took[$tool]=$(median pgfence analyze --output json set/*.sql) ;;
    esac
done
printf '%-10s %12s %12s %22s\n' lint '1,000 files' 'pairs told' 'of what peers know'
for tool in "${tools[@]}"; do
    printf '%-10s %9.3f s  %5s / %-4s %10s / %s\n' "$tool" "$(awk "BEGIN { print ${took[$tool]} / 1e6 }")" "${told[$tool]:-0}" "${#rules[@]}" \
        "${told[$tool:found]}" "${told[$tool:known]}"
done
printf '{"pairs": %s' "${#rules[@]}"
for tool in "${tools[@]}"; do printf ', "%s": {"ms": %s, "told": %s}' "$tool" $((${took[$tool]} / 1000)) "${told[$tool]:-0}"; done
printf '}\n'
