#pragma once

#include <unistd.h>

#include <utility>

namespace fleet {

// Owns one open file descriptor; -1 is none.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int number) : number_(number) {}
  ~FileDescriptor() { reset(); }
  FileDescriptor(FileDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    if (this != &other) {
      reset();
      number_ = std::exchange(other.number_, -1);
    }
    return *this;
  }

  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }
  void reset() noexcept {
    if (number_ >= 0) ::close(number_);  // EINTR: Linux has closed it all the same
    number_ = -1;
  }

 private:
  int number_ = -1;
};

}  // namespace fleet
