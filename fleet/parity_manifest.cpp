#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "fleet/backup_files.hpp"
#include "fleet/backup_manifest.hpp"
#include "fleet/error.hpp"
#include "fleet/parity.hpp"
#include "fleet/parity_objects.hpp"
#include "fleet/parity_scan.hpp"
#include "fleet/private_files.hpp"
#include "fleet/selection.hpp"
#include "fleet/table_digest.hpp"

namespace fleet {
namespace {

// A table as the manifest knows it.
struct Described {
  std::int64_t rows = 0;
  std::optional<std::string> digest;
};

struct Description {
  Manifest manifest;
  std::map<std::string, std::optional<std::string>> digests;  // by schema.name
};

Description read_description(std::filesystem::path const& path) {
  Description description{read_manifest(path), {}};
  auto const object = nlohmann::json::parse(read_file(path).value_or(""), nullptr, false);
  if (object.is_discarded()) return description;  // it has just been read
  for (auto const& table : object.value("tables", nlohmann::json::array()))
    if (auto const digest = table.find("digest"); digest != table.end() && digest->is_string())
      description.digests[table.value("schema", "") + "." + table.value("name", "")] =
          digest->get<std::string>();
  return description;
}

// Ours, which parity leaves out.
bool is_ours(std::string const& schema) { return schema == "tenantsh" || schema == "runbook"; }

class Comparison {
 public:
  Comparison(ParityRequest const& request, std::filesystem::path const& path, ParityMeans const& means)
      : request_(request),
        means_(means),
        path_(path.string().ends_with(".manifest.json") ? path : manifest_beside(path)),
        description_(read_description(path_)),
        manifest_(description_.manifest),
        relative_(manifest_.schema != request.here.schema),
        here_(request.here, {request.tables, {}, relative_}, means) {
    if (manifest_.schema.empty() != request.here.schema.empty())
      throw Error{ErrorKind::refused,
                  fmt::format("{} is placed in a {}, and {} is of a {}", request.here.name,
                              request.here.schema.empty() ? "database" : "schema", path_.string(),
                              manifest_.schema.empty() ? "database" : "schema")};
  }

  ParityReport run() {
    here_.open();
    for (std::string const& glob : request_.tables)
      if (here_.catalog().fitting.count(glob) == 0)
        throw Error{ErrorKind::usage, "no table fits tables = " + in_quotes(glob)}.with_hint(
            "a glob over schema.table, or over the name of a table: claims.*, claim");
    digests_ = request_.digests && here_.facts().encoding == manifest_.encoding;
    match();
    read();
    for (auto& [key, table] : tables_) judge(table);
    if (request_.tables.empty()) compare_objects();
    readers_.close();
    here_.close();
    tell();
    return std::move(report_);
  }

 private:
  struct Table {
    std::string name;  // as it is told
    ParityTable const* here = nullptr;
    std::optional<Described> there;
    bool without_rows = false;  // it travelled as structure only
    DigestSum sum;
    std::string failure;
  };

  // By "schema.name", or by the name alone where the schemas are called otherwise.
  std::string key_of(std::string const& schema, std::string const& name) const {
    return relative_ ? name : schema + "." + name;
  }

  void match() {
    for (ParityTable const& table : here_.catalog().tables) {
      Table& one = tables_[key_of(table.schema, table.name)];
      one.here = &table;
      one.name = table.label;
      if (!table.readable)
        one.failure = fmt::format("here: login {0} may not read it: grant select on {1} to {0}",
                                  request_.here.endpoint.get("user"), table.quoted);
    }
    for (DumpedTable const& table : manifest_.tables) {
      if (is_ours(table.schema)) continue;
      auto const found = tables_.find(key_of(table.schema, table.name));
      if (found == tables_.end() && !request_.tables.empty()) continue;
      Table& one = tables_[key_of(table.schema, table.name)];
      if (one.name.empty()) one.name = table.full_name();
      one.without_rows = !table.rows;
      if (!table.rows) continue;
      one.there = Described{*table.rows, std::nullopt};
      if (auto const digest = description_.digests.find(table.full_name());
          digest != description_.digests.end())
        one.there->digest = digest->second;
    }
  }

  void read() {
    std::vector<Table*> order;
    for (auto& [key, table] : tables_)
      if (table.here && table.failure.empty() && !table.without_rows) order.push_back(&table);
    std::stable_sort(order.begin(), order.end(),
                     [](Table const* a, Table const* b) { return a->here->bytes > b->here->bytes; });
    ParityScan scan{readers_, {}, {}, {}};
    if (means_.progress) means_.progress->tables_in_all = order.size();
    std::vector<std::size_t> left(order.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
      bool const digest = digests_ && order[i]->there && order[i]->there->digest;
      for (ParityPiece& piece : pieces_of(
               *order[i]->here, i,
               "select pg_catalog.count(*) as rows, " + (digest ? digest_expression() : "'0'") + " as sum",
               "")) {
        ++left[i];
        if (means_.progress) means_.progress->bytes_in_all += piece.bytes;
        scan.pieces.push_back(std::move(piece));
      }
    }
    scan.answered = [&](ParityPiece const& piece, Result const& result) {
      order[piece.table]->sum.add(*result.at(0, "rows"), *result.at(0, "sum"));
      if (!means_.progress) return;
      means_.progress->bytes += piece.bytes;
      if (--left[piece.table] == 0) ++means_.progress->tables;
    };
    scan.refused = [&](ParityPiece const& piece, Error const& error) {
      order[piece.table]->failure = "here: " + error.message;
    };
    run_scans({&scan}, request_.jobs, means_.stop);
  }

  void judge(Table const& table) {
    if (table.without_rows) {
      structure_only_.push_back(table.name);
      return;
    }
    ParityFinding finding;
    finding.kind = "table";
    finding.name = table.name;
    if (table.there) finding.rows_there = table.there->rows;
    if (!table.failure.empty()) {
      finding.state = ParityState::failed;
      finding.says = table.failure;
    } else if (!table.here) {
      finding.state = ParityState::missing_here;
    } else if (finding.rows_here = table.sum.rows(); !table.there) {
      finding.state = ParityState::missing_there;
    } else {
      bool const digest = digests_ && table.there->digest.has_value();
      std::int64_t const more = table.sum.rows() - table.there->rows, apart = more < 0 ? -more : more;
      if (!digest) by_count_.push_back(table.name);
      if (apart > 0) {
        finding.state = apart <= request_.drift ? ParityState::within_drift : ParityState::different;
        finding.differing = apart;
        finding.says = "at least: a manifest cannot tell which rows";
      } else if (digest && *table.there->digest != table.sum.text()) {
        finding.state = ParityState::different;
        finding.says = "as many rows, other contents";
      } else if (digest) {
        finding.differing = 0;
      }
    }
    report_.findings.push_back(std::move(finding));
  }

  void compare_objects() {
    auto add = [&](std::string const& kind, std::string const& name, std::string const& a,
                   std::string const& b) {
      if (a == b) return;
      ParityFinding finding;
      finding.kind = kind;
      finding.name = name;
      finding.state = a.empty()   ? ParityState::missing_here
                      : b.empty() ? ParityState::missing_there
                                  : ParityState::different;
      finding.says = fmt::format("{} here, {} there", a.empty() ? "(none)" : a, b.empty() ? "(none)" : b);
      report_.findings.push_back(std::move(finding));
    };
    if (!request_.here.schema.empty()) return;
    add("database", "database encoding", here_.facts().encoding, manifest_.encoding);
    add("database", "database collation", here_.facts().collate, manifest_.collate);
    add("database", "database character type", here_.facts().ctype, manifest_.ctype);
    std::map<std::string, std::pair<std::string, std::string>> extensions;
    Result const found = here_.leader().query(
        "select extname, extversion from pg_catalog.pg_extension where extname <> 'plpgsql'");
    for (std::size_t row = 0; row < found.rows(); ++row)
      extensions[found.text(row, "extname")].first = found.text(row, "extversion");
    for (DumpedExtension const& extension : manifest_.extensions)
      extensions[extension.name].second = extension.version;
    for (auto const& [name, versions] : extensions)
      add("extension", "extension " + name, versions.first, versions.second);
    if (manifest_.mode == DumpMode::schema_only) return;
    add("large objects", "large objects",
        here_.leader()
            .query("select pg_catalog.count(*) from pg_catalog.pg_largeobject_metadata")
            .value()
            .value_or(""),
        std::to_string(manifest_.large_objects));
  }

  void tell() {
    auto const all = std::ssize(report_.findings);
    auto const same = std::count_if(report_.findings.begin(), report_.findings.end(),
                                    [](auto const& finding) { return finding.state == ParityState::same; });
    report_.notes.push_back(fmt::format("{} as of {}, backup of {} as of {}: {} compared, {} the same",
                                        request_.here.name, here_.facts().taken_at, manifest_.tenant,
                                        manifest_.taken_at, counted(all, "thing"), same));
    auto names = [](std::vector<std::string> const& some) {
      std::string text;
      for (std::size_t i = 0; i < std::min<std::size_t>(some.size(), 5); ++i)
        text += (i == 0 ? "" : ", ") + some[i];
      return some.size() > 5 ? text + fmt::format(" and {} more", some.size() - 5) : text;
    };
    if (!by_count_.empty())
      report_.notes.push_back(
          fmt::format("not compared: the contents of {}, only how many rows there are ({}): {}",
                      counted(std::ssize(by_count_), "table"),
                      !request_.digests ? "digests = false"
                      : !digests_       ? "the encodings differ"
                                        : "the manifest has no digest",
                      names(by_count_)));
    if (!structure_only_.empty())
      report_.notes.push_back(fmt::format("not compared: the rows of {} that the backup does not hold: {}",
                                          counted(std::ssize(structure_only_), "table"),
                                          names(structure_only_)));
    report_.notes.push_back(
        "not compared: structure, sequences, grants and settings, which a manifest does not tell");
  }

  ParityRequest request_;
  ParityMeans means_;
  std::filesystem::path path_;
  Description description_;
  Manifest const& manifest_;
  bool relative_;
  ParitySource here_;
  ParityReaders readers_{here_};
  bool digests_ = true;
  std::map<std::string, Table> tables_;
  std::vector<std::string> by_count_, structure_only_;
  ParityReport report_;
};

}  // namespace

ParityReport compare(ParityRequest const& request, std::filesystem::path const& manifest,
                     ParityMeans const& means) {
  return Comparison{request, manifest, means}.run();
}

}  // namespace fleet
