// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/show_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "agent/config/near_words.h"

namespace agent {
namespace {

struct SubCommand {
  std::string_view words;
  ShowView view;
};
constexpr std::array sub_commands{
    SubCommand{"detail", ShowView::detail},
    SubCommand{"gm", ShowView::gm},
    SubCommand{"gm acl", ShowView::gm_acl},
    SubCommand{"gm acl local", ShowView::gm_acl_local},
    SubCommand{"gm rekey", ShowView::gm_rekey},
    SubCommand{"gm rekey detail", ShowView::gm_rekey_detail},
    SubCommand{"gm dataplane counters", ShowView::gm_dataplane_counters},
    SubCommand{"gm dataplan counter", ShowView::gm_dataplane_counters},  // as IOS XE takes it too
    SubCommand{"gm replay", ShowView::gm_replay},
    SubCommand{"gm identifier", ShowView::gm_identifier},
    SubCommand{"gm identifier detail", ShowView::gm_identifier_detail},
    SubCommand{"gm pubkey", ShowView::gm_pubkey},
    SubCommand{"rekey sa", ShowView::rekey_sa},
    SubCommand{"rekey sa detail", ShowView::rekey_sa_detail},
    SubCommand{"ipsec sa", ShowView::ipsec_sa},
    SubCommand{"feature", ShowView::feature},
    SubCommand{"events", ShowView::events},
};

std::vector<std::string_view> names() {
  std::vector<std::string_view> out;
  for (const auto& row : sub_commands) out.push_back(row.words);
  return out;
}

std::string did_you_mean(std::string_view written, std::string_view word) {
  return fmt::format("unknown sub-command '{}' of show{}", written,
                     word.empty() ? "" : fmt::format(", did you mean '{}'?", word));
}

std::span<const std::string> after_crypto_gdoi(std::span<const std::string> words) {
  const bool crypto = words.size() >= 2 && words[0] == "crypto";
  return crypto && (words[1] == "gdoi" || words[1] == "gkm") ? words.subspan(2) : words;
}

}  // namespace

Result<ShowCommand> parse_show(const std::vector<std::string>& words) {
  ShowCommand out;
  auto left = after_crypto_gdoi(words);
  if (!left.empty() && left[0] == "crypto")
    return fail(did_you_mean(fmt::format("{}", fmt::join(left, " ")), "crypto gdoi"));
  if (!left.empty() && left[0] == "group") {
    if (left.size() == 1) return fail("show group needs the name of a group");
    out.group = left[1];
    left = left.subspan(2);
  }
  if (left.empty()) return out;
  const auto written = fmt::format("{}", fmt::join(left, " "));
  const auto known = std::find_if(sub_commands.begin(), sub_commands.end(),
                                  [&](const SubCommand& row) { return row.words == written; });
  if (known != sub_commands.end()) {
    out.view = known->view;
    return out;
  }
  if (left[0] == "feature" && left.size() == 2) {
    out.view = ShowView::feature;
    out.feature = left[1];
    return out;
  }
  const auto meant = nearest_word(written, names());
  if (left.size() > 1 || out.group) return fail(did_you_mean(written, meant));
  out.group = written;
  out.meant = meant;
  return out;
}

}  // namespace agent
