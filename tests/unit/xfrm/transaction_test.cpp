// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/netlink/transaction.h"

#include <libmnl/libmnl.h>

#include "tests/support/catch.h"
#include "tests/unit/xfrm/expected.h"

namespace transaction_test {

namespace {

using test::Octets;

// nfnetlink: a batch begins with type 16 and ends with 17, both for subsystem 10 (nf_tables).
Octets nfnetlink(std::uint16_t type, std::uint16_t flags, std::uint32_t number, std::uint8_t family,
                 std::string_view resource, const Octets& attributes = {}) {
  Octets out;
  out.host32(static_cast<std::uint32_t>(20 + attributes.size())).host16(type).host16(flags);
  return out.host32(number).host32(0).host8(family).host8(0).raw(resource).append(attributes);
}

xfrm::Transaction two() {
  xfrm::Transaction t;
  t.add(0, NLM_F_CREATE, 2, "first", [](nlmsghdr& m) { ::mnl_attr_put_u32(&m, 1, 5); });
  t.add(3, 0, 2, "second", [](nlmsghdr& m) { ::mnl_attr_put_u32(&m, 2, 6); });
  return t;
}

Octets opened() {
  Octets out = nfnetlink(16, 1, 100, 0, "000a");
  out.append(nfnetlink(0x0a00, 0x405, 101, 2, "0000", Octets{}.attribute(1, Octets{}.host32(5))));
  return out.append(
      nfnetlink(0x0a03, 0x5, 102, 2, "0000", Octets{}.attribute(2, Octets{}.host32(6))));
}

TEST_CASE("a transaction is its messages in order between begin and end, numbered throughout") {
  auto t = two();
  CHECK(support::hex(t.seal(100, false)) ==
        opened().append(nfnetlink(17, 1, 103, 0, "000a")).hex());
  CHECK(t.size() == 2);
  CHECK(t.name(1) == "second");
}

TEST_CASE("a dry run has no end, so the kernel takes it back") {
  CHECK(support::hex(two().seal(100, true)) == opened().hex());
}

TEST_CASE("a transaction nothing was added to is empty") {
  CHECK(xfrm::Transaction{}.empty());
  CHECK_FALSE(two().empty());
}

}  // namespace

}  // namespace transaction_test
