#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>

#include "fleet/error.hpp"

namespace fleet {

// Files and folders that only their owner reads: secrets, settings, state. All throw Error{io}.

// "cannot ACTION PATH: REASON", with what to do about the reasons that an operator can do something about.
Error io_error(std::string const& action, std::filesystem::path const& path, int error_number);

// nullopt when there is no such file.
std::optional<std::string> read_file(std::filesystem::path const& path);

// Replaces the whole file or leaves it as it was: a temporary file with mode 0600 beside it, synced, renamed.
// Follows no link that someone left in its place. `owner`: the user it is given to (we are root then).
void write_private_file(std::filesystem::path const& path, std::string const& content,
                        std::optional<uid_t> owner = std::nullopt);

// Makes the folder and its parents; `mode` is given to the folder itself, and only when it was made here.
void make_folder(std::filesystem::path const& path, mode_t mode);

// Deletes a file or a whole folder; nothing to do when it is not there. Links are not followed.
void remove_tree(std::filesystem::path const& path);

}  // namespace fleet
