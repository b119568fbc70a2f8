#pragma once

#include <filesystem>

namespace fleet {

// Where the servers of the sandbox below `home` have their sockets: /run/user/UID/tenantsh-HASH when we are a
// logged-in user, else /tmp/tenantsh-UID-HASH. HASH tells homes apart; the path is short however long `home`
// is.
std::filesystem::path default_socket_folder(std::filesystem::path const& home);

// Makes the folder with mode 0700 for the user whom the servers run as. One that is there already is refused
// when it is a link or someone else's (in /tmp anybody could have made it first): Error{refused}.
void secure_socket_folder(std::filesystem::path const& folder);

// The socket of the server with this port, which the system wants to be at most 107 bytes long:
// Error{config}.
std::filesystem::path socket_path(std::filesystem::path const& folder, int port);

}  // namespace fleet
