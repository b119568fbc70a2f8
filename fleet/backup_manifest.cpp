#include "fleet/backup_manifest.hpp"

#include <nlohmann/json.hpp>

#include "fleet/error.hpp"
#include "fleet/private_files.hpp"

namespace fleet {
namespace {

using Json = nlohmann::ordered_json;

[[noreturn]] void refuse(std::string const& source, std::string const& why) {
  throw Error{ErrorKind::failed, source + " is no manifest of a backup: " + why};
}

// Reads members of one object and says which one is wrong.
class Reader {
 public:
  Reader(Json const& object, std::string const& source, std::string path = {})
      : object_(object), source_(source), path_(std::move(path)) {
    if (!object.is_object()) refuse(source, (path_.empty() ? "it" : path_) + " is no object");
  }

  std::string text(char const* key) const {
    return member(key, &Json::is_string, "a text").get<std::string>();
  }
  std::string text_or_null(char const* key) const { return null(key) ? std::string{} : text(key); }
  std::optional<std::string> text_if_any(char const* key) const {
    return null(key) ? std::nullopt : std::optional{text(key)};
  }
  std::int64_t number(char const* key) const {
    auto const& value = member(key, &Json::is_number_integer, "a whole number");
    auto const found = value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX
                           ? std::int64_t{-1}
                           : value.get<std::int64_t>();
    if (found < 0) wrong(key, "out of range");
    return found;
  }
  std::optional<std::int64_t> number_or_null(char const* key) const {
    return null(key) ? std::nullopt : std::optional{number(key)};
  }
  Json const& array(char const* key) const { return member(key, &Json::is_array, "a list"); }
  Json const& object(char const* key) const { return member(key, &Json::is_object, "an object"); }
  std::vector<std::string> texts_or_null(char const* key) const {
    return null(key) ? std::vector<std::string>{} : texts(key);
  }
  std::vector<std::string> texts(char const* key) const {
    std::vector<std::string> found;
    for (Json const& value : array(key)) {
      if (!value.is_string()) wrong(key, "no list of texts");
      found.push_back(value.get<std::string>());
    }
    return found;
  }
  [[noreturn]] void wrong(std::string const& key, std::string const& what) const {
    refuse(source_, path_ + key + " is " + what);
  }

 private:
  bool null(char const* key) const { return !object_.contains(key) || object_.at(key).is_null(); }
  Json const& member(char const* key, bool (Json::*fits)() const noexcept, std::string const& kind) const {
    if (!object_.contains(key)) wrong(key, "missing");
    Json const& value = object_.at(key);
    if (!(value.*fits)()) wrong(key, "not " + kind);
    return value;
  }

  Json const& object_;
  std::string const& source_;
  std::string path_;
};

// In braces the text would become a list of one.
Json null_when_empty(std::string const& text) { return text.empty() ? Json() : Json(text); }

template <typename Value, typename Parse>
Value named(Reader const& reader, char const* key, Parse parse) {
  try {
    return parse(reader.text(key));
  } catch (Error const& error) {
    if (error.kind != ErrorKind::usage) throw;
    reader.wrong(key, "unknown: " + error.message);
  }
}

}  // namespace

std::string_view to_string(DumpFormat format) {
  return format == DumpFormat::custom ? "custom" : "directory";
}

DumpFormat parse_dump_format(std::string_view text) {
  for (DumpFormat format : {DumpFormat::custom, DumpFormat::directory})
    if (text == to_string(format)) return format;
  throw Error{ErrorKind::usage, in_quotes(text) + " is no format of a dump: custom or directory"};
}

std::string_view to_string(DumpMode mode) {
  switch (mode) {
    case DumpMode::full: return "full";
    case DumpMode::schema_only: return "schema_only";
    case DumpMode::data_only: return "data_only";
  }
  return "full";
}

DumpMode parse_dump_mode(std::string_view text) {
  for (DumpMode mode : {DumpMode::full, DumpMode::schema_only, DumpMode::data_only})
    if (text == to_string(mode)) return mode;
  throw Error{ErrorKind::usage, in_quotes(text) + " is no mode of a dump: full, schema_only or data_only"};
}

std::int64_t Manifest::rows() const {
  std::int64_t sum = 0;
  for (DumpedTable const& table : tables) sum += table.rows.value_or(0);
  return sum;
}

std::string manifest_text(Manifest const& manifest) {
  Json tables = Json::array(), extensions = Json::object();
  for (DumpedTable const& table : manifest.tables) {
    tables.push_back(
        {{"schema", table.schema}, {"name", table.name}, {"rows", table.rows ? Json(*table.rows) : Json()}});
    if (table.digest) tables.back()["digest"] = *table.digest;
  }
  for (DumpedExtension const& extension : manifest.extensions) extensions[extension.name] = extension.version;
  Json const object = {{"tenantsh_manifest", Manifest::layout},
                       {"tenant", manifest.tenant},
                       {"tenant_id", manifest.tenant_id},
                       {"server", manifest.server},
                       {"database", manifest.database},
                       {"schema", null_when_empty(manifest.schema)},
                       {"owner", manifest.owner},
                       {"encoding", manifest.encoding},
                       {"collate", manifest.collate},
                       {"ctype", manifest.ctype},
                       {"extensions", extensions},
                       {"archive", manifest.archive},
                       {"format", to_string(manifest.format)},
                       {"mode", to_string(manifest.mode)},
                       {"compress", manifest.compress},
                       {"age_recipients", manifest.age_recipients},
                       {"bytes", manifest.bytes},
                       {"sha256", manifest.sha256},
                       {"taken_at", manifest.taken_at},
                       {"server_version", manifest.server_version},
                       {"pg_dump", manifest.pg_dump},
                       {"structure", manifest.structure},
                       {"rows", manifest.rows()},
                       {"tables", tables},
                       {"large_objects", manifest.large_objects},
                       {"warnings", manifest.warnings},
                       {"duration_ms", manifest.duration_ms},
                       {"run_id", null_when_empty(manifest.run_id)},
                       {"verified", manifest.verified}};
  // A message of pg_dump may be in any encoding.
  return object.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Manifest parse_manifest(std::string_view text, std::string const& source) {
  Json const object = Json::parse(text, nullptr, false);
  if (object.is_discarded()) refuse(source, "it is not JSON");
  Reader const reader{object, source};
  if (auto const layout = reader.number("tenantsh_manifest"); layout != Manifest::layout)
    refuse(source, "tenantsh_manifest is " + std::to_string(layout) + ", this program knows " +
                       std::to_string(Manifest::layout));
  Manifest manifest;
  manifest.tenant = reader.text("tenant");
  manifest.tenant_id = reader.text("tenant_id");
  manifest.server = reader.text("server");
  manifest.database = reader.text("database");
  manifest.schema = reader.text_or_null("schema");
  manifest.owner = reader.text("owner");
  manifest.encoding = reader.text("encoding");
  manifest.collate = reader.text("collate");
  manifest.ctype = reader.text("ctype");
  for (auto const& [name, version] : reader.object("extensions").items()) {
    if (!version.is_string()) reader.wrong("extensions." + name, "not a text");
    manifest.extensions.push_back({name, version.get<std::string>()});
  }
  manifest.archive = reader.text("archive");
  if (manifest.archive.empty() || manifest.archive.find('/') != std::string::npos || manifest.archive == "..")
    reader.wrong("archive", "no name of a file beside it");
  manifest.format = named<DumpFormat>(reader, "format", parse_dump_format);
  manifest.mode = named<DumpMode>(reader, "mode", parse_dump_mode);
  auto const compress = reader.number_or_null("compress").value_or(1);
  if (compress > 9) reader.wrong("compress", "no level of gzip");
  manifest.compress = static_cast<int>(compress);
  manifest.age_recipients = reader.texts_or_null("age_recipients");
  manifest.bytes = static_cast<std::uint64_t>(reader.number("bytes"));
  manifest.sha256 = reader.text("sha256");
  manifest.taken_at = reader.text("taken_at");
  manifest.server_version = reader.text("server_version");
  manifest.pg_dump = reader.text("pg_dump");
  manifest.structure = reader.texts("structure");
  auto const& tables = reader.array("tables");
  for (std::size_t i = 0; i < tables.size(); ++i) {
    Reader const table{tables[i], source, "tables[" + std::to_string(i) + "]."};
    manifest.tables.push_back({table.text("schema"), table.text("name"), table.number_or_null("rows"),
                               table.text_if_any("digest")});
  }
  manifest.large_objects = reader.number("large_objects");
  manifest.warnings = reader.texts("warnings");
  manifest.duration_ms = reader.number("duration_ms");
  manifest.run_id = reader.text_or_null("run_id");
  manifest.verified = reader.texts_or_null("verified");
  return manifest;
}

Manifest read_manifest(std::filesystem::path const& path) {
  auto const text = read_file(path);
  if (!text) throw Error{ErrorKind::not_found, "there is no manifest " + path.string()};
  return parse_manifest(*text, path.string());
}

}  // namespace fleet
