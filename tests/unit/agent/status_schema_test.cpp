// SPDX-License-Identifier: GPL-2.0-or-later
// Whether status.schema.json describes what status_json writes, each way round. Types and values
// are for the scenarios, which check documents of a real daemon.
#include <nlohmann/json.hpp>

#include "agent/control/status.h"
#include "tests/support/catch.h"
#include "tests/unit/agent/configs.h"
#include "tests/unit/agent/policies.h"
#include "tests/unit/agent/schemas.h"

namespace status_schema_test {

using namespace agent;
using namespace support;
using nlohmann::json;

namespace {

const Schema& schema() {
  static const Schema parsed{"status.schema.json"};
  return parsed;
}

std::vector<std::string> differences(const std::string& document) {
  return schema().differences(document, "group");
}

void without_description(const json& part, const std::string& at, std::vector<std::string>& out) {
  if (part.is_array())
    for (const auto& item : part) without_description(item, at, out);
  if (!part.is_object()) return;
  for (const auto& [name, member] : part.items()) {
    if (name == "properties")
      for (const auto& [property, description] : member.items())
        if (!description.contains("description") &&
            !schema().resolved(description).contains("description"))
          out.push_back(at + "." + property);
    without_description(member, at + "." + name, out);
  }
}

}  // namespace

TEST_CASE("each member of a document is described, and each one described is there") {
  GroupConfig config =
      make_config(
          {{"ks", "10.0.0.5", "t"}, {"group", "100", "t"}, {"deny", "tcp any any eq 22", "t"}}, {})
          .value();
  StatusView view;
  view.config = &config;
  CHECK(differences(status_json(view, Instant{})) == std::vector<std::string>{});

  RecordingPlane plane;
  SaTable sas;
  auto policy = lab_policy(7);
  policy.sender_ids = gdoi::SenderIds{24, {1, 2}};
  REQUIRE(sas.install(std::move(policy), key_server(), plane, Instant{}).has_value());
  gdoi::MemberStatus member;
  member.registered_with = member.current_key_server = key_server();
  view.member = member;
  view.sas = &sas;
  view.local_address = ip("172.16.1.2");
  view.errors = ErrorMonitoring::Status{
      {20, {1, 0, Instant{} + seconds{100}}, {{ip("10.3.0.10"), gdoi::Spi{9}, 12, Instant{}}}},
      {},
      {}};
  view.work = KernelWork{gdoi::Address::Family::ipv6, true, 5, 600};
  view.keks = {{gdoi::RekeyRole::current, kek().policy, {}, Instant{} + seconds{60}}};
  view.counters = {{gdoi::Spi{7}, false, 1, 2, 3, 4}, {gdoi::Spi{7}, true, 1, 2, 3, 4}};
  CHECK(differences(status_json(view, Instant{})) == std::vector<std::string>{});
}

TEST_CASE("nothing in the schema lacks words") {
  std::vector<std::string> out;
  without_description(schema().whole(), "", out);
  CHECK(out == std::vector<std::string>{});
}

}  // namespace status_schema_test
