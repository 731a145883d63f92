// SPDX-License-Identifier: GPL-2.0-or-later
// Whatever request of a change of keys fails: the kernel is as before, or what is left is known.
#include "tests/kernel/failures.h"
#include "tests/kernel/kernel_reader.h"

namespace {

using test::cbc;

xfrm::Desired with(std::vector<xfrm::SaSpec> sas) { return {test::both_ways(), std::move(sas)}; }

std::unique_ptr<xfrm::Installer> installed(xfrm::Gate gate, const xfrm::Desired& desired) {
  auto plane = std::move(*xfrm::Installer::open(test::config(), std::move(gate)));
  const auto done = plane->apply(desired);
  if (!done) throw std::runtime_error{done.error().message()};
  return plane;
}

// look reads states and policies without starting a program for each: there are many looks. What
// the anchors and policies do when a request fails is in failures_test.cpp, on any kernel.
std::string look() {
  std::string out = test::output("nft list ruleset");
  for (const auto& s : test::read_states())
    out += s.source + " " + s.destination + " " + std::to_string(s.spi) + " " +
           std::to_string(s.reqid) + " " + s.cipher + "\n";
  for (const auto& p : test::read_policies())
    out += p.direction + " " + p.source + " " + p.destination + " " + std::to_string(p.priority) +
           " " + std::to_string(p.templates.size()) + "\n";
  return out;
}

TEST_CASE("a first registration fails at any request") {
  const int requests = test::check_every_failure(
      [](xfrm::Gate gate) { return std::move(*xfrm::Installer::open(test::config(), gate)); },
      with({cbc(0x9001), cbc(0x9002, 1)}), look);
  CHECK(requests > 15);
}

TEST_CASE("a rekey with another list fails at any request") {
  const int requests = test::check_every_failure(
      [](xfrm::Gate gate) {
        return installed(std::move(gate), with({cbc(0x9001), cbc(0x9002, 1)}));
      },
      {{test::permit(test::site3, test::site1), test::deny(test::site1, test::site3)},
       {cbc(0x9002, 1), cbc(0x9003)}},
      look);
  CHECK(requests >= 12);
}

TEST_CASE("a successor's registration fails at any request") {
  const int requests = test::check_every_failure(
      [](xfrm::Gate gate) {
        installed({}, with({cbc(0x9001), cbc(0x9002)}));  // and gone
        return std::move(*xfrm::Installer::open(test::config(), std::move(gate)));
      },
      {{test::permit(test::site3, test::site1)}, {cbc(0x9002), cbc(0x9003)}}, look);
  CHECK(requests > 12);
}

}  // namespace
