// SPDX-License-Identifier: GPL-2.0-or-later
// Flowtables, from messages as the kernel's headers lay them out.

#include "xfrm/nft/flowtables.h"

#include "tests/support/catch.h"
#include "tests/unit/xfrm/expected.h"

namespace flowtables_test {

namespace {

using test::Octets;

constexpr std::uint16_t new_flowtable = 10 << 8 | 22;  // NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWFLOWTABLE
constexpr std::uint16_t nested = 0x8000;

Octets name(std::string_view text) { return Octets{}.name(text, text.size() + 1); }

std::optional<xfrm::Flowtable> read(std::uint16_t type, const Octets& body) {
  const auto octets = test::message(type, 0, body);
  return xfrm::read_flowtable(*reinterpret_cast<const nlmsghdr*>(octets.bytes().data()));
}

// struct nfgenmsg of NFPROTO_INET, then the attributes.
Octets flowtable(const Octets& devices) {
  const auto hook = Octets{}
                        .attribute(1, Octets{}.raw("00000000"))
                        .attribute(2, Octets{}.raw("fffffff6"))
                        .attribute(3 | nested, devices);
  return Octets{}
      .raw("01000000")
      .attribute(1, name("fast"))
      .attribute(2, name("f"))
      .attribute(3 | nested, hook);
}

}  // namespace

TEST_CASE("a flowtable is read with its devices and its priority") {
  const auto found = read(new_flowtable, flowtable(Octets{}
                                                       .attribute(1, name("lan0"))
                                                       .attribute(1, name("wan0"))
                                                       .attribute(2, name("dsl"))));
  REQUIRE(found.has_value());
  CHECK(xfrm::nft_family(found->family) == "inet");
  CHECK(found->table == "fast");
  CHECK(found->name == "f");
  CHECK(found->priority == -10);
  CHECK(found->devices ==
        std::vector<xfrm::FlowtableDevice>{{"lan0", false}, {"wan0", false}, {"dsl", true}});
  REQUIRE(found->device_for("wan0") != nullptr);
  CHECK(found->device_for("wan0")->name == "wan0");
  REQUIRE(found->device_for("dsl7") != nullptr);
  CHECK(found->device_for("dsl7")->name == "dsl");
  CHECK(found->device_for("wan01") == nullptr);
}

TEST_CASE("other messages and short ones are none") {
  CHECK_FALSE(read(10 << 8 | 24, flowtable({})).has_value());
  CHECK_FALSE(read(new_flowtable, Octets{}.zero(2)).has_value());
  CHECK(read(new_flowtable, flowtable({}))->devices.empty());
}

}  // namespace flowtables_test
