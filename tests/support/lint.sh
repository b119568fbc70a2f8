#!/usr/bin/env bash
# Rules of the house that no compiler checks (CONTRIBUTING.md): who may include whom, whose headers stay in
# which room, words that mark unfinished work, names that gather everything. Then plants one violation of each
# rule in a copy and insists on being told.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# lint FOLDER: prints "file:line: what" for each violation, fails when there is one.
lint() (
  cd "$1"
  local status=0
  # A room's include lines: itself and what lies to its right.
  mapfile -d '' sources < <(find fleet migrations runbooks scripting shell tests examples \
    \( -name '*.cpp' -o -name '*.hpp' -o -name '*.h' \) -print0 2>/dev/null)
  if [ ${#sources[@]} -gt 0 ]; then
    awk '
      BEGIN {
        allowed["fleet"] = " fleet "
        allowed["migrations"] = " migrations fleet "
        allowed["runbooks"] = " runbooks fleet "
        allowed["scripting"] = " scripting runbooks migrations fleet "
        allowed["shell"] = " shell scripting runbooks migrations fleet "
        allowed["tests"] = " tests shell scripting runbooks migrations fleet "
        allowed["examples"] = allowed["tests"]
      }
      function told(what) { printf "%s:%d: %s\n", FILENAME, FNR, what; bad = 1 }
      FNR == 1 { split(FILENAME, path, "/"); room = path[1]; once = 0 }
      /^[ \t]*#[ \t]*pragma once/ { once = 1 }
      /^namespace|^class|^struct/ && FILENAME ~ /\.hpp$/ && !once { told("header without #pragma once"); once = 1 }
      /^[ \t]*#[ \t]*include/ {
        name = $0
        sub(/^[^"<]*["<]/, "", name); sub(/[">].*$/, "", name)
        if ($0 ~ /"/) {
          split(name, part, "/")
          if (!(part[1] in allowed)) told("include \"" name "\" is not from the repository root")
          else if (index(allowed[room], " " part[1] " ") == 0) told(room " may not include " part[1])
        }
        if (name ~ /^(pqxx\/|libpq|postgres_ext|pg_config)/ && FILENAME !~ /^fleet\/postgres\//) told(name " belongs in fleet/postgres/")
        if (name ~ /^(lua|lauxlib|lualib)[^\/]*\.hp*$/ && room != "scripting") told(name " belongs in scripting/")
        if (name == "pg_query.h" && FILENAME != "fleet/statement.cpp" && FILENAME !~ /^migrations\/engine\//) told("pg_query.h belongs in fleet/statement.cpp and migrations/engine/")
        if (name ~ /^(readline\/|editline|termios\.h|termio\.h|curses|ncurses)/ && room != "shell") told(name " belongs in shell/")
        if (name == "sqlite3.h" && room != "scripting") told(name " belongs in scripting/")
        if (name ~ /^doctest/ && room != "tests") told(name " belongs in tests/")
      }
      END { exit bad }
    ' "${sources[@]}" || status=1
  fi
  # Spelt apart so that this file passes its own rule.
  if grep -rnIE --exclude-dir='build*' --exclude-dir=.git --exclude-dir=.cache 'TO''DO|FIX''ME' .; then
    echo 'unfinished work belongs in an issue, not in the tree'
    status=1
  fi
  if find . \( -name .git -o -name 'build*' \) -prune -o -type d \
    \( -name common -o -name core -o -name utils -o -name helpers -o -name manager \) -print | grep .; then
    echo 'a folder of that name gathers everything; name its subject'
    status=1
  fi
  return $status
)

# planted FILE TEXT: a tree with that one file must be refused.
planted() {
  local copy
  copy=$(mktemp -d)
  mkdir -p "$copy/$(dirname "$1")"
  printf '%s\n' "$2" >"$copy/$1"
  if lint "$copy" >/dev/null; then
    echo "lint: a planted violation passed: $1: $2" >&2
    rm -rf "$copy"
    return 1
  fi
  rm -rf "$copy"
}

lint .
planted fleet/a.cpp '#include "migrations/engine/plan.hpp"'
planted fleet/a.cpp '#include "shell/render.hpp"'
planted runbooks/engine/a.cpp '#include "migrations/engine/plan.hpp"'
planted migrations/engine/a.cpp '#include "runbooks/engine/gate.hpp"'
planted scripting/a.cpp '#include "shell/render.hpp"'
planted shell/a.cpp '#include "render.hpp"'
planted fleet/a.cpp '#include <libpq-fe.h>'
planted scripting/a.cpp '#include <pqxx/pqxx>'
planted shell/a.cpp '#include <lua.hpp>'
planted runbooks/engine/a.cpp '#include <pg_query.h>'
planted scripting/a.cpp '#include <readline/readline.h>'
planted shell/a.cpp '#include <sqlite3.h>'
planted fleet/a.cpp '#include <termios.h>'
planted shell/a.cpp '#include <doctest/doctest.h>'
planted shell/a.hpp 'namespace shell {}'
planted shell/a.lua '-- FIX''ME'
planted shell/utils/a.cpp '// empty'
echo 'lint: clean'
