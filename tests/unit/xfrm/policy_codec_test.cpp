// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/ipsec/policy_codec.h"

#include "tests/support/catch.h"
#include "tests/unit/xfrm/expected.h"

namespace policy_codec_test {

namespace {

using test::Octets;
using xfrm::IfPresent;
using xfrm::PolicyDirection;

constexpr auto bypass = xfrm::Entry::Action::bypass, discard = xfrm::Entry::Action::discard,
               inbound_optional = xfrm::Entry::Action::protect_inbound_optional,
               protect = xfrm::Entry::Action::protect;
const xfrm::Anchors anchors{test::ipv4(240, 0, 0, 1), test::ipv4(240, 0, 0, 2)};
constexpr std::uint32_t mark = 0x10000000;
constexpr std::uint64_t unlimited = ~std::uint64_t{0};
constexpr std::uint16_t new_policy = 0x13, delete_policy = 0x14, get_policy = 0x15,
                        update_policy = 0x19;
constexpr std::uint16_t request_create = 0x401, request_only = 0x1;
constexpr std::uint16_t attribute_template = 5, attribute_mark = 21;
constexpr std::uint8_t dir_in = 0, dir_out = 1, dir_fwd = 2;

xfrm::Selector plain_selector() {
  xfrm::Selector s;
  s.source = {test::ipv4(10, 1, 0, 0), 24};
  s.destination = {test::ipv4(10, 3, 0, 0), 16};
  return s;
}

xfrm::Selector ported_selector() {
  auto s = plain_selector();
  s.protocol = 17;
  s.destination_port = 53;
  return s;
}

// struct xfrm_selector: daddr, saddr, ports with masks, family, prefix lengths, protocol, ifindex
Octets kernel_selector(std::uint32_t interface, bool ported = false) {
  Octets out;
  out.raw("0a030000").zero(12).raw("0a010000").zero(12);
  out.raw(ported ? "0035 ffff 0000 0000" : "0000 0000 0000 0000");
  out.host16(2).host8(16).host8(24).host8(ported ? 17 : 0).zero(3);
  return out.host32(interface).host32(0);
}

// struct xfrm_userpolicy_info
Octets kernel_policy(const Octets& selector, std::uint32_t priority, std::uint8_t direction,
                     std::uint8_t action = 0, std::uint8_t flags = 0) {
  Octets out;
  out.append(selector);
  out.host64(unlimited).host64(unlimited).host64(unlimited).host64(unlimited).zero(32);  // lft
  out.zero(32);                                                                          // curlft
  out.host32(priority).host32(0);  // index: the kernel's to give
  return out.host8(direction).host8(action).host8(flags).host8(0).zero(4);
}

constexpr std::uint8_t flag_icmp = 2;  // XFRM_POLICY_ICMP

// struct xfrm_user_tmpl
Octets kernel_template(std::string_view destination, std::string_view source, std::uint32_t reqid,
                       std::uint8_t mode = 1, std::uint8_t optional = 0,
                       std::uint8_t protocol = 50) {
  Octets out;
  out.raw(destination).zero(12).host32(0).host8(protocol).zero(3).host16(2).zero(2);
  out.raw(source).zero(12).host32(reqid).host8(mode).host8(0).host8(optional).zero(1);
  return out.host32(~0U).host32(~0U).host32(~0U);
}

Octets kernel_mark(std::uint32_t value, std::uint32_t mask) {
  return Octets{}.host32(value).host32(mask);
}

std::string encoded(const xfrm::Policy& policy, IfPresent present) {
  xfrm::Request request;
  xfrm::put_policy(request, policy, anchors, present);
  REQUIRE_FALSE(request.overflowed());
  return support::hex(request.bytes());
}

TEST_CASE("a policy out is tied to its interface and names the outbound state") {
  const xfrm::Policy policy{{PolicyDirection::out, plain_selector(), 4, 0}, {1000, 7001}};
  const Octets body =
      kernel_policy(kernel_selector(4), 1000, dir_out, 0, flag_icmp)
          .attribute(attribute_template, kernel_template("f0000002", "f0000001", 7001));
  CHECK(encoded(policy, IfPresent::refuse) == message(new_policy, request_create, body).hex());
}

TEST_CASE("a policy fwd or in is tied to the mark and takes any state of the reqid") {
  const auto [direction, number] = GENERATE(table<PolicyDirection, std::uint8_t>(
      {{PolicyDirection::fwd, dir_fwd}, {PolicyDirection::in, dir_in}}));
  const xfrm::Policy policy{{direction, plain_selector(), 0, mark}, {1000, 7001}};
  const Octets body =
      kernel_policy(kernel_selector(0), 1000, number)
          .attribute(attribute_template, kernel_template("00000000", "00000000", 7001))
          .attribute(attribute_mark, kernel_mark(mark, mark));
  CHECK(encoded(policy, IfPresent::refuse) == message(new_policy, request_create, body).hex());
}

TEST_CASE("protect_inbound_optional has a template that is optional") {
  const auto [direction, number] = GENERATE(table<PolicyDirection, std::uint8_t>(
      {{PolicyDirection::fwd, dir_fwd}, {PolicyDirection::in, dir_in}}));
  const xfrm::Policy policy{{direction, plain_selector(), 0, mark}, {1000, 7001, inbound_optional}};
  const Octets body =
      kernel_policy(kernel_selector(0), 1000, number)
          .attribute(attribute_template, kernel_template("00000000", "00000000", 7001, 1, 1))
          .attribute(attribute_mark, kernel_mark(mark, mark));
  CHECK(encoded(policy, IfPresent::refuse) == message(new_policy, request_create, body).hex());
}

TEST_CASE("discard is an action of its own, without a template") {
  const xfrm::Policy policy{{PolicyDirection::out, plain_selector(), 4, 0}, {1000, 0, discard}};
  const Octets body = kernel_policy(kernel_selector(4), 1000, dir_out, 1);
  CHECK(encoded(policy, IfPresent::refuse) == message(new_policy, request_create, body).hex());
}

TEST_CASE("a bypass allows without a template") {
  const xfrm::Policy policy{{PolicyDirection::fwd, ported_selector(), 0, mark}, {1000, 0, bypass}};
  const Octets body = kernel_policy(kernel_selector(0, true), 1000, dir_fwd)
                          .attribute(attribute_mark, kernel_mark(mark, mark));
  CHECK(encoded(policy, IfPresent::refuse) == message(new_policy, request_create, body).hex());
}

TEST_CASE("a replacement is the same policy under another message type") {
  const xfrm::Policy policy{{PolicyDirection::out, ported_selector(), 4, 0}, {999, 0, bypass}};
  const Octets body = kernel_policy(kernel_selector(4, true), 999, dir_out);
  CHECK(encoded(policy, IfPresent::replace) == message(update_policy, request_create, body).hex());
}

TEST_CASE("a source port is matched exactly and leaves the other port free") {
  auto selector = ported_selector();
  selector.destination_port = 0;
  selector.source_port = 500;
  const xfrm::Policy policy{{PolicyDirection::out, selector, 4, 0}, {999, 0, bypass}};
  Octets expected;
  expected.raw("0a030000").zero(12).raw("0a010000").zero(12).raw("0000 0000 01f4 ffff");
  expected.host16(2).host8(16).host8(24).host8(17).zero(3).host32(4).host32(0);
  CHECK(encoded(policy, IfPresent::refuse) ==
        message(new_policy, request_create, kernel_policy(expected, 999, dir_out)).hex());
}

TEST_CASE("a block of ports is matched by its mask") {
  auto selector = ported_selector();
  selector.source_port = 1024;
  selector.source_port_mask = 0xfc00;
  selector.destination_port = 0;
  const xfrm::Policy policy{{PolicyDirection::out, selector, 4, 0}, {999, 0, bypass}};
  Octets expected;
  expected.raw("0a030000").zero(12).raw("0a010000").zero(12).raw("0000 0000 0400 fc00");
  expected.host16(2).host8(16).host8(24).host8(17).zero(3).host32(4).host32(0);
  CHECK(encoded(policy, IfPresent::refuse) ==
        message(new_policy, request_create, kernel_policy(expected, 999, dir_out)).hex());
}

TEST_CASE("a policy is deleted by direction, selector, interface and mark") {
  xfrm::Request request;
  // struct xfrm_userpolicy_id: selector, index, direction
  SECTION("out") {
    xfrm::delete_policy(request, {PolicyDirection::out, plain_selector(), 4, 0});
    const Octets body = kernel_selector(4).host32(0).host8(dir_out).zero(3);
    CHECK(support::hex(request.bytes()) == message(delete_policy, request_only, body).hex());
  }
  SECTION("in") {
    xfrm::delete_policy(request, {PolicyDirection::in, plain_selector(), 0, mark});
    const Octets body = kernel_selector(0).host32(0).host8(dir_in).zero(3).attribute(
        attribute_mark, kernel_mark(mark, mark));
    CHECK(support::hex(request.bytes()) == message(delete_policy, request_only, body).hex());
  }
}

TEST_CASE("deleting by the kernel's number names that, direction and mark") {
  xfrm::Request request;
  xfrm::delete_policy_by_index(request, {PolicyDirection::fwd, plain_selector(), 0, mark}, 4242);
  const Octets body = kernel_selector(0).host32(4242).host8(dir_fwd).zero(3).attribute(
      attribute_mark, kernel_mark(mark, mark));
  CHECK(support::hex(request.bytes()) == message(delete_policy, request_only, body).hex());
}

TEST_CASE("pruning deletes what nobody has") {
  xfrm::Request request;
  xfrm::prune_policies(request, PolicyDirection::in, xfrm::Family::ipv4);
  Octets body;
  body.zero(40).host16(2).zero(6).host32(0x7fffffff).host32(0);
  body.host32(0).host8(dir_in).zero(3);
  CHECK(support::hex(request.bytes()) == message(delete_policy, request_only, body).hex());
}

TEST_CASE("the list of policies is asked for whole") {
  xfrm::Request request;
  xfrm::list_policies(request);
  CHECK(support::hex(request.bytes()) ==
        message(get_policy, request_only, Octets{}.zero(64)).hex());
}

// ---- recognising

const xfrm::PolicyScope scope{anchors, 7000, 16, 1'000'000, 1'000, mark};

std::optional<xfrm::Policy> recognised(const Octets& body, std::uint16_t type = new_policy) {
  const auto octets = message(type, 0, body);
  return xfrm::recognise_policy(*reinterpret_cast<const nlmsghdr*>(octets.bytes().data()), scope);
}

Octets protecting_out(std::uint32_t reqid, std::string_view destination = "f0000002") {
  return kernel_policy(kernel_selector(4), 1'000'005, dir_out, 0, flag_icmp)
      .attribute(attribute_template, kernel_template(destination, "f0000001", reqid));
}

TEST_CASE("a policy with one of our reqids towards our anchor is ours") {
  const auto policy = recognised(protecting_out(7015));
  REQUIRE(policy);
  CHECK(policy->key == xfrm::PolicyKey{PolicyDirection::out, plain_selector(), 4, 0});
  CHECK(policy->body == xfrm::PolicyBody{1'000'005, 7015, protect});
}

TEST_CASE("a policy of ours with other flags is not as we would make it") {
  const auto policy =
      recognised(kernel_policy(kernel_selector(4), 1'000'005, dir_out)
                     .attribute(attribute_template, kernel_template("f0000002", "f0000001", 7015)));
  REQUIRE(policy);
  CHECK(policy->body == xfrm::PolicyBody{1'000'005, 7015, protect, true});
}

TEST_CASE("a policy of another reqid, anchor, mode or protocol is somebody else's") {
  CHECK_FALSE(recognised(protecting_out(7016)));
  CHECK_FALSE(recognised(protecting_out(6999)));
  CHECK_FALSE(recognised(protecting_out(7001, "f0000004")));
  const auto with = [](const Octets& t) {
    return kernel_policy(kernel_selector(4), 1'000'005, dir_out).attribute(attribute_template, t);
  };
  CHECK(recognised(with(kernel_template("f0000002", "f0000001", 7001))));
  CHECK_FALSE(recognised(with(kernel_template("f0000002", "f0000001", 7001, 0))));
  CHECK_FALSE(recognised(with(kernel_template("f0000002", "f0000001", 7001, 1, 1))));
  CHECK_FALSE(recognised(with(kernel_template("f0000002", "f0000001", 7001, 1, 0, 51))));
  auto two = kernel_template("f0000002", "f0000001", 7001);
  two.append(kernel_template("f0000002", "f0000001", 7001));
  CHECK_FALSE(recognised(with(two)));
}

TEST_CASE("a bypass is ours by its priority together with our mark or an interface") {
  const auto passing = [](std::uint32_t priority, std::uint8_t direction, std::uint32_t interface) {
    return kernel_policy(kernel_selector(interface), priority, direction);
  };
  const auto marked = kernel_mark(mark, mark);
  CHECK(recognised(passing(1'000'000, dir_out, 4)));
  CHECK(recognised(passing(1'000'999, dir_fwd, 0).attribute(attribute_mark, marked)));
  CHECK_FALSE(recognised(passing(999'999, dir_out, 4)));
  CHECK_FALSE(recognised(passing(1'001'000, dir_out, 4)));
  CHECK_FALSE(recognised(passing(1'000'005, dir_out, 0)));
  CHECK_FALSE(recognised(passing(1'000'005, dir_fwd, 0)));
  CHECK_FALSE(
      recognised(passing(1'000'005, dir_in, 0).attribute(attribute_mark, kernel_mark(1, 1))));
  CHECK_FALSE(recognised(
      passing(1'000'005, dir_in, 0).attribute(attribute_mark, kernel_mark(mark, 0xffffffff))));
}

TEST_CASE("a discard is ours on the same terms as a bypass, and told from it") {
  const auto blocking = [](std::uint32_t priority, std::uint32_t interface) {
    return kernel_policy(kernel_selector(interface), priority, dir_out, 1);
  };
  REQUIRE(recognised(blocking(1'000'005, 4)));
  CHECK(recognised(blocking(1'000'005, 4))->body == xfrm::PolicyBody{1'000'005, 0, discard});
  CHECK(recognised(kernel_policy(kernel_selector(4), 1'000'005, dir_out))->body ==
        xfrm::PolicyBody{1'000'005, 0, bypass});
  CHECK_FALSE(recognised(blocking(999'999, 4)));
  CHECK_FALSE(recognised(blocking(1'000'005, 0)));
  const auto templated =
      kernel_policy(kernel_selector(4), 1'000'005, dir_out, 1)
          .attribute(attribute_template, kernel_template("f0000002", "f0000001", 7001));
  CHECK_FALSE(recognised(templated));
}

TEST_CASE("an optional template is protect_inbound_optional, for what comes in only") {
  const auto accepting = [](std::uint8_t direction, std::string_view destination) {
    return kernel_policy(kernel_selector(direction == dir_out ? 4 : 0), 5, direction)
        .attribute(attribute_template, kernel_template(destination, "00000000", 7003, 1, 1))
        .attribute(attribute_mark, kernel_mark(mark, mark));
  };
  for (const auto direction : {dir_in, dir_fwd}) {
    const auto policy = recognised(accepting(direction, "00000000"));
    REQUIRE(policy);
    CHECK(policy->body == xfrm::PolicyBody{5, 7003, inbound_optional});
  }
  CHECK_FALSE(recognised(accepting(dir_out, "f0000002")));
}

TEST_CASE("any policy with a key we could have made can be read, as one that equals none of ours") {
  const auto octets = message(new_policy, 0, kernel_policy(kernel_selector(4), 7, dir_out));
  const auto& head = *reinterpret_cast<const nlmsghdr*>(octets.bytes().data());
  CHECK_FALSE(xfrm::recognise_policy(head, scope));
  const auto policy = xfrm::read_policy(head);
  REQUIRE(policy);
  CHECK(policy->key == xfrm::PolicyKey{PolicyDirection::out, plain_selector(), 4, 0});
  CHECK(policy->body == xfrm::PolicyBody{7, 0, protect});
}

TEST_CASE("another type of policy and one of an xfrm interface are not ours") {
  CHECK_FALSE(recognised(protecting_out(7001).attribute(16, Octets{}.host8(1).zero(5))));
  CHECK(recognised(protecting_out(7001).attribute(16, Octets{}.host8(0).zero(5))));
  CHECK_FALSE(recognised(protecting_out(7001).attribute(31, Octets{}.host32(9))));
}

TEST_CASE("a message too short for a policy, or of another type, is none") {
  CHECK_FALSE(recognised(Octets{}.zero(167)));
  CHECK_FALSE(recognised(protecting_out(7001), delete_policy));
}

TEST_CASE("a policy is named by direction and selector") {
  CHECK(xfrm::describe(xfrm::PolicyKey{PolicyDirection::out, plain_selector(), 4, 0}) ==
        "policy out, 10.1.0.0/24 to 10.3.0.0/16");
  CHECK(xfrm::describe(xfrm::PolicyKey{PolicyDirection::fwd, ported_selector(), 0, mark}) ==
        "policy fwd, 10.1.0.0/24 to 10.3.0.0/16 port 53 protocol 17");
}

}  // namespace

}  // namespace policy_codec_test
