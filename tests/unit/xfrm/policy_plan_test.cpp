// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/policy_plan.h"

#include <array>
#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "tests/unit/xfrm/expected.h"

namespace {

using xfrm::Direction;
using xfrm::Entry;
using xfrm::Policy;
using xfrm::PolicyBody;
using xfrm::PolicyFrame;
using xfrm::PolicyKey;
using xfrm::PolicyPlan;
using xfrm::PolicyStep;

PolicyFrame frame(std::uint32_t count = 1000, std::vector<int> interfaces = {4}) {
  return {7000, 0x10000000, std::move(interfaces), {100, count}};
}

Entry line(unsigned site, Entry::Action action = Entry::Action::protect, xfrm::KeyClass c = 0) {
  Entry e;
  e.action = action;
  e.key_class = c;
  e.selector.source = {test::ipv4(10, site, 0, 0), 16};
  e.selector.destination = {test::ipv4(10, 0, 0, 0), 8};
  return e;
}
constexpr auto bypass = Entry::Action::bypass, block = Entry::Action::block,
               accept = Entry::Action::accept, protect = Entry::Action::protect;

// Kernel is the model of what the kernel holds: refuses what it would refuse.
struct Kernel {
  std::map<PolicyKey, PolicyBody> policies;

  void step(const PolicyStep& s) {
    const auto at = policies.find(s.key);
    REQUIRE((at != policies.end()) == s.before.has_value());
    if (s.before) REQUIRE(at->second == *s.before);
    if (s.after)
      policies[s.key] = *s.after;
    else
      policies.erase(s.key);
  }
  void run(const PolicyPlan& plan) {
    for (const auto& s : plan.install) step(s);
    for (const auto& s : plan.remove) step(s);
  }
  [[nodiscard]] std::vector<Policy> present() const {
    std::vector<Policy> out;
    for (const auto& [key, body] : policies) out.push_back({key, body});
    return out;
  }
};

std::vector<Policy> sorted(std::vector<Policy> policies) {
  std::sort(policies.begin(), policies.end());
  return policies;
}

TEST_CASE("a line becomes in, fwd, and out for each interface, all with the line's number") {
  const std::vector<Entry> list{line(1, Entry::Action::protect, 3), line(2, bypass)};
  const auto policies = expand(list, frame(1000, {4, 9}), 50);
  const auto& one = list[0].selector;
  const auto& two = list[1].selector;
  const PolicyBody first{50, 7003, protect}, second{51, 0, bypass};
  CHECK(policies == std::vector<Policy>{{{Direction::in, one, 0, 0x10000000}, first},
                                        {{Direction::fwd, one, 0, 0x10000000}, first},
                                        {{Direction::out, one, 4, 0}, first},
                                        {{Direction::out, one, 9, 0}, first},
                                        {{Direction::in, two, 0, 0x10000000}, second},
                                        {{Direction::fwd, two, 0, 0x10000000}, second},
                                        {{Direction::out, two, 4, 0}, second},
                                        {{Direction::out, two, 9, 0}, second}});
}

TEST_CASE("a block has no reqid; an accept has one, but passes towards the wire as a bypass does") {
  const std::vector<Entry> list{line(1, block, 3), line(2, accept, 3)};
  const auto policies = expand(list, frame(1000), 50);
  REQUIRE(policies.size() == 6);
  for (std::size_t i = 0; i < 3; ++i) CHECK(policies[i].body == PolicyBody{50, 0, block});
  CHECK(policies[3].body == PolicyBody{51, 7003, accept});
  CHECK(policies[4].body == PolicyBody{51, 7003, accept});
  CHECK(policies[5].key.direction == Direction::out);
  CHECK(policies[5].body == PolicyBody{51, 0, bypass});
}

TEST_CASE("what protects or blocks and what lets pass differ in kind") {
  const auto differ = [](Entry::Action a, Entry::Action b) {
    return xfrm::differ_in_kind({1, 0, a}, {2, 0, b});
  };
  for (const auto closed : {protect, block})
    for (const auto open : {bypass, accept}) {
      CHECK(differ(closed, open));
      CHECK(differ(open, closed));
    }
  CHECK_FALSE(differ(protect, block));
  CHECK_FALSE(differ(bypass, accept));
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
  const std::vector<Entry> list{line(1), line(2, block), line(3)};
  auto present = expand(list, frame(), 555);
  const auto gone = present[4];  // fwd of line 2
  present.erase(present.begin() + 4);
  present[0].body.priority = 5;
  present[1].body.action = bypass;
  const Policy stray{{Direction::in, line(9).selector, 0, 0x10000000}, {700, 7000, protect}};
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
  const std::vector<Entry> list{line(1), line(2, accept), line(3, block)};
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

// ---- the promise: at every instant every packet is treated as one of the lists says

struct Packet {
  xfrm::Selector exact;  // both prefixes 32 bits long
};

bool inside(const xfrm::Prefix& prefix, const xfrm::Address& address) {
  for (unsigned bit = 0; bit < prefix.length; ++bit) {
    const auto mask = std::byte{0x80} >> bit % 8;
    if ((prefix.address.bytes[bit / 8] & mask) != (address.bytes[bit / 8] & mask)) return false;
  }
  return true;
}

bool matches(const xfrm::Selector& s, const xfrm::Selector& p) {
  return inside(s.source, p.source.address) && inside(s.destination, p.destination.address) &&
         (s.protocol == 0 || s.protocol == p.protocol) &&
         (s.source_port == 0 || s.source_port == p.source_port) &&
         (s.destination_port == 0 || s.destination_port == p.destination_port);
}

// What happens to a packet: action and reqid; nothing when no policy matches.
struct Verdict {
  bool matched = false;
  Entry::Action action = protect;
  std::uint32_t reqid = 0;
  friend bool operator==(const Verdict&, const Verdict&) = default;
  [[nodiscard]] bool passes() const { return !matched || action == bypass || action == accept; }
};

Verdict verdict(const Kernel& kernel, const PolicyKey& where, const xfrm::Selector& packet) {
  std::int64_t best = std::int64_t{1} << 40;
  Verdict found;
  for (const auto& [key, body] : kernel.policies) {
    if (key.direction != where.direction || key.interface != where.interface ||
        !matches(key.selector, packet))
      continue;
    if (body.priority == best) FAIL("two policies of one number match a packet");
    if (body.priority < best) {
      best = body.priority;
      found = {true, body.action, body.reqid};
    }
  }
  return found;
}

Verdict verdict(const std::vector<Entry>& list, Direction direction, const xfrm::Selector& packet) {
  for (const auto& e : list) {
    if (!matches(e.selector, packet)) continue;
    if (e.action == accept && direction == Direction::out) return {true, bypass, 0};
    const bool keyed = e.action == protect || e.action == accept;
    return {true, e.action, keyed ? 7000U + e.key_class : 0U};
  }
  return {};
}

// Random lists over few addresses, so that selectors overlap and repeat a lot.
class Dice {
 public:
  explicit Dice(unsigned seed) : engine_{seed} {}
  unsigned below(unsigned n) { return static_cast<unsigned>(engine_() % n); }

  xfrm::Prefix prefix() {
    const unsigned length = 5 + below(4);  // 5 to 8: differ in the lowest bits of the first octet
    const unsigned octet = 8 + below(8);
    return {test::ipv4(octet & (0xff00U >> length) & 0xffU, 0, 0, 0),
            static_cast<std::uint8_t>(length)};
  }
  Entry entry() {
    Entry e;
    e.selector.source = prefix();
    e.selector.destination = prefix();
    e.selector.protocol = below(3) == 0 ? std::uint8_t{17} : std::uint8_t{0};
    e.selector.destination_port = e.selector.protocol != 0 && below(2) != 0 ? 53 : 0;
    e.action = action();
    e.key_class = static_cast<xfrm::KeyClass>(below(2));
    return e;
  }
  Entry::Action action() {
    constexpr std::array all{protect, bypass, block, accept};
    return all[below(all.size())];
  }
  std::vector<Entry> list() {
    std::vector<Entry> out(below(9));
    for (auto& e : out) e = entry();
    return xfrm::without_duplicates(out);
  }
  // Half of the lists are the old one, changed: that is where selectors move.
  std::vector<Entry> changed(std::vector<Entry> list) {
    if (below(2) == 0) return this->list();
    std::shuffle(list.begin(), list.end(), engine_);
    for (auto& e : list)
      if (below(3) == 0) e.action = action();
    if (!list.empty() && below(2) == 0) list.pop_back();
    list.insert(list.begin() + below(static_cast<unsigned>(list.size()) + 1), entry());
    return xfrm::without_duplicates(list);
  }
  xfrm::Selector packet() {
    xfrm::Selector p;
    p.source = {test::ipv4(8 + below(8), 0, 0, 1), 32};
    p.destination = {test::ipv4(8 + below(8), 0, 0, 1), 32};
    p.protocol = below(2) != 0 ? std::uint8_t{17} : std::uint8_t{6};
    p.source_port = 1000;
    p.destination_port = below(2) != 0 ? 53 : 54;
    return p;
  }

 private:
  std::mt19937 engine_;
};

void check_packets(const Kernel& kernel, const std::vector<Entry>& old_list,
                   const std::vector<Entry>& new_list, const std::vector<xfrm::Selector>& packets) {
  const PolicyKey places[] = {
      {Direction::in, {}, 0, 0}, {Direction::fwd, {}, 0, 0}, {Direction::out, {}, 4, 0}};
  for (const auto& packet : packets) {
    for (const auto& place : places) {
      const auto before = verdict(old_list, place.direction, packet);
      const auto after = verdict(new_list, place.direction, packet);
      const auto now = verdict(kernel, place, packet);
      if (now == before || now == after) continue;
      INFO(describe(packet));
      FAIL("a packet was treated as neither list says");
    }
  }
}

TEST_CASE("at every step, forth and back, every packet is treated as one of the two lists says") {
  const auto seed = GENERATE(range(0U, 400U));
  CAPTURE(seed);
  Dice dice{seed};
  // A short range, so that moving back to its end happens often.
  const auto f = frame(64);
  Kernel kernel;
  std::vector<Entry> old_list;
  std::uint32_t first = 0;
  for (int change = 0; change < 6; ++change) {
    const auto new_list = dice.changed(old_list);
    std::vector<xfrm::Selector> packets(40);
    for (auto& p : packets) p = dice.packet();

    const auto plan = plan_policies(expand(old_list, f, first), new_list, f);
    for (const auto& s : plan.install) {
      kernel.step(s);
      check_packets(kernel, old_list, new_list, packets);
    }
    for (auto s = plan.install.rbegin(); s != plan.install.rend(); ++s) {  // taken back
      kernel.step({s->key, s->after, s->before});
      check_packets(kernel, old_list, new_list, packets);
    }
    CHECK(kernel.present() == sorted(expand(old_list, f, first)));
    for (const auto& s : plan.install) kernel.step(s);
    for (const auto& s : plan.remove) {
      kernel.step(s);
      check_packets(kernel, old_list, new_list, packets);
    }
    CHECK(kernel.present() == sorted(expand(new_list, f, plan.first)));
    old_list = new_list;
    first = plan.first;
  }
}

// What a batch the kernel refuses one message of leaves behind, up to the next barrier: never does
// a packet pass that both lists keep from passing.
void check_no_leak(const Kernel& kernel, const std::vector<Entry>& old_list,
                   const std::vector<Entry>& new_list, const std::vector<xfrm::Selector>& packets) {
  for (const auto& packet : packets)
    for (const auto direction : {Direction::in, Direction::fwd, Direction::out}) {
      const PolicyKey place{direction, {}, direction == Direction::out ? 4 : 0, 0};
      if (verdict(old_list, direction, packet).passes() ||
          verdict(new_list, direction, packet).passes())
        continue;
      if (verdict(kernel, place, packet).passes()) {
        INFO(describe(packet));
        FAIL("a packet passed that both lists protect or block");
      }
    }
}

TEST_CASE("a refused step, and the rest of its kind after it, lets nothing pass") {
  const auto seed = GENERATE(range(0U, 300U));
  CAPTURE(seed);
  Dice dice{seed};
  const auto f = frame(64);
  const auto old_list = dice.list();
  const auto new_list = dice.changed(old_list);
  std::vector<xfrm::Selector> packets(60);
  for (auto& p : packets) p = dice.packet();
  // Half of the time the old list has to move out of the way first.
  const std::uint32_t first = dice.below(2) != 0 ? 101 : 140;
  const auto plan = plan_policies(expand(old_list, f, first), new_list, f);
  for (std::size_t refused = 0; refused < plan.install.size(); ++refused) {
    Kernel kernel;
    for (const auto& p : expand(old_list, f, first)) kernel.policies[p.key] = p.body;
    for (std::size_t i = 0; i < plan.install.size(); ++i) {
      const auto& s = plan.install[i];
      const bool barrier = i > 0 && xfrm::differ_in_kind(*s.after, *plan.install[i - 1].after);
      if (barrier && i > refused) break;
      if (i == refused) continue;
      kernel.policies[s.key] = *s.after;  // what it replaces may be what was not moved
      check_no_leak(kernel, old_list, new_list, packets);
    }
  }
}

}  // namespace
