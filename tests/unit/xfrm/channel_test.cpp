// SPDX-License-Identifier: GPL-2.0-or-later
// The part of NetlinkChannel that needs no kernel: its words in an acknowledgement.
#include "xfrm/netlink/channel.h"

#include "tests/support/catch.h"
#include "tests/unit/xfrm/expected.h"

namespace channel_test {

namespace {

using test::Octets;

constexpr std::uint16_t capped = 0x100, with_attributes = 0x200, message_attribute = 1,
                        offset_attribute = 2;

std::string text_of(std::uint16_t flags, std::int32_t error, const Octets& echoed,
                    const Octets& attributes) {
  Octets body;
  body.host32(static_cast<std::uint32_t>(error));
  body.host32(static_cast<std::uint32_t>(16 + echoed.size())).zero(12);  // our header, echoed
  const auto whole = test::message(NLMSG_ERROR, flags, body.append(echoed).append(attributes));
  return xfrm::kernel_text(*reinterpret_cast<const nlmsghdr*>(whole.bytes().data()));
}

Octets text(std::string_view words) { return Octets{}.name(words, words.size() + 1); }

TEST_CASE("the kernel's words are found behind a capped acknowledgement") {
  Octets attributes;
  attributes.attribute(offset_attribute, Octets{}.host32(4));
  attributes.attribute(message_attribute, text("Requested mode not found"));
  CHECK(text_of(capped | with_attributes, -93, {}, attributes) == "Requested mode not found");
}

TEST_CASE("the kernel's words are found behind our message when it is echoed") {
  CHECK(text_of(with_attributes, -22, Octets{}.zero(24),
                Octets{}.attribute(message_attribute, text("no"))) == "no");
}

TEST_CASE("an acknowledgement without words has none") {
  CHECK(text_of(capped, -22, {}, {}).empty());
  CHECK(text_of(capped | with_attributes, -22, {},
                Octets{}.attribute(offset_attribute, Octets{}.host32(4)))
            .empty());
}

TEST_CASE("words without their terminating zero end with their attribute") {
  CHECK(text_of(capped | with_attributes, -22, {},
                Octets{}.attribute(message_attribute, Octets{}.raw("6e6f7065"))) == "nope");
}

TEST_CASE("an echoed length beyond the acknowledgement is not followed") {
  Octets body;
  body.host32(static_cast<std::uint32_t>(-22)).host32(5000).zero(12);
  body.attribute(message_attribute, text("out of reach"));
  const auto whole = test::message(NLMSG_ERROR, with_attributes, body);
  CHECK(xfrm::kernel_text(*reinterpret_cast<const nlmsghdr*>(whole.bytes().data())).empty());
}

}  // namespace

}  // namespace channel_test
