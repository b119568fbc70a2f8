#pragma once

#include <cstdint>
#include <string_view>

#include "fleet/session.hpp"

namespace fleet {

// Bytes that wait for their turn in a file without a name, readable by nobody else, gone with this process.
// Made at the first append, under $TMPDIR or else /tmp. Not thread-safe. Every method throws Error{io} naming
// the folder.
class SpillFile {
 public:
  SpillFile() = default;
  ~SpillFile();
  SpillFile(SpillFile const&) = delete;
  SpillFile& operator=(SpillFile const&) = delete;

  // Returns where the bytes begin.
  std::uint64_t append(std::string_view bytes);
  void copy_to(CopySink& sink, std::uint64_t from, std::uint64_t length) const;

 private:
  void open();
  int descriptor_ = -1;
  std::uint64_t end_ = 0;
};

}  // namespace fleet
