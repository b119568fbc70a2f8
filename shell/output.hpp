#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "fleet/session.hpp"

namespace shell {

// Standard output or standard error. Buffered when it is no terminal. Not thread-safe: only the main thread
// writes. What stands in the buffer when it is destroyed is lost; flush() tells whether it arrived.
class Output final : public fleet::CopySink {
 public:
  explicit Output(int descriptor) : descriptor_(descriptor) {}
  Output(Output const&) = delete;
  Output& operator=(Output const&) = delete;

  // Both throw Error{io} when the bytes cannot be written, and again at every later call: the rest is
  // dropped.
  void write(std::string_view bytes) override;
  void flush();

  // From here to end_pages() what is written goes to the person's pager ($TENANTSH_PAGER, $PAGER, less) when
  // it is taller than the terminal. A reader who leaves the pager wants no more of it; that is no error.
  void begin_pages();
  void end_pages() noexcept;

  // The reader went away (EPIPE): there is nobody to tell, the program ends quietly.
  bool closed() const { return closed_; }
  bool is_terminal() const;
  // Columns of the terminal; 0 when it is none.
  std::size_t columns() const;

 private:
  void start_pager();

  int descriptor_;
  std::string buffer_;
  bool paging_ = false;
  std::FILE* pager_ = nullptr;
  bool closed_ = false;
  std::string failure_;        // why nothing can be written any more
  mutable int terminal_ = -1;  // -1: not asked yet
};

// From now on writing where nobody reads any more is an error of write(), not our death; programs that we
// start get the default back at exec.
void survive_broken_pipes();

}  // namespace shell
