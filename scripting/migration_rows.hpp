#pragma once

#include "scripting/method.hpp"

namespace scripting {

// Further rows of `migrations` and `seeds`, each from a file of its own.
void add_motions(Registry& registry);         // migrations:up, down, redo, to
void add_new_migrations(Registry& registry);  // migrations:new
void add_renumber(Registry& registry);        // migrations:renumber
void add_seed_proof(Registry& registry);      // seeds:verify
void add_verify(Registry& registry);          // migrations:verify

}  // namespace scripting
