#include "fleet/application_login.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <map>
#include <optional>
#include <system_error>

#include "fleet/dsn.hpp"
#include "fleet/error.hpp"
#include "fleet/operator.hpp"
#include "fleet/passfile.hpp"
#include "fleet/private_files.hpp"
#include "fleet/tenant.hpp"

namespace fleet {
namespace {

namespace fs = std::filesystem;
using Keywords = std::map<std::string, std::string>;

constexpr std::size_t password_length = 32;

Keywords place_of(LoginRequest const& request) {
  return {{"host", request.host},
          {"port", std::to_string(request.port)},
          {"dbname", request.database},
          {"user", request.role}};
}

fs::path file_of(LoginRequest const& request) {
  return fs::absolute(request.folder / (request.slug + ".dsn")).lexically_normal();
}

// What is known before the place is.
void check_secret(LoginRequest const& request) {
  check_slug(request.slug);
  if (request.folder.empty() == request.existing.empty())
    throw Error{
        ErrorKind::usage,
        "the application's login needs a folder for its connection string, or the secret that holds it"}
        .with_hint("set secrets_folder for the environment in tenantsh.toml, or give db_config_ref");
}

void check_request(LoginRequest const& request) {
  check_secret(request);
  for (auto const& [keyword, value] : place_of(request))
    if (value.empty()) throw Error{ErrorKind::usage, "the application's login needs a " + keyword};
}

// The connection string behind a reference, its password made known to `secrets` before anything can fail.
Keywords read_login(Secret const& reference, Driver& driver, Secrets& secrets) {
  Keywords keywords;
  try {
    keywords = driver.parse_dsn(secrets.resolve(reference));
  } catch (Error& error) {
    if (error.kind == ErrorKind::config) error.message = reference.reference() + ": " + error.message;
    error.message = secrets.redact(std::move(error.message));
    throw;
  }
  if (auto const found = keywords.find("password"); found != keywords.end())
    secrets.taint(found->second, "the password in " + reference.reference());
  return keywords;
}

void check_place(Keywords const& keywords, LoginRequest const& request, Secret const& reference) {
  for (auto const& [keyword, wanted] : place_of(request)) {
    auto const found = keywords.find(keyword);
    std::string const named = found != keywords.end() ? found->second : keyword == "port" ? "5432" : "";
    if (named == wanted) continue;
    throw Error{ErrorKind::refused,
                fmt::format("{} is for another place: its {} is {}, not {}", reference.reference(), keyword,
                            named.empty() ? "missing" : in_quotes(named), in_quotes(wanted))}
        .with_hint("an application in use may read it: correct it by hand, or choose another secret")
        .at_tenant(request.slug);
  }
}

std::string const& password_of(Keywords const& keywords, Secret const& reference) {
  auto const found = keywords.find("password");
  if (found == keywords.end() || found->second.empty())
    throw Error{ErrorKind::config, reference.reference() + " holds no password"};
  return found->second;
}

// The same login at another place.
Keywords moved_login(LoginRequest const& request, Driver& driver, Secrets& secrets) {
  Keywords keywords = read_login(request.like, driver, secrets);
  password_of(keywords, request.like);
  if (keywords["user"] != request.role)
    throw Error{ErrorKind::refused, fmt::format("{} is the login of {}, not of {}", request.like.reference(),
                                                in_quotes(keywords["user"]), in_quotes(request.role))}
        .at_tenant(request.slug);
  for (auto& [keyword, value] : place_of(request)) keywords[keyword] = value;
  keywords.erase("hostaddr");  // it would lead to the former place
  return keywords;
}

void write_login(LoginRequest const& request, Secret const& reference, Keywords const& keywords,
                 Secrets& secrets) {
  secrets.taint(keywords.at("password"), "the password in " + reference.reference());
  make_folder(request.folder, 0700);
  write_private_file(file_of(request), dsn_of(keywords) + "\n");
  secrets.forget(reference);
}

Keywords with_new_password(Keywords keywords, Driver& driver) {
  keywords["password"] = driver.random_token(password_length);
  return keywords;
}

}  // namespace

Secret issue_login(Session& admin, LoginRequest const& request, Driver& driver, Secrets& secrets) {
  check_request(request);
  Secret reference = request.existing;
  if (reference.empty()) {
    reference = Secret::parse("file:" + file_of(request).string());
    std::error_code error;
    bool const there = fs::exists(fs::symlink_status(file_of(request), error));
    if (!there)
      write_login(request, reference,
                  request.like.empty() ? with_new_password(place_of(request), driver)
                                       : moved_login(request, driver, secrets),
                  secrets);
    if (there && request.rotate) {
      Keywords const before = read_login(reference, driver, secrets);
      check_place(before, request, reference);
      write_login(request, reference, with_new_password(before, driver), secrets);
    }
  } else if (request.rotate) {
    throw Error{ErrorKind::usage, reference.reference() + " cannot be rewritten: only a file can"}.with_hint(
        "put the new password there, then issue the login without rotate");
  }
  Keywords const login = read_login(reference, driver, secrets);
  check_place(login, request, reference);
  std::string const verifier = admin.password_verifier(request.role, password_of(login, reference));
  admin.query("alter role " + admin.quote_identifier(request.role) + " password " +
              admin.quote_literal(verifier));
  return reference;
}

void withdraw_login(Session& admin, LoginRequest const& request, Driver& driver, Secrets& secrets) {
  check_request(request);
  if (request.existing.empty()) {
    fs::path const file = file_of(request);
    std::error_code error;
    if (fs::exists(fs::symlink_status(file, error))) {
      Secret const reference = Secret::parse("file:" + file.string());
      check_place(read_login(reference, driver, secrets), request, reference);
      if (!fs::remove(file, error) && error) throw io_error("delete", file, error.value());
      secrets.forget(reference);
    }
  }
  if (!request.like.empty()) return;
  if (!admin.query({"select 1 from pg_roles where rolname = $1", {request.role}}).empty())
    admin.query("alter role " + admin.quote_identifier(request.role) + " password null");
}

std::string login_role(Secret const& reference, Driver& driver, Secrets& secrets) {
  Keywords const keywords = read_login(reference, driver, secrets);
  auto const found = keywords.find("user");
  if (found == keywords.end() || found->second.empty())
    throw Error{ErrorKind::config, reference.reference() + " names no user"};
  return found->second;
}

std::string describe_login(LoginRequest const& request) {
  check_secret(request);
  std::string const source =
      request.existing.empty() ? "file:" + file_of(request).string() : request.existing.reference();
  return fmt::format("alter role {} password (the SCRAM verifier of the password in {})",
                     request.role.empty() ? "of " + request.like.reference() : request.role, source);
}

std::unique_ptr<Session> open_login(Secret const& reference, Driver& driver, Secrets& secrets,
                                    ConnectOptions const& options) {
  Endpoint endpoint;
  endpoint.keywords = read_login(reference, driver, secrets);
  std::optional<Passfile> passfile;
  if (auto const password = endpoint.keywords.extract("password"); !password.empty()) {
    passfile.emplace(password.mapped());
    endpoint.keywords["passfile"] = passfile->path();
  }
  endpoint.server = reference.reference();
  return driver.connect(endpoint, secrets, options);
}

LoginIdentity check_login(Secret const& reference, Driver& driver, Secrets& secrets, std::stop_token stop) {
  auto const session = open_login(reference, driver, secrets,
                                  {.access = Access::read_only,
                                   .application_name = this_operator().application_name("check login"),
                                   .stop = stop});
  Result const who = session->query("select current_user as user, current_database() as database");
  return {who.text(0, "user"), who.text(0, "database")};
}

}  // namespace fleet
