#include "scripting/saved_file.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "fleet/error.hpp"

namespace scripting {

using fleet::Error;
using fleet::ErrorKind;

namespace {

std::string format_for(std::string const& path) {
  std::string const extension = std::filesystem::path{path}.extension();
  if (extension == ".md") return "markdown";
  for (char const* format : {"csv", "tsv", "json", "jsonl", "html"})
    if (extension == "." + std::string{format}) return format;
  throw Error{ErrorKind::usage, "the name of " + path + " does not say a format"}.with_hint(
      "end it in .csv .tsv .json .jsonl .md or .html");
}

}  // namespace

SavedFile::SavedFile(std::string path)
    : path_(std::move(path)), format_(format_for(path_)), unfinished_(path_ + ".part") {
  file_.open(unfinished_, std::ios::binary | std::ios::trunc);
  if (!file_) fail();
}

SavedFile::~SavedFile() {
  if (committed_) return;
  file_.close();
  std::error_code ignored;
  std::filesystem::remove(unfinished_, ignored);
}

void SavedFile::fail() const {
  std::string const reason = errno != 0 ? std::string{": "} + std::strerror(errno) : std::string{};
  throw Error{ErrorKind::io, "cannot write " + path_ + reason};
}

void SavedFile::write(std::string_view bytes) {
  if (!file_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()))) fail();
}

void SavedFile::commit() {
  file_.close();
  std::error_code problem;
  if (file_) std::filesystem::rename(unfinished_, path_, problem);
  if (problem) errno = problem.value();
  if (!file_ || problem) fail();
  committed_ = true;
}

}  // namespace scripting
