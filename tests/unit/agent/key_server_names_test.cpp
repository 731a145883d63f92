// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/key_server_names.h"

#include <map>

#include "tests/support/catch.h"
#include "tests/unit/agent/policies.h"

namespace key_server_names_test {

using namespace agent;

namespace {

using Found = Lookup::Found;

gdoi::Address ip(const std::string& text) {
  const auto address = parse_ipv4(text);
  return address ? *address : parse_ipv6(text).value();
}

// Resolver answers what it is told, or nothing yet.
struct Resolver {
  std::map<std::string, std::optional<Found>> answers;
  unsigned asked = 0;

  struct One final : Lookup {
    One(Resolver& resolver, std::string name) : resolver{resolver}, name{std::move(name)} {}
    void wake(Instant) override { found_ = resolver.answers[name]; }
    [[nodiscard]] std::optional<Instant> deadline() const override { return std::nullopt; }
    [[nodiscard]] const std::optional<Found>& found() const override { return found_; }
    Resolver& resolver;
    std::string name;
    std::optional<Found> found_;
  };
};

struct Lab {
  Resolver resolver;
  std::vector<std::string> lines;
  Log log{Level::debug, [this](Level, std::string_view line) { lines.emplace_back(line); }};
  std::vector<KeyServer> configured{*parse_key_server("ks1.example"), *parse_key_server("10.0.0.7"),
                                    *parse_key_server("ks2.example:8480")};
  KeyServerNames names{configured,
                       [this](const std::string& name, Instant) {
                         resolver.asked += 1;
                         return std::make_unique<Resolver::One>(resolver, name);
                       },
                       log};
  Instant now{};

  void answer(const std::string& name, std::initializer_list<const char*> addresses) {
    std::vector<gdoi::Address> out;
    for (const auto* address : addresses) out.push_back(ip(address));
    resolver.answers[name] = std::move(out);
  }
  void look_up() {
    now += seconds{10};
    names.look_up(now);
    CHECK(names.wake(now));
  }
  [[nodiscard]] std::string known() const {
    std::string out;
    for (const auto& one : names.known())
      out += fmt::format("{}{}/{}", out.empty() ? "" : " ", to_string(one), one.name);
    return out;
  }
};

}  // namespace

TEST_CASE("each address of each name stands where the configuration has the name") {
  Lab lab;
  CHECK(lab.known() == "10.0.0.7/848/");
  lab.answer("ks1.example", {"10.0.0.5", "10.0.0.6"});
  lab.answer("ks2.example", {"10.0.0.7", "2001:db8::5"});
  lab.look_up();
  CHECK(lab.known() ==
        "10.0.0.5/848/ks1.example 10.0.0.6/848/ks1.example 10.0.0.7/848/ "
        "10.0.0.7/8480/ks2.example 2001:db8::5/8480/ks2.example");
  REQUIRE(lab.lines.size() == 2);
  CHECK(lab.lines[0] == "key server ks1.example is at 10.0.0.5, 10.0.0.6");
}

TEST_CASE("an answer in another order changes nothing, one with other addresses does") {
  Lab lab;
  lab.answer("ks1.example", {"10.0.0.5", "10.0.0.6"});
  lab.answer("ks2.example", {"10.0.0.8"});
  lab.look_up();
  const auto before = lab.known();
  lab.answer("ks1.example", {"10.0.0.6", "10.0.0.5"});
  lab.look_up();
  CHECK(lab.known() == before);
  CHECK(lab.lines.size() == 2);
  lab.answer("ks1.example", {"10.0.0.6"});
  lab.look_up();
  CHECK(lab.known() == "10.0.0.6/848/ks1.example 10.0.0.7/848/ 10.0.0.8/8480/ks2.example");
  CHECK(lab.lines.back() == "key server ks1.example is at 10.0.0.6");
}

TEST_CASE("a name that cannot be resolved keeps its addresses, and is told of once") {
  Lab lab;
  lab.answer("ks1.example", {"10.0.0.5"});
  lab.resolver.answers["ks2.example"] = Found{fail("no such name")};
  lab.look_up();
  CHECK(lab.lines.back() ==
        "key server ks2.example cannot be resolved: no such name; no address of it is known yet");
  lab.resolver.answers["ks1.example"] = Found{fail("no answer")};
  lab.look_up();
  lab.look_up();
  CHECK(lab.known() == "10.0.0.5/848/ks1.example 10.0.0.7/848/");
  REQUIRE(lab.lines.size() == 3);
  CHECK(lab.lines.back() ==
        "key server ks1.example cannot be resolved: no answer; in use stays 10.0.0.5");
  REQUIRE(lab.names.status().size() == 2);
  CHECK(lab.names.status()[0].failure == "no answer");
  lab.now += seconds{600};
  lab.look_up();
  CHECK(lab.lines.size() == 5);
  lab.answer("ks1.example", {"10.0.0.5"});
  lab.look_up();
  CHECK(lab.lines.back() == "key server ks1.example is at 10.0.0.5");
}

TEST_CASE("no look-up begins while one is under way, or was just done") {
  Lab lab;
  lab.resolver.answers["ks2.example"] = Found{fail("no such name")};
  lab.names.look_up(lab.now);
  CHECK(lab.resolver.asked == 2);
  CHECK_FALSE(lab.names.wake(lab.now));  // ks1.example is awaited
  CHECK(lab.names.is_busy());
  lab.names.look_up(lab.now);
  CHECK(lab.resolver.asked == 2);
  lab.answer("ks1.example", {"10.0.0.5"});
  CHECK(lab.names.wake(lab.now));
  CHECK_FALSE(lab.names.wake(lab.now));
  lab.names.look_up(lab.now + seconds{1});
  CHECK(lab.resolver.asked == 2);
  lab.names.look_up_if_due(lab.now + seconds{9});
  CHECK(lab.resolver.asked == 2);
  lab.names.look_up_if_due(lab.now + seconds{10});
  CHECK(lab.resolver.asked == 4);
}

TEST_CASE("addresses are bounded, of a name and in all") {
  Lab lab;
  std::vector<gdoi::Address> many;
  for (unsigned i = 1; i <= 20; ++i) many.push_back(ip("10.1.0." + std::to_string(i)));
  lab.resolver.answers["ks1.example"] = many;
  for (auto& one : many) one.bytes[1] = std::byte{2};
  lab.resolver.answers["ks2.example"] = many;
  lab.look_up();
  CHECK(lab.names.status()[0].addresses.size() == max_addresses_of_name);
  CHECK(lab.names.known().size() == max_key_server_addresses);
  CHECK_THAT(lab.lines.front(), Catch::EndsWith("(the first 16 of 20 addresses)"));
}

TEST_CASE("of a name that stays in the configuration the addresses stay known") {
  Lab lab;
  lab.answer("ks1.example", {"10.0.0.5"});
  lab.answer("ks2.example", {"10.0.0.6"});
  lab.look_up();
  lab.names.configure({*parse_key_server("ks2.example"), *parse_key_server("ks3.example")});
  CHECK(lab.known() == "10.0.0.6/848/ks2.example");
  CHECK(lab.names.has_names());
  lab.names.configure({*parse_key_server("10.0.0.5")});
  CHECK_FALSE(lab.names.has_names());
  CHECK(lab.known() == "10.0.0.5/848/");
}

}  // namespace key_server_names_test
