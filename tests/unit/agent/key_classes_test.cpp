// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/kernel/key_classes.h"

#include "tests/support/catch.h"
#include "tests/unit/agent/policies.h"

namespace key_classes_test {

using namespace agent;
using gdoi::Spi;
using support::deny;
using support::permit;
using support::selector;
using support::site;

namespace {

// line(N) is a selector of its own.
gdoi::TrafficSelector line(int n) { return selector(site(n), site(n + 100)); }

KeyClasses assigned(const std::vector<gdoi::AccessEntry>& entries, const KeyClasses& before = {},
                    std::vector<Spi> alive = {}) {
  const auto classes = KeyClasses::assign(entries, alive, before);
  REQUIRE(classes.has_value());
  return *classes;
}

}  // namespace

TEST_CASE("lines under one SPI are one class, 0") {
  const auto classes = assigned({permit(line(1), 7), deny(line(9)), permit(line(2), 7)});
  CHECK(classes.of(Spi{7}) == 0);
  CHECK_FALSE(classes.of(Spi{8}).has_value());
  CHECK_FALSE(classes.of(Spi{0}).has_value());
}

TEST_CASE("lines with TEKs of their own are classes of their own") {
  const auto classes = assigned({permit(line(1), 7), permit(line(2), 8)});
  CHECK(classes.of(Spi{7}) != classes.of(Spi{8}));
}

TEST_CASE("TEKs of lines that are alike share a class") {
  const auto classes =
      assigned({permit(line(1), 7), permit(line(2), 7), permit(line(1), 8), permit(line(3), 9)});
  CHECK(classes.of(Spi{7}) == classes.of(Spi{8}));
  CHECK(classes.of(Spi{9}) != classes.of(Spi{8}));
}

TEST_CASE("a new TEK for a known line joins the class of the old one") {
  SECTION("one class") {
    const auto before = assigned({permit(line(1), 7)});
    const auto after = assigned({permit(line(1), 70)}, before, {Spi{7}, Spi{70}});
    CHECK(after.of(Spi{70}) == before.of(Spi{7}));
    CHECK(after.of(Spi{7}) == before.of(Spi{7}));
  }
  SECTION("several, in another order") {
    const auto before = assigned({permit(line(1), 7), permit(line(2), 8), permit(line(3), 9)});
    const auto after = assigned({permit(line(3), 90), permit(line(1), 70), permit(line(2), 80)},
                                before, {Spi{7}, Spi{8}, Spi{9}, Spi{70}, Spi{80}, Spi{90}});
    CHECK(after.of(Spi{70}) == before.of(Spi{7}));
    CHECK(after.of(Spi{80}) == before.of(Spi{8}));
    CHECK(after.of(Spi{90}) == before.of(Spi{9}));
    CHECK(after.of(Spi{9}) == before.of(Spi{9}));
  }
}

TEST_CASE("a list that changed altogether still has its one class") {
  const auto before = assigned({permit(line(1), 7)});
  const auto after = assigned({permit(line(2), 8)}, before, {Spi{7}, Spi{8}});
  CHECK(after.of(Spi{8}) == before.of(Spi{7}));
}

TEST_CASE("one class that becomes two keeps its number for one of them") {
  const auto before = assigned({permit(line(1), 7), permit(line(2), 7)});
  const auto after = assigned({permit(line(1), 8), permit(line(2), 9)}, before);
  CHECK(after.of(Spi{8}) == 0);
  CHECK(after.of(Spi{9}) == 1);
}

TEST_CASE("a TEK keeps its class while it lives, whatever lines it gets") {
  const auto before = assigned({permit(line(1), 7), permit(line(2), 8)});
  const auto after = assigned({permit(line(1), 8), permit(line(2), 7)}, before);
  CHECK(after.of(Spi{7}) == before.of(Spi{7}));
  CHECK(after.of(Spi{8}) == before.of(Spi{8}));

  SECTION("also when a line now ties two of them together") {
    const auto tied = assigned({permit(line(1), 7), permit(line(1), 8)}, before);
    CHECK(tied.of(Spi{7}) == before.of(Spi{7}));
    CHECK(tied.of(Spi{8}) == before.of(Spi{8}));
  }
}

TEST_CASE("the class of a TEK that is gone is forgotten") {
  const auto before = assigned({permit(line(1), 7), permit(line(2), 8)});
  const auto after = assigned({permit(line(1), 7)}, before, {Spi{7}});
  CHECK_FALSE(after.of(Spi{8}).has_value());
}

TEST_CASE("more classes than the data plane has are refused") {
  std::vector<gdoi::AccessEntry> entries;
  const auto add = [&](std::uint32_t n) {
    auto what = line(1);
    what.source.port = static_cast<std::uint16_t>(n);
    entries.push_back(permit(what, n));
  };
  for (std::uint32_t n = 1; n <= xfrm::max_key_classes; ++n) add(n);
  CHECK(KeyClasses::assign(entries, {}, {}).has_value());
  add(xfrm::max_key_classes + 1);
  const auto refused = KeyClasses::assign(entries, {}, {});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().what ==
        "the ACL has 4097 groups of ACEs with TEKs of their own, at most 4096 are possible");
}

}  // namespace key_classes_test
