// SPDX-License-Identifier: GPL-2.0-or-later
// PULL messages whose form is wrong.
#include "tests/exchange/lab.h"

namespace refuse_pull_test {

using namespace exchange;
using gdoi::Errc;

TEST_CASE("the nonce of PULL message 2 has 8 to 128 octets") {
  const auto [size, right] = GENERATE(
      table<std::size_t, bool>({{7, false}, {8, true}, {128, true}, {129, false}, {0, false}}));
  CAPTURE(size);
  const std::size_t octets = size;
  Lab lab{with_edit(ks::Step::pull2,
                    [=](ks::Payloads& said) { body(said, nonce) = ks::repeated(0x4e, octets); })};
  if (right) {
    lab.network.run(5s);
    CHECK(lab.network.registered());
  } else {
    lab.check_policy_refused("malformed: nonce of PULL message 2");
  }
}

TEST_CASE("PULL messages must have their payloads, and no others") {
  struct Row {
    ks::Step step;
    std::function<void(ks::Payloads&)> bend;
  };
  const std::vector<Row> rows{
      {ks::Step::pull2, [](auto& said) { erase(said, nonce); }},
      {ks::Step::pull2, [](auto& said) { erase(said, sa); }},
      {ks::Step::pull2,
       [](auto& said) {
         said.push_back({sa, body(said, sa)});
       }},
      {ks::Step::pull2,
       [](auto& said) {
         said.push_back({nonce, body(said, nonce)});
       }},
      {ks::Step::pull2,
       [](auto& said) {
         said.push_back({kd, ks::be(0, 4)});
       }},
      {ks::Step::pull2,
       [](auto& said) {
         said.push_back({100, ks::text("reserved type")});
       }},
      {ks::Step::pull4,
       [](auto& said) {
         said.push_back({kd, body(said, kd)});
       }},
      {ks::Step::pull4,
       [](auto& said) {
         said.push_back({seq, ks::be(0, 4)});
       }},
      {ks::Step::pull4,
       [](auto& said) {
         said.push_back({sa, ks::repeated(0, 12)});
       }},
      {ks::Step::pull4,
       [](auto& said) {
         said.push_back({id, ks::repeated(0, 8)});
       }},
  };
  for (const auto& row : rows) {
    Lab lab{with_edit(row.step, row.bend)};
    const auto report = lab.first_failure();
    CHECK((report.why.code == Errc::malformed || report.why.code == Errc::unexpected));
    CHECK(lab.key_server.seen().notifications == std::vector<unsigned>{ks::no_proposal_chosen});
    CHECK(lab.key_server.seen().deletes == 1);
  }
}

TEST_CASE("a KE in PULL message 4 that we did not ask for is an error") {
  Lab lab{with_edit(ks::Step::pull4, [](ks::Payloads& said) {
    said.push_back({ke, ks::repeated(5, 128)});
  })};
  lab.check_policy_refused("unexpected: KE in PULL message 4, which we did not ask for");
}

TEST_CASE("an SA or KD cut at any octet is refused") {
  // Authentic, so the key server really says it; the member must neither crash nor take a part.
  struct Row {
    ks::Step step;
    unsigned type;
  };
  for (const auto& row : {Row{ks::Step::pull2, sa}, Row{ks::Step::pull4, kd}}) {
    std::size_t size = 0;
    Lab honest{with_edit(row.step, [&](auto& said) { size = body(said, row.type).size(); })};
    honest.network.run(1s);
    REQUIRE(honest.network.registered());
    REQUIRE(size > 50);
    for (std::size_t keep = 0; keep < size; ++keep) {
      CAPTURE(row.type, keep);
      Lab lab{with_edit(row.step, [&](auto& said) { body(said, row.type).resize(keep); })};
      lab.network.run(1s);
      REQUIRE(lab.network.failures.size() == 1);
      REQUIRE(lab.network.policies.empty());
      REQUIRE(lab.key_server.seen().deletes == 1);
    }
  }
}

TEST_CASE("an SA, KD or SEQ that is longer than its content is refused") {
  const auto [step, type] = GENERATE(table<ks::Step, unsigned>(
      {{ks::Step::pull2, sa}, {ks::Step::pull4, kd}, {ks::Step::pull4, seq}}));
  const auto more = GENERATE(std::size_t{1}, std::size_t{4}, std::size_t{1000});
  const unsigned payload = type;
  Lab lab{with_edit(step, [=](ks::Payloads& said) {
    body(said, payload) = body(said, payload) + ks::repeated(0, more);
  })};
  lab.network.run(1s);
  REQUIRE(lab.network.failures.size() == 1);
  CHECK(lab.network.policies.empty());
  CHECK(lab.key_server.seen().notifications == std::vector<unsigned>{ks::no_proposal_chosen});
}

TEST_CASE("a datagram cut at any octet is dropped, and the whole one still counts") {
  for (const auto step : ks::all_steps) {
    Network network{member_config({"10.0.0.5"})};
    ks::Script script;
    std::vector<ks::Octets> cut;
    script.edit_wire = [&](ks::Step here, ks::Octets& wire) {
      if (here != step) return;
      for (std::size_t keep = 0; keep < wire.size(); ++keep) {
        cut.emplace_back(wire.begin(), wire.begin() + static_cast<std::ptrdiff_t>(keep));
        if (keep < 28) continue;
        ks::Octets told_so = cut.back();  // and with a Length that says so
        told_so[26] = static_cast<std::byte>(keep >> 8);
        told_so[27] = static_cast<std::byte>(keep);
        cut.push_back(told_so);
      }
    };
    network.attach("10.0.0.5", std::move(script));
    network.tap = [&](Way way, gdoi::Bytes&) {
      if (way == Way::to_member)
        for (const auto& octets : std::exchange(cut, {})) network.deliver("10.0.0.5", octets);
      return true;
    };
    network.start();
    network.run(5s);
    CAPTURE(ks::name_of(step));
    CHECK(network.registered());
    CHECK(network.failures.empty());
    CHECK(network.drops.size() > 50);
  }
}

}  // namespace refuse_pull_test
