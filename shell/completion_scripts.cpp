#include "shell/completion_scripts.hpp"

#include <fmt/format.h>

#include <functional>
#include <map>

#include "fleet/error.hpp"
#include "shell/command_tree.hpp"

namespace shell {
namespace {

using Visit = std::function<void(std::string const& path, CommandWord const&)>;

void visit(CommandWord const& word, std::string const& path, Visit const& each) {
  each(path, word);
  for (auto const& [name, child] : word.next) visit(child, path.empty() ? name : path + " " + name, each);
}

// In single quotes for a POSIX-like shell.
std::string single_quoted(std::string const& text) {
  std::string out = "'";
  for (char const c : text) out += c == '\'' ? std::string{"'\\''"} : std::string{c};
  return out + "'";
}

// Options of all commands that are followed by a value of their own.
std::string value_options(CommandWord const& root) {
  std::map<std::string, bool> names;
  visit(root, {}, [&](std::string const&, CommandWord const& word) {
    for (CommandOption const& option : word.options)
      if (option.value) names[option.name] = true;
  });
  std::string text;
  for (auto const& [name, yes] : names) text += (text.empty() ? "" : " ") + name;
  return text;
}

constexpr std::string_view formats = "table vertical csv tsv json jsonl markdown html";

constexpr std::string_view bash_head = R"SH(# Completion of tenantsh for bash; made by `tenantsh help bash`.
_tenantsh_tenants() { timeout 2 tenantsh tenants list --format csv 2>/dev/null </dev/null | tail -n +2 | cut -d, -f1; }

_tenantsh() {
    local cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} path='' word skip='' i
    COMPREPLY=()
    case $previous in
        --tenants | --confirm | --tenant)
            COMPREPLY=($(compgen -W "all $(_tenantsh_tenants)" -- "$cur"))
            return ;;
        --format) COMPREPLY=($(compgen -W 'FORMATS' -- "$cur")); return ;;
        --color) COMPREPLY=($(compgen -W 'auto always never' -- "$cur")); return ;;
        --config | --set | --out | --path) COMPREPLY=($(compgen -f -- "$cur")); return ;;
    esac
    # The longest command before the cursor; options, their values and arguments are no part of it.
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [ -n "$skip" ]; then
            skip=
        elif [[ " $_tenantsh_values " == *" $word "* ]]; then
            skip=yes
        elif [[ $word != -* && -n ${_tenantsh_known["${path:+$path }$word"]} ]]; then
            path=${path:+$path }$word
        fi
    done
    [ -z "$skip" ] || return
    if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "${_tenantsh_options["$path."]} ${_tenantsh_options[.]}" -- "$cur"))
    else
        COMPREPLY=($(compgen -W "${_tenantsh_next["$path."]}" -- "$cur"))
        [ ${#COMPREPLY[@]} != 0 ] || COMPREPLY=($(compgen -f -- "$cur"))
    fi
}
)SH";

std::string with_formats(std::string text) {
  auto const at = text.find("FORMATS");
  return at == text.npos ? text : text.replace(at, 7, formats);
}

std::string bash_script(CommandWord const& root) {
  std::string script = with_formats(std::string{bash_head});
  std::string known, next, options;
  visit(root, {}, [&](std::string const& path, CommandWord const& word) {
    if (!path.empty()) known += fmt::format("    [{}]=1\n", single_quoted(path));
    std::string words, names;
    for (auto const& [name, child] : word.next) words += (words.empty() ? "" : " ") + name;
    for (CommandOption const& option : word.options) names += (names.empty() ? "" : " ") + option.name;
    if (!words.empty()) next += fmt::format("    [{}]={}\n", single_quoted(path + "."), single_quoted(words));
    if (!names.empty())
      options += fmt::format("    [{}]={}\n", single_quoted(path + "."), single_quoted(names));
  });
  return script + "_tenantsh_values=" + single_quoted(value_options(root)) +
         fmt::format(
             "\ndeclare -gA _tenantsh_known=(\n{})\ndeclare -gA _tenantsh_next=(\n{})\n"
             "declare -gA _tenantsh_options=(\n{})\ncomplete -F _tenantsh tenantsh\n",
             known, next, options);
}

constexpr std::string_view zsh_tail = R"SH(
_tenantsh_tenants() { timeout 2 tenantsh tenants list --format csv 2>/dev/null </dev/null | tail -n +2 | cut -d, -f1 }

_tenantsh() {
    local path_= word skip= i
    case ${words[CURRENT - 1]} in
        (--tenants|--confirm|--tenant) compadd -- all $(_tenantsh_tenants); return ;;
        (--format) compadd -- FORMATS; return ;;
        (--color) compadd -- auto always never; return ;;
        (--config|--set|--out|--path) _files; return ;;
    esac
    # The longest command before the cursor; options, their values and arguments are no part of it.
    for ((i = 2; i < CURRENT; i++)); do
        word=${words[i]}
        if [[ -n $skip ]]; then skip=
        elif (( ${_tenantsh_values[(Ie)$word]} )); then skip=yes
        elif [[ $word != -* && -n ${_tenantsh_known[${path_:+$path_ }$word]} ]]; then path_="${path_:+$path_ }$word"
        fi
    done
    [[ -z $skip ]] || return 1
    local -a found
    if [[ $PREFIX == -* ]]; then
        found=("${(@f)_tenantsh_options[$path_.]}" "${(@f)_tenantsh_options[.]}")
        found=(${found:#})
        _describe -o option found
    else
        found=("${(@f)_tenantsh_next[$path_.]}")
        found=(${found:#})
        if (( ${#found} )); then _describe command found; else _files; fi
    fi
}
if [[ ${funcstack[1]} == _tenantsh ]]; then _tenantsh "$@"; else compdef _tenantsh tenantsh; fi
)SH";

// "name:what it is" of _describe: a colon in the name would end it.
std::string described(std::string const& name, std::string const& brief) {
  return brief.empty() ? name : name + ":" + brief;
}

std::string zsh_script(CommandWord const& root) {
  std::string known, next, options;
  visit(root, {}, [&](std::string const& path, CommandWord const& word) {
    if (!path.empty()) known += fmt::format("    {} 1\n", single_quoted(path));
    std::string words, names;
    for (auto const& [name, child] : word.next)
      words += (words.empty() ? "" : "\n") + described(name, child.brief);
    for (CommandOption const& option : word.options)
      names += (names.empty() ? "" : "\n") + described(option.name, option.brief);
    if (!words.empty()) next += fmt::format("    {} {}\n", single_quoted(path + "."), single_quoted(words));
    if (!names.empty())
      options += fmt::format("    {} {}\n", single_quoted(path + "."), single_quoted(names));
  });
  return fmt::format(
             "#compdef tenantsh\n# Completion of tenantsh for zsh; made by `tenantsh help zsh`.\n"
             "typeset -ga _tenantsh_values=({})\ntypeset -gA _tenantsh_known=(\n{})\n"
             "typeset -gA _tenantsh_next=(\n{})\ntypeset -gA _tenantsh_options=(\n{})\n",
             value_options(root), known, next, options) +
         with_formats(std::string{zsh_tail});
}

constexpr std::string_view fish_head = R"SH(# Completion of tenantsh for fish; made by `tenantsh help fish`.
function __tenantsh_tenants
    timeout 2 tenantsh tenants list --format csv 2>/dev/null </dev/null | tail -n +2 | cut -d, -f1
end

# Whether the command before the cursor is that one; options, their values and arguments are no part of it.
function __tenantsh_at
    set -l path
    set -l skip
    for word in (commandline -opc)[2..-1]
        if test -n "$skip"
            set skip
        else if contains -- $word $__tenantsh_values
            set skip yes
        else if not string match -q -- '-*' $word; and contains -- (string join ' ' $path $word) $__tenantsh_known
            set path $path $word
        end
    end
    test "$path" = "$argv[1]"
end
)SH";

// In single quotes for fish, where a backslash escapes.
std::string fish_quoted(std::string const& text) {
  std::string out = "'";
  for (char const c : text) out += (c == '\'' || c == '\\') ? std::string{'\\', c} : std::string{c};
  return out + "'";
}

std::string fish_option(std::string const& condition, CommandOption const& option) {
  std::string arguments;
  if (option.value) {
    arguments = " -r";
    if (option.name == "--tenants" || option.name == "--confirm" || option.name == "--tenant")
      arguments = " -x -a 'all (__tenantsh_tenants)'";
    else if (option.name == "--format")
      arguments = fmt::format(" -x -a '{}'", formats);
    else if (option.name == "--color")
      arguments = " -x -a 'auto always never'";
  }
  bool const long_name = option.name.starts_with("--");
  return fmt::format("complete -c tenantsh{} {} {}{} -d {}\n", condition, long_name ? "-l" : "-s",
                     option.name.substr(long_name ? 2 : 1), arguments, fish_quoted(option.brief));
}

std::string fish_script(CommandWord const& root) {
  std::string script{fish_head}, known, rows;
  visit(root, {}, [&](std::string const& path, CommandWord const& word) {
    if (!path.empty()) known += " " + fish_quoted(path);
    std::string const condition = " -n " + fish_quoted("__tenantsh_at " + fish_quoted(path));
    for (auto const& [name, child] : word.next)
      rows +=
          fmt::format("complete -c tenantsh -f{} -a {} -d {}\n", condition, name, fish_quoted(child.brief));
    for (CommandOption const& option : word.options)
      rows += fish_option(path.empty() ? "" : condition, option);
  });
  return script + "set -g __tenantsh_values " + value_options(root) + "\nset -g __tenantsh_known" + known +
         "\n" + rows;
}

}  // namespace

std::string completion_script(scripting::Registry const& registry, std::string_view shell) {
  CommandWord const root = command_tree(registry);
  if (shell == "bash") return bash_script(root);
  if (shell == "zsh") return zsh_script(root);
  if (shell == "fish") return fish_script(root);
  throw fleet::Error{fleet::ErrorKind::usage, "no completion for " + fleet::in_quotes(shell)}.with_hint(
      "there are bash, zsh and fish");
}

}  // namespace shell
