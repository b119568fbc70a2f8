#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "fleet/backup.hpp"
#include "scripting/method.hpp"
#include "scripting/world.hpp"

// What the methods that make and keep backups take and give, in one spelling.
namespace scripting {

// TENANTSH_HOME/backups/ENVIRONMENT; each tenant has a subfolder.
std::filesystem::path backups_folder(World const& world);
// The parameter `folder` itself, else the tenant's subfolder.
std::filesystem::path folder_of(World const& world, Arguments const& arguments, std::string const& slug);

// at, format, mode, structure, compress, digests, recipients, read_back: how a dump is made.
std::vector<Parameter> dump_parameters();
// From those. The recipients are looked up here, once: fleet/backup_encryption.hpp.
fleet::DumpRequest dump_options(World& world, Arguments const& arguments);
// `options` for one tenant.
fleet::DumpRequest dump_request(World& world, fleet::DumpRequest options, fleet::Tenant const& tenant,
                                std::filesystem::path folder);
fleet::DumpMeans dump_means(World& world);

Parameter structure_parameter();
Parameter mode_parameter();
Parameter folder_parameter();
std::vector<Parameter> retention_parameters();  // keep_days, keep_count

Json archive_json(std::filesystem::path const& path, std::filesystem::path const& manifest_path,
                  fleet::Manifest const& manifest);

// Deletes what the retention lets go of in one tenant's folder, and its rows in master. Any thread. Gives the
// paths that went.
std::vector<std::filesystem::path> prune_folder(World& world, std::filesystem::path const& folder,
                                                std::string const& slug, int keep_days, int keep_count,
                                                std::string const& reason);

// Rows of `backups` and `tenants`, beside those of lua_backups.cpp.
void add_backup_catalog(Registry& registry);
void add_fleet_backup(Registry& registry);

}  // namespace scripting
