// SPDX-License-Identifier: GPL-2.0-or-later
// Deletes in a GROUPKEY-PUSH: what they take away, and when the member comes back.
#include "tests/exchange/rekey_lab.h"

namespace rekey_delete_test {

using namespace exchange;

namespace {

ks::Kek asking() {
  auto out = ks::lab_kek();
  out.acknowledgement = 1;
  return out;
}

// check_returns: the member registers within the restart jitter, and all is well then.
void check_returns(RekeyLab& lab) {
  const Instant deleted = lab.network.rekeys.back().at;
  REQUIRE(lab.network.status().reregister_at);
  CHECK(*lab.network.status().reregister_at >= deleted);
  CHECK(*lab.network.status().reregister_at <= deleted + 10s);
  lab.network.run(12s);
  CHECK(lab.network.started.size() == 2);
  CHECK(lab.network.policies.size() == 2);
  CHECK(lab.network.registered());
  CHECK(lab.network.status().registered_with);
  lab.network.run(30min);
  CHECK(lab.network.started.size() == 2);
}

}  // namespace

TEST_CASE("a deleted TEK is named, and one that serves alone is fetched anew") {
  RekeyLab lab{asking()};
  lab.push(lab.rekeyer->push(deleting({ks::delete_teks({lab_spi})})));
  REQUIRE(lab.network.rekeys.size() == 1);
  const auto& rekey = lab.network.rekeys.front().what.rekey;
  CHECK(rekey.deletes.teks == std::vector{gdoi::Spi{lab_spi}});
  CHECK_FALSE(rekey.deletes.all_teks);
  CHECK(rekey.deletes.keks.empty());
  CHECK_FALSE(rekey.policy);
  CHECK(lab.acknowledgements().size() == 1);
  CHECK_FALSE(lab.network.status().registered_with);
  CHECK(lab.network.member().rekey_sas().size() == 1);
  check_returns(lab);
}

TEST_CASE("a deleted TEK that others stand in for costs no registration") {
  RekeyLab lab{asking()};
  auto group = ks::tek_group(0x2222);
  const auto old = ks::tek_group(lab_spi, 600);
  group.sats.insert(group.sats.end(), old.sats.begin(), old.sats.end());
  group.packets.push_back(old.packets.front());
  lab.push(lab.rekeyer->push(group));
  lab.push(lab.rekeyer->push(deleting({ks::delete_teks({lab_spi})})));
  CHECK(lab.network.rekeys.size() == 2);
  CHECK(lab.network.status().registered_with);
  CHECK(lab.next_registration() > 3000s);
  SECTION("until it goes too") {
    lab.push(lab.rekeyer->push(deleting({ks::delete_teks({0x2222})})));
    CHECK_FALSE(lab.network.status().registered_with);
    check_returns(lab);
  }
}

TEST_CASE("the deletion of a TEK that is not there changes nothing") {
  RekeyLab lab{asking()};
  lab.push(lab.rekeyer->push(deleting({ks::delete_teks({1, 2, 3})})));
  CHECK(lab.network.rekeys.size() == 1);
  CHECK(lab.acknowledgements().size() == 1);
  CHECK(lab.network.status().registered_with);
  CHECK(lab.next_registration() > 3000s);
}

TEST_CASE("all TEKs may go at once") {
  RekeyLab lab{asking()};
  lab.push(lab.rekeyer->push(deleting({ks::delete_teks()})));
  REQUIRE(lab.network.rekeys.size() == 1);
  CHECK(lab.network.rekeys.front().what.rekey.deletes.all_teks);
  CHECK(lab.network.member().rekey_sas().size() == 1);
  check_returns(lab);
}

TEST_CASE("a rekey after the deletion is as good as a registration") {
  RekeyLab lab{asking()};
  lab.network.send(server, lab.rekeyer->push(deleting({ks::delete_teks()})));
  lab.network.run(20ms);
  REQUIRE_FALSE(lab.network.status().registered_with);
  lab.network.send(server, lab.rekeyer->push(ks::tek_group(0x2222)));
  lab.network.run(20ms);
  REQUIRE(lab.network.rekeys.size() == 2);
  CHECK(lab.network.status().registered_with == endpoint(server));
  lab.network.run(30min);
  CHECK(lab.network.started.size() == 1);
}

TEST_CASE("one message may delete the old and bring the new") {
  RekeyLab lab{asking()};
  auto push = deleting({ks::delete_teks()});
  push.group = ks::tek_group(0x2222);
  lab.push(lab.rekeyer->push(push));
  REQUIRE(lab.network.rekeys.size() == 1);
  CHECK(lab.network.rekeys.front().what.rekey.deletes.all_teks);
  CHECK(lab.network.rekeys.front().what.rekey.policy->teks.size() == 1);
  CHECK(lab.network.status().registered_with);
  CHECK(lab.next_registration() > 3000s);
}

TEST_CASE("without its KEK the member comes back, and the last acknowledgement is under it") {
  RekeyLab lab{asking()};
  const unsigned protocol = GENERATE(0U, 1U);
  const bool all = GENERATE(true, false);
  const auto deletion =
      all ? ks::delete_keks({}, protocol) : ks::delete_keks({lab.rekeyer->kek().spi}, protocol, 0);
  lab.push(lab.rekeyer->push(deleting({deletion})));
  REQUIRE(lab.network.rekeys.size() == 1);
  CHECK(lab.network.rekeys.front().what.rekey.deletes.all_keks == all);
  CHECK(lab.acknowledgements().size() == 1);
  CHECK(lab.network.member().rekey_sas().empty());
  CHECK(lab.network.status().registered_with);  // the TEK is still there
  const auto late = lab.rekeyer->push(ks::tek_group(0x2222));
  lab.check_untouched(late);
  check_returns(lab);
}

TEST_CASE("a deleted KEK with its successor beside it costs no registration") {
  RekeyLab lab{asking()};
  auto push = deleting({ks::delete_keks({lab.rekeyer->kek().spi})});
  const auto next = ks::another_kek(2, asking());
  push.group = ks::tek_group(0x2222);
  ks::add_kek(*push.group, next);
  lab.push(lab.rekeyer->push(push));
  lab.rekeyer->renew(next);
  CHECK(lab.acknowledgements().size() == 1);
  CHECK(lab.network.member().rekey_sas().size() == 1);
  CHECK(lab.next_registration() > 3000s);
  lab.push(lab.rekeyer->push(ks::tek_group(0x3333)));
  CHECK(lab.network.rekeys.size() == 2);
  CHECK(lab.network.started.size() == 1);
}

TEST_CASE("the deletion of another KEK leaves ours alone") {
  RekeyLab lab{asking()};
  lab.push(lab.rekeyer->push(deleting({ks::delete_keks({ks::another_kek(9).spi})})));
  CHECK(lab.network.rekeys.size() == 1);
  CHECK(lab.network.member().rekey_sas().size() == 1);
  CHECK(lab.next_registration() > 3000s);
}

TEST_CASE("when everything is deleted the members come back, but not all at once") {
  std::set<milliseconds> waits;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    RekeyLab lab{asking(), member_config({server}), seed};
    lab.network.inject(endpoint(server),
                       lab.rekeyer->push(deleting({ks::delete_teks(), ks::delete_keks()})));
    REQUIRE(lab.network.rekeys.size() == 1);
    CHECK(lab.network.member().rekey_sas().empty());
    CHECK_FALSE(lab.network.status().registered_with);
    waits.insert(lab.next_registration());
    check_returns(lab);
    CHECK(lab.acknowledgements().size() == 1);
  }
  CHECK(waits.size() > 5);
  CHECK(*waits.rbegin() - *waits.begin() > 2s);
}

TEST_CASE("a deletion that was refused by the agent is not acknowledged") {
  RekeyLab lab{asking()};
  lab.network.refuse_to_install = true;
  lab.push(lab.rekeyer->push(deleting({ks::delete_teks()})));
  CHECK(lab.acknowledgements().empty());
  CHECK(lab.network.status().registered_with);
  lab.network.refuse_to_install = false;
  lab.network.run(10s);
  CHECK(lab.network.policies.size() == 2);
}

}  // namespace rekey_delete_test
