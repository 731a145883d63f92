// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/post_registration.h"

#include "gdoi/nat_binding.h"
#include "tests/support/catch.h"
#include "tests/support/failure.h"

namespace post_registration_test {

using namespace gdoi;

namespace {

constexpr std::string_view unawaited = "unexpected: message while none is awaited";

Endpoint key_server(unsigned last = 5) {
  Endpoint out{{}, gdoi_port};
  out.address.bytes[3] = static_cast<std::byte>(last);
  return out;
}

// The key server's last message of a PULL, with one octet of body.
Bytes message_4(std::byte body = std::byte{4}) {
  IsakmpHeader header;
  header.exchange = ExchangeType::groupkey_pull;
  header.length = IsakmpHeader::size + 1;
  Bytes out = encode_header(header);
  out.push_back(body);
  return out;
}

Cookie ours() {
  Cookie out;
  out.bytes[0] = std::byte{1};
  return out;
}

PostRegistration registered() {
  const Bytes octets = message_4();
  return {{key_server().address},
          digest_of(*parse_message(octets)),
          ours(),
          Send{key_server(), {std::byte{9}}},
          std::nullopt};
}

}  // namespace

TEST_CASE("a repeated PULL message 4 is answered by the Delete, five times") {
  auto post = registered();
  const Bytes octets = message_4();
  for (int i = 0; i < 5; ++i) {
    const auto actions = post.receive(Datagram::parse(key_server(), octets));
    REQUIRE(actions);
    REQUIRE(actions->size() == 1);
    CHECK(std::get<Send>(actions->front()).datagram == Bytes{std::byte{9}});
  }
  CHECK(support::failure(post.receive(Datagram::parse(key_server(), octets))) == unawaited);
}

TEST_CASE("nothing else is answered after a registration") {
  auto post = registered();
  const Bytes same = message_4(), other = message_4(std::byte{5});
  CHECK(support::failure(post.receive(Datagram::parse(key_server(), other))) == unawaited);
  CHECK(support::failure(post.receive(Datagram::parse(key_server(6), same))) == unawaited);
  PostRegistration nothing;
  CHECK(support::failure(nothing.receive(Datagram::parse(key_server(), same))) == unawaited);
  CHECK(post.receive(Datagram::parse(key_server(), same)));
}

TEST_CASE("the cookie of the last registration is remembered with its Delete") {
  CHECK(registered().owns(ours()));
  CHECK_FALSE(registered().owns(Cookie{}));
  CHECK_FALSE(PostRegistration{}.owns(Cookie{}));
}

TEST_CASE("a NAT binding is refreshed every 20 seconds, at UDP 4500") {
  const Instant noon{std::chrono::hours{12}};
  NatBinding binding{key_server().address, noon};
  CHECK(binding.to() == Endpoint{key_server().address, 4500});
  CHECK(binding.refresh_at() == noon + seconds{20});
  CHECK(binding.refresh(noon + seconds{21}).to == binding.to());
  CHECK(binding.refresh_at() == noon + seconds{41});
}

}  // namespace post_registration_test
