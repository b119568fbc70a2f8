#pragma once

#include <cstddef>
#include <functional>

namespace fleet {

// Runs `work` on a thread with a stack of `bytes` and waits for it: for parsers that write trees by
// recursion, unchecked. The pages are taken only when touched. Throws what `work` throws; Error{io} without
// memory.
void run_with_stack(std::size_t bytes, std::function<void()> const& work);

}  // namespace fleet
