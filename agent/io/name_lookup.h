// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/base/clock.h"
#include "agent/base/result.h"
#include "agent/io/event_loop.h"
#include "gdoi/base/ids.h"

struct ares_channeldata;
struct ares_addrinfo;

namespace agent {

// Lookup is one question for the addresses of a name.
class Lookup {
 public:
  // Unicast addresses, IPv4 before IPv6, each family in the order of the answer, none twice; at
  // least one.
  using Found = Result<std::vector<gdoi::Address>>;

  virtual ~Lookup() = default;
  // wake does what is due; deadline says when to call it next, unless the answer is there.
  virtual void wake(Instant now) = 0;
  [[nodiscard]] virtual std::optional<Instant> deadline() const = 0;
  // found is nothing until the answer is there.
  [[nodiscard]] virtual const std::optional<Found>& found() const = 0;
};

// NameLookup asks /etc/hosts and then the servers of /etc/resolv.conf, which is read for each
// look-up, by the event loop: nothing blocks. c-ares does the work.
class NameLookup final : public Lookup {
 public:
  struct Options {
    std::string device = {};   // the VRF (or interface) that questions go through; empty: none
    std::string servers = {};  // "ADDRESS:PORT,..." in place of /etc/resolv.conf
    milliseconds limit{5000};  // no answer by then is a failure
  };
  // `loop` must outlive the look-up.
  NameLookup(EventLoop& loop, const std::string& name, Options options, Instant now);
  NameLookup(const NameLookup&) = delete;
  NameLookup& operator=(const NameLookup&) = delete;
  ~NameLookup() override;

  void wake(Instant now) override;
  [[nodiscard]] std::optional<Instant> deadline() const override;
  [[nodiscard]] const std::optional<Found>& found() const override { return found_; }

 private:
  void ask(const std::string& name);
  void fail_with(std::string why);
  void watch(int fd, bool readable, bool writable);
  void on_event(int fd, std::uint32_t events);
  void answered(int status, ares_addrinfo* answer);

  EventLoop& loop_;
  Options options_;
  Instant give_up_at_;
  ares_channeldata* channel_ = nullptr;
  std::set<int> watched_;
  std::string socket_failure_;  // why a socket could not be used
  std::optional<Found> found_;
};

}  // namespace agent
