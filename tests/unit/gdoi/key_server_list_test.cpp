// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/key_server_list.h"

#include "gdoi/attempt_config.h"
#include "tests/support/catch.h"

namespace key_server_list_test {

using namespace gdoi;

namespace {

Address address(unsigned last) {
  Address out;
  out.bytes[0] = std::byte{10};
  out.bytes[3] = static_cast<std::byte>(last);
  return out;
}

KeyServerList list_of(unsigned count, Phase1Config phase1 = {}) {
  std::vector<KeyServer> out;
  for (unsigned i = 1; i <= count; ++i) out.push_back({{address(i), gdoi_port}, {}});
  return {std::move(out), address(99), phase1};
}

AttemptFailure silence() {
  AttemptFailure out{{Errc::timed_out, "no answer from the key server"}, {}};
  out.may_be_doi = true;
  return out;
}

AttemptFailure doi_hint() {
  auto out = silence();
  out.hinted_doi = true;
  return out;
}

AttemptFailure refusal() { return {{Errc::refused, "no"}, {}, true}; }

}  // namespace

TEST_CASE("a pass asks each key server once, from any of them on") {
  auto list = list_of(3);
  auto rotation = list.begin(1);
  std::vector<std::size_t> asked;
  while (!rotation.is_over()) {
    asked.push_back(rotation.key_server);
    rotation = list.after_failure(rotation, refusal());
  }
  CHECK(asked == std::vector<std::size_t>{1, 2, 0});
}

TEST_CASE("the first key server is preferred until another one works") {
  auto list = list_of(3);
  CHECK(list.preferred() == 0);
  list.prefer(2);
  CHECK(list.preferred() == 2);
}

TEST_CASE("a key server that hints at the DOI is asked with the other one at once, and only once") {
  auto list = list_of(2);
  REQUIRE(list.memory(0).doi == 2);
  auto rotation = list.after_failure(list.begin(0), doi_hint());
  CHECK(rotation.key_server == 0);
  CHECK(rotation.left == 2);
  CHECK(list.memory(0).doi == 1);
  rotation = list.after_failure(rotation, doi_hint());
  CHECK(rotation.key_server == 1);
  CHECK_FALSE(rotation.other_doi_asked);
  CHECK(list.memory(0).doi == 2);
  CHECK(list.memory(1).doi == 2);
}

TEST_CASE("a silent key server is asked with the other DOI in the next pass") {
  auto list = list_of(2);
  const auto rotation = list.after_failure(list.begin(0), silence());
  CHECK(rotation.key_server == 1);
  CHECK(list.memory(0).doi == 1);
}

TEST_CASE("a DOI that worked is given up for a hint, not for silence") {
  auto list = list_of(1);
  list.established(0);
  CHECK(list.memory(0).met);
  static_cast<void>(list.after_failure(list.begin(0), silence()));
  CHECK(list.memory(0).doi == 2);
  static_cast<void>(list.after_failure(list.begin(0), doi_hint()));
  CHECK(list.memory(0).doi == 1);
  CHECK_FALSE(list.memory(0).doi_works);
  CHECK(list.memory(0).met);
}

TEST_CASE("the DOI stays when the fallback is off, or it is not in doubt") {
  Phase1Config phase1;
  phase1.fallback_doi = false;
  phase1.doi = 1;
  auto fixed = list_of(1, phase1);
  CHECK(fixed.after_failure(fixed.begin(0), doi_hint()).is_over());
  CHECK(fixed.memory(0).doi == 1);
  auto list = list_of(1);
  static_cast<void>(list.after_failure(list.begin(0), refusal()));
  CHECK(list.memory(0).doi == 2);
}

TEST_CASE(
    "a key server that is silent at UDP 4500 is asked without moving there, every other time") {
  auto list = list_of(1);
  AttemptFailure moved{{Errc::timed_out, "no answer from the key server"}, {}};
  moved.may_be_nat = true;
  static_cast<void>(list.after_failure(list.begin(0), moved));
  CHECK_FALSE(list.memory(0).nat_traversal);
  static_cast<void>(list.after_failure(list.begin(0), refusal()));
  CHECK_FALSE(list.memory(0).nat_traversal);
  static_cast<void>(list.after_failure(list.begin(0), silence()));
  CHECK(list.memory(0).nat_traversal);
}

TEST_CASE("our address is the member's unless the key server has one of its own") {
  std::vector<KeyServer> servers;
  servers.push_back({{address(1), gdoi_port}, {}});
  servers.push_back({{address(2), gdoi_port}, {}, address(98)});
  const KeyServerList list{std::move(servers), address(99), {}};
  CHECK(list.own_address(0) == address(99));
  CHECK(list.own_address(1) == address(98));
  CHECK(list.endpoint(1).address == address(2));
}

TEST_CASE("what was learned of a key server stays when the list is replaced") {
  auto list = list_of(2);
  static_cast<void>(list.after_failure(list.begin(1), doi_hint()));
  REQUIRE(list.memory(1).doi == 1);
  list.prefer(1);
  std::vector<KeyServer> servers;
  for (const unsigned last : {3u, 2u}) servers.push_back({{address(last), gdoi_port}, {}});
  list.replace(std::move(servers));
  CHECK(list.endpoint(0).address == address(3));
  CHECK(list.memory(0).doi == 2);
  CHECK(list.memory(1).doi == 1);
  CHECK(list.preferred() == 1);
  CHECK(list.find({address(3), gdoi_port}) == 0);
  CHECK_FALSE(list.find({address(1), gdoi_port}).has_value());
}

TEST_CASE("whoever worked last is known also when it is in the list no longer") {
  auto list = list_of(2);
  CHECK(list.worked().address == address(1));
  list.prefer(1);
  std::vector<KeyServer> servers;
  servers.push_back({{address(3), gdoi_port}, {}});
  list.replace(std::move(servers));
  CHECK(list.worked().address == address(2));
  CHECK(list.preferred() == 0);
  CHECK(list.behind(0) == 0);
}

TEST_CASE("a key server is asked by what we learned of it") {
  MemberConfig member;
  member.phase1.proposals = default_proposals(Phase1Mode::main);
  member.phase1.nat_traversal = true;
  auto list = list_of(1, member.phase1);
  const auto first = attempt_config(member, list, 0);
  CHECK(first.phase1.initial_contact);
  CHECK(first.phase1.nat_traversal.has_value());
  CHECK(first.phase1.sa.doi == 2);

  list.established(0);
  auto moved = doi_hint();
  moved.may_be_nat = true;
  static_cast<void>(list.after_failure(list.begin(0), moved));
  const auto second = attempt_config(member, list, 0);
  CHECK_FALSE(second.phase1.initial_contact);
  CHECK_FALSE(second.phase1.nat_traversal.has_value());
  CHECK(second.phase1.sa.doi == 1);
}

}  // namespace key_server_list_test
