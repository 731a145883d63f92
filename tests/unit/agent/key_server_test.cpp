// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/key_server.h"

#include "tests/support/catch.h"
#include "tests/unit/agent/configs.h"

namespace key_server_test {

using namespace agent;

namespace {

std::string again(std::string_view text) {
  const auto read = parse_key_server(text);
  return read ? key_server_text(*read) : read.error().what;
}

}  // namespace

TEST_CASE("a key server is an address or a DNS name, with a port if it is not 848") {
  CHECK(again("10.0.0.5") == "10.0.0.5:848");
  CHECK(again("[2001:db8::5]:8480") == "[2001:db8::5]:8480");
  CHECK(again("ks1.example.net") == "ks1.example.net:848");
  CHECK(again("KS1.Example.NET.:8480") == "ks1.example.net:8480");
  CHECK(again("ks1") == "ks1:848");
  CHECK(again("3com.example") == "3com.example:848");
}

TEST_CASE("an address with a slip in it is not taken for a name") {
  for (const auto* text :
       {"10.0.0.300", "10.0.0", "10.0.0.5.6", "ks.1", "-ks.example", "ks-.example", "ks..example",
        ".example", "ks_1!.example", "k s.example"})
    CHECK_FALSE(parse_host_name(text).has_value());
  CHECK_FALSE(parse_host_name(std::string(64, 'a') + ".example").has_value());
  CHECK(parse_host_name(std::string(63, 'a') + ".example").has_value());
}

TEST_CASE("names and addresses may be mixed, none twice") {
  const auto config = support::make_config(
      {{"ks", "ks1.example.net, 10.0.0.5, ks2.example.net:8480", "t"}, {"group", "1", "t"}});
  REQUIRE(config.has_value());
  REQUIRE(config->key_servers.size() == 3);
  CHECK(config->key_servers[0].name == "ks1.example.net");
  CHECK(config->key_servers[1].name.empty());
  const auto twice =
      support::make_config({{"ks", "ks1.example.net, KS1.example.net", "t"}, {"group", "1", "t"}});
  REQUIRE_FALSE(twice.has_value());
  CHECK(twice.error().what == "t: ks: KS1.example.net is given twice");
}

TEST_CASE("groups whose key servers are given by name may share one") {
  const auto contact = [](const std::string& first, const std::string& second) {
    SettingsFile file;
    file.sections = {{"A", "t", {{"ks", first, "t"}, {"group", "1", "t"}}},
                     {"B", "t", {{"ks", second, "t"}, {"group", "2", "t"}}}};
    const auto daemon = make_daemon_config(file, {});
    REQUIRE(daemon.has_value());
    return daemon->groups.front().sole_contact;
  };
  CHECK(contact("10.0.0.5", "10.0.0.6"));
  CHECK_FALSE(contact("10.0.0.5", "ks.example.net"));
}

}  // namespace key_server_test
