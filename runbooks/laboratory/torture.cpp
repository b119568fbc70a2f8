#include "runbooks/laboratory/torture.hpp"

#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

namespace runbooks {

namespace fs = std::filesystem;

namespace {

using namespace std::chrono_literals;

constexpr std::uintmax_t room_of_a_bench = std::uintmax_t{1200}
                                           << 20U;  // three servers, twice, and their WAL

// What the benches share.
class Floor {
 public:
  Floor(std::size_t benches, CellChoice const& choice) : choice_(choice), working_(benches) {}

  // The first bench that has learned what places there are lays out the matrix for all.
  void learned(std::vector<Place> const& places) {
    std::lock_guard const lock{mutex_};
    if (laid_out_) return;
    result_.cells = lay_out(places, choice_);
    result_.findings.resize(result_.cells.size());
    for (Place const& place : places)
      if (place.moment == "sent" && !choice_.all_statements)
        result_.statements[place.step] = std::max(result_.statements[place.step], place.ordinal);
    laid_out_ = true;
    news_.notify_all();
  }
  std::optional<std::size_t> next() {
    std::lock_guard const lock{mutex_};
    if (failure_ || next_ == result_.cells.size()) return std::nullopt;
    return next_++;
  }
  Cell const& cell(std::size_t i) const { return result_.cells[i]; }
  void found(std::size_t i, Finding finding) {
    std::lock_guard const lock{mutex_};
    result_.findings[i] = std::move(finding);
    ++tried_;
    news_.notify_all();
  }
  void failed(std::exception_ptr failure) {
    std::lock_guard const lock{mutex_};
    if (!failure_) failure_ = std::move(failure);
  }
  void ended() {
    std::lock_guard const lock{mutex_};
    --working_;
    news_.notify_all();
  }
  bool has_failed() {
    std::lock_guard const lock{mutex_};
    return failure_ != nullptr;
  }

  // Until all have ended; tells how far it is.
  TortureResult watch(std::function<void(std::string const&)> const& report) {
    auto const start = std::chrono::steady_clock::now();
    std::unique_lock lock{mutex_};
    std::size_t told = 0;
    bool told_size = false;
    while (working_ > 0) {
      news_.wait(lock);
      if (laid_out_ && !told_size) report(fmt::format("{} cells to try", result_.cells.size()));
      told_size = laid_out_;
      bool const much = tried_ >= told + 20 || tried_ == result_.cells.size();
      if (tried_ == told || !much) continue;
      told = tried_;
      auto const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      report(fmt::format("{} of {} tried, {:.0f} s", tried_, result_.cells.size(), seconds));
    }
    if (failure_) std::rethrow_exception(failure_);
    return std::move(result_);
  }

 private:
  CellChoice const& choice_;
  std::mutex mutex_;
  std::condition_variable news_;
  std::size_t working_;
  bool laid_out_ = false;
  std::size_t next_ = 0, tried_ = 0;
  std::exception_ptr failure_;
  TortureResult result_;
};

fs::path new_folder(fs::path const& folder) {
  std::string name = (folder / "tenantsh-torture-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr)
    throw fleet::Error{fleet::ErrorKind::io, fmt::format("cannot make a folder in {}", folder.string())}
        .with_hint("set TMPDIR to one that you can write");
  return name;
}

}  // namespace

fs::path roomy_folder(int jobs) {
  if (char const* chosen = std::getenv("TMPDIR"); chosen != nullptr && *chosen != '\0') return chosen;
  struct statvfs memory {};
  fs::path const in_memory = "/dev/shm";
  if (::access(in_memory.c_str(), W_OK | X_OK) == 0 && ::statvfs(in_memory.c_str(), &memory) == 0 &&
      std::uintmax_t{memory.f_bavail} * memory.f_frsize > room_of_a_bench * static_cast<unsigned>(jobs))
    return in_memory;
  return fs::temp_directory_path();
}

TortureResult torture(TortureParts parts, Subject const& subject, CellChoice const& choice, int jobs) {
  Floor floor{static_cast<std::size_t>(jobs), choice};
  std::stop_source stop;
  std::stop_callback const pass_on{parts.stop, [&stop] { stop.request_stop(); }};
  auto const work = [&] {
    try {
      Experiment experiment{
          {parts.driver, parts.secrets, new_folder(parts.folder)}, subject, stop.get_token()};
      floor.learned(experiment.learn());
      while (auto const i = floor.next()) floor.found(*i, experiment.try_cell(floor.cell(*i)));
    } catch (std::exception const&) {
      floor.failed(std::current_exception());
      stop.request_stop();
    }
    floor.ended();
  };
  std::vector<std::jthread> benches;
  for (int job = 0; job < jobs; ++job) benches.emplace_back(work);
  return floor.watch(parts.report);
}

}  // namespace runbooks
