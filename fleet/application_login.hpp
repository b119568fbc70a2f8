#pragma once

#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>

#include "fleet/session.hpp"

namespace fleet {

// The login of a tenant's application: a role with a password, and the secret that holds the connection
// string which the application resolves (identity.tenant.db_config_ref).
struct LoginRequest {
  std::string slug;
  std::string role;            // exists; only its password is set
  std::string host, database;  // as the application reaches them
  int port = 5432;
  // Either a folder, where SLUG.dsn is made, or the secret that holds the connection string already.
  std::filesystem::path folder;
  Secret existing;
  Secret like;  // a connection string of that role for another place: its password and further keywords
  bool rotate = false;  // a new password, also where the file has one
};

// Makes the application's connection string when there is none, and gives the role the password that stands
// in it. Idempotent, and safe to be killed anywhere: the file is whole before the role is changed, and a
// second call uses the password that the file holds. Only its SCRAM verifier goes to the server.
//
// The file is SLUG.dsn, mode 0600, in a folder that is made with mode 0700. A connection string that is
// there, in the file or behind `existing`, must name this host, port, database and role: Error{refused} names
// the keyword that differs. It may hold further keywords (sslmode, …), which stay. With
// `rotate` a file that is there gets a new password, and the role right after it; what is no file cannot be
// rewritten: Error{usage}. With `like` a file that is made has the password that stands there, so that a
// login which is in use goes on working: Error{refused} when it is another role's.
//
// `admin` is logged in at that server with the right to alter the role. Returns the reference: `existing`, or
// file:FOLDER/SLUG.dsn. Errors: usage, refused, config (no connection string), io, sql.
Secret issue_login(Session& admin, LoginRequest const& request, Driver& driver, Secrets& secrets);

// The way back: SLUG.dsn is gone, and the role, when it is there, has no password any more; it keeps the one
// of `like`. A secret that is no file of ours stays as it is. Idempotent. Error{refused} when the file is for
// another place; usage, io, sql.
void withdraw_login(Session& admin, LoginRequest const& request, Driver& driver, Secrets& secrets);

// The role that a connection string logs in as. Errors: config, whatever Secrets::resolve throws.
std::string login_role(Secret const& reference, Driver& driver, Secrets& secrets);

// What issue_login will do, for plans: no secret in it. Host and database need not be known yet.
std::string describe_login(LoginRequest const& request);

// A session made with nothing but the connection string behind `reference`. Errors: config (it is none),
// connect, whatever Secrets::resolve throws; never the password in a text.
std::unique_ptr<Session> open_login(Secret const& reference, Driver& driver, Secrets& secrets,
                                    ConnectOptions const& options);

struct LoginIdentity {
  std::string user, database;
};

// Connects as open_login does and asks who it is there.
LoginIdentity check_login(Secret const& reference, Driver& driver, Secrets& secrets,
                          std::stop_token stop = {});

}  // namespace fleet
