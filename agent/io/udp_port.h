// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "agent/base/fd.h"
#include "agent/base/result.h"
#include "gdoi/base/ids.h"
#include "gdoi/base/result.h"

namespace agent {

struct Datagram {
  gdoi::Endpoint from;
  gdoi::Endpoint to;  // ours, as the sender chose it
  gdoi::View octets;  // valid until the next receive
};

// PortName says which UDP port is meant.
struct PortName {
  std::uint16_t number = gdoi::gdoi_port;
  gdoi::Address::Family family = gdoi::Address::Family::ipv4;
  std::string device;  // a VRF or an interface that it is bound to; empty: none
  friend bool operator==(const PortName&, const PortName&) = default;
};

// UdpPort is one UDP port of one address family, on all addresses of the network namespace or of a
// device. Its traffic is exempt from XFRM policies, so that GDOI never meets the group's own list.
class UdpPort {
 public:
  // open binds the port; that it is taken is told apart, since then another instance runs. `beside`
  // are ports of ours with its number and family on other devices, which it may overlap with: the
  // kernel gives each datagram to the one that is bound more closely.
  [[nodiscard]] static Result<UdpPort> open(PortName name,
                                            std::span<const UdpPort* const> beside = {});

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] const PortName& name() const noexcept { return name_; }

  // join takes part in a multicast group on one interface; to do so twice is no error.
  [[nodiscard]] Result<void> join(const gdoi::Address& group, const std::string& interface) const;
  void leave(const gdoi::Address& group, const std::string& interface) const noexcept;

  // send leaves from the address `source`, whatever the route would choose: it names us in phase 1.
  // With the unspecified address the route chooses. A datagram of any size goes, in fragments.
  [[nodiscard]] Result<void> send(const gdoi::Address& source, const gdoi::Endpoint& to,
                                  gdoi::View datagram) const;

  // receive takes the next datagram; nothing when there is none now.
  [[nodiscard]] std::optional<Datagram> receive();

 private:
  UdpPort(Fd fd, PortName name) : fd_{std::move(fd)}, name_{std::move(name)} {}

  Fd fd_;
  PortName name_;
  // Not cleared at first: of the room for the longest datagram, what was never received takes no
  // memory.
  static constexpr std::size_t room = 65536;
  std::unique_ptr<std::byte[]> buffer_ = std::make_unique_for_overwrite<std::byte[]>(room);
};

}  // namespace agent
