// SPDX-License-Identifier: GPL-2.0-or-later
// Transaction: nftables messages that take effect together or not at all.
#pragma once

#include <linux/netlink.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace xfrm {

class Transaction {
 public:
  // Room for one message. libnftnl's builders do not check bounds; what we give them is bounded
  // instead: names, two dozen expressions, 128 set elements a message. Checked again after
  // building.
  static constexpr std::size_t message_room = 16384;

  // add appends a message of the nf_tables subsystem (`type` is NFT_MSG_...); `fill` puts its
  // attributes; `what` names the object for errors.
  void add(std::uint16_t type, std::uint16_t flags, std::uint16_t family, std::string what,
           const std::function<void(nlmsghdr&)>& fill);

  [[nodiscard]] bool empty() const noexcept { return names_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return names_.size(); }
  [[nodiscard]] const std::string& name(std::size_t index) const { return names_[index]; }

  // for_each calls `each` with every message added so far.
  void for_each(const std::function<void(const nlmsghdr&)>& each) const;

  // seal numbers the messages from `first` + 1 on, puts the batch's begin and, unless `dry_run`,
  // its end around them, and returns what to send. Without the end the kernel checks everything and
  // then takes it back.
  [[nodiscard]] std::span<const std::byte> seal(std::uint32_t first, bool dry_run);

 private:
  nlmsghdr& open(std::size_t& start);

  std::vector<std::byte> bytes_;
  std::vector<std::size_t> starts_;
  std::vector<std::string> names_;
  std::size_t used_ = 0;
};

}  // namespace xfrm
