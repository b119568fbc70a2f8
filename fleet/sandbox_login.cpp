#include "fleet/sandbox_login.hpp"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "fleet/private_files.hpp"

namespace fleet {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view admin_role = "tenantsh_admin";

std::string new_password() {
  constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  constexpr unsigned fair =
      256 / alphabet.size() * alphabet.size();  // bytes above it would favour some letters
  constexpr std::size_t length = 32;
  std::string password;
  std::array<unsigned char, 64> bytes;
  while (password.size() < length) {
    ssize_t got = ::getrandom(bytes.data(), bytes.size(), 0);
    if (got < 0 && errno != EINTR)
      throw Error{ErrorKind::io, std::string{"cannot get random bytes: "} + std::strerror(errno)};
    for (ssize_t i = 0; i < got && password.size() < length; ++i)
      if (unsigned byte = bytes[static_cast<std::size_t>(i)]; byte < fair)
        password += alphabet[byte % alphabet.size()];
  }
  return password;
}

void make_password(fs::path const& path, Secrets& secrets) {
  std::string password = new_password();
  secrets.taint(password, "file:" + path.string());
  write_private_file(path, password + "\n");
}

std::string read_password(fs::path const& path) {
  auto content = read_file(path);
  if (!content || content->size() < 2)
    throw Error{ErrorKind::not_found, "the password file " + path.string() + " is gone"}.with_hint(
        "put it back, or start anew with: tenantsh sandbox reset");
  return content->substr(0, content->find('\n'));
}

// libpq's passfile: ':' and '\' within a field are escaped.
std::string passfile_field(std::string_view text) {
  std::string field;
  for (char c : text) {
    if (c == ':' || c == '\\') field += '\\';
    field += c;
  }
  return field;
}

// Names and passwords are ours: letters, digits and '_'.
std::string admin_sql(std::string const& member, std::string const& password) {
  std::string role{admin_role};
  std::string sql =
      "\\set ON_ERROR_STOP on\n"
      // A statement that fails is logged, with the password in it.
      "set log_statement = 'none'; set log_min_error_statement = 'panic'; set log_min_duration_statement = "
      "-1;\n"
      "select 'create role " +
      role + "' where not exists (select from pg_roles where rolname = '" + role +
      "') \\gexec\n"
      "alter role " +
      role + " login createdb createrole nosuperuser password '" + password +
      "';\n"
      // Before 16, CREATEROLE may grant every role but a superuser; since then what it has the admin option
      // on.
      "select format('grant %I to " +
      role +
      " with admin option', rolname) from pg_roles\n"
      " where rolname in ('pg_read_all_data', 'pg_monitor') and current_setting('server_version_num')::int "
      ">= 160000"
      " \\gexec\n";
  // Steps on a server leave their markers in its database postgres.
  sql += "grant create on database postgres to " + role + ";\n";
  if (member == "master")
    sql += "select 'create database master owner " + role +
           "' where not exists (select from pg_database where datname = 'master') \\gexec\n";
  return sql;
}

}  // namespace

void make_passwords(SandboxFiles const& files, std::string const& member, Secrets& secrets) {
  make_folder(files.secrets(), 0700);
  // A superuser's password that is gone cannot be made up: initdb has given it to the cluster.
  if (!fs::exists(files.superuser_password(member)) &&
      !fs::exists(files.plan({}, member).data / "PG_VERSION"))
    make_password(files.superuser_password(member), secrets);
  if (fs::exists(files.admin_password(member))) return;
  remove_tree(files.admin_made(member));
  make_password(files.admin_password(member), secrets);
}

void make_admin(SandboxFiles const& files, ClusterPlan const& plan) {
  std::string admin_password = read_password(files.admin_password(plan.name));
  CommandResult result =
      run({.argv = {postgres_program("psql").string(), "-X", "-q", "-A", "-t", "-w",
                    "--host=" + plan.socket_directory.string(), "--port=" + std::to_string(plan.port),
                    "--username=" + plan.superuser, "--dbname=postgres"},
           .environment = {{"PGPASSWORD", read_password(plan.superuser_password_file)},
                           {"PGAPPNAME", "tenantsh sandbox"},
                           {"LC_ALL", "C.UTF-8"}},
           .without = {"PG*"},
           .directory = "/",
           .input = admin_sql(plan.name, admin_password)});
  if (result.exit_code == 0) return;
  std::string why = result.errors.substr(0, result.errors.find('\n'));
  if (auto at = why.find(admin_password); at != std::string::npos)
    why.replace(at, admin_password.size(), "file:" + files.admin_password(plan.name).string());
  throw Error{ErrorKind::tool, plan.name + ": the role tenantsh_admin could not be made: " + why}.at_server(
      plan.name);
}

bool write_passfile(SandboxFiles const& files, SandboxState const& state) {
  std::string text;
  for (std::string const& name : state.member_names()) {
    ClusterPlan plan = files.plan(state, name);
    text += passfile_field(plan.socket_directory.string()) + ":" + std::to_string(plan.port) +
            ":*:" + std::string{admin_role} + ":" +
            passfile_field(read_password(files.admin_password(name))) + "\n";
  }
  if (read_file(files.passfile()) == text) return false;
  write_private_file(files.passfile(), text);
  return true;
}

Endpoint admin_endpoint(SandboxFiles const& files, ClusterPlan const& plan) {
  Endpoint endpoint;
  endpoint.keywords = {{"host", plan.socket_directory.string()},
                       {"port", std::to_string(plan.port)},
                       {"dbname", plan.name == "master" ? "master" : "postgres"},
                       {"user", std::string{admin_role}},
                       {"passfile", files.passfile().string()}};
  endpoint.password = Secret::parse("file:" + files.admin_password(plan.name).string());
  endpoint.server = plan.name;
  return endpoint;
}

}  // namespace fleet
