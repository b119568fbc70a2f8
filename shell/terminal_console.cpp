#include "shell/terminal_console.hpp"

#include <set>

#include "fleet/error.hpp"
#include "shell/text_width.hpp"

namespace shell {
namespace {

// Position of each choice's key in its word; npos: it has none.
std::vector<std::size_t> keys_of(runbooks::Question const& question) {
  std::vector<std::size_t> keys;
  std::set<char> taken;
  for (runbooks::Choice const& choice : question.choices) {
    std::size_t key = std::string::npos;
    for (std::size_t i = 0; !choice.word_only && i < choice.word.size() && key == std::string::npos; ++i)
      if (choice.word[i] >= 'a' && choice.word[i] <= 'z' && taken.insert(choice.word[i]).second) key = i;
    keys.push_back(key);
  }
  return keys;
}

}  // namespace

std::string choice_of(runbooks::Question const& question, std::string_view answer) {
  auto const keys = keys_of(question);
  for (std::size_t i = 0; i < question.choices.size(); ++i)
    if (answer == question.choices[i].word) return question.choices[i].word;
  for (std::size_t i = 0; i < question.choices.size(); ++i)
    if (keys[i] != std::string::npos && answer.size() == 1 && answer[0] == question.choices[i].word[keys[i]])
      return question.choices[i].word;
  return {};
}

std::string choices_line(runbooks::Question const& question) {
  auto const keys = keys_of(question);
  std::string line;
  for (std::size_t i = 0; i < question.choices.size(); ++i) {
    std::string word = question.choices[i].word;
    if (keys[i] != std::string::npos) {
      word.insert(keys[i] + 1, "]");
      word.insert(keys[i], "[");
    }
    line += (i > 0 ? ", " : "") + word;
  }
  if (!question.default_word.empty()) line += " (Enter: " + question.default_word + ")";
  return line;
}

std::string TerminalConsole::ask(runbooks::Question const& question) {
  reporter_.question(question);
  reporter_.flush();
  std::string const text = printable(reporter_.redact(question.text), LineBreaks::keep);
  std::string const choices = choices_line(question);
  std::string const prompt = text + (choices.empty() ? ": " : "\n" + choices + "? ");
  terminal_.drain();
  terminal_.write(prompt);
  while (true) {
    auto const line = terminal_.read_line(question.secret ? Echo::off : Echo::on);
    if (!line) {
      terminal_.write("\n");
      throw fleet::Error{fleet::ErrorKind::declined, "no answer to: " + question.text};
    }
    if (question.secret && !line->empty()) return *line;
    std::string const answer{trimmed(*line)};
    if (answer.empty() && !question.default_word.empty()) return question.default_word;
    if (question.choices.empty() && !answer.empty()) return answer;
    std::string const word = choice_of(question, answer);
    if (!word.empty()) return word;
    if (answer.empty()) {
      terminal_.write(choices.empty() ? prompt : "Enter alone answers nothing. " + choices + "? ");
    } else {
      for (runbooks::Choice const& choice : question.choices)
        terminal_.write("  " + choice.word + ": " + choice.brief + "\n");
      terminal_.write(choices + "? ");
    }
  }
}

std::string PipeConsole::ask(runbooks::Question const& question) {
  reporter_.question(question);
  std::string const first_line = question.text.substr(0, question.text.find('\n'));
  fleet::Error error{fleet::ErrorKind::declined,
                     "this needs an answer and there is no terminal: " + first_line};
  if (!question.flag.empty()) error.hint = "answer it with " + question.flag;
  throw error;
}

}  // namespace shell
