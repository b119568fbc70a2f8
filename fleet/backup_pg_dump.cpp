#include "fleet/backup_pg_dump.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <thread>

#include "fleet/backup_encryption.hpp"
#include "fleet/backup_pipe.hpp"
#include "fleet/dsn.hpp"
#include "fleet/error.hpp"

namespace fleet {
namespace {

namespace fs = std::filesystem;

int major_of(std::string const& version) {
  auto const digit = version.find_first_of("0123456789");
  return digit == std::string::npos ? 0 : std::atoi(version.c_str() + digit);
}

std::string first_line(std::string const& text) { return text.substr(0, text.find('\n')); }

// "pg_dump: error: …" is the line that counts; details follow it.
Error pg_dump_error(CommandResult const& result, Secrets const& secrets) {
  std::istringstream lines{result.errors};
  std::string message, rest;
  for (std::string line; std::getline(lines, line);) {
    if (message.empty() && line.find("error:") != std::string::npos)
      message = line;
    else if (!message.empty())
      rest += (rest.empty() ? "" : " ") + line;
  }
  if (message.empty())
    message = fmt::format("pg_dump: exit status {}: {}", result.exit_code, first_line(result.errors));
  Error error{ErrorKind::tool, secrets.redact(std::move(message))};
  error.detail = secrets.redact(std::move(rest));
  if (result.errors.find(std::strerror(ENOSPC)) != std::string::npos)
    error.hint = "make room on that disk, or choose another folder";
  return error;
}

std::vector<std::string> lines_of(std::string const& text) {
  std::vector<std::string> lines;
  std::istringstream stream{text};
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// pg_dump's standard output through age, and past `passing` on its way.
CommandResult run_sealed(Command command, DumpRequest const& request, fs::path const& to,
                         PassingArchive& passing, Together& together) {
  FedProgram age{[&](std::string const& from) { return age_encryption(request.recipients, from, to); },
                 together.token()};
  auto const end = [&] {
    CommandResult const result = age.finish();
    if (result.exit_code != 0) throw age_error(result, "the dump cannot be encrypted");
  };
  command.sink = [&](std::string_view piece) {
    age.write(piece);
    if (age.ended()) end();
    passing.write(piece);
  };
  CommandResult result = run(command, [&] { return together.ended(); });
  if (result.exit_code == 0) end();
  return result;
}

}  // namespace

PgDump find_pg_dump(int server_version) {
  int const server_major = server_version / 10000;
  fs::path program;
  try {
    program = postgres_program("pg_dump", server_major);
  } catch (Error const& error) {
    if (error.kind != ErrorKind::tool) throw;
    program = postgres_program("pg_dump");
  }
  std::string version = first_line(run_checked({.argv = {program.string(), "--version"}}).output);
  if (major_of(version) < server_major)
    throw Error{ErrorKind::tool, fmt::format("{} cannot dump a server of version {}.{}", version,
                                             server_major, server_version % 10000)}
        .with_detail("it is " + program.string())
        .with_hint(fmt::format("apt install postgresql-client-{}", server_major));
  return {std::move(program), std::move(version)};
}

Sealing sealing_of(DumpRequest const& request) {
  return request.recipients.empty() ? Sealing::none : Sealing::age;
}

bool is_streamed(DumpRequest const& request) {
  return sealing_of(request) == Sealing::age && request.format == DumpFormat::custom;
}

std::vector<std::string> pg_dump_arguments(DumpRequest const& request, fs::path const& file) {
  std::vector<std::string> all{"--dbname=" + dsn_of(request.endpoint.keywords), "--no-password",
                               "--format=" + std::string{to_string(request.format)},
                               fmt::format("--compress={}", request.compress), "--lock-wait-timeout=60000"};
  if (request.jobs > 1) all.push_back(fmt::format("--jobs={}", request.jobs));
  if (request.mode == DumpMode::schema_only) all.push_back("--schema-only");
  if (request.mode == DumpMode::data_only) all.push_back("--data-only");
  if (request.tenant.placement == Placement::schema)
    all.push_back("--schema=" + pg_dump_pattern(request.tenant.schema_name));
  if (request.mode != DumpMode::schema_only) {
    for (std::string const& glob : request.structure)
      all.push_back("--exclude-table-data=" + pg_dump_pattern(glob) + ".*");
    if (request.tenant.placement == Placement::database)
      all.push_back("--exclude-table-data=tenantsh.step_marker");
  }
  if (!file.empty()) all.push_back("--file=" + file.string());
  return all;
}

DumpOutcome dump_and_count(DumpWork const& work, DumpMeans const& means, Together& together) {
  std::atomic<bool> written = false;
  DumpOutcome outcome;
  {
    std::jthread const pg_dump([&] {
      together.attempt([&] {
        CommandResult const result =
            is_streamed(work.request)
                ? run_sealed(work.command, work.request, work.to, *work.passing, together)
                : run(work.command, [&] { return together.ended(); });
        if (result.exit_code != 0) throw pg_dump_error(result, means.secrets);
        outcome.warnings = lines_of(means.secrets.redact(result.errors));
        written = true;
      });
    });
    std::jthread const reader([&] {
      if (work.passing == nullptr || is_streamed(work.request)) return;
      together.attempt([&] {
        follow_file(
            work.to, [&] { return written || together.ended(); },
            [&](std::string_view piece) { work.passing->write(piece); });
      });
    });
    std::stop_callback const cancel(together.token(), [&] { work.session.cancel(); });
    together.attempt([&] {
      outcome.tables = work.source.count(work.request.digests ? SourceSnapshot::Rows::counted_and_digested
                                                              : SourceSnapshot::Rows::counted);
    });
  }
  if (means.stop.stop_requested()) throw Error{ErrorKind::interrupted, "the dump was interrupted"};
  together.check();
  if (work.passing != nullptr) work.passing->finish();
  return outcome;
}

void seal_folder(fs::path const& folder, std::string const& stem, DumpRequest const& request,
                 fs::path const& to, std::stop_token const& stop) {
  FedProgram age{[&](std::string const& from) { return age_encryption(request.recipients, from, to); }, stop};
  CommandResult const tar =
      run({.argv = {"tar", "--create", "--file=-", "--sort=name", "--owner=0", "--group=0",
                    "--directory=" + folder.string(), "--transform=s,^\\.," + stem + ",", "."},
           .sink = [&](std::string_view piece) { age.write(piece); }},
          [&] { return stop.stop_requested(); });
  if (tar.exit_code != 0)
    throw Error{ErrorKind::tool, "tar: " + first_line(tar.errors)}.with_detail(folder.string());
  if (CommandResult const result = age.finish(); result.exit_code != 0)
    throw age_error(result, "the dump cannot be encrypted");
}

}  // namespace fleet
