// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/plane/senders.h"

#include <algorithm>
#include <optional>
#include <set>

#include "xfrm/base/kernel_address.h"
#include "xfrm/plane/config.h"

namespace xfrm {
namespace {

Address numbered_anchor(const Prefix& pool, std::uint32_t number) {
  Address out = pool.address;
  const std::size_t last = address_size(out.family) - 1;
  out.bytes[last] |= static_cast<std::byte>(number & 0xff);
  out.bytes[last - 1] |= static_cast<std::byte>(number >> 8);
  return out;
}

}  // namespace

bool is_in(const Address& address, const Prefix& network) {
  if (address.family != network.address.family) return false;
  const std::size_t whole = network.length / 8, rest = network.length % 8;
  const auto mask = static_cast<std::byte>(0xff00U >> rest);
  return std::equal(address.bytes.begin(),
                    address.bytes.begin() + static_cast<std::ptrdiff_t>(whole),
                    network.address.bytes.begin()) &&
         (rest == 0 || (address.bytes[whole] & mask) == (network.address.bytes[whole] & mask));
}

std::vector<Sender> assign_senders(std::vector<Prefix> networks, std::span<const Sender> now,
                                   std::span<const Address> in_use, const Prefix& pool) {
  std::sort(networks.begin(), networks.end());
  networks.erase(std::unique(networks.begin(), networks.end()), networks.end());
  std::set<Address> taken{in_use.begin(), in_use.end()};
  for (const Sender& sender : now) taken.insert(sender.anchor);
  std::vector<Sender> out;
  std::uint32_t number = 1;
  const auto free_anchor = [&]() -> std::optional<Address> {
    for (; number < max_sender_anchors; ++number)
      if (const Address anchor = numbered_anchor(pool, number); taken.insert(anchor).second)
        return anchor;
    return std::nullopt;
  };
  for (const Prefix& network : networks) {
    const auto at = std::find_if(now.begin(), now.end(), [&](const Sender& sender) {
      return sender.network == network && is_in(sender.anchor, pool);
    });
    if (at != now.end())
      out.push_back(*at);
    else if (const auto anchor = free_anchor())
      out.push_back({network, *anchor});
  }
  return out;
}

}  // namespace xfrm
