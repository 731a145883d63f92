// SPDX-License-Identifier: GPL-2.0-or-later
// What junk costs a member: for each kind a second of it as fast as one core takes it, and whether
// the key server gets through meanwhile. From the datagram on, without what it takes to get one
// from a socket. The member's clock is the core's, so budgets fill as they
// would for one that does nothing else. With GETVPN_BENCH_JSON in the environment it prints JSON
// lines; its arguments are Catch2's.
#include <time.h>

#include <cstdio>
#include <cstdlib>

#include "tests/bench/report.h"
#include "tests/exchange/certificate_lab.h"
#include "tests/exchange/rekey_lab.h"
#include "tests/support/ks/fragments.h"

namespace {

using namespace exchange;
using Octets = ks::Octets;

constexpr auto period = std::chrono::seconds{1};
const std::string stranger = "10.9.9.9";

Octets noise(std::size_t size) {
  static support::SeededRandom random{7};
  Octets out(size);
  random.fill(out);
  return out;
}

// message is an ISAKMP header, with its Length, before a body.
Octets message(const Octets& cookies, unsigned next, unsigned exchange, unsigned flags,
               const Octets& body) {
  return cookies + ks::be(next, 1) + ks::be(0x10, 1) + ks::be(exchange, 1) + ks::be(flags, 1) +
         ks::be(0, 4) + ks::be(28 + body.size(), 4) + body;
}

// Processor time, so that other work on the machine does not count.
struct Clock {
  static std::chrono::nanoseconds now() {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
  }
};

// flood gives datagrams to the member for a second of one core, and tells how many there were.
using Next = std::function<const Octets&()>;
double flood(Network& network, const std::string& from, const Next& next) {
  constexpr int at_once = 16;
  const Instant start = network.now();
  const auto begin = Clock::now();
  const auto sender = endpoint(from);
  std::size_t count = 0;
  std::chrono::nanoseconds spent{0};
  while (spent < period) {
    for (int i = 0; i < at_once; ++i) network.inject(sender, next());
    network.drops.clear();
    network.ignored.clear();
    count += at_once;
    spent = Clock::now() - begin;
    network.advance(start + spent);
  }
  return static_cast<double>(count) / std::chrono::duration<double>(spent).count();
}

const bench::Report& table() {
  static const bench::Report out{std::getenv("GETVPN_BENCH_JSON") != nullptr,
                                 "junk",
                                 {{"junk", "junk", -58, 0},
                                  {"on one core, /s", "per_second", 15, 0},
                                  {"each, us", "each_us", 9, 2},
                                  {" key server gets through", "through", -24, 0}}};
  return out;
}

void report(const char* what, double rate, bool through, const char* otherwise = "NO") {
  table().row({what, rate, 1e6 / rate, through ? "yes" : otherwise});
}

// Of several different datagrams, one after the other.
Next each_of(std::vector<Octets> all) {
  return [all = std::move(all), at = std::size_t{0}]() mutable -> const Octets& {
    at = (at + 1) % all.size();
    return all[at];
  };
}

std::vector<Octets> times(std::size_t count, const std::function<Octets()>& make) {
  std::vector<Octets> out;
  while (out.size() < count) out.push_back(make());
  return out;
}

ks::Kek kek_of(const ks::Signer& signer) {
  auto out = ks::lab_kek();
  out.signer = &signer;
  return out;
}

// during_rekeys: junk of one kind, then whether a rekey is taken at once.
void during_rekeys(const char* what, const std::string& from,
                   const std::function<std::vector<Octets>(RekeyLab&)>& make,
                   const ks::Signer& signer = ks::Signer::rsa(2048), bool pause = false) {
  RekeyLab lab{kek_of(signer)};
  const auto all = make(lab);
  const double rate = flood(lab.network, from, each_of(all));
  const auto push = lab.rekeyer->push(ks::tek_group(0x2222));
  if (pause) lab.network.advance(lab.network.now() + 100ms);
  lab.network.inject(endpoint(server), push);
  report(what, rate, lab.network.rekeys.size() == 1);
}

std::vector<Octets> forgeries(RekeyLab& lab) {
  const auto& kek = lab.rekeyer->kek();
  return times(100, [&] {
    ks::PushMessage push;
    push.parts = {{ks::seq_payload, ks::be(1000, 4)}, {ks::delete_payload, ks::delete_teks()}};
    push.signature = noise(kek.signer->signature_size());
    return ks::datagram(kek, push);
  });
}

void rekeys() {
  during_rekeys("random octets, 300", stranger,
                [](auto&) { return times(100, [] { return noise(300); }); });
  during_rekeys("random octets, 64 KB", stranger,
                [](auto&) { return times(10, [] { return noise(65000); }); });
  during_rekeys("PUSH under cookies of no KEK, 300", stranger, [](auto&) {
    return times(100, [] { return message(noise(16), ks::seq_payload, 33, 1, noise(272)); });
  });
  during_rekeys("PUSH under cookies of no KEK, 64 KB", stranger, [](auto&) {
    return times(10, [] { return message(noise(16), ks::seq_payload, 33, 1, noise(64992)); });
  });
  during_rekeys("PUSH under a KEK's cookies, random octets, 300", stranger, [](RekeyLab& lab) {
    return times(
        100, [&] { return message(lab.rekeyer->kek().spi, ks::seq_payload, 33, 1, noise(272)); });
  });
  during_rekeys("PUSH under a KEK's cookies, random octets, 64 KB", stranger, [](RekeyLab& lab) {
    return times(
        10, [&] { return message(lab.rekeyer->kek().spi, ks::seq_payload, 33, 1, noise(64992)); });
  });
  during_rekeys("PUSH forged by a member, RSA-2048", stranger, forgeries);
  during_rekeys("PUSH forged by a member, P-384", stranger, forgeries, ks::Signer::ecdsa("P-384"));
  during_rekeys("the same under the key server's address, RSA-2048 *", server, forgeries,
                ks::Signer::rsa(2048), true);
  during_rekeys("the same under the key server's address, P-384 *", server, forgeries,
                ks::Signer::ecdsa("P-384"), true);
}

// during_phase1: junk while message 2 is awaited, or 4; then whether the registration succeeds.
void during_phase1(const char* what, const std::function<Next(Lab&)>& make,
                   milliseconds after = 5ms, ks::Script script = {},
                   gdoi::MemberConfig config = member_config({server})) {
  config.timers.first_retransmit = 5000ms;
  Lab lab{std::move(script), std::move(config)};
  lab.network.run(after);
  const double rate = flood(lab.network, server, make(lab));
  lab.network.tap = {};
  lab.network.run(600s, [&] { return lab.network.registered(); });
  report(what, rate, lab.network.failures.empty() && lab.network.registered(),
         lab.network.registered() ? "in the next attempt" : "NO");
}

Octets cookie_of(Lab& lab) {
  const auto& first = lab.network.sent.front().datagram;
  return {first.begin(), first.begin() + 8};
}

void phase1() {
  during_phase1("phase 1 message of a stranger", [](Lab& lab) {
    auto first = lab.network.sent.front().datagram;
    return each_of(times(100, [&] {
      auto out = first;
      const auto cookie = noise(8);
      std::copy(cookie.begin(), cookie.end(), out.begin());
      return out;
    }));
  });
  during_phase1("forged message 2, the member's cookie", [](Lab& lab) {
    ks::KeyServer forger{{}};
    return each_of(times(64, [&] {
      forger.forget();
      return forger.receive(lab.network.sent.front().datagram).front();
    }));
  });
  during_phase1(
      "forged message 4, the right cookies",
      [](Lab& lab) {
        const auto third = lab.network.sent.back().datagram;
        const Octets cookies(third.begin(), third.begin() + 16);
        return each_of(times(64, [&] {
          const Octets ke = ks::be(0x0a00, 2) + ks::be(260, 2) + noise(256);
          const Octets nonce = ks::be(0, 2) + ks::be(36, 2) + noise(32);
          return message(cookies, 4, 2, 0, ke + nonce);
        }));
      },
      25ms);
  during_phase1(
      "IKE fragments, 255 numbers in three forms each",
      [](Lab& lab) {
        const auto of = message(cookie_of(lab) + noise(8), 132, 2, 0, noise(1));
        std::vector<Octets> all;
        for (std::size_t set = 0; set < 8; ++set)
          for (std::size_t number = 255; number > 0; --number)
            for (int form = 0; form < 3; ++form)
              all.push_back(ks::fragment(of, 100 + set, number, number == 255, noise(83)));
        return each_of(std::move(all));
      },
      25ms,
      with_edit(ks::Step::mm2,
                [](ks::Payloads& payloads) {
                  Octets id;
                  for (const std::byte octet : gdoi::fragmentation_vendor_id()) id.push_back(octet);
                  payloads.push_back({13, id});
                }),
      [] {
        auto out = member_config({server});
        out.phase1.fragments = true;
        return out;
      }());
}

// message_6: whoever forged message 4 goes on with proofs under certificates of its own.
void message_6(const char* what, const pki::Key& key, unsigned method) {
  CertificateLab all{key, method}, elsewhere{key, method};
  Lab lab{all.script, all.member()};
  ks::KeyServer forger{elsewhere.script};
  Octets honest, forged;
  const auto is_message_6 = [](const Octets& one) {
    return one.size() > 28 && one[18] == std::byte{2} && one[19] == std::byte{1};
  };
  const auto overhear = [&](const Octets& datagram) {
    for (auto& reply : forger.receive(datagram))
      if (is_message_6(reply))
        forged = reply;
      else
        lab.network.at(lab.network.now(), [&network = lab.network, reply] {
          network.inject(endpoint(server), reply);
        });
  };
  overhear(lab.network.sent.front().datagram);
  lab.network.tap = [&](Way way, gdoi::Bytes& datagram) {
    if (way == Way::to_key_server) overhear(datagram);
    if (way == Way::to_key_server || !is_message_6(datagram)) return true;
    honest = datagram;
    return false;
  };
  lab.network.run(500ms);
  if (forged.empty() || honest.empty()) std::abort();
  std::uint32_t way = 0;
  Octets bent;
  const double rate = flood(lab.network, server, [&]() -> const Octets& {
    bent = forged;
    const auto change = ks::be(++way, 4);
    for (std::size_t i = 0; i < 4; ++i) bent[bent.size() - 40 + i] ^= change[i];
    return bent;
  });
  lab.network.inject(endpoint(server), honest);
  lab.network.tap = {};
  lab.network.run(500ms);
  report(what, rate, lab.network.registered());
}

}  // namespace

// The lab checks itself by Catch2, so this is a test case by its form.
TEST_CASE("floods") {
  table();
  rekeys();
  phase1();
  message_6("message 6 by who forged message 4, RSA-2048", pki::rsa_key(2048), 3);
  message_6("message 6 by who forged message 4, P-384", pki::ec_key("P-384"), 10);
  table().note("* of the copies that come during the flood; after it, a tenth of a second later");
}
