// SPDX-License-Identifier: GPL-2.0-or-later
// What becomes of a list by the operator's exceptions, fail-close, and receive-only TEKs.

#include "agent/config/access_list.h"
#include "agent/kernel/translate.h"
#include "tests/support/catch.h"
#include "tests/unit/agent/policies.h"
#include "xfrm/base/describe.h"

namespace translate_modes_test {

using namespace agent;
using namespace support;
using Action = xfrm::Entry::Action;

namespace {

std::vector<Action> actions(const Translation& translation) {
  std::vector<Action> out;
  for (const auto& entry : translation.desired.entries) out.push_back(entry.action);
  return out;
}

Translation translated(const Installation& installation, const TranslateOptions& options,
                       const KeyClasses& previous = {}) {
  auto out = translate(installation, previous, options);
  REQUIRE(out.has_value());
  return std::move(*out);
}

struct Fixture {
  gdoi::GroupPolicy policy = lab_policy(7);
  TranslateOptions options;

  [[nodiscard]] Installation installation() const {
    Installation out{policy.entries, {}};
    for (const auto& tek : policy.teks) out.teks.push_back({&tek, tek.policy.lifetime, true, true});
    return out;
  }
};

}  // namespace

TEST_CASE("local exceptions come before the list") {
  Fixture f;
  f.options.exceptions = {parse_selectors("tcp any any eq 22").value().front()};
  f.options.closed_exceptions = {parse_selectors("icmp any any").value().front()};
  const auto out = translated(f.installation(), f.options);
  CHECK(actions(out) == std::vector<Action>{Action::bypass, Action::protect, Action::protect});
  CHECK(out.desired.entries[0].selector.destination_port == 22);
}

TEST_CASE("closed, nothing passes but GDOI and exceptions") {
  Fixture f;
  f.options.key_servers = {key_server()};
  f.options.exceptions = {parse_selectors("tcp any any eq 22").value().front()};
  f.options.closed_exceptions = {parse_selectors("icmp any any").value().front()};
  Installation closed;
  closed.mode = Installation::Mode::closed;
  const auto out = translated(closed, f.options);
  constexpr std::size_t on_link = 7;  // what IPv6 needs there
  std::vector<Action> expected(on_link + 6, Action::bypass);
  for (const std::size_t last : {on_link + 4, on_link + 5}) expected.at(last) = Action::discard;
  CHECK(actions(out) == expected);
  CHECK(out.desired.entries[on_link + 4].selector == xfrm::Selector{});
  CHECK(xfrm::describe(out.desired.entries.back().selector) == "::/0 to ::/0");
  CHECK(out.desired.sas.empty());
}

TEST_CASE("in passive mode all of the list is received and nothing sent encrypted") {
  Fixture f;
  f.options.passive = true;
  const auto out = translated(f.installation(), f.options);
  CHECK(actions(out) ==
        std::vector<Action>{Action::protect_inbound_optional, Action::protect_inbound_optional});
  REQUIRE(out.desired.sas.size() == 1);
  CHECK(out.desired.sas[0].receive);
  CHECK_FALSE(out.desired.sas[0].send);
}

TEST_CASE("lines with receive-only TEKs alone leave in clear") {
  Fixture f;
  f.policy.entries[1].spi = gdoi::Spi{8};
  f.policy.teks.push_back(tek(8));
  const std::vector silent{gdoi::Spi{8}};
  auto installation = f.installation();
  installation.receive_only = silent;
  CHECK(actions(translated(installation, f.options)) ==
        std::vector<Action>{Action::protect, Action::protect_inbound_optional});

  SECTION("but not those that one more TEK serves") {
    f.policy.entries.push_back(permit(f.policy.entries[1].selector, 9));
    f.policy.teks.push_back(tek(9));
    auto more = f.installation();
    more.receive_only = silent;
    CHECK(actions(translated(more, f.options)) ==
          std::vector<Action>{Action::protect, Action::protect, Action::protect});
  }
}

TEST_CASE("kept TEKs stay in the class they were found in, and a new one joins it") {
  Fixture f;
  const auto found = KeyClasses::found({{gdoi::Spi{5}, 3}, {gdoi::Spi{6}, 3}});
  const std::vector<ExistingSa> kept{{gdoi::Spi{5}, false, seconds{9}},
                                     {gdoi::Spi{99}, false, seconds{9}}};
  auto installation = f.installation();
  installation.kept = kept;
  const auto out = translated(installation, f.options, found);
  REQUIRE(out.desired.kept.size() == 1);
  CHECK(out.desired.kept[0].spi == 5);
  CHECK(out.desired.kept[0].key_class == 3);
  CHECK_FALSE(out.desired.kept[0].outbound);
  REQUIRE(out.desired.sas.size() == 1);
  CHECK(out.desired.sas[0].key_class == 3);

  // The next time, too.
  const auto next = translated(installation, f.options, out.classes);
  REQUIRE(next.desired.kept.size() == 1);
  CHECK(next.desired.kept[0].key_class == 3);
}

}  // namespace translate_modes_test
