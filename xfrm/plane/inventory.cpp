// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/plane/inventory.h"

#include <cerrno>
#include <ctime>

#include "xfrm/nft/rules.h"

namespace xfrm {
namespace {

const SaSpec* find_sa(std::span<const SaSpec> sas, std::uint32_t spi) {
  const auto at =
      std::find_if(sas.begin(), sas.end(), [&](const SaSpec& sa) { return sa.spi == spi; });
  return at == sas.end() ? nullptr : &*at;
}

// Times of addition have whole seconds; of states of one second the kernel lists the newer first.
void number_by_age(std::vector<InstalledState>& states) {
  std::reverse(states.begin(), states.end());
  std::stable_sort(states.begin(), states.end(),
                   [](const auto& a, const auto& b) { return a.added_from < b.added_from; });
  std::uint64_t order = 0;
  for (InstalledState& state : states) state.order = ++order;
}

}  // namespace

std::uint64_t wall_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return static_cast<std::uint64_t>(now.tv_sec);
}

std::uint32_t first_priority(const PlaneConfig& config) {
  return first_of_all_priorities + config.precedence * priorities_per_plane;
}

PolicyScope scope_of(const PlaneConfig& config) {
  return {
      {config.in_anchor, config.out_anchor}, config.reqid, max_key_classes, first_of_all_priorities,
      priorities_per_plane * max_planes,     config.mark,  config.owner};
}

Result<std::vector<Policy>> read_policies(NetlinkChannel& xfrm, const PolicyScope& scope,
                                          std::span<const PolicyKey> keys) {
  std::vector<Policy> out;
  Request request;
  list_policies(request);
  auto read = xfrm.dump(request, "list of policies", [&](const nlmsghdr& message) {
    auto policy = recognise_policy(message, scope);
    if (!policy && !keys.empty()) {
      policy = read_policy(message);
      if (policy && !std::binary_search(keys.begin(), keys.end(), policy->key)) policy.reset();
    }
    if (policy) out.push_back(*policy);
  });
  if (!read) return tl::unexpected{read.error()};
  return out;
}

Result<void> read_states(NetlinkChannel& xfrm, const PlaneConfig& config,
                         const std::function<void(const State&, Direction)>& each) {
  Request request;
  list_states(request, config.in_anchor.family);
  return xfrm.dump(request, "list of states", [&](const nlmsghdr& message) {
    const auto state = read_state(message);
    // A larval state (SPI 0) waits for a key manager, and goes by itself.
    if (!state || !state->esp_tunnel || state->spi == 0 ||
        state->reqid - config.reqid >= max_key_classes)
      return;
    if (state->destination == config.in_anchor) each(*state, Direction::inbound);
    if (state->destination == config.out_anchor) each(*state, Direction::outbound);
  });
}

Result<std::vector<InstalledState>> read_installed(
    NetlinkChannel& xfrm, const PlaneConfig& config, std::span<const SaSpec> wanted,
    const std::function<void(const State&, Direction)>& each) {
  std::vector<InstalledState> out;
  auto read = read_states(xfrm, config, [&](const State& state, Direction direction) {
    const SaSpec* sa = find_sa(wanted, state.spi);
    const bool usable =
        sa == nullptr || (state.reqid == config.reqid + sa->key_class && same_keys(state, *sa));
    out.push_back({state.spi, direction, state.reqid, 0, usable, state.added, state.added,
                   state.hard_seconds});
    if (each) each(state, direction);
  });
  if (!read) return tl::unexpected{read.error()};
  number_by_age(out);
  return out;
}

Result<Inventory> read_inventory(NetlinkChannel& xfrm, NetlinkChannel& netfilter,
                                 AnchorSet& anchors, const PlaneConfig& config,
                                 std::span<const SaSpec> wanted) {
  Inventory out;
  auto states = read_installed(xfrm, config, wanted);
  if (!states) return tl::unexpected{states.error()};
  out.states = std::move(*states);

  auto policies = read_policies(xfrm, scope_of(config));
  if (!policies) return tl::unexpected{policies.error()};
  out.unlisted_policies = std::move(*policies);

  auto table = RulesSnapshot::read(netfilter, config.name, config.in_anchor.family);
  if (!table) return tl::unexpected{table.error()};
  if (*table && !(*table)->ours())
    return fail(EEXIST, table_name(config.name, config.in_anchor.family),
                "another program has such a table");
  out.old_table = std::move(*table);
  if (out.old_table) {
    out.spis = out.old_table->spis();
    out.indices = out.old_table->indices();
  }

  const auto address = anchors.has_address();
  if (!address) return tl::unexpected{address.error()};
  out.address = *address;
  const auto route = anchors.route();
  if (!route) return tl::unexpected{route.error()};
  out.route = *route;
  return out;
}

}  // namespace xfrm
