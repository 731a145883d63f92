// SPDX-License-Identifier: GPL-2.0-or-later
// Name constraints of CAs in the path (RFC 5280 section 4.2.1.10), and what CRLs say of themselves.
#include "gdoi/crypto/trust.h"
#include "tests/support/catch.h"
#include "tests/support/failure.h"
#include "tests/support/pki.h"

namespace name_constraints_test {

using namespace gdoi;
using support::failure;
namespace pki = support::pki;
using pki::One;

namespace {

View octets_of(const std::string& text) { return std::as_bytes(std::span{text}); }

gdoi::Certificate parsed(const One& one) {
  auto out = gdoi::Certificate::parse(one.der());
  REQUIRE(out);
  return std::move(*out);
}

struct Constrained {
  One root = One::root("root", pki::ec_key());
  TrustAnchors anchors;

  Constrained() {
    auto certificates = gdoi::Certificate::parse_pem(octets_of(root.pem()));
    REQUIRE(certificates);
    REQUIRE(anchors.add_authorities(std::move(*certificates)));
  }
  // judged is what is said about a key server with `names` below a CA with `constraints`.
  [[nodiscard]] std::string judged(const char* constraints, const std::string& names) const {
    auto bound = pki::authority();
    bound.name_constraints = constraints;
    const One below = root.issue("bound", pki::ec_key(), bound);
    const One server = below.issue("ks", pki::ec_key(), pki::end_entity(names));
    std::vector<gdoi::Certificate> path;
    path.push_back(parsed(below));
    const auto outcome = anchors.verify(parsed(server), path, pki::now);
    if (!outcome) CHECK(outcome.error().code == Errc::untrusted);
    return outcome ? "" : std::string{outcome.error().where};
  }
};

const std::string outside = "key server's certificate has a name that its CA may not certify";

}  // namespace

TEST_CASE("a CA that is bound to names certifies no others") {
  const Constrained all;
  const char* const lab = "critical,permitted;DNS:.lab.example";
  CHECK(all.judged(lab, "DNS:ks.lab.example") == "");
  CHECK(all.judged(lab, "DNS:ks.example") == outside);
  CHECK(all.judged(lab, "DNS:ks.lab.example,DNS:ks.example") == outside);
  // What the constraint does not speak of is free.
  CHECK(all.judged(lab, "IP:10.0.0.5") == "");
  const char* const net = "critical,permitted;IP:10.0.0.0/255.0.0.0";
  CHECK(all.judged(net, "IP:10.0.0.5") == "");
  CHECK(all.judged(net, "IP:192.0.2.5") == outside);
  const char* const not_that = "critical,excluded;DNS:ks.example";
  CHECK(all.judged(not_that, "DNS:other.example") == "");
  CHECK(all.judged(not_that, "DNS:ks.example") == outside);
  const char* const mail = "critical,permitted;email:lab.example";
  CHECK(all.judged(mail, "email:ks@lab.example") == "");
  CHECK(all.judged(mail, "email:ks@example") == outside);
}

TEST_CASE("a CRL tells whose it is and how long it counts") {
  Constrained all;
  const auto until = pki::now + 3 * pki::day;
  REQUIRE(all.anchors.add_crls(octets_of(all.root.crl({}, pki::now - pki::day, until))));
  REQUIRE(all.anchors.crls().size() == 1);
  const auto& crl = all.anchors.crls().front();
  CHECK(crl.issuer == parsed(all.root).subject());
  CHECK(crl.from == pki::now - pki::day);
  CHECK(crl.to == until);
}

TEST_CASE("anchors without their CRLs are the same anchors") {
  Constrained all;
  const One server = all.root.issue("ks", pki::ec_key(), pki::end_entity());
  REQUIRE(all.anchors.add_crls(octets_of(all.root.crl({server}))));
  all.anchors.demand(Revocation::required);
  CHECK_FALSE(all.anchors.verify(parsed(server), {}, pki::now));
  auto without = all.anchors.without_crls();
  CHECK(without.crls().empty());
  CHECK(without.names() == all.anchors.names());
  CHECK(failure(without.verify(parsed(server), {}, pki::now)) ==
        "untrusted: no CRL of the CA of the key server's certificate");
  REQUIRE(without.add_crls(octets_of(all.root.crl({}))));
  CHECK(failure(without.verify(parsed(server), {}, pki::now)) == "");
}

}  // namespace name_constraints_test
