#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runbooks/engine/event.hpp"

namespace runbooks {

// What the transcript and the report of a run say alike.

// "2026-04-27 15:00:00 UTC" from "2026-04-27T15:00:00.123Z"; any other text as it is.
std::string readable_time(std::string const& at);
// Between two such times, in ms; 0 when one of them is no time.
long elapsed_ms(std::string const& from, std::string const& to);
// "already done" for already_done; a name that is not known here with blanks for underscores.
std::string event_words(std::string const& event);
// What an event gave, without the parts that a page of its own shows: the plan and the facts of an approval.
Json told_outputs(Event const& event);
// "process 123 on host" of the head of run_started or resumed; empty when it does not say.
std::string process_words(Json const& head);

// Text from outside for a page: valid UTF-8; control characters (line feed and tab stay) and those that
// reorder what is shown as \u{202e}.
std::string clean_text(std::string_view text);
// A value as text: a string without quotes, a list of scalars with commas between, null as nothing, the rest
// as JSON.
std::string plain_text(Json const& value);

// An array of objects, not empty: shown as a table.
bool is_table(Json const& value);
// The keys of all rows, in order of first appearance.
std::vector<std::string> column_names(Json const& rows);

// The fields of an error as error_to_json() makes it that follow its message: "SQLSTATE", "hint", … with
// their text.
std::vector<std::pair<std::string, std::string>> error_fields(Json const& error);

}  // namespace runbooks
