#include "fleet/scratch_database.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <exception>
#include <utility>

#include "fleet/error.hpp"

namespace fleet {

namespace {

constexpr std::string_view prefix = "tenantsh_scratch_";

// FNV-1a, 32 bits, in hex.
std::string hash_of(std::string const& text) {
  std::uint32_t hash = 2166136261U;
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  char digits[8];
  auto const end = std::to_chars(digits, digits + sizeof digits, hash, 16).ptr;
  return {digits, end};
}

std::string owner_part(Operator const& who) { return std::string{prefix} + hash_of(who.host) + "_"; }

// Whether `name` is a scratch database of a process of this machine that is gone.
bool abandoned(std::string const& name, Operator const& who) {
  std::string const ours = owner_part(who);
  if (name.rfind(ours, 0) != 0) return false;
  std::size_t const start = name.find('_', ours.size());
  if (start == std::string::npos) return false;
  ProcessIdentity maker;
  auto const pid = std::from_chars(name.data() + ours.size(), name.data() + start, maker.pid);
  maker.start_time = name.substr(start + 1, name.find('_', start + 1) - start - 1);
  return pid.ec == std::errc{} && maker.pid > 0 && !is_alive(maker);
}

}  // namespace

ScratchDatabase::ScratchDatabase(Driver& driver, Secrets& secrets, Endpoint const& maintenance,
                                 Operator const& who, std::stop_token stop)
    : driver_(driver),
      secrets_(secrets),
      maintenance_(maintenance),
      application_name_(who.application_name("scratch")) {
  auto const server = connect(maintenance_);
  Result const old =
      server->query("select datname from pg_catalog.pg_database where datname like 'tenantsh\\_scratch\\_%'");
  for (std::size_t row = 0; row < old.rows(); ++row)
    if (std::string const name = old.text(row, "datname"); abandoned(name, who))
      server->query("drop database if exists " + server->quote_identifier(name) + " with (force)");
  std::string token = driver_.random_token(6);
  std::transform(token.begin(), token.end(), token.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  name_ = owner_part(who) + std::to_string(who.process.pid) + "_" + who.process.start_time + "_" + token;
  try {
    server->query("create database " + server->quote_identifier(name_) +
                  " encoding 'UTF8' template template0");
  } catch (Error& error) {
    if (error.sqlstate == "42501")
      error.hint = "a scratch database is needed on " + maintenance_.describe() +
                   ": have a superuser run ALTER ROLE " + server->quote_identifier(maintenance_.get("user")) +
                   " CREATEDB";
    throw;
  }
  try {
    session_ = driver_.connect(endpoint(), secrets_,
                               {.application_name = application_name_, .stop = std::move(stop)});
  } catch (Error const&) {
    server->query("drop database " + server->quote_identifier(name_) + " with (force)");
    throw;
  }
}

ScratchDatabase::~ScratchDatabase() {
  session_.reset();
  try {
    auto const server = connect(maintenance_);
    server->query("drop database if exists " + server->quote_identifier(name_) + " with (force)");
  } catch (std::exception const&) {  // its name says whose it was
  }
}

std::unique_ptr<Session> ScratchDatabase::connect(Endpoint const& endpoint) const {
  return driver_.connect(endpoint, secrets_, {.application_name = application_name_});
}

}  // namespace fleet
