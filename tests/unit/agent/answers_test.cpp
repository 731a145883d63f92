// SPDX-License-Identifier: GPL-2.0-or-later
// The answers to explain and verify: as text, as JSON, and whether answers.schema.json describes
// that, each way round.
#include "agent/control/answers.h"

#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/support/catch.h"
#include "tests/unit/agent/schemas.h"

namespace answers_test {

using namespace agent;
using nlohmann::json;

namespace {

Packet a_packet() {
  const std::vector<std::string> words{"10.1.0.10", "10.3.0.10", "udp", "53"};
  return parse_packet(words).value();
}

// What a sound member of the lab says.
Explanation sound() {
  Explanation out;
  out.list.line = ListAnswer::Line::list;
  out.list.number = 2;
  out.list.text = "permit ip 10.1.0.0 0.0.0.255 10.3.0.0 0.0.0.255";
  out.list.leaving = out.list.arriving = Treatment::encrypt;
  out.list.spi = gdoi::Spi{0xa3d6592e};
  PolicyAnswer policy;
  policy.interface = "wan0";
  policy.treatment = Treatment::encrypt;
  policy.spi = out.list.spi;
  policy.policy = "10.1.0.0/24 to 10.3.0.0/24 priority 1000000004 index 129";
  policy.ours = true;
  out.policies.push_back(policy);
  policy.way = PolicyAnswer::Way::forwarded;
  policy.interface.clear();
  policy.spi.reset();
  out.policies.push_back(policy);
  policy.way = PolicyAnswer::Way::in;
  policy.policy.clear();
  policy.treatment = Treatment::clear;
  policy.ours = false;
  out.policies.push_back(policy);
  out.lock = {true, false, false, false, "10.1.0.0/24 to 10.3.0.0/24", {}};
  return out;
}

std::string explained(const Explanation& explanation, bool as_json = false) {
  const std::vector<ExplainedGroup> groups{{"ONE", explanation}};
  const auto shown = show_explanation(explain_answer(a_packet(), groups), as_json);
  REQUIRE(shown.has_value());
  CHECK(shown->as_it_should_be == explanation.disagreements.empty());
  return shown->text;
}

std::vector<std::string> differences(const std::string& document, const char* of) {
  static const support::Schema schema{"answers.schema.json"};
  return schema.differences(document, of);
}

const std::vector<std::string> none;

}  // namespace

TEST_CASE("three that agree are told in few lines") {
  CHECK(explained(sound()) == R"(Packet udp 10.1.0.10 port 49152 to 10.3.0.10 port 53

Group ONE
  List          : line 2: permit ip 10.1.0.0 0.0.0.255 10.3.0.0 0.0.0.255
                  leaves encrypted under 0xA3D6592E; comes in encrypted only
  Policies out  : wan0: leaves encrypted under 0xA3D6592E
                  10.1.0.0/24 to 10.3.0.0/24 priority 1000000004 index 129
  Policies fwd  : comes in encrypted only
                  10.1.0.0/24 to 10.3.0.0/24 priority 1000000004 index 129
  Policies in   : comes in in clear only
                  no policy is about it
  Second lock   : drops it when it is in clear
                  10.1.0.0/24 to 10.3.0.0/24
  They agree.
)");
}

TEST_CASE("what differs is told, within 80 columns") {
  auto explanation = sound();
  explanation.disagreements = {
      "policies out by wan0 let it leave in clear, the list says to encrypt it under 0xA3D6592E",
      "second lock: table ip getvpn-gm-100/lock is gone"};
  const auto text = explained(explanation);
  CHECK_THAT(text, Catch::Contains("  They differ   : policies out by wan0 let it leave in clear, "
                                   "the list says to\n                  encrypt it"));
  CHECK_THAT(text, Catch::Contains("  They differ   : second lock: table ip getvpn-gm-100/lock"));
  CHECK_THAT(text, !Catch::Contains("They agree"));
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    CHECK(line.size() <= 80);
  }
}

TEST_CASE("a group that cannot say why is not taken for one that agrees") {
  const std::vector<ExplainedGroup> groups{{"ONE", sound()}, {"TWO", fail("no route")}};
  const auto shown = show_explanation(explain_answer(a_packet(), groups), false);
  REQUIRE(shown.has_value());
  CHECK_FALSE(shown->as_it_should_be);
  CHECK_THAT(shown->text, Catch::Contains("Group TWO\n  Cannot be told: no route\n"));
}

TEST_CASE("verify names each difference") {
  const std::vector<VerifiedGroup> fine{{"ONE", std::vector<std::string>{}}};
  const auto equal = show_verification(verify_answer(fine), false);
  CHECK(equal->text == "ONE: the kernel has what it should have\n");
  CHECK(equal->as_it_should_be);
  const std::vector<VerifiedGroup> changed{
      {"ONE", std::vector<std::string>{"policy fwd, 10.1.0.0/24 to 10.3.0.0/24 is gone"}},
      {"TWO", fail("no route")}};
  const auto other = show_verification(verify_answer(changed), false);
  CHECK(other->text ==
        "ONE: the kernel differs in\n  policy fwd, 10.1.0.0/24 to 10.3.0.0/24 is gone\n"
        "TWO: cannot be told: no route\n");
  CHECK_FALSE(other->as_it_should_be);
  CHECK(differences(verify_answer(changed), "verify") == none);
  CHECK(json::parse(show_verification(verify_answer(fine), true)->text)["equal"] == true);
}

TEST_CASE("what explain answers is what the schema describes") {
  using Line = ListAnswer::Line;
  for (const auto line :
       {Line::link, Line::key_server, Line::deny, Line::fail_close_deny, Line::fail_close,
        Line::list, Line::none, Line::no_list, Line::predecessor})
    for (const auto treatment : {Treatment::clear, Treatment::encrypt, Treatment::either,
                                 Treatment::drop, Treatment::foreign, Treatment::unknown}) {
      auto explanation = sound();
      explanation.list.line = line;
      explanation.list.leaving = explanation.list.arriving = treatment;
      explanation.policies[0].treatment = treatment;
      explanation.lock.differences = {"a table is gone"};
      const std::vector<ExplainedGroup> groups{{"ONE", explanation}, {"TWO", fail("no route")}};
      CHECK(differences(explain_answer(a_packet(), groups), "explain") == none);
      CHECK_FALSE(explained(explanation).empty());
    }
  CHECK(json::parse(explained(sound(), true))["agree"] == true);
}

TEST_CASE("an error of the daemon's, and what is no answer, are failures") {
  CHECK(show_explanation(R"({"schema":1,"error":"no"})", false).error().what ==
        "the daemon says: no");
  CHECK_FALSE(show_verification("nonsense", false).has_value());
  CHECK_FALSE(show_verification("{}", true).has_value());
}

}  // namespace answers_test
