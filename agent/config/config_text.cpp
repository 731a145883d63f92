// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include "agent/base/address.h"
#include "agent/config/access_list.h"
#include "agent/config/config.h"
#include "agent/config/config_values.h"

namespace agent {

std::string describe(const Config& config) {
  std::string out;
  const auto line = [&out](std::string_view key, const std::string& value) {
    out += described(key, value);
  };
  const auto lines = [&line](std::string_view key, const auto& values, const auto& text) {
    for (const auto& value : values) line(key, text(value));
    if (values.empty()) line(key, "none");
  };
  for (const auto& ks : config.key_servers) line("ks", endpoint_text(ks));
  line("group", group_text(config.group));
  line("group-name", config.group_name);
  for (const auto& name : config.interfaces) line("interface", name);
  if (config.interfaces.empty()) line("interface", "the one that leads to the key server");
  line("vrf", config.vrf.empty() ? "none" : config.vrf);
  out += describe(config.authentication);
  for (const auto& proposal : config.proposals) line("ike-proposal", proposal_text(proposal));
  line("ike-lifetime", fmt::to_string(config.ike_lifetime.count()));
  line("ike-mode", config.ike_mode == gdoi::Phase1Mode::main ? "main" : "aggressive");
  line("phase1-doi", fmt::format("{}{}", config.phase1_doi, config.fallback_doi ? ", then 1" : ""));
  line("nat-t", config.nat_traversal ? "yes" : "no");
  line("ike-fragmentation", config.ike_fragmentation ? "yes" : "no");
  line("keyless-sat", std::string{name_of(config.keyless_sat)});
  line("replay-window", fmt::to_string(config.replay_window));
  line("send-counter-modes", config.send_counter_modes ? "yes" : "no");
  line("rekey-encryption", config.acceptance.rekey_encryption.text());
  line("rekey-hash", config.acceptance.rekey_hash.text());
  line("transform", config.acceptance.transforms.text());
  lines("deny", config.exceptions, [](const auto& one) { return gdoi::describe(one); });
  line("fail-close", config.fail_close ? "yes" : "no");
  lines("fail-close-deny", config.fail_close_exceptions,
        [](const auto& one) { return gdoi::describe(one); });
  line("fail-close-revert", config.fail_close_revert ? "yes" : "no");
  line("passive", config.passive ? "yes" : "no");
  lines("scope", config.scope, range_text);
  line("ack-key-length", std::string{name_of(config.ack_key_length)});
  line("retry-max", fmt::to_string(config.retry_max.count()));
  line("anchor-in", to_string(config.anchor_in));
  line("anchor-out", to_string(config.anchor_out));
  line("anchor-in6", to_string(config.anchor_in6));
  line("anchor-out6", to_string(config.anchor_out6));
  line("mark", fmt::format("{:#x}", config.mark));
  line("mss-clamp", mss_clamp_text(config.mss_clamp));
  line("reqid", fmt::to_string(config.reqid));
  return out;
}

}  // namespace agent
