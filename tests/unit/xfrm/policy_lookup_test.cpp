// SPDX-License-Identifier: GPL-2.0-or-later
// Which policy counts for a packet, among policies as the kernel lists them.
#include "xfrm/ipsec/policy_lookup.h"

#include <linux/xfrm.h>

#include "tests/support/catch.h"
#include "tests/unit/xfrm/expected.h"

namespace policy_lookup_test {

namespace {

using xfrm::Flow;
using xfrm::ListedPolicy;
using xfrm::PolicyDirection;

xfrm::Address host(std::uint8_t site) { return test::ipv4(10, site, 0, 10); }

ListedPolicy policy(std::uint32_t priority, PolicyDirection direction = PolicyDirection::out) {
  ListedPolicy out;
  out.direction = direction;
  out.source = {test::ipv4(10, 1, 0, 0), 24};
  out.destination = {test::ipv4(10, 3, 0, 0), 24};
  out.priority = priority;
  return out;
}

const Flow flow{{host(1), host(3), 17, 40000, 53}, 4, 0};

const ListedPolicy* found(const std::vector<ListedPolicy>& listed, const Flow& wanted = flow) {
  return first_match(listed, PolicyDirection::out, wanted);
}

// listed is what the kernel would answer with, as read.
std::optional<ListedPolicy> listed(const xfrm_userpolicy_info& info,
                                   const std::vector<xfrm_user_tmpl>& templates = {},
                                   std::uint32_t if_id = 0) {
  xfrm::Request request;
  request.start(XFRM_MSG_NEWPOLICY);
  request.fixed<xfrm_userpolicy_info>() = info;
  if (!templates.empty()) request.attribute(XFRMA_TMPL, std::as_bytes(std::span{templates}));
  request.attribute(XFRMA_MARK, xfrm_mark{0x10, 0x30});
  if (if_id != 0) request.attribute(XFRMA_IF_ID, if_id);
  return xfrm::read_listed_policy(*reinterpret_cast<const nlmsghdr*>(request.bytes().data()));
}

xfrm_userpolicy_info plain() {
  xfrm_userpolicy_info info{};
  info.sel.family = 2;
  info.sel.prefixlen_s = 0;
  info.sel.dport = 0x3500;  // 53
  info.sel.dport_mask = 0xffff;
  info.sel.ifindex = 4;
  info.priority = 7;
  info.index = 129;
  info.dir = XFRM_POLICY_OUT;
  info.action = XFRM_POLICY_BLOCK;
  return info;
}

}  // namespace

TEST_CASE("the lowest priority counts, and of equal ones the oldest") {
  CHECK(found({}) == nullptr);
  const std::vector<ListedPolicy> three{policy(5), policy(4), policy(6)};
  CHECK(found(three) == &three[1]);
  // The kernel lists the newest first.
  const std::vector<ListedPolicy> equal{policy(5), policy(5)};
  CHECK(found(equal) == &equal[1]);
  CHECK(first_match(three, PolicyDirection::fwd, flow) == nullptr);
}

TEST_CASE("a sub-policy comes before any other") {
  std::vector<ListedPolicy> two{policy(900), policy(1)};
  two[0].sub = true;
  CHECK(found(two) == &two[0]);
}

TEST_CASE("interface, mark, protocol and ports are compared") {
  std::vector<ListedPolicy> one{policy(1)};
  REQUIRE(found(one) != nullptr);
  const auto without = [&](auto change) {
    auto other = one;
    change(other[0]);
    return found(other) == nullptr;
  };
  CHECK(without([](ListedPolicy& p) { p.interface = 5; }));
  CHECK(without([](ListedPolicy& p) { p.mark = p.mark_mask = 1; }));
  CHECK(without([](ListedPolicy& p) { p.protocol = 6; }));
  CHECK(without([](ListedPolicy& p) {
    p.destination_port = 80;
    p.destination_port_mask = 0xffff;
  }));
  CHECK(without([](ListedPolicy& p) { p.source_port_mask = 0xffff; }));  // port 0 only
  CHECK(without([](ListedPolicy& p) { p.of_xfrm_interface = true; }));
  CHECK(without([](ListedPolicy& p) { p.destination.length = 32; }));
  one[0].interface = 4;
  one[0].protocol = 17;
  one[0].destination_port = 48;
  one[0].destination_port_mask = 0xfff8;  // 48 to 55
  one[0].mark = 2;
  one[0].mark_mask = 6;
  auto marked = flow;
  marked.mark = 0xa;
  CHECK(found(one, marked) == &one[0]);
}

TEST_CASE("what the kernel lists is read, whosesoever it is") {
  const auto read = listed(plain(), {xfrm_user_tmpl{}, [] {
                                       xfrm_user_tmpl last{};
                                       last.reqid = 16;
                                       last.optional = 1;
                                       return last;
                                     }()});
  REQUIRE(read.has_value());
  CHECK(read->direction == PolicyDirection::out);
  CHECK(read->destination_port == 53);
  CHECK(read->destination_port_mask == 0xffff);
  CHECK(read->interface == 4);
  CHECK(read->priority == 7);
  CHECK(read->index == 129);
  CHECK_FALSE(read->allow);
  CHECK(read->mark == 0x10);
  CHECK(read->mark_mask == 0x30);
  CHECK(read->has_template);
  CHECK(read->optional);
  CHECK(read->reqid == 16);
  CHECK_FALSE(listed(plain())->has_template);
  CHECK(listed(plain(), {}, 3)->of_xfrm_interface);
  auto of_socket = plain();
  of_socket.dir = XFRM_POLICY_OUT + 3;
  CHECK_FALSE(listed(of_socket).has_value());
}

TEST_CASE("what passes without a policy is the kernel's to say") {
  xfrm::Request request;
  xfrm::ask_for_defaults(request);
  auto& message = *const_cast<nlmsghdr*>(reinterpret_cast<const nlmsghdr*>(request.bytes().data()));
  auto* defaults = static_cast<xfrm_userpolicy_default*>(::mnl_nlmsg_get_payload(&message));
  defaults->fwd = XFRM_USERPOLICY_BLOCK;
  defaults->in = XFRM_USERPOLICY_ACCEPT;
  const auto read = xfrm::read_defaults(message);
  REQUIRE(read.has_value());
  CHECK(read->passes(PolicyDirection::in));
  CHECK(read->passes(PolicyDirection::out));
  CHECK_FALSE(read->passes(PolicyDirection::fwd));
}

TEST_CASE("an address is in a prefix of its own family only") {
  CHECK(holds({test::ipv4(10, 1, 0, 0), 23}, test::ipv4(10, 1, 1, 9)));
  CHECK_FALSE(holds({test::ipv4(10, 1, 0, 0), 23}, test::ipv4(10, 1, 2, 9)));
  CHECK(holds({test::ipv4(0, 0, 0, 0), 0}, test::ipv4(10, 1, 2, 9)));
  CHECK_FALSE(holds({test::ipv4(0, 0, 0, 0), 0}, xfrm::Address{xfrm::Family::ipv6, {}}));
}

}  // namespace policy_lookup_test
