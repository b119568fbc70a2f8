#include "fleet/driver.hpp"

#include <dlfcn.h>

#include <utility>

#include "fleet/error.hpp"
#include "fleet/postgres/module.hpp"

namespace fleet {

LazyDriver::LazyDriver(std::filesystem::path folder, SessionWatch watch)
    : folder_(std::move(folder)), watch_(std::move(watch)) {}
LazyDriver::~LazyDriver() = default;

std::filesystem::path LazyDriver::find_folder() {
  namespace fs = std::filesystem;
  std::error_code unreadable;
  fs::path const beside = fs::read_symlink("/proc/self/exe", unreadable).parent_path();
  fs::path const installed = beside.parent_path() / "lib" / "tenantsh";
  return !fs::exists(beside / postgres::module_file) && fs::exists(installed / postgres::module_file)
             ? installed
             : beside;
}

Driver& LazyDriver::loaded() const {
  std::call_once(once_, [this] {
    std::string const path = (folder_ / postgres::module_file).string();
    // Never unloaded: an exception or a Session made there may outlive this object. RTLD_LOCAL keeps its
    // copies of fleet's functions from mixing with ours; exception types still match, GCC compares them by
    // name.
    void* module = dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
    if (!module) {
      char const* reason = dlerror();
      throw Error{ErrorKind::tool, "cannot load the database module: " + std::string{reason ? reason : path}}
          .with_hint("build or install tenantsh completely; the module belongs at " + path);
    }
    auto factory =
        reinterpret_cast<decltype(&tenantsh_postgres_driver)>(dlsym(module, postgres::factory_name));
    Driver* made = factory ? factory(postgres::build, &watch_) : nullptr;
    if (!made)
      throw Error{ErrorKind::tool, "the database module " + path + " is of another build than this program"}
          .with_hint("build both again, or install them together");
    driver_.reset(made);
  });
  return *driver_;
}

std::unique_ptr<Session> LazyDriver::connect(Endpoint const& endpoint, Secrets& secrets,
                                             ConnectOptions const& options) {
  return loaded().connect(endpoint, secrets, options);
}
std::string LazyDriver::sha256(std::string_view bytes) const { return loaded().sha256(bytes); }
std::string LazyDriver::sha256_file(std::string const& path) const { return loaded().sha256_file(path); }
std::string LazyDriver::random_token(std::size_t length) const { return loaded().random_token(length); }
std::map<std::string, std::string> LazyDriver::parse_dsn(std::string const& dsn) const {
  return loaded().parse_dsn(dsn);
}
std::map<std::string, std::string> LazyDriver::environment_keywords() const {
  return loaded().environment_keywords();
}

}  // namespace fleet
