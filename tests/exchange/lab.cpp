// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/exchange/lab.h"

namespace exchange {

const gdoi::GroupPolicy& Lab::policy() {
  network.run(5s, [&] { return network.registered(); });
  network.run(100ms);
  for (const auto& failure : network.failures) UNSCOPED_INFO(failure.report.why.where);
  REQUIRE(network.policies.size() == 1);
  CHECK(key_server.seen().complaints == std::vector<std::string>{});
  CHECK(network.registered());
  return network.policies.front().what.policy;
}

gdoi::RegistrationFailed Lab::first_failure() {
  network.run(10min, [&] { return !network.failures.empty(); });
  REQUIRE(network.failures.size() == 1);
  network.run(500ms);
  CHECK(network.policies.empty());
  CHECK_FALSE(network.registered());
  CHECK_FALSE(network.status().registered_with);
  CHECK(network.status().last_failure == network.failures.front().report.why);
  return network.failures.front().report;
}

void Lab::check_policy_refused(const std::string& why) {
  const auto report = first_failure();
  CHECK(told(report.why) == why);
  CHECK(key_server.seen().complaints == std::vector<std::string>{});
  CHECK(key_server.seen().notifications == std::vector<unsigned>{ks::no_proposal_chosen});
  CHECK(key_server.seen().deletes == 1);
  CHECK(network.failures.front().at - network.begin() < 2s);
}

std::string told(const gdoi::Error& error) {
  return std::string{name_of(error.code)} + ": " + std::string{error.where};
}

ks::Script with_group(ks::Group group) {
  ks::Script out;
  out.group = std::move(group);
  return out;
}

ks::Script with_group(const std::function<void(ks::Group&)>& bend) {
  ks::Script out;
  bend(out.group);
  return out;
}

ks::Script with_edit(ks::Step at, const std::function<void(ks::Payloads&)>& bend) {
  ks::Script out;
  out.edit = [=](ks::Step step, ks::Payloads& said) {
    if (step == at) bend(said);
  };
  return out;
}

ks::Octets& body(ks::Payloads& payloads, unsigned type) {
  for (auto& payload : payloads)
    if (payload.type == type) return payload.body;
  throw std::logic_error{"no such payload"};
}

void erase(ks::Payloads& payloads, unsigned type) {
  payloads.erase(std::remove_if(payloads.begin(), payloads.end(),
                                [&](const auto& payload) { return payload.type == type; }),
                 payloads.end());
}

}  // namespace exchange
