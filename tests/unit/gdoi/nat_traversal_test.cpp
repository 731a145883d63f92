// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/phase1/nat_traversal.h"

#include "tests/support/catch.h"
#include "tests/support/hex.h"

namespace nat_traversal_test {

using namespace gdoi;
using support::hex;
using support::octets;

namespace {

CookiePair cookies() {
  CookiePair out;
  for (std::size_t i = 0; i < 8; ++i) {
    out.initiator.bytes[i] = static_cast<std::byte>(0x01 + i);
    out.responder.bytes[i] = static_cast<std::byte>(0x11 + i);
  }
  return out;
}

Endpoint endpoint(const std::string& address, std::uint16_t port) {
  const Bytes bytes = octets(address);
  Endpoint out;
  out.address.family = bytes.size() == 4 ? Address::Family::ipv4 : Address::Family::ipv6;
  std::copy(bytes.begin(), bytes.end(), out.address.bytes.begin());
  out.port = port;
  return out;
}

const Endpoint us = endpoint("ac100102", 848), them = endpoint("0a000005", 848),
               outside = endpoint("c6336401", 1024);

Bytes told(const Endpoint& end) { return nat_d(HashAlgorithm::sha256, cookies(), end); }

// A message with NAT-D payloads, its octets owned.
struct Message {
  explicit Message(std::vector<Bytes> nat_ds, PayloadType type = PayloadType::nat_d)
      : bodies{std::move(nat_ds)} {
    for (const auto& body : bodies) chain.payloads.push_back({type, body, body});
  }
  std::vector<Bytes> bodies;
  Chain chain;
};

NatFound found(const Message& message, NatDialect dialect = NatDialect::rfc3947) {
  return find_nat(message.chain, dialect, HashAlgorithm::sha256, cookies(), {us, them});
}

Chain vendor_ids(const std::vector<Bytes>& bodies) {
  Chain out;
  for (const auto& body : bodies) out.payloads.push_back({PayloadType::vendor_id, body, body});
  return out;
}

}  // namespace

TEST_CASE("NAT-D is the hash of cookies, address and port") {
  // Computed with Python's hashlib from the formula of RFC 3947 section 3.2.
  CHECK(hex(told(us)) == "0b808820327bdd960aa74246ce9b74c5268dfeece725de7894b22789c7563b0c");
  CHECK(hex(nat_d(HashAlgorithm::sha1, cookies(),
                  endpoint("20010db8000000000000000000000005", 4500))) ==
        "4e910964ff70f5ce010586f53ff4099064c93f04");
}

TEST_CASE("a NAT is in front of the end that the other side sees otherwise") {
  const auto none = found(Message{{told(us), told(them)}});
  CHECK((!none.ours && !none.theirs));
  const auto ours = found(Message{{told(outside), told(them)}});
  CHECK((ours.ours && !ours.theirs));
  const auto theirs = found(Message{{told(us), told(outside)}});
  CHECK((!theirs.ours && theirs.theirs));
  // A key server with several addresses names them all.
  const auto several = found(Message{{told(us), told(outside), told(them)}});
  CHECK((!several.ours && !several.theirs));
}

TEST_CASE("without NAT-D payloads there is nothing to compare") {
  for (const auto& bodies : {std::vector<Bytes>{}, std::vector<Bytes>{told(outside)}}) {
    const auto nat = found(Message{bodies});
    CHECK((!nat.ours && !nat.theirs));
  }
  const auto of_the_drafts =
      found(Message{{told(outside), told(outside)}, PayloadType::nat_d_draft});
  CHECK_FALSE(of_the_drafts.ours);
  const auto none = found(Message{{told(outside), told(outside)}}, NatDialect::none);
  CHECK_FALSE(none.ours);
}

TEST_CASE("a scrap of a NAT-D payload counts as a difference, not as agreement") {
  CHECK(found(Message{{octets("0b80"), told(them)}}).ours);
  CHECK(found(Message{{Bytes{}, told(them)}}).ours);
}

TEST_CASE("the RFC is preferred to the drafts, whatever their order") {
  const auto ours = nat_traversal_vendor_ids();
  REQUIRE(ours.size() == 4);
  CHECK(hex(ours[0]) == "4a131c81070358455c5728f20e95452f");
  CHECK(nat_dialect_in(vendor_ids(ours)) == NatDialect::rfc3947);
  CHECK(nat_dialect_in(vendor_ids({ours[3], ours[0]})) == NatDialect::rfc3947);
  for (const std::size_t draft : {1U, 2U, 3U})
    CHECK(nat_dialect_in(vendor_ids({ours[draft]})) == NatDialect::draft);
  CHECK(nat_d_type(NatDialect::rfc3947) == PayloadType{20});
  CHECK(nat_d_type(NatDialect::draft) == PayloadType{130});
}

TEST_CASE("drafts whose payload numbers are those of GDOI are not spoken") {
  const Bytes draft_07 = octets("439b59f8ba676c4c7737ae22eab8f582");
  CHECK(nat_dialect_in(vendor_ids({draft_07})) == NatDialect::none);
  CHECK(nat_dialect_in(vendor_ids({octets("4a131c81"), Bytes{}})) == NatDialect::none);
}

}  // namespace nat_traversal_test
