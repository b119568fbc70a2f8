#pragma once

#include <fstream>
#include <string>

#include "fleet/session.hpp"

namespace scripting {

// A file of rows that is there whole or not at all: written beside its place, then renamed. What was not
// committed is removed.
class SavedFile final : public fleet::CopySink {
 public:
  // Error{usage} when the name's ending says no format; Error{io} when nothing can be written there.
  explicit SavedFile(std::string path);
  ~SavedFile() override;
  SavedFile(SavedFile const&) = delete;
  SavedFile& operator=(SavedFile const&) = delete;

  std::string const& path() const { return path_; }
  std::string const& format() const { return format_; }  // "csv", …
  // Both throw Error{io}.
  void write(std::string_view bytes) override;
  void commit();

 private:
  [[noreturn]] void fail() const;
  std::string path_, format_, unfinished_;
  std::ofstream file_;
  bool committed_ = false;
};

}  // namespace scripting
