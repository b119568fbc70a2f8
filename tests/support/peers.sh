# Sourced by tests after sandbox.sh: other migration tools from the npm registry, and a fleet of plain databases
# that they migrate. Exit status 77 (skipped) with a message when the tools cannot be had.

peers=${TENANTSH_PEERS:-$build/npm}
skip() { echo "skipped - $1"; exit 77; }

# Installs what is missing. HOME is the sandbox's, and npm's settings are the user's own.
have_peers() {
    command -v npm >/dev/null || skip "no npm here: other tools' runners are not compared"
    local home
    home=$(getent passwd "$(id -u)" | cut -d: -f6)
    if ! [ -e "$peers/complete" ]; then
        mkdir -p "$peers"
        HOME=$home timeout 240 npm install --no-audit --no-fund --prefix "$peers" knex@3.3.0 pg@8 sequelize@6.37.8 \
            sequelize-cli@6.6.5 node-pg-migrate@9.0.0 @dbmate/linux-x64@2.36.0 >"$work/npm.log" 2>&1 ||
            skip "the npm registry does not answer: $(grep -m 1 'npm error' "$work/npm.log")"
        touch "$peers/complete"
    fi
    export NODE_PATH=$peers/node_modules
    export PATH="$peers/node_modules/.bin:$peers/node_modules/@dbmate/linux-x64/bin:$PATH"
}

# other_fleet SLUG…: the sandbox's clusters, and on pg-1 a database of each name that belongs to role `app`; an
# environment `others` that lists them in an inventory file.
other_fleet() {
    local slug list= admin
    tenantsh sandbox up >/dev/null 2>&1 || { echo "no sandbox" >&2; exit 1; }
    sockets=$(socket_of)
    admin=$(dsn_of pg-1 | sed 's/.*user=\([^ ]*\).*/\1/')
    superuser pg-1 postgres "create role app login password 'app-Pa55'"
    superuser pg-1 postgres "grant app to \"$admin\""
    for slug in "$@"; do
        superuser pg-1 postgres "create database \"$slug\" owner app"
        list+="${list:+,}{\"slug\":\"$slug\",\"server\":\"pg-1\",\"database_name\":\"$slug\"}"
    done
    mkdir -p "$XDG_CONFIG_HOME/tenantsh"
    cat >"$XDG_CONFIG_HOME/tenantsh/fleet.json" <<JSON
{"servers":[{"name":"pg-1","host":"$sockets","port":5501,"admin_user":"$admin",
  "admin_secret_ref":"file:$TENANTSH_HOME/sandbox/secrets/pg-1.admin"}],"tenants":[$list]}
JSON
    cat >"$XDG_CONFIG_HOME/tenantsh/tenantsh.toml" <<TOML
default_environment = "others"
[environment.others]
master = "host=$sockets port=5500 user=$(dsn_of master | sed 's/.*user=\([^ ]*\).*/\1/') dbname=postgres"
master_secret = "file:$TENANTSH_HOME/sandbox/secrets/master.admin"
guard = "open"
servers = { file = "fleet.json" }
tenants = { file = "fleet.json" }
TOML
}

# as_app DATABASE COMMAND…: with the variables that an application's runner gets.
as_app() {
    local database=$1
    shift
    PGHOST=$sockets PGPORT=5501 PGUSER=app PGPASSWORD=app-Pa55 PGDATABASE=$database "$@"
}
in_database() { local database=$1; shift; as_app "$database" psql -X -q -A -t -v ON_ERROR_STOP=1 "$@" 2>&1; }
# What a database is made of, without our own schema.
structure_of() { as_app "$1" pg_dump --schema-only --restrict-key=x -N runbook -N tenantsh; }
