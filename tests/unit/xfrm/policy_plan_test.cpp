// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/ipsec/policy_plan.h"

#include "tests/unit/xfrm/policy_model.h"

namespace policy_plan_test {

using namespace test::plan;

namespace {

TEST_CASE("a line becomes in, fwd, and out for each interface, all with the line's number") {
  const std::vector<Entry> list{line(1, Entry::Action::protect, 3), line(2, bypass)};
  const auto policies = expand(list, frame(1000, {4, 9}), 50);
  const auto& one = list[0].selector;
  const auto& two = list[1].selector;
  const PolicyBody first{50, 7003, protect}, second{51, 0, bypass};
  CHECK(policies == std::vector<Policy>{{{PolicyDirection::in, one, 0, 0x10000000}, first},
                                        {{PolicyDirection::fwd, one, 0, 0x10000000}, first},
                                        {{PolicyDirection::out, one, 4, 0}, first},
                                        {{PolicyDirection::out, one, 9, 0}, first},
                                        {{PolicyDirection::in, two, 0, 0x10000000}, second},
                                        {{PolicyDirection::fwd, two, 0, 0x10000000}, second},
                                        {{PolicyDirection::out, two, 4, 0}, second},
                                        {{PolicyDirection::out, two, 9, 0}, second}});
}

TEST_CASE(
    "a discard has no reqid; protect_inbound_optional has one, but passes towards the wire as a "
    "bypass does") {
  const std::vector<Entry> list{line(1, discard, 3), line(2, inbound_optional, 3)};
  const auto policies = expand(list, frame(1000), 50);
  REQUIRE(policies.size() == 6);
  for (std::size_t i = 0; i < 3; ++i) CHECK(policies[i].body == PolicyBody{50, 0, discard});
  CHECK(policies[3].body == PolicyBody{51, 7003, inbound_optional});
  CHECK(policies[4].body == PolicyBody{51, 7003, inbound_optional});
  CHECK(policies[5].key.direction == PolicyDirection::out);
  CHECK(policies[5].body == PolicyBody{51, 0, bypass});
}

TEST_CASE("what protects or discards and what lets pass differ in kind") {
  const auto differ = [](Entry::Action a, Entry::Action b) {
    return xfrm::differ_in_kind({1, 0, a}, {2, 0, b});
  };
  for (const auto closed : {protect, discard})
    for (const auto open : {bypass, inbound_optional}) {
      CHECK(differ(closed, open));
      CHECK(differ(open, closed));
    }
  CHECK_FALSE(differ(protect, discard));
  CHECK_FALSE(differ(bypass, inbound_optional));
}

TEST_CASE("of lines with equal selectors the first counts") {
  const std::vector<Entry> list{line(2), line(1, bypass), line(1), line(2, bypass), line(3)};
  CHECK(xfrm::without_duplicates(list) == std::vector<Entry>{line(2), line(1, bypass), line(3)});
}

TEST_CASE("the first list takes the end of the range, from its top down") {
  const std::vector<Entry> list{line(1), line(2, bypass)};
  const auto plan = plan_policies({}, list, frame());
  CHECK(plan.first == 1098);
  CHECK(plan.remove.empty());
  std::vector<Policy> put;
  for (const auto& s : plan.install) {
    CHECK_FALSE(s.before);
    put.push_back({s.key, *s.after});
  }
  CHECK(put == expand(list, frame(), 1098));
}

TEST_CASE("the list that is there needs no step, whatever its numbers") {
  const std::vector<Entry> list{line(1), line(2, bypass), line(3)};
  const auto plan = plan_policies(expand(list, frame(), 555), list, frame());
  CHECK(plan.install.empty());
  CHECK(plan.remove.empty());
  CHECK(plan.first == 555);
}

TEST_CASE("a list with one line changed, moved or missing is put anew") {
  const std::vector<Entry> list{line(1), line(2), line(3)};
  const auto present = expand(list, frame(), 555);
  const auto steps = [&](const std::vector<Entry>& wanted) {
    return plan_policies(present, wanted, frame()).install.size();
  };
  CHECK(steps({line(1), line(2, bypass), line(3)}) == 9);
  CHECK(steps({line(1), line(3), line(2)}) == 9);
  CHECK(steps({line(1), line(2)}) == 6);
  auto odd = present;
  odd[1].body.priority = 556;
  CHECK(plan_policies(odd, list, frame()).install.size() == 9);
  odd = present;
  odd.pop_back();
  CHECK(plan_policies(odd, list, frame()).install.size() == 9);
}

TEST_CASE("a new list goes before the old one, whose remains are removed from the bottom up") {
  const std::vector<Entry> before{line(1), line(2), line(3)}, wanted{line(4), line(2)};
  const auto plan = plan_policies(expand(before, frame(), 500), wanted, frame());
  CHECK(plan.first == 498);
  REQUIRE(plan.remove.size() == 6);
  for (std::size_t i = 0; i < 3; ++i) CHECK(plan.remove[i].before->priority == 502);
  for (std::size_t i = 3; i < 6; ++i) CHECK(plan.remove[i].before->priority == 500);
}

TEST_CASE("a change of interface puts the policies out anew and removes the old") {
  const std::vector<Entry> list{line(1), line(2)};
  const auto plan = plan_policies(expand(list, frame(1000, {4}), 500), list, frame(1000, {5}));
  Kernel kernel;
  for (const auto& p : expand(list, frame(1000, {4}), 500)) kernel.policies[p.key] = p.body;
  kernel.run(plan);
  CHECK(kernel.present() == sorted(expand(list, frame(1000, {5}), plan.first)));
}

TEST_CASE("policies beyond the range still come behind the new list") {
  const std::vector<Entry> before{line(1)}, wanted{line(2)};
  const auto plan = plan_policies(expand(before, frame(), 4'000'000'000U), wanted, frame());
  CHECK(plan.first == 1099);
}

TEST_CASE("an old list without room before it moves to the end of the range, bottom first") {
  const std::vector<Entry> before{line(1), line(2), line(3)}, wanted{line(4), line(1)};
  const auto plan = plan_policies(expand(before, frame(), 101), wanted, frame());
  REQUIRE(plan.install.size() == 9 + 6);
  for (std::size_t i = 0; i < 9; ++i) {
    CHECK(plan.install[i].before->priority == 103 - i / 3);
    CHECK(plan.install[i].after->priority == 1099 - i / 3);
  }
  CHECK(plan.first == 1095);
}

TEST_CASE("a repair puts what is missing or changed at its number, and removes the rest") {
  const std::vector<Entry> list{line(1), line(2, discard), line(3)};
  auto present = expand(list, frame(), 555);
  const auto gone = present[4];  // fwd of line 2
  present.erase(present.begin() + 4);
  present[0].body.priority = 5;
  present[1].body.action = bypass;
  const Policy stray{{PolicyDirection::in, line(9).selector, 0, 0x10000000}, {700, 7000, protect}};
  present.push_back(stray);
  Kernel kernel;
  for (const auto& p : present) kernel.policies[p.key] = p.body;
  const auto plan = xfrm::repair_policies(present, list, frame(), 555);
  CHECK(plan.first == 555);
  REQUIRE(plan.install.size() == 3);
  CHECK(plan.install[2].key == gone.key);
  CHECK_FALSE(plan.install[2].before);
  REQUIRE(plan.remove.size() == 1);
  CHECK(plan.remove[0].key == stray.key);
  kernel.run(plan);
  CHECK(kernel.present() == sorted(expand(list, frame(), 555)));
}

TEST_CASE("a repair of a list that is whole has no step") {
  const std::vector<Entry> list{line(1), line(2, inbound_optional), line(3, discard)};
  const auto plan = xfrm::repair_policies(expand(list, frame(), 555), list, frame(), 555);
  CHECK(plan.install.empty());
  CHECK(plan.remove.empty());
}

TEST_CASE("a repair for an interface's new index leaves fwd and in alone") {
  const std::vector<Entry> list{line(1), line(2)};
  const auto plan =
      xfrm::repair_policies(expand(list, frame(1000, {4}), 500), list, frame(1000, {5}), 500);
  CHECK(plan.install.size() == 2);
  CHECK(plan.remove.size() == 2);
  for (const auto& s : plan.install) CHECK(s.key.interface == 5);
}

}  // namespace

}  // namespace policy_plan_test
