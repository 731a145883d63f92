// SPDX-License-Identifier: GPL-2.0-or-later
// What nf_tables answers about tables that anybody may have filled: read by libnftnl, and put into
// the words that tables are compared in. Equal objects have equal words.
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <array>

#include "tests/fuzz/target.h"
#include "xfrm/nft/flowtables.h"
#include "xfrm/nft/nft_objects.h"
#include "xfrm/nft/rules_text.h"

using namespace xfrm;

template <class Object, class Raw, class Parse, class Use>
static bool fuzz_as(const nlmsghdr& message, Raw* fresh, Parse parse, Use use) {
  const Object object{fresh};
  if (!object || parse(&message, object.get()) != 0) return false;
  use(*object);
  return true;
}

static bool fuzz_one(const nlmsghdr& message) {
  (void)read_flowtable(message);
  bool known = fuzz_as<nft::Chain>(message, ::nftnl_chain_alloc(), ::nftnl_chain_nlmsg_parse,
                                   [](const nftnl_chain& chain) {
                                     assert(nft::content_of(chain) == nft::content_of(chain));
                                     (void)nft::name_of(chain);
                                   });
  known |= fuzz_as<nft::Rule>(message, ::nftnl_rule_alloc(), ::nftnl_rule_nlmsg_parse,
                              [](const nftnl_rule& rule) {
                                assert(nft::content_of(rule) == nft::content_of(rule));
                                (void)nft::chain_of(rule);
                              });
  const auto use_set = [](const nftnl_set& set) {
    (void)nft::content_of(set);
    (void)nft::name_of(set);
    (void)nft::is_filled_by_packets(set);
    for (const auto& key : nft::keys_of(set)) assert(key.size() >= nft::data_octets(set));
  };
  known |= fuzz_as<nft::Set>(message, ::nftnl_set_alloc(), ::nftnl_set_nlmsg_parse, use_set);
  known |= fuzz_as<nft::Set>(message, ::nftnl_set_alloc(), ::nftnl_set_elems_nlmsg_parse, use_set);
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
