// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/control/show.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "agent/control/monitor.h"
#include "agent/control/show/blocks.h"
#include "agent/control/status_groups.h"

namespace agent {
namespace {

using nlohmann::json;
using show::text;

std::string closing_block(const json& status) {
  return fmt::format(
      "KGS POLICY:\n  REG_GM: local_addr {0}\n\nP2P POLICY:\n  REG_GM: local_addr {0}\n",
      show::ipv4_address(status.at("local")));
}

// whole is `show crypto gdoi`, with `detail` what each TEK is used for.
std::string whole(const json& status, bool detail) {
  const auto ids = status.value("sender_ids", json());
  return show::group_block(status) + show::member_block(status) + show::own_lines(status) +
         show::allowable_block(status) + show::rekeys_cumulative(status) +
         show::local_acl_note(status) + show::downloaded_acl(status) + "\n" +
         show::kek_block(status) + show::tek_block(status, detail) +
         (ids.is_null() ? "" : show::identifier_block(status, false) + "\n") +
         closing_block(status);
}

std::string group_line(const json& status) {
  return fmt::format("Group Name: {}\n", show::group_name(status));
}

std::string of_group(const json& status, const ShowCommand& command) {
  switch (command.view) {
    case ShowView::all:
    case ShowView::events:
      break;
    case ShowView::detail:
      return whole(status, true);
    case ShowView::gm:
      return show::member_block(status);
    case ShowView::gm_acl:
      return group_line(status) + show::downloaded_acl(status) + show::local_acl(status);
    case ShowView::gm_acl_local:
      return group_line(status) + show::local_acl(status);
    case ShowView::gm_rekey:
      return show::gm_rekey(status);
    case ShowView::gm_rekey_detail:
      return show::gm_rekey(status) + show::gm_rekey_sas(status);
    case ShowView::gm_dataplane_counters:
      return show::dataplane_counters(status);
    case ShowView::gm_replay:
      return show::replay_block(status);
    case ShowView::gm_identifier:
      return show::identifier_block(status, false);
    case ShowView::gm_identifier_detail:
      return show::identifier_block(status, true);
    case ShowView::gm_pubkey:
      return show::pubkey_block(status);
    case ShowView::rekey_sa:
      return show::rekey_sa_rows(status);
    case ShowView::rekey_sa_detail:
      return show::rekey_sa_detail(status);
    case ShowView::ipsec_sa:
      return show::ipsec_sa_block(status);
    case ShowView::feature:
      return show::feature_block(status, command.feature);
  }
  return whole(status, false);
}

// What stands once, before all groups, and after them.
std::string heading(ShowView view) {
  if (view != ShowView::rekey_sa) return "";
  return "GETVPN REKEY SA\ndst             src             conn-id         status\n";
}
std::string footing(ShowView view) {
  if (view != ShowView::gm_dataplane_counters) return "";
  return "\nno sa, invalid sa, encaps fail and decap fail are of the machine, not of a group\n";
}

std::string text_of_group(const json& status, const ShowCommand& command) {
  if (status.at("schema") != 1) throw std::runtime_error{"a group of another schema"};
  return of_group(status, command);
}

// The library of JSON throws; that ends here.
template <class Use>
Result<std::string> with_document(const std::string& document, Use use) {
  try {
    const auto status = json::parse(document);
    if (status.contains("error")) return fail("the daemon says: " + text(status.at("error")));
    if (status.at("schema") != 1 && status.at("schema") != 2)
      return fail("the daemon speaks schema " + text(status.at("schema")) +
                  ", this program 1 and 2");
    return use(status);
  } catch (const std::exception& problem) {
    return fail(std::string{"malformed reply of the daemon: "} + problem.what());
  }
}

}  // namespace

Result<std::string> show_text(const std::string& document, const ShowCommand& command) {
  if (!command.feature.empty() && !show::is_feature(command.feature))
    return fail(
        fmt::format("there is no feature '{}': {}", command.feature, show::feature_names()));
  return with_document(document, [&](const json& status) {
    const bool rows = command.view == ShowView::rekey_sa;
    std::string out;
    for (const json& group : groups_of(status))
      out += (out.empty() || rows ? "" : "\n") + text_of_group(group, command);
    return heading(command.view) + out + footing(command.view);
  });
}

Result<std::string> events_text(const std::string& document) {
  return with_document(document, [](const json& answer) {
    std::string out;
    for (const auto& event : answer.at("events")) out += event_line(event) + "\n";
    return out.empty() ? std::string{"nothing happened yet\n"} : out;
  });
}

Result<std::string> show_json(const std::string& document) {
  return with_document(document, [](const json& status) { return status.dump(2) + "\n"; });
}

Result<std::string> trace_text(const std::string& document) {
  return with_document(document, [](const json& answer) { return text(answer.at("trace")); });
}

Result<std::string> keys_text(const std::string& document) {
  return with_document(document, [](const json& answer) { return text(answer.at("keys")); });
}

Result<std::string> done_text(const std::string& document) {
  return with_document(document, [](const json& status) {
    const auto done = text(status.at("done"));
    if (done == "trace-start") return std::string{"messages are written down until trace stop\n"};
    if (done == "reload") return std::string{"the configuration is read\n"};
    if (done == "log-level") return std::string{"done\n"};
    return std::string{done == "clear" ? "keys are cleared, a registration begins\n"
                                       : "a registration begins\n"};
  });
}

}  // namespace agent
