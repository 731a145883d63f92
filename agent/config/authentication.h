// SPDX-License-Identifier: GPL-2.0-or-later
// How we prove ourselves to key servers and they to us: what the configuration says about it, and
// the files it names, read.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/base/result.h"
#include "agent/config/crl_files.h"
#include "agent/config/key_server.h"
#include "agent/config/secrets_file.h"
#include "gdoi/member_config.h"

namespace agent {

struct Authentication {
  enum class Method : std::uint8_t { pre_shared_key, certificate };
  // What `identity` asks for. By default the subject of our certificate, or else our address.
  enum class Identity : std::uint8_t { standard, address, subject, given };

  Method method = Method::pre_shared_key;
  std::string secrets_file;
  std::string certificate_file, private_key_file, passphrase_file;
  std::vector<std::string> ca_files, crl_files;
  std::optional<gdoi::Revocation> revocation;  // default: required when there is a CRL file
  gdoi::SendCertificate send = gdoi::SendCertificate::always;
  Identity identity = Identity::standard;
  gdoi::Identification given;                     // with Identity::given
  std::vector<gdoi::Identification> key_servers;  // ks-identity
  bool ignore_ks_id = false;

  [[nodiscard]] gdoi::Revocation revocation_in_force() const noexcept {
    return revocation.value_or(crl_files.empty() ? gdoi::Revocation::none
                                                 : gdoi::Revocation::required);
  }
  friend bool operator==(const Authentication&, const Authentication&) = default;
};

// check refuses what contradicts itself, in the words of the configuration.
[[nodiscard]] Result<void> check(const Authentication& config);

// Credentials is what the files hold. Secrets stay in memory only.
class Credentials {
 public:
  // load reads all files that `config` needs. With pre-shared keys, each of `key_servers` must have
  // one, its own, one of an identity, or the one for any. One that is given by name may turn out to
  // have the address of a line.
  [[nodiscard]] static Result<Credentials> load(const Authentication& config,
                                                std::span<const KeyServer> key_servers);

  // can_ask tells whether there is what it takes to ask a key server that was resolved.
  [[nodiscard]] bool can_ask(const KeyServer& key_server, const Authentication& config) const;

  // key_servers are those that can be asked; fill sets how phase 1 authenticates.
  [[nodiscard]] std::vector<gdoi::KeyServer> key_servers(
      const Authentication& config, std::span<const KeyServer> key_servers) const;
  void fill(gdoi::Phase1Config& phase1, const Authentication& config) const;

  // same_as tells whether registrations with `key_servers` go on with `other` as they did.
  [[nodiscard]] bool same_as(const Credentials& other, const Authentication& config,
                             std::span<const KeyServer> key_servers) const;

  // crl_files are the revocation lists in use. renew_crls reads the files anew; when it fails,
  // nothing is changed. certificates are then others.
  [[nodiscard]] const CrlFiles& crl_files() const noexcept { return crls_; }
  [[nodiscard]] Result<void> renew_crls(const Authentication& config);
  [[nodiscard]] const std::shared_ptr<const gdoi::CertificateCredentials>& certificates()
      const noexcept {
    return certificates_;
  }

  // certificate_left is how long our certificate is valid yet, negative since it is not; nothing
  // when there is none, or it does not say so in a way that can be read.
  [[nodiscard]] std::optional<gdoi::seconds> certificate_left(gdoi::WallTime now) const;

  // warnings are lines for the operator: our certificate has ended, say.
  [[nodiscard]] const std::vector<std::string>& warnings() const noexcept { return warnings_; }
  // remarks are for --check: how far one may rely on what is configured.
  [[nodiscard]] const std::vector<std::string>& remarks() const noexcept { return remarks_; }

 private:
  [[nodiscard]] Result<void> load_certificates(const Authentication& config);
  void look_at_validity(const std::string& file);
  void remark_on_crls();

  SecretsFile secrets_;
  std::shared_ptr<const gdoi::CertificateCredentials> certificates_;
  std::string public_texts_;  // of certificate files; the key fits its certificate
  CrlFiles crls_;
  std::vector<std::string> warnings_, remarks_;
};

}  // namespace agent
