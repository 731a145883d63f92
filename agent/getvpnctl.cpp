// SPDX-License-Identifier: GPL-2.0-or-later
#include <iostream>

#include "agent/base/files.h"
#include "agent/config/options.h"
#include "agent/control/answers.h"
#include "agent/control/control_client.h"
#include "agent/control/monitor.h"
#include "agent/control/plan_answer.h"
#include "agent/control/registration_wait.h"
#include "agent/control/requests.h"
#include "agent/control/show.h"
#include "agent/doctor/examine.h"
#include "agent/hooks/hook_runner.h"

namespace {

using agent::ControlOptions;
using agent::Result;

// What is printed, and the exit code.
struct Outcome {
  std::string text;
  int code = agent::exit_fine;
};

bool asks_for_events(const ControlOptions& options) {
  return options.command == "show" && options.show.view == agent::ShowView::events;
}

Result<std::string> ask(const ControlOptions& options) {
  const auto command = asks_for_events(options) ? "events" : options.command;
  return agent::ask_daemon(options.socket,
                           agent::request_text(command, options.group, options.words));
}

// saved writes what the daemon hands over for a file that nobody else may read.
Result<std::string> saved(const ControlOptions& options, const Result<std::string>& text,
                          const std::string& what) {
  if (!text) return text;
  const auto written = agent::write_new_file(options.file, *text);
  if (!written) return tl::unexpected<agent::Error>{written.error()};
  return what + " in " + options.file + "\n";
}

Result<std::string> act_and_wait(const ControlOptions& options) {
  const auto wait = agent::RegistrationWait::begin(options.socket, options.group);
  if (!wait) return tl::unexpected<agent::Error>{wait.error()};
  const auto answer = ask(options);
  if (!answer) return answer;
  if (const auto done = agent::done_text(*answer); !done) return done;
  return wait->finish(*options.wait);
}

Result<std::string> text_of(const ControlOptions& options, const std::string& answer) {
  if (options.command == "trace-stop")
    return saved(options, agent::trace_text(answer), "the trace is");
  if (options.command == "export-keys") {
    auto keys = agent::keys_text(answer);
    return options.file.empty() ? keys : saved(options, keys, "the keys are");
  }
  if (options.command != "show") return agent::done_text(answer);
  if (asks_for_events(options) && !options.json) return agent::events_text(answer);
  auto shown = options.json ? agent::show_json(answer) : agent::show_text(answer, options.show);
  if (!shown && !options.show.meant.empty())
    return agent::fail(shown.error().what + ", did you mean 'show " + options.show.meant + "'?");
  return shown;
}

// judged has the function for an answer that says whether all is as it should be; nullptr: another.
using Judged = Result<agent::Shown> (*)(const std::string& answer, bool json);
Judged judged(const std::string& command) {
  if (command == "explain") return agent::show_explanation;
  if (command == "verify") return agent::show_verification;
  return command == "plan" ? agent::show_plan : nullptr;
}

Outcome examine(const ControlOptions& options) {
  const auto found = agent::examine({options.config_file, options.socket});
  return {options.json ? agent::diagnoses_json(found) : agent::diagnoses_text(found),
          agent::any_fault(found) ? agent::exit_differs : agent::exit_fine};
}

Result<Outcome> follow_events(const ControlOptions& options) {
  const auto followed = agent::monitor(
      {options.socket, options.group, options.json, options.past, options.count},
      [](const std::string& line) {
        std::cout << line << std::endl;
        return static_cast<bool>(std::cout);
      },
      [](const std::string& what) { std::cerr << "getvpnctl: " << what << std::endl; });
  return followed.map([] { return Outcome{}; });
}

Result<Outcome> run(const ControlOptions& options) {
  // The daemon hands a trace over once, and tells who took keys.
  if (!options.file.empty() && agent::file_exists(options.file))
    return agent::fail(options.file + " is there already");
  if (options.command == "doctor") return examine(options);
  if (!options.hooks.empty())
    agent::follow_with_hooks(
        {options.socket, options.group, options.hooks, options.hook_limit},
        [](const std::string& line) { std::cerr << "getvpnctl: " << line << std::endl; });
  if (options.command == "monitor") return follow_events(options);
  if (options.wait)
    return act_and_wait(options).map([](std::string text) { return Outcome{std::move(text)}; });
  const auto answer = ask(options);
  if (!answer) return tl::unexpected<agent::Error>{answer.error()};
  if (const auto show = judged(options.command)) {
    const auto shown = show(*answer, options.json);
    if (!shown) return tl::unexpected<agent::Error>{shown.error()};
    return Outcome{shown->text, shown->as_it_should_be ? agent::exit_fine : agent::exit_differs};
  }
  return text_of(options, *answer).map([](std::string text) { return Outcome{std::move(text)}; });
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = agent::parse_control_options(argc, argv);
  if (!options) return options.error();
  const auto outcome = run(*options);
  if (!outcome) {
    std::cerr << "getvpnctl: " << outcome.error().what << '\n';
    return agent::exit_failure;
  }
  std::cout << outcome->text << std::flush;
  return std::cout ? outcome->code : agent::exit_failure;
}
