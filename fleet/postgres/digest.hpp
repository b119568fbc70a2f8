#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fleet::postgres {

// Over libcrypto; see Driver for what they promise.
std::string sha256(std::string_view bytes);
std::string sha256_file(std::string const& path);
std::string random_token(std::size_t length);

}  // namespace fleet::postgres
