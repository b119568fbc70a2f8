#pragma once

#include <cstdint>
#include <string>

#include "fleet/restore.hpp"
#include "scripting/method.hpp"
#include "scripting/world.hpp"

// What the arguments of the methods that restore mean: which archive, which place, and whether a restore may
// go there.
namespace scripting {

// The slug of the tenant that a method was called for.
std::string restored_slug(Arguments const& arguments);
fleet::DumpMeans restore_means(World& world);
fleet::ArchiveChoice archive_choice(Arguments const& arguments);
// "" when the tenant has no such label.
std::string label_of(fleet::Tenant const& tenant, char const* name);

// Of the tenant that the archive is of: what would be made, before anything is.
fleet::RestoreRequest request_beside(World& world, Arguments const& arguments);
// The sibling's own row, freshly read. Error{refused} for whatever is no sibling that is being made, and for
// one whose place is another tenant's too, by whatever address: there is no other way in.
fleet::Tenant sibling_row(World& world, Arguments const& arguments);
// Where the archive of a sibling goes; `archive` is left empty.
fleet::RestoreRequest request_into(World& world, fleet::Tenant const& sibling, Arguments const& arguments);

// About what the tenant fills now; 0 when it does not answer, often the reason for a restore.
std::uint64_t bytes_of(World& world, fleet::Tenant const& source);
// Who owns the tenant's schema ("" when it does not answer); a manifest knows the owner of the shared
// database only.
std::string schema_owner(World& world, fleet::Tenant const& source);

}  // namespace scripting
