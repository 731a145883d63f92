// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/doctor/xfrm_counters.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <string>

namespace agent {
namespace {

struct CounterWords {
  std::string_view name, what, remedy;
};

// Documentation/networking/xfrm_proc.rst of the kernel, and what it is in a group.
constexpr std::array counter_words{
    CounterWords{"XfrmInNoStates", "ESP under an SPI that there is no key for",
                 "compare the SPIs of 'getvpnctl show' with the sender's; 'getvpnctl reregister'"},
    CounterWords{"XfrmInStateProtoError", "ESP that is not authentic, or damaged on its way",
                 "compare the key servers' TEKs; look for forged ESP on the WAN"},
    CounterWords{"XfrmInStateSeqError", "ESP outside of the replay window, repeated or late",
                 "a larger replay-window, or 0; look whether several senders share the TEK"},
    CounterWords{"XfrmInStateExpired", "ESP under a TEK that has ended",
                 "compare the clocks and rekeys of the senders"},
    CounterWords{"XfrmInStateMismatch", "ESP that does not fit its state", "compare the members"},
    CounterWords{"XfrmInStateInvalid", "ESP under a state that was being removed", ""},
    CounterWords{"XfrmInTmplMismatch", "packets in clear that had to be encrypted, or the reverse",
                 "'getvpnctl explain' for one of them; the sender may be passive or unregistered"},
    CounterWords{"XfrmInNoPols", "decrypted packets that no policy is about",
                 "'getvpnctl explain' for one of them; the sender may have another list"},
    CounterWords{"XfrmInPolBlock", "packets dropped by a policy, as by fail-close",
                 "'getvpnctl show' tells whether fail-close is in force"},
    CounterWords{"XfrmOutNoStates", "packets to be encrypted, but there is no TEK",
                 "'getvpnctl show' tells whether the member is registered"},
    CounterWords{"XfrmOutStateExpired", "packets to be encrypted under a TEK that has ended",
                 "'getvpnctl reregister'"},
    CounterWords{"XfrmOutStateSeqError", "a TEK whose sequence numbers are used up",
                 "'getvpnctl reregister'; a shorter lifetime at the key server"},
    CounterWords{"XfrmOutPolBlock", "packets dropped by a policy, as by fail-close",
                 "'getvpnctl show' tells whether fail-close is in force"},
    CounterWords{"XfrmOutBundleGenError", "packets for which no way out could be made",
                 "'getvpnctl verify': the route to the outbound anchor may be missing"},
    CounterWords{"XfrmAcquireError", "packets for which no state could be asked for",
                 "'getvpnctl show' tells whether the member is registered"},
};

}  // namespace

std::vector<Diagnosis> examine_counters(std::string_view xfrm_stat) {
  std::vector<Diagnosis> out;
  std::istringstream lines{std::string{xfrm_stat}};
  std::string name;
  for (std::uint64_t count = 0; lines >> name >> count;) {
    if (count == 0) continue;
    const auto at = std::find_if(counter_words.begin(), counter_words.end(),
                                 [&](const CounterWords& row) { return row.name == name; });
    const bool known = at != counter_words.end();
    out.push_back({Diagnosis::Weight::hint, fmt::format("counter {}", name),
                   fmt::format("{} since start: {}", count,
                               known ? at->what : "see xfrm_proc.rst of the kernel"),
                   known ? std::string{at->remedy} : std::string{}});
  }
  if (out.empty()) out.push_back({Diagnosis::Weight::fine, "counters of IPsec", "no errors", ""});
  return out;
}

}  // namespace agent
