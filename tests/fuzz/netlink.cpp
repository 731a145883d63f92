// SPDX-License-Identifier: GPL-2.0-or-later
// What the kernel answers and notifies: states, policies, thresholds, defaults, flowtables. The
// kernel is trusted, and newer than us; what we take for ours has to be what we could have made.
// Tables are read by libnftnl, which ends the program at what it cannot read, and so are not here.
#include <libmnl/libmnl.h>

#include <algorithm>
#include <cstring>

#include "tests/fuzz/target.h"
#include "xfrm/ipsec/policy_codec.h"
#include "xfrm/ipsec/policy_hash.h"
#include "xfrm/ipsec/policy_lookup.h"
#include "xfrm/ipsec/sa_codec.h"
#include "xfrm/netlink/channel.h"
#include "xfrm/nft/flowtables.h"
#include "xfrm/plane/event_filter.h"

using namespace xfrm;

static EventFilter filter() {
  EventFilter out;
  out.table = "getvpn-gm-100";
  out.interfaces = {"wan0"};
  out.indices = {2};
  return out;
}

static bool fuzz_one(const nlmsghdr& message) {
  const EventFilter by = filter();
  (void)xfrm_event_concerns(message, by);
  (void)rules_event_concerns(message, by);
  (void)route_event_concerns(message, by);
  (void)read_state_event(message);
  (void)read_flowtable(message);
  (void)read_policy_count(message);
  (void)read_defaults(message);
  (void)read_hash_lengths(message, Family::ipv4);
  (void)read_hash_lengths(message, Family::ipv6);
  if (message.nlmsg_type == NLMSG_ERROR) (void)kernel_text(message);

  bool known = false;
  if (const auto state = read_state(message)) {
    known = true;
    assert(state->destination.family == Family::ipv4 || state->destination.family == Family::ipv6);
  }
  if (const auto policy = read_policy(message)) {
    known = true;
    (void)index_of(message);
    // Ours or not: it is the same policy.
    if (const auto ours = recognise_policy(message, by.scope)) assert(ours->key == policy->key);
  }
  if (const auto listed = read_listed_policy(message)) {
    known = true;
    assert(listed->source.length <= 128 && listed->destination.length <= 128);
    (void)matches(*listed, Flow{});
  }
  return known;
}

bool fuzz(gdoi::View input) {
  // As from a socket: aligned.
  alignas(nlmsghdr) std::array<std::byte, 8192> buffer;
  const auto size = std::min(input.size(), buffer.size());
  std::copy_n(input.begin(), size, buffer.begin());
  bool known = false;
  int left = static_cast<int>(size);
  const auto* message = reinterpret_cast<const nlmsghdr*>(buffer.data());
  for (; ::mnl_nlmsg_ok(message, left); message = ::mnl_nlmsg_next(message, &left))
    known = fuzz_one(*message) || known;
  return known;
}
