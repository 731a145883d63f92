// SPDX-License-Identifier: GPL-2.0-or-later
// getvpn-gm-snmp: tells SNMP what the daemon tells getvpnctl.
#include <algorithm>
#include <atomic>
#include <csignal>
#include <iostream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "agent/base/clock.h"
#include "agent/config/options.h"
#include "agent/control/control_client.h"
#include "agent/control/monitor.h"
#include "agent/control/requests.h"
#include "agent/snmp/gdoi_mib.h"
#include "agent/snmp/notifications.h"
#include "agent/snmp/subagent.h"

namespace {

using agent::Result;
using nlohmann::json;

volatile std::sig_atomic_t ending = 0;

void complain(const std::string& what) { std::cerr << "getvpn-gm-snmp: " << what << std::endl; }

// Told once as long as it stays the same.
class Obstacle {
 public:
  void set(const std::string& what) {
    if (what != last_ && !what.empty()) complain(what);
    last_ = what;
  }

 private:
  std::string last_;
};

// Member asks the daemon. What it answered is good for a while, for a walk asks for each instance.
class Member {
 public:
  explicit Member(std::string socket) : socket_{std::move(socket)} {}

  [[nodiscard]] const agent::snmp::Objects& objects() {
    if (agent::boot_time() >= good_until_) ask();
    return objects_;
  }
  [[nodiscard]] const json& status() {
    ask();
    return status_;
  }

 private:
  static constexpr agent::seconds good_for{3};

  void ask() {
    const auto began = agent::boot_time();
    auto answer = agent::ask_daemon(socket_, agent::request_text("show", std::nullopt));
    status_ = answer ? json::parse(*answer, nullptr, /*allow_exceptions*/ false) : json::object();
    // Without a daemon there is no group.
    auto objects =
        agent::snmp::gdoi_objects(answer ? status_ : json{{"groups", json::array()}}, keks_);
    obstacle_.set(!answer ? answer.error().what : !objects ? objects.error().what : std::string{});
    objects_ = objects ? std::move(*objects) : agent::snmp::Objects{};
    // A walk over a long list shall not spend its time asking.
    const auto now = agent::boot_time();
    good_until_ = now + std::max<agent::Instant::duration>(good_for, 4 * (now - began));
  }

  std::string socket_;
  agent::Instant good_until_{};
  json status_;
  agent::snmp::Objects objects_;
  agent::snmp::KekNumbers keks_;
  Obstacle obstacle_;
};

// EventQueue follows the daemon's events in a thread, since the library has a loop of its own.
class EventQueue {
 public:
  explicit EventQueue(const std::string& socket) : thread_{[this, socket] { follow(socket); }} {}
  EventQueue(const EventQueue&) = delete;
  EventQueue& operator=(const EventQueue&) = delete;
  ~EventQueue() {
    stopped_ = true;
    thread_.join();
  }

  [[nodiscard]] std::vector<json> take() {
    const std::lock_guard lock{mutex_};
    return std::exchange(events_, {});
  }

 private:
  static constexpr std::chrono::seconds pause{1};
  static constexpr std::size_t room = 1000;

  void follow(const std::string& socket) {
    agent::Monitor monitor{socket, std::nullopt};
    // What came before was told by the sub-agent before this one, or is no news.
    while (!stopped_ && !monitor.begin()) std::this_thread::sleep_for(pause);
    while (!stopped_) {
      auto news = monitor.next();
      if (!news) {
        std::this_thread::sleep_for(pause);
        continue;
      }
      const std::lock_guard lock{mutex_};
      for (auto& event : news->events)
        if (events_.size() < room) events_.push_back(std::move(event));
    }
  }

  std::atomic<bool> stopped_{false};
  std::mutex mutex_;
  std::vector<json> events_;
  std::thread thread_;
};

void send_notifications(const std::vector<json>& events, Member& member) {
  if (events.empty()) return;
  const auto& status = member.status();
  for (const auto& event : events) try {
      if (const auto notification = agent::snmp::notification_of(event, status))
        agent::snmp::Subagent::send(*notification);
    } catch (const json::exception& problem) {
      complain(std::string{"an event of the daemon lacks something: "} + problem.what());
    }
}

void end_on_signals() {
  struct sigaction action {};
  action.sa_handler = [](int) { ending = 1; };
  for (const int signal : {SIGTERM, SIGINT}) ::sigaction(signal, &action, nullptr);
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = agent::parse_snmp_options(argc, argv);
  if (!options) return options.error();
  end_on_signals();
  Member member{options->socket};
  if (const auto opened = agent::snmp::Subagent::open(
          options->agentx,
          agent::snmp::gdoi_mib(), [&member]() -> const auto& { return member.objects(); });
      !opened) {
    complain(opened.error().what);
    return agent::exit_failure;
  }
  EventQueue events{options->socket};
  agent::snmp::Subagent::every(1, [&] { send_notifications(events.take(), member); });
  while (ending == 0) agent::snmp::Subagent::serve();
  agent::snmp::Subagent::close();
  return agent::exit_fine;
}
