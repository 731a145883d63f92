// SPDX-License-Identifier: GPL-2.0-or-later
// The promise of a plan: at every instant every packet is treated as one of the two lists says.
#include <array>
#include <cstring>
#include <random>

#include "tests/unit/xfrm/policy_model.h"

namespace policy_plan_property_test {

using namespace test::plan;

namespace {

bool inside(const xfrm::Prefix& prefix, const xfrm::Address& address) {
  const auto octets = prefix.length / 8u, bits = prefix.length % 8u;
  const auto *const wanted = prefix.address.bytes.data(), *const have = address.bytes.data();
  if (std::memcmp(wanted, have, octets) != 0) return false;
  return bits == 0 || ((wanted[octets] ^ have[octets]) >> (8 - bits)) == std::byte{};
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
  [[nodiscard]] bool passes() const {
    return !matched || action == bypass || action == inbound_optional;
  }
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

Verdict verdict(const std::vector<Entry>& list, PolicyDirection direction,
                const xfrm::Selector& packet) {
  for (const auto& e : list) {
    if (!matches(e.selector, packet)) continue;
    if (e.action == inbound_optional && direction == PolicyDirection::out) return {true, bypass, 0};
    const bool keyed = e.action == protect || e.action == inbound_optional;
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
    constexpr std::array all{protect, bypass, discard, inbound_optional};
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
  const PolicyKey places[] = {{PolicyDirection::in, {}, 0, 0},
                              {PolicyDirection::fwd, {}, 0, 0},
                              {PolicyDirection::out, {}, 4, 0}};
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
    for (const auto direction : {PolicyDirection::in, PolicyDirection::fwd, PolicyDirection::out}) {
      const PolicyKey place{direction, {}, direction == PolicyDirection::out ? 4 : 0, 0};
      if (verdict(old_list, direction, packet).passes() ||
          verdict(new_list, direction, packet).passes())
        continue;
      if (verdict(kernel, place, packet).passes()) {
        INFO(describe(packet));
        FAIL("a packet passed that both lists protect or discard");
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

}  // namespace policy_plan_property_test
