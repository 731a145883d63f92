// SPDX-License-Identifier: GPL-2.0-or-later
// Phase 1 and GROUPKEY-PULL as state machines: the input steers a key server that has the
// pre-shared key. Each step of it is four octets: which message, whether a payload is changed
// before it is hashed and encrypted or the datagram after, which octet, and to what. Whatever
// comes,
//
//   - nothing is installed before phase 1 is established, and phase 1 is not established by a
//     message 6 that was changed on the way,
//   - a policy that is to be installed is complete,
//   - the member does not send more than a few datagrams for each that it gets, and goes on after
//     it: an honest key server registers it in the end.
#include <set>

#include "tests/exchange/network.h"
#include "tests/fuzz/target.h"

namespace {

using namespace exchange;

struct Change {
  ks::Step at;
  bool wire;
  unsigned payload, octet;
  std::byte to;
};

std::vector<Change> changes_in(gdoi::View input) {
  std::vector<Change> out;
  for (; input.size() >= 4 && out.size() < 8; input = input.subspan(4)) {
    const auto n = [&](std::size_t i) { return std::to_integer<unsigned>(input[i]); };
    out.push_back({ks::all_steps[(n(0) & 15) % std::size(ks::all_steps)], (n(0) & 16) != 0,
                   n(0) >> 5, n(1) + (n(2) & 15) * 256, input[3]});
  }
  return out;
}

void check_complete(const gdoi::GroupPolicy& policy) {
  std::set<gdoi::Spi> spis;
  for (const auto& tek : policy.teks) {
    assert(tek.spi != gdoi::Spi{} && spis.insert(tek.spi).second);
    assert(tek.policy.lifetime.count() > 0);
    assert(!tek.cipher_key.view().empty());
  }
  for (const auto& entry : policy.entries)
    assert(entry.action != gdoi::AccessEntry::Action::permit || spis.count(entry.spi) > 0);
  if (policy.kek) assert(!policy.kek->key.view().empty());
}

}  // namespace

bool fuzz(gdoi::View input) {
  const auto changes = changes_in(input);
  ks::Script script;
  bool proof_bent = false;
  script.edit = [&](ks::Step step, ks::Payloads& payloads) {
    for (const auto& change : changes) {
      if (change.at != step || change.wire || payloads.empty()) continue;
      auto& body = payloads[change.payload % payloads.size()].body;
      if (!body.empty()) body[change.octet % body.size()] ^= change.to;
    }
  };
  script.edit_wire = [&](ks::Step step, ks::Octets& wire) {
    const auto honest = wire;
    for (const auto& change : changes)
      if (change.at == step && change.wire) wire[change.octet % wire.size()] ^= change.to;
    // Version and flags are no part of the proof.
    constexpr std::ptrdiff_t header = 28;
    if (step == ks::Step::mm6 &&
        !std::equal(wire.begin() + header, wire.end(), honest.begin() + header))
      proof_bent = true;
  };
  auto config = member_config({"10.0.0.5"});
  config.timers.tries = 2;
  Network network{std::move(config)};
  network.attach("10.0.0.5", std::move(script));
  network.start();
  network.run(9s, [&] { return network.registered() || !network.failures.empty(); });

  assert(network.policies.size() <= network.established.size());
  if (proof_bent) assert(network.established.empty());
  for (const auto& one : network.policies) check_complete(one.what.policy);
  assert(network.sent.size() < 64);

  // And then the honest one.
  const bool registered = network.registered();
  network.server("10.0.0.5").script().edit = {};
  network.server("10.0.0.5").script().edit_wire = {};
  network.server("10.0.0.5").forget();
  const auto before = network.policies.size();
  network.clear();
  network.run(30s, [&] { return network.policies.size() > before; });
  assert(network.policies.size() > before);
  return registered;
}
