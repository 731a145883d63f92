// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/control/monitor.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <nlohmann/json.hpp>
#include <thread>

#include "agent/base/clock.h"
#include "agent/control/control_client.h"
#include "agent/control/requests.h"
#include "agent/control/status.h"

namespace agent {
namespace {

using nlohmann::json;

constexpr milliseconds retry_pause{1000};

// Printer counts what it prints, up to a limit.
class Printer {
 public:
  Printer(const MonitorOptions& options, const std::function<bool(const std::string&)>& print)
      : options_{options}, print_{print} {}

  // print returns whether more is wanted.
  [[nodiscard]] bool print(const Monitor::News& news) {
    if (news.lost != 0 && !print_(lost_line(news.lost))) return false;
    for (const auto& event : news.events) {
      if (!print_(options_.json ? to_text(event) : event_line(event))) return false;
      if (++printed_ == options_.count) return false;
    }
    return true;
  }

 private:
  [[nodiscard]] std::string lost_line(std::uint64_t lost) const {
    if (options_.json) return to_text({{"lost", lost}});
    return fmt::format("{} events lost: there were more than are kept", lost);
  }

  const MonitorOptions& options_;
  const std::function<bool(const std::string&)>& print_;
  std::uint64_t printed_ = 0;
};

}  // namespace

Result<Monitor::News> Monitor::begin() { return ask({}); }

Result<Monitor::News> Monitor::next() { return ask({run_, fmt::to_string(last_), "wait"}); }

Result<Monitor::News> Monitor::ask(const std::vector<std::string>& words) {
  const auto answer = ask_daemon(socket_, request_text("events", group_, words));
  if (!answer) return tl::unexpected<Error>{answer.error()};
  try {
    const auto document = json::parse(*answer);
    if (document.contains("error"))
      return fail("the daemon says: " + document.at("error").get<std::string>());
    run_ = document.at("run").get<std::string>();
    last_ = document.at("last").get<std::uint64_t>();
    return News{document.at("lost").get<std::uint64_t>(),
                document.at("events").get<std::vector<json>>()};
  } catch (const std::exception& problem) {
    return fail(std::string{"malformed reply of the daemon: "} + problem.what());
  }
}

Result<void> monitor(const MonitorOptions& options,
                     const std::function<bool(const std::string& line)>& print,
                     const std::function<void(const std::string& what)>& complain) {
  Monitor events{options.socket, options.group};
  Printer printer{options, print};
  const auto past = events.begin();
  if (!past) return tl::unexpected<Error>{past.error()};
  if (options.past && !printer.print(*past)) return {};
  for (bool complained = false;;) {
    const auto began = boot_time();
    const auto news = events.next();
    if (!news && !complained) complain(news.error().what + "; waiting for it");
    complained = !news;
    if (news && !printer.print(*news)) return {};
    // One that does not let us wait, as too many do, is not asked without end.
    if (!news || (news->events.empty() && boot_time() < began + retry_pause))
      std::this_thread::sleep_for(retry_pause);
  }
}

std::string event_line(const json& event) {
  auto time = event.at("time").get<std::string>();
  std::replace(time.begin(), time.end(), 'T', ' ');
  return fmt::format("{} {} {}: {}", time, event.at("group").get<std::string>(),
                     event.at("event").get<std::string>(), event.at("text").get<std::string>());
}

}  // namespace agent
