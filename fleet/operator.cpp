#include "fleet/operator.hpp"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace fleet {

namespace {

constexpr std::size_t host_length = 20;  // keeps the whole name below PostgreSQL's 63 bytes

std::string login_name() {
  if (char const* sudo = std::getenv("SUDO_USER"); sudo != nullptr && *sudo != '\0') return sudo;
  if (passwd const* entry = getpwuid(geteuid()); entry != nullptr) return entry->pw_name;
  return std::to_string(geteuid());
}

}  // namespace

Operator this_operator() {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '?';
  return {login_name(), host.data(), this_process()};
}

std::string Operator::application_name(std::string const& what) const {
  std::string name = "tenantsh " + host.substr(0, host_length) + " " + std::to_string(process.pid) + " " +
                     process.start_time + " " + what;
  return name.substr(0, 63);
}

ApplicationName parse_application_name(std::string const& text) {
  std::array<std::string, 5> words;
  std::size_t word = 0;
  for (char c : text) {
    if (c == ' ' && word + 1 < words.size())
      ++word;
    else
      words[word] += c;
  }
  if (words[0] != "tenantsh" || words[2].empty()) return {};
  return {words[1], words[4], {std::atoi(words[2].c_str()), words[3]}};
}

}  // namespace fleet
