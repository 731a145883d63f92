// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "agent/gdoi_sockets.h"
#include "agent/log.h"
#include "agent/tally.h"

namespace agent {

// Network is the process's sockets, as its groups share them, and tells the log what they could
// not do.
class Network {
 public:
  using Listener = GdoiSockets::Listener;
  using Receive = GdoiSockets::Receive;

  // open makes the sockets; `loop` and `log` must outlive the network. `receive` is called from the
  // loop once for each datagram, which is valid until it returns.
  [[nodiscard]] static Result<std::unique_ptr<Network>> open(EventLoop& loop, const Log& log,
                                                             Receive receive);
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  // send leaves from the address and port `from`. What cannot be sent is counted, and told of now
  // and then.
  void send(const gdoi::Endpoint& from, const gdoi::Endpoint& to, gdoi::View datagram);

  // listen has `listener` take part in these multicast groups on these interfaces, and in no
  // others.
  void listen(Listener listener, std::span<const gdoi::Endpoint> groups,
              const std::vector<std::string>& interfaces);

  // refresh joins again what an interface that went away and came back has forgotten.
  void refresh();

  void wake(Instant now);
  [[nodiscard]] std::optional<Instant> deadline() const { return send_failures_.deadline(); }

 private:
  Network(const Log& log, std::unique_ptr<GdoiSockets> sockets)
      : log_{log}, sockets_{std::move(sockets)} {}
  void complain(const std::vector<Error>& errors) const;

  const Log& log_;
  std::unique_ptr<GdoiSockets> sockets_;
  Tally send_failures_{"datagrams could not be sent", seconds{60}};
};

}  // namespace agent
