// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/authentication.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/address.h"
#include "agent/base/files.h"
#include "agent/config/identity.h"
#include "agent/config/secret_strength.h"

namespace agent {
namespace {

using Method = Authentication::Method;

struct SystemClock final : gdoi::WallClock {
  [[nodiscard]] gdoi::WallTime now() const override {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  }
};

gdoi::View octets_of(const std::string& text) { return std::as_bytes(std::span{text}); }

// read_certificates adds the file's text to `texts`.
Result<std::vector<gdoi::Certificate>> read_certificates(const std::string& file,
                                                         std::string& texts) {
  const auto text = read_file(file);
  if (!text) return tl::unexpected<Error>{text.error()};
  texts += *text;
  return in_file(file, gdoi::Certificate::parse_pem(octets_of(*text)));
}

// The passphrase is the first line of its file.
Result<std::optional<gdoi::KeyMaterial>> read_passphrase(const std::string& file) {
  std::optional<gdoi::KeyMaterial> out;
  if (file.empty()) return out;
  const auto text = read_secret_file(file, "passphrase file");
  if (!text) return tl::unexpected<Error>{text.error()};
  const auto view = text->view();
  const auto end = std::find(view.begin(), view.end(), std::byte{'\n'});
  if (end == view.begin())
    return fail(file + ": the first line, which is the passphrase, is empty");
  out = gdoi::KeyMaterial::copy_of(view.first(static_cast<std::size_t>(end - view.begin())));
  return out;
}

Result<gdoi::SigningKey> read_private_key(const Authentication& config) {
  const auto passphrase = read_passphrase(config.passphrase_file);
  if (!passphrase) return tl::unexpected<Error>{passphrase.error()};
  const auto text = read_secret_file(config.private_key_file, "private key");
  if (!text) return tl::unexpected<Error>{text.error()};
  return in_file(config.private_key_file,
                 gdoi::SigningKey::parse(text->view(), *passphrase ? &**passphrase : nullptr));
}

Result<gdoi::TrustAnchors> read_anchors(const Authentication& config, std::string& texts) {
  gdoi::TrustAnchors anchors;
  for (const auto& file : config.ca_files) {
    auto authorities = read_certificates(file, texts);
    if (!authorities) return tl::unexpected<Error>{authorities.error()};
    if (auto added = in_file(file, anchors.add_authorities(std::move(*authorities))); !added)
      return tl::unexpected<Error>{added.error()};
  }
  anchors.demand(config.revocation_in_force());
  return anchors;
}

}  // namespace

Result<void> check(const Authentication& config) {
  const bool certificates = config.method == Method::certificate;
  const auto needs = [&](std::string_view key, bool given) -> Result<void> {
    if (certificates && !given) return fail(fmt::format("auth = cert needs {}", key));
    if (!certificates && given)
      return fail(fmt::format("{} is of no use without auth = cert", key));
    return {};
  };
  const auto allows = [&](std::string_view key, bool given) -> Result<void> {
    return certificates ? Result<void>{} : needs(key, given);
  };
  for (const auto& outcome :
       {needs("certificate", !config.certificate_file.empty()),
        needs("private-key", !config.private_key_file.empty()),
        needs("ca", !config.ca_files.empty()),
        allows("private-key-passphrase", !config.passphrase_file.empty()),
        allows("crl", !config.crl_files.empty()),
        allows("crl-check", config.revocation.has_value()),
        allows("ignore-ks-id", config.ignore_ks_id),
        allows("identity = dn", config.identity == Authentication::Identity::subject)})
    if (!outcome) return outcome;
  if (config.revocation == gdoi::Revocation::required && config.crl_files.empty())
    return fail("crl-check = required needs crl");
  return {};
}

Result<Credentials> Credentials::load(const Authentication& config,
                                      std::span<const KeyServer> key_servers) {
  Credentials out;
  if (config.method == Method::certificate) {
    if (auto loaded = out.load_certificates(config); !loaded)
      return tl::unexpected<Error>{loaded.error()};
    out.remarks_.emplace_back(
        "with certificates the keys come from Diffie-Hellman alone: exchanges recorded today can "
        "be "
        "read once there is a quantum computer, which a strong pre-shared key would prevent");
    return out;
  }
  auto secrets = SecretsFile::load(config.secrets_file);
  if (!secrets) return tl::unexpected<Error>{secrets.error()};
  for (const auto& server : key_servers)
    if (secrets->find(server.address, config.key_servers, server.name) == nullptr &&
        (server.name.empty() || !secrets->has_addresses()))
      return fail(fmt::format("{}: no secret for key server {}, and none for 'any'",
                              config.secrets_file,
                              server.name.empty() ? to_string(server.address) : server.name));
  out.remarks_ = secret_remarks(*secrets, key_servers, config.key_servers);
  out.secrets_ = std::move(*secrets);
  return out;
}

Result<void> Credentials::load_certificates(const Authentication& config) {
  auto chain = read_certificates(config.certificate_file, public_texts_);
  if (!chain) return tl::unexpected<Error>{chain.error()};
  auto anchors = read_anchors(config, public_texts_);
  if (!anchors) return tl::unexpected<Error>{anchors.error()};
  auto crls = read_crl_files(config.crl_files, *anchors);
  if (!crls) return tl::unexpected<Error>{crls.error()};
  auto key = read_private_key(config);
  if (!key) return tl::unexpected<Error>{key.error()};
  auto made = in_file(
      config.certificate_file,
      gdoi::CertificateCredentials::make(std::move(*key), std::move(*chain), std::move(*anchors)));
  if (!made) return tl::unexpected<Error>{made.error()};
  certificates_ = std::make_shared<const gdoi::CertificateCredentials>(std::move(*made));
  crls_ = std::move(*crls);
  look_at_validity(config.certificate_file);
  remark_on_crls();
  return {};
}

Result<void> Credentials::renew_crls(const Authentication& config) {
  auto anchors = certificates_->anchors.without_crls();
  auto crls = read_crl_files(config.crl_files, anchors);
  if (!crls) return tl::unexpected<Error>{crls.error()};
  certificates_ =
      std::make_shared<const gdoi::CertificateCredentials>(certificates_->with(std::move(anchors)));
  crls_ = std::move(*crls);
  return {};
}

// The daemon warns of them as long as it runs (CrlWatch); this is for --check.
void Credentials::remark_on_crls() {
  for (const auto& crl : crls_.crls)
    if (const auto state = state_of(crl, SystemClock{}.now()); state != CrlState::valid)
      remarks_.push_back(end_text(crl, state));
}

// Only the key server's judgement of our certificate counts, so this is no error.
void Credentials::look_at_validity(const std::string& file) {
  const auto validity = certificates_->own().validity();
  const auto now = SystemClock{}.now();
  if (validity && now > validity->to)
    warnings_.push_back(
        fmt::format("{}: our certificate ended at {}", file, utc_text(validity->to)));
  if (validity && now < validity->from)
    warnings_.push_back(
        fmt::format("{}: our certificate is not valid before {}", file, utc_text(validity->from)));
}

std::optional<gdoi::seconds> Credentials::certificate_left(gdoi::WallTime now) const {
  const auto validity = certificates_ ? certificates_->own().validity() : std::nullopt;
  return validity ? std::optional{gdoi::seconds{validity->to - now}} : std::nullopt;
}

bool Credentials::can_ask(const KeyServer& key_server, const Authentication& config) const {
  return config.method == Method::certificate ||
         secrets_.find(key_server.address, config.key_servers, key_server.name) != nullptr;
}

std::vector<gdoi::KeyServer> Credentials::key_servers(
    const Authentication& config, std::span<const KeyServer> key_servers) const {
  std::vector<gdoi::KeyServer> out;
  for (const auto& server : key_servers) {
    if (!can_ask(server, config)) continue;
    gdoi::KeyServer one{server, {}};
    if (config.method == Method::pre_shared_key)
      one.pre_shared_key = gdoi::KeyMaterial::copy_of(
          secrets_.find(server.address, config.key_servers, server.name)->secret.view());
    // Whoever answers for us in the DNS must not do with a certificate for an address of its own.
    if (!server.name.empty())
      if (auto identity = parse_identity("fqdn:" + server.name))
        one.identity = std::move(*identity);
    out.push_back(std::move(one));
  }
  return out;
}

void Credentials::fill(gdoi::Phase1Config& phase1, const Authentication& config) const {
  phase1.key_server_identities = config.key_servers;
  if (certificates_)
    phase1.certificates = gdoi::CertificateConfig{certificates_, config.send, config.ignore_ks_id,
                                                  std::make_shared<const SystemClock>()};
  if (config.identity == Authentication::Identity::given) phase1.identity = config.given;
  // RFC 4945 section 3.1 wants an identity that is in the certificate; the address may not be.
  if (certificates_ && (config.identity == Authentication::Identity::standard ||
                        config.identity == Authentication::Identity::subject))
    phase1.identity = gdoi::identification_of_name(certificates_->own().subject());
}

bool Credentials::same_as(const Credentials& other, const Authentication& config,
                          std::span<const KeyServer> key_servers) const {
  if (config.method == Method::certificate)
    return public_texts_ == other.public_texts_ && crls_.texts == other.crls_.texts;
  return std::all_of(key_servers.begin(), key_servers.end(), [&](const KeyServer& server) {
    if (!server.name.empty()) return secrets_.same_as(other.secrets_);
    const auto* const one = secrets_.find(server.address, config.key_servers);
    const auto* const two = other.secrets_.find(server.address, config.key_servers);
    return one != nullptr && two != nullptr && one->secret.equals(two->secret.view());
  });
}

}  // namespace agent
