#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "runbooks/engine/boundary.hpp"
#include "runbooks/engine/event.hpp"

namespace runbooks {

// The local copy of one run's journal: HOME/runs/ENVIRONMENT/STARTED-ID.jsonl, one event a line, appended and
// fsynced before anything acts on it. Readable when no database is (master_init runs before master exists).
class Mirror {
 public:
  // Creates the folder and the file (mode 0600). Error{io} when that cannot be done.
  static Mirror create(std::filesystem::path const& folder, std::string const& started,
                       std::string const& id);
  // Opens an existing one to go on.
  static Mirror open(std::filesystem::path const& file);
  Mirror(Mirror&& other) noexcept;
  Mirror& operator=(Mirror&&) = delete;
  ~Mirror();

  // Writes one line and waits until it is on disk. Error{io}: the caller must not go on. With a `boundary`
  // the line is written in two halves, as a machine that dies may leave it.
  void append(Event const& event, Boundary const& boundary = {});
  std::filesystem::path const& file() const { return file_; }

 private:
  Mirror(std::filesystem::path file, int descriptor) : file_(std::move(file)), descriptor_(descriptor) {}
  std::filesystem::path file_;
  int descriptor_;
};

// Events of one mirror file; a torn last line (the process died while writing) is left out.
std::vector<Event> read_mirror(std::filesystem::path const& file);

struct MirrorFile {
  std::string id;
  std::filesystem::path file;
};
// All mirrors of one environment, newest first.
std::vector<MirrorFile> list_mirrors(std::filesystem::path const& folder);

}  // namespace runbooks
