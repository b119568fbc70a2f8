#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fleet/environment.hpp"
#include "shell/commands.hpp"

namespace {

// Started with a standard stream closed, the next file or connection to be opened would take its number, and
// our output would go there. What fills the gap refuses to be written to.
void fill_closed_streams() {
  for (int const stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(stream, F_GETFD) < 0) (void)::open("/dev/null", O_RDONLY);
}

// A core file would hold every password of the process: a crash writes none, ours or that of a program we
// start. A kernel.core_pattern that pipes the core to a program heeds no limit, hence the second line.
void leave_no_core_file() {
  rlimit const none{0, 0};
  (void)::setrlimit(RLIMIT_CORE, &none);
  (void)::prctl(PR_SET_DUMPABLE, 0);
}

shell::ExitStatus run_to_the_end(shell::Workplace& workplace, std::vector<std::string> arguments) {
  shell::Reporter& reporter = workplace.reporter();
  shell::ExitStatus status = shell::ExitStatus::failed;
  try {
    shell::parse_options(std::move(arguments), workplace.options());
    status = shell::run_command_line(workplace);
    reporter.flush();
    return status;
  } catch (fleet::Error const& error) {
    if (!workplace.reader_gone()) status = reporter.error(error);
  } catch (std::exception const& error) {
    status = reporter.error(fleet::Error{fleet::ErrorKind::failed, error.what()});
  }
  try {
    reporter.flush();
  } catch (fleet::Error const&) {
    // The first error was told; this one is either the same or comes of it.
  }
  return status;
}

shell::ExitStatus run(shell::Workplace& workplace, std::vector<std::string> arguments) {
  shell::ExitStatus const status = run_to_the_end(workplace, std::move(arguments));
  workplace.end_notifications();
  return status;
}

}  // namespace

int main(int count, char** words) {
  leave_no_core_file();
  fill_closed_streams();
  // Before anything else: no library call and no program we start may see a stray PGHOST.
  fleet::StrayVariables variables = fleet::take_postgres_variables();
  shell::survive_broken_pipes();
  shell::Options options;
  shell::Workplace workplace{options, std::move(variables)};
  return static_cast<int>(run(workplace, {words + 1, words + count}));
}
