#pragma once

#include <chrono>
#include <stop_token>

namespace migrations {

// Sleeps; false as soon as a stop is requested.
bool pause(std::chrono::milliseconds time, std::stop_token stop);
// `base` doubled per attempt (1, 2, …), at most 10 s, times a random factor in [0.5, 1.5): runners that met
// once should not meet again.
std::chrono::milliseconds back_off(std::chrono::milliseconds base, int attempt);

}  // namespace migrations
