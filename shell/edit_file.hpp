#pragma once

#include <string>

namespace shell {

// `text` in the person's editor ($VISUAL, $EDITOR, else vi), as they leave it; a file for themselves alone,
// gone afterwards. Error{io} when it cannot be written, Error{tool} when the editor fails: the text is lost
// then.
std::string edit_text(std::string const& text);

}  // namespace shell
