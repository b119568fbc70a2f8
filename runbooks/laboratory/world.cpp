#include "runbooks/laboratory/world.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <future>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

namespace runbooks {

namespace fs = std::filesystem;

namespace {

using Json = nlohmann::ordered_json;

constexpr char const* roles_sql = R"sql(
select format('%s super=%s inherit=%s createrole=%s createdb=%s login=%s replication=%s limit=%s bypass=%s password=%s',
              rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolconnlimit,
              rolbypassrls, rolpassword is not null)
from pg_authid where rolname !~ '^pg_'
union all
select format('%s is in %s, admin=%s, by %s', member::regrole, roleid::regrole, admin_option, grantor::regrole)
from pg_auth_members
union all
select format('%s in %s: %s', coalesce(setrole::regrole::text, 'all'), coalesce(datname, 'all'), setconfig)
from pg_db_role_setting left join pg_database d on d.oid = setdatabase)sql";

constexpr char const* databases_sql = R"sql(
select format('%s owner=%s encoding=%s collate=%s template=%s open=%s limit=%s acl=%s', datname, datdba::regrole, encoding,
              datcollate, datistemplate, datallowconn, datconnlimit, (select array_agg(a::text order by a::text) from unnest(datacl) a))
from pg_database)sql";

// One SELECT per table, put together by the server: its name, how many rows, a digest of each column.
constexpr char const* tables_sql = R"sql(
select format('select %L, to_json(array[count(*)::text%s])::text from %s where $1::text is not null and $2::text is not null', c.oid::regclass,
              string_agg(format(', md5(coalesce(string_agg(coalesce(replace(replace(t.%1$I::text, $1, ''RUN''), $2, ''HOME''), ''\N''), e''\n'''
                                ' order by replace(replace(t.%1$I::text, $1, ''RUN''), $2, ''HOME'') collate "C"), ''''))', a.attname), '' order by a.attnum),
              c.oid::regclass || ' t') as query,
       c.oid::regclass::text as name, to_json(array_agg(a.attname::text order by a.attnum))::text as columns
from pg_class c join pg_namespace n on n.oid = c.relnamespace
     left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relkind in ('r', 'm') and n.nspname not in ('pg_catalog', 'information_schema', 'runbook')
      and n.nspname !~ '^pg_(toast|temp)' and c.relpersistence <> 't'
      and c.oid is distinct from to_regclass('identity.tenant_audit')
group by c.oid)sql";

constexpr char const* audit_sql = "select distinct object || ': ' || action from identity.tenant_audit";

std::string replaced(std::string text, std::string const& what, std::string const& by) {
  for (std::size_t at = 0; !what.empty() && (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
  return text;
}

std::string sorted_lines(fleet::Result const& rows) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < rows.rows(); ++i) lines.emplace_back(rows.at(i, std::size_t{0}).value_or(""));
  std::sort(lines.begin(), lines.end());
  return fmt::format("{}", fmt::join(lines, "\n"));
}

// Of one server: every database in turn.
World look_at_server(Workbench const& bench, std::string const& member, std::string const& run_id) {
  World world;
  auto const masked = [&](std::string text) {
    return replaced(replaced(std::move(text), run_id, "RUN"), bench.home().string(), "HOME");
  };
  auto session = bench.open(member, "postgres");
  world[member + " roles"] = masked(sorted_lines(session->query({roles_sql})));
  world[member + " databases"] = masked(sorted_lines(session->query({databases_sql})));
  auto const names =
      session->query({"select datname from pg_database where datname not in ('template0', 'template1')"});
  for (std::size_t i = 0; i < names.rows(); ++i) {
    std::string const name = names.text(i, "datname");
    std::string const place = member + "/" + masked(name);
    // A database that lets nobody in: as it says of itself above.
    if (session->query({"select datallowconn from pg_database where datname = $1", {name}}).value() != "t")
      continue;
    fleet::Command dump = bench.program("pg_dump", member, name);
    for (char const* word : {"--schema-only", "--restrict-key=x", "-N", "runbook"})
      dump.argv.emplace_back(word);
    auto dumped = std::async(std::launch::async, [&dump] { return fleet::run_checked(dump); });
    auto database = bench.open(member, name);
    auto const tables = database->query({tables_sql});
    for (std::size_t table = 0; table < tables.rows(); ++table) {
      auto const answer = database->query({tables.text(table, "query"), {run_id, bench.home().string()}});
      std::string const what = fmt::format("{} {}", place, tables.text(table, "name"));
      Json const digests = Json::parse(answer.at(0, std::size_t{1}).value_or("[]"));
      Json const columns = Json::parse(tables.text(table, "columns"));
      world[what + " rows"] = digests.at(0).get<std::string>();
      for (std::size_t column = 1; column < digests.size(); ++column)
        world[fmt::format("{}.{}", what, columns.at(column - 1).get<std::string>())] =
            digests.at(column).get<std::string>();
    }
    if (database->query({"select to_regclass('identity.tenant_audit') is not null"}).value() == "t")
      world[place + " audit"] = masked(sorted_lines(database->query({audit_sql})));
    world[place + " structure"] = masked(dumped.get().output);
  }
  return world;
}

// A lock file says something only while somebody has it locked; a killed process leaves it behind.
bool is_free_lock(fs::path const& file) {
  if (file.extension() != ".lock") return false;
  fleet::FileDescriptor const opened{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  return opened && ::flock(opened.get(), LOCK_EX | LOCK_NB) == 0;
}

// Everything below TENANTSH_HOME but the servers' own and the journal.
World look_at_files(Workbench const& bench, std::string const& run_id) {
  World world;
  static std::regex const time{"[0-9]{8}[Tt][0-9]{6}(\\.[0-9]+)?[Zz]"};
  for (auto entry = fs::recursive_directory_iterator{bench.home()};
       entry != fs::recursive_directory_iterator{}; ++entry) {
    std::string const path = entry->path().lexically_relative(bench.home()).string();
    bool const of_a_server = entry->is_directory() && entry->path().filename() == "data" &&
                             entry->path().parent_path().parent_path().filename() == "sandbox";
    if (path == "runs" || of_a_server) {
      entry.disable_recursion_pending();
      continue;
    }
    if (is_free_lock(entry->path())) continue;
    struct stat status {};
    if (::lstat(entry->path().c_str(), &status) != 0) continue;
    std::string name = "file " + std::regex_replace(replaced(path, run_id, "RUN"), time, "TIME");
    while (world.contains(name)) name += " (one more)";
    world[name] = fmt::format(
        "mode {:o}{}", status.st_mode,
        entry->is_regular_file() ? ", " + bench.driver().sha256_file(entry->path().string()) : "");
  }
  return world;
}

std::vector<std::string> lines_of(std::string const& text) {
  std::vector<std::string> lines;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// Lines that stand in one of the two only.
std::vector<std::string> line_differences(std::string const& found, std::string const& undisturbed) {
  constexpr std::size_t most = 20;
  std::vector<std::string> told;
  auto ours = lines_of(found), theirs = lines_of(undisturbed);
  std::sort(ours.begin(), ours.end());
  std::sort(theirs.begin(), theirs.end());
  std::vector<std::string> only;
  std::set_difference(ours.begin(), ours.end(), theirs.begin(), theirs.end(), std::back_inserter(only));
  for (std::string const& line : only) told.push_back("  + " + line);
  only.clear();
  std::set_difference(theirs.begin(), theirs.end(), ours.begin(), ours.end(), std::back_inserter(only));
  for (std::string const& line : only) told.push_back("  - " + line);
  if (told.size() > most) {
    std::size_t const left = told.size() - most;
    told.resize(most);
    told.push_back(fmt::format("  and {} lines more", left));
  }
  return told;
}

bool is_long(std::string const& text) { return text.find('\n') != std::string::npos; }

}  // namespace

World look_at(Workbench const& bench, std::string const& run_id) {
  std::vector<std::future<World>> servers;
  for (std::string const& member : bench.members())
    servers.push_back(
        std::async(std::launch::async, look_at_server, std::cref(bench), member, std::cref(run_id)));
  World world = look_at_files(bench, run_id);
  for (auto& server : servers) world.merge(server.get());
  return world;
}

Noise learn_noise(World const& one, World const& other) {
  Noise noise;
  // A resume raises the epoch, and its transactions have other numbers.
  for (auto const& [name, value] : one)
    if (name.ends_with(" tenantsh.step_marker.epoch") || name.ends_with(" tenantsh.step_marker.xid"))
      noise.insert(name);
  for (auto const& [name, value] : one)
    if (auto const found = other.find(name); found == other.end() || found->second != value)
      noise.insert(name);
  for (auto const& [name, value] : other)
    if (!one.contains(name)) noise.insert(name);
  return noise;
}

std::vector<std::string> differences(World const& found, World const& undisturbed, Noise const& noise) {
  std::vector<std::string> told;
  for (auto const& [name, value] : undisturbed) {
    auto const ours = found.find(name);
    if (ours == found.end()) {
      if (!noise.contains(name)) told.push_back(name + ": is missing");
    } else if (ours->second != value && !noise.contains(name)) {
      if (is_long(value) || is_long(ours->second)) {
        told.push_back(name + ":");
        for (std::string& line : line_differences(ours->second, value)) told.push_back(std::move(line));
      } else {
        told.push_back(fmt::format("{}: {}, undisturbed {}", name, ours->second, value));
      }
    }
  }
  for (auto const& [name, value] : found)
    if (!undisturbed.contains(name) && !noise.contains(name))
      told.push_back(name + ": is there, undisturbed it is not");
  return told;
}

}  // namespace runbooks
