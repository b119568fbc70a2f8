#include "shell/manual.hpp"

#include <fmt/format.h>

#include <sstream>

#include "scripting/help.hpp"
#include "shell/command_tree.hpp"
#include "shell/method_command.hpp"
#include "shell/usage.hpp"

namespace shell {
namespace {

// Text for roff: a backslash, a minus that is one, and a dot or quote at the start of a line are its own.
std::string roff(std::string_view text) {
  std::string out;
  bool start = true;
  for (char const c : text) {
    if (start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
    start = c == '\n';
  }
  return out;
}

std::string block(std::string_view text) { return ".nf\n" + roff(text) + ".fi\n"; }

std::string option_rows(std::vector<CommandOption> const& options) {
  std::string rows;
  for (CommandOption const& option : options)
    rows += fmt::format(".TP\n\\fB{}\\fR{}\n{}\n", roff(option.name), option.value ? " \\fIVALUE\\fR" : "",
                        roff(option.brief));
  return rows;
}

std::string command_section(scripting::Method const& method) {
  std::string text = fmt::format(".SS tenantsh {}\n{}\n", roff(command_name(method)), roff(method.brief));
  if (method.receiver == scripting::Receiver::member)
    text += method.object == "servers" ? "Takes a server's name first.\n" : "Takes a tenant's slug first.\n";
  for (scripting::Parameter const& parameter : method.parameters) {
    std::string note = parameter.positional ? "" : ", option";
    if (parameter.required) note += ", required";
    if (!parameter.default_text.empty()) note += ", default " + parameter.default_text;
    text += fmt::format(".TP\n\\fB{}\\fR ({}{})\n{}\n",
                        roff(parameter.positional ? parameter.name : option_name(parameter)),
                        scripting::to_string(parameter.type), roff(note), roff(parameter.brief));
  }
  text += fmt::format(".PP\nEffect: {}. Returns {}. Errors: {}.\n.PP\n", scripting::to_string(method.effect),
                      roff(method.returns), roff(method.errors));
  text += ".nf\n\\fB" + roff(method.example) + "\\fR\n.fi\n";
  return text;
}

}  // namespace

std::string manual_page(scripting::Registry const& registry) {
  std::string page = ".TH TENANTSH 1 \"\" \"tenantsh\" \"User Commands\"\n.nh\n.ad l\n";
  page += ".SH NAME\ntenantsh \\- a Lua\\-scriptable shell for PostgreSQL fleets that serve many tenants\n";
  page +=
      ".SH SYNOPSIS\n.nf\n\\fBtenantsh\\fR [\\fIOPTIONS\\fR]\n"
      "\\fBtenantsh\\fR [\\fIOPTIONS\\fR] \\fISCRIPT.lua\\fR [\\fIARGUMENTS\\fR]\n"
      "\\fBtenantsh\\fR [\\fIOPTIONS\\fR] \\fB\\-e\\fR \\fICODE\\fR\n"
      "\\fBtenantsh\\fR [\\fIOPTIONS\\fR] \\fICOMMAND\\fR [\\fIARGUMENTS\\fR]\n"
      "\\fBtenantsh\\fR \\fBhelp\\fR [\\fITOPIC\\fR]\n.fi\n";
  page +=
      ".SH DESCRIPTION\nTenants, servers, migrations and runbooks as objects of a Lua shell. Reads are read "
      "only three "
      "times over:\na role that can only read, a read\\-only transaction, and a parse of the statement. "
      "Writes are "
      "shown,\ncounted, asked about and audited. Without a terminal nothing is asked: the program stops "
      "and\nnames the "
      "option that would have answered.\n";
  page += ".SH OPTIONS\n" + option_rows(global_options());
  page += ".SH COMMANDS\n";
  for (scripting::Method const& method : registry.all())
    if (method.command_line) page += command_section(method);
  page += ".SH OBJECTS\n";
  for (scripting::Object const& object : registry.objects()) {
    page += fmt::format(".SS {}\n{}\n", roff(object.name), roff(object.brief));
    for (scripting::Method const& method : registry.all())
      if (method.object == object.name)
        page += fmt::format(".TP\n\\fB{}\\fR\n{}\n", roff(scripting::signature(method)), roff(method.brief));
  }
  page += ".SH EXIT STATUS\n" + block(exit_text());
  page +=
      ".SH FILES\n.TP\n\\fItenantsh.toml\\fR\nEnvironments: in the working directory or above it, and in\n"
      "\\fI~/.config/tenantsh\\fR.\n.TP\n\\fI$TENANTSH_HOME\\fR\nSandbox, mirrors of runs, backups; without "
      "the "
      "variable \\fI~/.local/state/tenantsh\\fR, for root \\fI/var/lib/tenantsh\\fR.\n";
  page += ".SH SEE ALSO\n\\fBpsql\\fR(1), \\fBpg_dump\\fR(1), \\fBlua5.4\\fR(1)\n";
  return page;
}

}  // namespace shell
