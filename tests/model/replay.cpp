// SPDX-License-Identifier: GPL-2.0-or-later
// Has the agent's own code do what traces of the model tell, and compares what comes of it.
//
//   rollover-replay TRACE...      each is what `spin -T -DREPLAY rollover.pml` prints
//
// Exit status: 0 code and model agree, 1 they do not, 2 a trace cannot be read.
#include <fstream>
#include <iostream>
#include <sstream>

#include "tests/model/script.h"

namespace {

using rollover::Script;
using Listed = Script::Seen::Listed;

constexpr std::size_t members = 3;

struct Unreadable : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct Differs : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Event {
  std::string name;
  std::size_t member = 0;
  unsigned phase = 0;
};

Event event_in(const std::string& line) {
  std::istringstream words{line};
  std::string at, in, phase;
  Event out;
  if (!(words >> at >> out.name >> out.member >> in >> phase >> out.phase) || phase != "phase" ||
      out.member >= members)
    throw Unreadable{"no event: " + line};
  return out;
}

void happen(Script& script, const Event& event) {
  const auto member = event.member;
  if (event.name == "starts") return script.start(member);
  if (event.name == "crashes") return script.crash(member);
  if (event.name == "stops") return script.stop(member);
  if (event.name == "clears") return script.clear(member);
  if (event.name == "is_cut") return script.cut(member);
  if (event.name == "is_mended") return script.mend(member);
  if (event.name == "gets_push") return script.push(member);
  if (event.name == "time") return script.enter(event.phase);
  if (event.name != "begins") throw Unreadable{"unknown event " + event.name};
}

// seen_in is what a line of the model says that packets are to show.
Script::Seen seen_in(const std::string& line, std::size_t member) {
  unsigned number = 0, up = 0, list = 0, closed = 0, in_old = 0, in_new = 0, sends = 0;
  constexpr auto* form = "@ member %u: up %u list %u closed %u in %1u%1u sends %u";
  if (std::sscanf(line.c_str(), form, &number, &up, &list, &closed, &in_old, &in_new, &sends) !=
          7 ||
      number != member)
    throw Unreadable{"not about member " + std::to_string(member) + ": " + line};
  Script::Seen out{up == 1, in_old == 1, in_new == 1, Listed::clear, closed == 0};
  if (closed == 1 || list == 1) out.listed = Listed::dropped;
  if (list == 1 && sends == 1) out.listed = Listed::old_tek;
  if (list == 1 && sends == 2) out.listed = Listed::new_tek;
  return out;
}

std::string text_of(const Script::Seen& seen) {
  static constexpr std::array listed{"in clear", "dropped", "under the old TEK",
                                     "under the new TEK", "under another TEK"};
  return std::string{seen.up ? "up" : "down"} + (seen.in_old ? ", reads the old TEK" : "") +
         (seen.in_new ? ", reads the new TEK" : "") + ", sends what is listed " +
         listed.at(static_cast<std::size_t>(seen.listed)) +
         (seen.others_pass ? ", passes others" : ", drops others");
}

// next_line skips what is not the model's own.
bool next_line(std::istream& trace, std::string& line) {
  while (std::getline(trace, line))
    if (const auto at = line.find('@'); at != std::string::npos) {
      line.erase(0, at);
      return true;
    }
  return false;
}

// replay returns how many events there were.
std::size_t replay(std::istream& trace, std::uint64_t seed) {
  Script script{seed};
  std::string line;
  std::size_t events = 0;
  try {
    while (next_line(trace, line)) {
      const auto event = event_in(line);
      const auto told = line;
      happen(script, event);
      for (std::size_t member = 0; member < members; ++member) {
        if (!next_line(trace, line)) return events;  // the end, in the middle of an event
        const auto wanted = seen_in(line, member), got = script.seen(member);
        if (!(wanted == got))
          throw Differs{told + ": the model has member " + std::to_string(member) + " " +
                        text_of(wanted) + "; the code " + text_of(got)};
      }
      events += 1;
    }
  } catch (const Unreadable&) {
    throw;
  } catch (const std::runtime_error& difference) {
    throw Differs{"event " + std::to_string(events + 1) + ", \"" + line +
                  "\": " + difference.what() + '\n' + script.story()};
  }
  return events;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t events = 0;
  for (int i = 1; i < argc; ++i) {
    std::ifstream trace{argv[i]};
    try {
      const auto found = replay(trace, static_cast<std::uint64_t>(i));
      if (found == 0) throw Unreadable{"it has no event"};
      events += found;
    } catch (const Differs& differs) {
      std::cerr << argv[i] << ": " << differs.what();
      return 1;
    } catch (const std::exception& error) {
      std::cerr << argv[i] << ": " << error.what() << '\n';
      return 2;
    }
  }
  std::cout << "model and code agree about " << events << " events\n";
  return events > 0 ? 0 : 2;
}
