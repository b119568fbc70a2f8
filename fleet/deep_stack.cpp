#include "fleet/deep_stack.hpp"

#include <pthread.h>
#include <sys/mman.h>

#include <exception>

#include "fleet/error.hpp"

namespace fleet {

void run_with_stack(std::size_t bytes, std::function<void()> const& work) {
  struct Call {
    std::function<void()> const& work;
    std::exception_ptr failure;
  } call{work, {}};
  auto* const stack = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) throw Error(ErrorKind::io, "no memory for a stack");
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstack(&attributes, stack, bytes);
  pthread_t thread{};
  auto const started = pthread_create(
      &thread, &attributes,
      [](void* argument) -> void* {
        auto& running = *static_cast<Call*>(argument);
        try {
          running.work();
        } catch (std::exception const&) {
          running.failure = std::current_exception();
        }
        return nullptr;
      },
      &call);
  pthread_attr_destroy(&attributes);
  if (started == 0) pthread_join(thread, nullptr);
  munmap(stack, bytes);
  if (started != 0) throw Error(ErrorKind::io, "no thread for a stack");
  if (call.failure) std::rethrow_exception(call.failure);
}

}  // namespace fleet
