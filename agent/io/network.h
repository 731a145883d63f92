// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <set>

#include "agent/base/event_counter.h"
#include "agent/base/log.h"
#include "agent/io/gdoi_sockets.h"

namespace agent {

// Network is the process's sockets, as its groups share them, and tells the log what they could
// not do. There is one set of them for each routing domain: a VRF, or "" for what is in none.
class Network {
 public:
  using Listener = GdoiSockets::Listener;
  using Receive = std::function<void(const std::string& vrf, const Datagram& datagram)>;

  // `loop` and `log` must outlive the network. `receive` is called from the loop once for each
  // datagram, which is valid until it returns.
  Network(EventLoop& loop, const Log& log, Receive receive)
      : loop_{loop}, log_{log}, receive_{std::move(receive)} {}
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  // use opens the sockets of a domain unless they are open. Nothing else works before.
  [[nodiscard]] Result<void> use(const std::string& vrf);

  // hold_nat_traversal opens UDP 4500 in these domains, and closes it in the others; where somebody
  // else has it, the log says so.
  void hold_nat_traversal(const std::set<std::string>& vrfs);

  // send leaves from the address and port `from`. What cannot be sent is counted, and told of now
  // and then.
  void send(const std::string& vrf, const gdoi::Endpoint& from, const gdoi::Endpoint& to,
            gdoi::View datagram);

  // listen has `listener` take part in these multicast groups on these interfaces, and in no
  // others.
  void listen(const std::string& vrf, Listener listener, std::span<const gdoi::Endpoint> groups,
              const std::vector<std::string>& interfaces);

  // refresh joins again what an interface that went away and came back has forgotten.
  void refresh();

  void wake(Instant now);
  [[nodiscard]] std::optional<Instant> deadline() const { return send_failures_.deadline(); }

 private:
  void complain(const std::vector<Error>& errors) const;

  EventLoop& loop_;
  const Log& log_;
  Receive receive_;
  std::map<std::string, std::unique_ptr<GdoiSockets>> domains_;
  EventCounter send_failures_{"datagrams could not be sent", seconds{60}};
};

}  // namespace agent
