#include "tests/support/session_file.hpp"

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace sessions {
namespace {

constexpr std::string_view any_text = "<…>";
constexpr std::string_view any_lines = "...";

bool line_matches(std::string_view pattern, std::string_view line) {
  auto const wild = pattern.find(any_text);
  if (wild == pattern.npos) return pattern == line;
  if (line.substr(0, wild) != pattern.substr(0, wild)) return false;
  std::string_view const rest = pattern.substr(wild + any_text.size());
  for (std::size_t from = wild; from <= line.size(); ++from)
    if (line_matches(rest, line.substr(from))) return true;
  return false;
}

bool lines_match(std::vector<std::string> const& patterns, std::size_t pattern,
                 std::vector<std::string> const& lines, std::size_t line) {
  if (pattern == patterns.size()) return line == lines.size();
  if (patterns[pattern] == any_lines) {
    for (std::size_t from = line; from <= lines.size(); ++from)
      if (lines_match(patterns, pattern + 1, lines, from)) return true;
    return false;
  }
  return line < lines.size() && line_matches(patterns[pattern], lines[line]) &&
         lines_match(patterns, pattern + 1, lines, line + 1);
}

std::string exit_line(int status) { return "[exit " + std::to_string(status) + "]"; }

}  // namespace

Session read_session(std::filesystem::path const& file) {
  Session session;
  session.file = file;
  std::ifstream in{file};
  if (!in) throw std::runtime_error{file.string() + ": cannot be read"};
  std::vector<std::string> aside;  // comments for the next entry
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    auto const wrong = [&](std::string const& what) {
      return std::runtime_error{file.string() + ":" + std::to_string(number) + ": " + what};
    };
    if (line.starts_with("#: ")) {
      if (line == "#: cluster sandbox")
        session.sandbox = true;
      else if (line != "#: cluster none")
        throw wrong("unknown header");
      aside.push_back(line);
    } else if (line.starts_with("# ") || line == "#") {
      aside.push_back(line);
    } else if (line.starts_with("$ ")) {
      session.entries.push_back({std::exchange(aside, {}), line.substr(2), {}, {}, 0});
    } else if (session.entries.empty() || !aside.empty()) {
      if (!line.empty()) throw wrong("output without a command above it");
      aside.push_back(line);
    } else if (line.starts_with("> ") && session.entries.back().expected.empty()) {
      session.entries.back().command += "\n" + line.substr(2);
    } else if (line.starts_with("[exit ")) {
      session.entries.back().exit_status = std::stoi(line.substr(6));
    } else {
      session.entries.back().expected.push_back(line);
    }
  }
  session.trailing = std::move(aside);
  for (Entry& entry : session.entries)
    while (!entry.expected.empty() && entry.expected.back().empty()) {
      entry.after.emplace_back();
      entry.expected.pop_back();
    }
  return session;
}

void write_session(Session const& session) {
  std::ofstream out{session.file};
  auto const write = [&](std::vector<std::string> const& lines) {
    for (std::string const& line : lines) out << line << "\n";
  };
  for (Entry const& entry : session.entries) {
    write(entry.before);
    out << "$ ";
    for (char const c : entry.command) {
      out << c;
      if (c == '\n') out << "> ";
    }
    out << "\n";
    write(entry.expected);
    if (entry.exit_status != 0) out << exit_line(entry.exit_status) << "\n";
    write(entry.after);
  }
  write(session.trailing);
}

bool matches(Entry const& entry, Observed const& observed) {
  return entry.exit_status == observed.exit_status && lines_match(entry.expected, 0, observed.output, 0);
}

std::string difference(Entry const& entry, Observed const& observed) {
  std::vector<std::string> old_lines = entry.expected, new_lines = observed.output;
  old_lines.push_back(exit_line(entry.exit_status));
  new_lines.push_back(exit_line(observed.exit_status));
  // Longest common subsequence, from the end.
  std::size_t const rows = old_lines.size(), columns = new_lines.size();
  std::vector<std::vector<int>> common(rows + 1, std::vector<int>(columns + 1, 0));
  for (std::size_t i = rows; i-- > 0;)
    for (std::size_t j = columns; j-- > 0;)
      common[i][j] = line_matches(old_lines[i], new_lines[j]) ? common[i + 1][j + 1] + 1
                                                              : std::max(common[i + 1][j], common[i][j + 1]);
  std::string out;
  for (std::size_t i = 0, j = 0; i < rows || j < columns;) {
    if (i < rows && j < columns && line_matches(old_lines[i], new_lines[j])) {
      out += "    " + new_lines[j] + "\n";
      ++i, ++j;
    } else if (j == columns || (i < rows && common[i + 1][j] >= common[i][j + 1])) {
      out += "  - " + old_lines[i++] + "\n";
    } else {
      out += "  + " + new_lines[j++] + "\n";
    }
  }
  return out;
}

}  // namespace sessions
