// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/key_server_list.h"

namespace gdoi {
namespace {

std::uint32_t other_doi(std::uint32_t doi) { return doi == doi_gdoi ? doi_ipsec : doi_gdoi; }

std::unique_ptr<const Authenticator> authenticator_for(const KeyServer& key_server,
                                                       const Phase1Config& config) {
  const auto& known = config.key_server_identities;
  if (!config.certificates) return std::make_unique<PreSharedKey>(key_server.pre_shared_key, known);
  const CertificateConfig& certificates = *config.certificates;
  CertificatePolicy policy{certificates.send, known, certificates.ignore_told_identity};
  if (known.empty())
    policy.key_servers.push_back(
        key_server.identity.value_or(identification_of(key_server.endpoint.address, 0, 0)));
  return std::make_unique<SignatureAuthenticator>(certificates.credentials, std::move(policy),
                                                  *certificates.clock);
}

}  // namespace

KeyServerList::KeyServerList(std::vector<KeyServer> key_servers, const Address& own,
                             const Phase1Config& phase1)
    : key_servers_{std::move(key_servers)}, own_{own}, phase1_{phase1} {
  memories_.assign(key_servers_.size(), {phase1.doi, false, false, true});
  fill();
}

void KeyServerList::fill() {
  assert(!key_servers_.empty());
  authenticators_.clear();
  for (const auto& key_server : key_servers_)
    authenticators_.push_back(authenticator_for(key_server, phase1_));
}

std::optional<std::size_t> KeyServerList::find(const Endpoint& endpoint) const noexcept {
  for (std::size_t i = 0; i < key_servers_.size(); ++i)
    if (key_servers_[i].endpoint == endpoint) return i;
  return std::nullopt;
}

std::optional<std::size_t> KeyServerList::find(const Address& address) const noexcept {
  for (std::size_t i = 0; i < key_servers_.size(); ++i)
    if (key_servers_[i].endpoint.address == address) return i;
  return std::nullopt;
}

void KeyServerList::replace(std::vector<KeyServer> key_servers) {
  std::vector<KeyServerMemory> memories;
  for (const auto& key_server : key_servers) {
    const auto before = find(key_server.endpoint);
    memories.push_back(before ? memories_[*before]
                              : KeyServerMemory{phase1_.doi, false, false, true});
  }
  authenticators_.clear();  // they borrow the keys
  key_servers_ = std::move(key_servers);
  memories_ = std::move(memories);
  fill();
  preferred_ = worked_ ? find(*worked_).value_or(0) : 0;
}

void KeyServerList::set_credentials(std::shared_ptr<const CertificateCredentials> credentials) {
  assert(phase1_.certificates);
  phase1_.certificates->credentials = std::move(credentials);
  fill();
}

void KeyServerList::established(std::size_t key_server) {
  memories_[key_server].met = memories_[key_server].doi_works = true;
}

Rotation KeyServerList::after_failure(Rotation rotation, const AttemptFailure& failure) {
  // One that does not answer at UDP 4500 is asked without moving there next time, and then again.
  if (failure.may_be_nat || failure.why.code == Errc::timed_out)
    memories_[rotation.key_server].nat_traversal = !failure.may_be_nat;
  if (try_other_doi(rotation, failure)) {
    rotation.other_doi_asked = true;
    return rotation;
  }
  return {behind(rotation.key_server), rotation.left - 1, false};
}

// try_other_doi changes the DOI for the key server's next time when it may be what the key server
// rejects. It tells whether that next time is now: after a hint it is, after silence, which has
// cost much time, it is not.
bool KeyServerList::try_other_doi(const Rotation& rotation, const AttemptFailure& failure) {
  KeyServerMemory& known = memories_[rotation.key_server];
  if (!phase1_.fallback_doi || !failure.may_be_doi) return false;
  if (known.doi_works && !failure.hinted_doi) return false;
  known.doi = other_doi(known.doi);
  known.doi_works = false;
  return failure.hinted_doi && !rotation.other_doi_asked;
}

}  // namespace gdoi
