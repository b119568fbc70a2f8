#!/usr/bin/env bash
# Values that files tend to spoil: out of PostgreSQL in each format, and back with a reader that is not ours: psql's
# \copy for csv and tsv, jsonb for json, libxml through PostgreSQL for html, cmark-gfm before it for markdown.
. "$(dirname "$0")/../support/sandbox.sh"

command -v cmark-gfm >/dev/null || { fail "cmark-gfm is not installed: ./dev install-packages"; finish; }
tenantsh sandbox up --tenants 2 >/dev/null 2>&1 || { fail "a sandbox with two tenants"; finish; }
sockets=$(socket_of)
server_of() { tenantsh tenants list --format csv | grep "^$1," | cut -d, -f4; }
member=$(server_of tenant-01)
export PGPASSWORD
PGPASSWORD=$(cat "$TENANTSH_HOME/sandbox/secrets/$member.superuser")
db() { psql -X -q -A -t -v ON_ERROR_STOP=1 -h "$sockets" -p "$(port_of "$member")" -U postgres -d tenant_tenant_01 "$@"; }

db >/dev/null <<'SQL' || { fail "the values"; finish; }
create type public.mood as enum ('sad', 'so "so", or', '');
create table public.nasty (
  id int, big bigint, num numeric, f4 real, f8 float8, d date, ts timestamptz, b bytea, ta text[], ia int[], j json,
  jb jsonb, e public.mood, ok boolean, iv interval, "Q ""x"", y" text, t text);
insert into public.nasty values
  (1, 9007199254740993, 1234567890123456789012345678901234567890.12, 0.1, 1e20, 'infinity', '-infinity', '\x00ff0a',
   array['a,b', 'q"q', null, 'NULL', ''], array[1, null, 3], '{"a" : 1.10, "a": [1e400, "é\n\t\\"]}',
   '{"k": 12345678901234567890.10, "z": null}', 'so "so", or', true, '1 mon -2 days 03:04:05.6', 'x', 'plain'),
  (2, -9223372036854775808, 0.0000000000000000000000000000000000000001, 'NaN', '-Infinity', '4714-11-24 BC',
   '0099-01-01 00:00+00', '', '{}', '{{1,2},{3,4}}', '"text"', '"null"', '', false, '-1 year', '', ''),
  (3, 0, 'NaN', 1e-38, 'NaN', '5874897-12-31', 'infinity', '\x5c78', null, null, 'null', 'null', 'sad', null, null,
   null, null),
  (4, 1, 'Infinity', 3.4e38, 5e-324, '2024-02-29', '2024-02-29 12:34:56.789012+00', null, null, null, null, null,
   null, true, '0', ' leading and trailing ', E'two\nlines\r\nand\ttab \\ \\n \\N "quoted" it''s'),
  (5, null, null, null, null, null, null, null, null, null, null, null, null, null, null, '\N', '\.'),
  (6, null, -0.10, null, null, null, null, null, null, null, null, null, null, null, null, '=1+1', '日本語 👩‍🔬 é'),
  (7, null, null, null, null, null, null, null, null, null, null, null, null, null, null, 'NULL',
   '<b>&amp; | `x` *y* _z_ ~~s~~ snake_case_name __a__b [l](u) ![i](u) <br> \| &lt;'),
  (8, null, null, null, null, null, null, null, null, null, null, null, null, null, null, '∅', E'\n'),
  (9, null, null, null, null, null, null, null, null, null, null, null, null, null, null, ',', E'"\n,"\r'),
  (10, null, null, null, null, null, null, null, null, null, null, null, null, null, null, '""', E'\x01\x1b[31m\x7f'),
  (12, null, null, '-0', null, null, null, null, null, null, null, null, null, null, null, null, null),
  (11, null, null, null, null, null, null, null, null, null, null, null, null, null, null, ' ', repeat('x|', 5000));
select format('create table public.wide as select %s from generate_series(1, 3) g',
  string_agg(format(case n % 4 when 0 then 'g * %s::numeric / 7 as c%1$s' when 1 then '''v'' || g || E''\n|%s'' as c%1$s'
    when 2 then 'null::text as c%s' else 'case g when 2 then '''' end as c%s' end, n), ', ')) from generate_series(1, 100) n \gexec
SQL

# sums TABLE: a digest of every row's own text, in an order of their own.
sums() { db -c "select md5(string_agg(r::text, E'\n' order by r::text)), count(*) from $1 r"; }
save() { tenantsh -e "tenants[\"tenant-01\"]:query(\"select * from $1\"):save(\"$work/$2\"${3:+, $3})" >/dev/null 2>"$work/errors" || fail "$1 is saved as $2" "$(cat "$work/errors")"; }

for table in nasty wide; do
    wanted=$(sums public.$table)
    save $table $table.csv
    db -c "create table public.${table}_csv (like public.$table)"
    db -c "\\copy public.${table}_csv from '$work/$table.csv' with (format csv, header match)"
    same "$table: csv, read by \\copy" "$wanted" "$(sums public.${table}_csv)"
    save $table $table.tsv
    db -c "create table public.${table}_tsv (like public.$table)"
    db -c "\\copy public.${table}_tsv from '$work/$table.tsv' with (format text, header true)"
    same "$table: tsv, read by \\copy" "$wanted" "$(sums public.${table}_tsv)"
    # The same bytes by another road: SQLite, which knows no -0.
    tenantsh -e "tenants[\"tenant-01\"]:query('select * from $table'):sql('select * from result'):save('$work/through.csv')" >/dev/null 2>&1
    check "$table: through SQLite, byte by byte" "$(cmp <(sed '/^12,/s/,-0,/,0,/' "$work/$table.csv") "$work/through.csv" 2>&1)"
    save $table $table.json
    save $table $table.jsonl
    save $table $table.html
    save $table $table.md
done

# One column alone: an empty line is NULL, "" is the empty text, "\." is no end.
db -c "create table public.alone (t text); insert into public.alone values (null), (''), ('\\.'), ('x')"
save alone alone.csv
db -c "create table public.alone_csv (t text)"
db -c "\\copy public.alone_csv from '$work/alone.csv' with (format csv, header)"
same "one column alone: csv" "$(sums public.alone)" "$(sums public.alone_csv)"

# ---- json: PostgreSQL's own jsonb is the reader, it keeps every digit -------------------------------------------------
# Arrays and times are their text; everything else is what to_jsonb makes of it.
db -c "create function public.key_count(jsonb) returns bigint language sql as 'select count(*) from jsonb_object_keys(\$1)'"
# json_differences FILE SQL: the cells of nasty that the documents `SQL` (over :'content', FILE's text) do not hold.
json_differences() {
    printf '%s\n' "\\set content \`cat \"$1\"\`" "set search_path = public;" \
        "with got as (select doc from $2), expected as (select id, to_jsonb(n) || jsonb_build_object('ta', ta::text, 'ia', ia::text, 'd', d::text, 'ts', ts::text) as doc from nasty n)
        select e.id, key, value, g.doc->key from expected e left join got g on (g.doc->>'id')::int = e.id, jsonb_each(e.doc)
        where g.doc is null or (g.doc->key) is distinct from value or key_count(g.doc) <> key_count(e.doc);" | db 2>&1
}
check "nasty: json, read by jsonb" "$(json_differences "$work/nasty.json" "jsonb_array_elements(:'content'::jsonb) doc")"
check "nasty: jsonl, read by jsonb line by line" "$(json_differences "$work/nasty.jsonl" "(select line::jsonb as doc from regexp_split_to_table(:'content', '\n') line) lines")"
same "json: as many rows, numbers as numbers" "12 number number string" "$(printf '%s\n' "\\set content \`cat \"$work/nasty.json\"\`" \
    "select jsonb_array_length(c), jsonb_typeof(c->0->'big'), jsonb_typeof(c->0->'num'), jsonb_typeof(c->2->'num') from (select :'content'::jsonb) x(c)" | db -F ' ')"
same "wide: json, read by jsonb" "3 300" "$(printf '%s\n' "\\set content \`cat \"$work/wide.json\"\`" \
    "select count(distinct g.r), count(*) from (select doc as r from jsonb_array_elements(:'content'::jsonb) doc) g, public.wide w, jsonb_each(to_jsonb(w)) where g.r->'c1' = to_jsonb(w.c1) and g.r->key = value" | db -F ' ')"

# ---- html and markdown -------------------------------------------------------------------------------------------------
# cells TABLE: SQL that gives each row as text values, booleans as t and f, control characters that HTML has no spelling
# for as they are shown.
cells() {
    db -c "select 'select array[' || string_agg(case when data_type = 'boolean' then format('left(%I::text, 1)', column_name)
        else format('replace(replace(replace(%I::text, chr(1), ''\\x01''), chr(27), ''\\e''), chr(127), ''\\x7f'')', column_name) end, ', ' order by ordinal_position)
        || '] from public.$1' from information_schema.columns where table_schema = 'public' and table_name = '$1'"
}
# marked_up TABLE FILE ROWS NULL: rows of an HTML table that are not in TABLE, or the other way round.
marked_up() {
    local table=$1 file=$2 rows=$3 null=$4 columns values
    columns=$(db -c "select string_agg(format('t%1\$s text path ''td[%1\$s]'', n%1\$s text path ''td[%1\$s]/@class'', m%1\$s int path ''count(td[%1\$s]/comment())''', ordinal_position), ', ') from information_schema.columns where table_schema = 'public' and table_name = '$table'")
    values=$(db -c "select string_agg(format('case when $null then null else t%1\$s end', ordinal_position), ', ' order by ordinal_position) from information_schema.columns where table_schema = 'public' and table_name = '$table'")
    printf '%s\n' "\\set content \`cat \"$file\"\`" \
        "create temp table found as select array[$values] as row from xmltable('$rows' passing xmlparse(document :'content') columns $columns);" \
        "create temp table expected as $(cells "$table");" \
        "select 'not read', e.* from (table expected except all table found) e union all select 'not in the table', f.* from (table found except all table expected) f;" \
        "select 'no rows' where not exists (table found);" | db 2>&1
}
for table in nasty wide; do
    check "$table: html, read by libxml" "$(marked_up $table "$work/$table.html" '/table/tr[td]' "n%1\$s = ''null''")"
    cmark-gfm -e table -e strikethrough -e autolink --unsafe "$work/$table.md" | sed 's/<br>/\&#10;/g; s/\r/\&#13;/g; s/ align="[a-z]*"//' >"$work/$table.md.html"
    check "$table: markdown, read by cmark-gfm" "$(marked_up $table "$work/$table.md.html" '/table/tbody/tr' "t%1\$s = ''∅'' and m%1\$s = 0")"
done

# ---- for people ----------------------------------------------------------------------------------------------------------
output=$(tenantsh -e 'tenants["tenant-01"]:query("select big, num, d, t from nasty where id < 5 order by id")')
has "a table: every digit, NULL and '' apart, no line broken" "$output" \
    " 9007199254740993 | 1234567890123456789012345678901234567890.12 | infinity" \
    "0.0000000000000000000000000000000000000001 | 4714-11-24 BC" 'two\nlines\r\nand\ttab' "| ∅"
same "a table: a line for a row" 6 "$(wc -l <<<"$output")"
has "vertical: the same" "$(tenantsh -e 'tenants["tenant-01"]:query("select * from nasty where id = 1"):vertical()')" \
    "num      | 1234567890123456789012345678901234567890.12" 'ta       | {"a,b","q\"q",NULL,"NULL",""}'
save nasty excel.csv '{ excel = true }'
same "for a spreadsheet program: a byte order mark" "efbbbf" "$(head -c 3 "$work/excel.csv" | od -An -tx1 | tr -d ' \n')"
has "and no formula, no lost digit" "$(cat "$work/excel.csv")" "'=1+1" '"=""9007199254740993"""' $'\r'

# Across tenants the values are the same, with the tenant before them.
tenantsh -e "tenants:query('select * from nasty', { tenants = 'tenant-01' }):save('$work/across.csv')" >/dev/null 2>&1
db -c "create table public.across (tenant text, like public.nasty)"
db -c "\\copy public.across from '$work/across.csv' with (format csv, header match)"
db -c "alter table public.across drop column tenant"
same "across tenants" "$(sums public.nasty)" "$(sums public.across)"
finish
