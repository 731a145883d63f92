// SPDX-License-Identifier: GPL-2.0-or-later
// plane-bench [--json] [ENTRIES...]: what the data plane costs: a list installed, a key changed,
// the entries put in reverse order, all removed, for lists of several lengths in one run; without
// lengths usual ones, and with replay windows of many senders. To be run as root in a network
// namespace of its own that has an interface wan0.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "tests/bench/report.h"
#include "xfrm/plane/plane.h"

namespace {

using Clock = std::chrono::steady_clock;

constexpr xfrm::Address ipv4(std::size_t a, std::size_t b, std::size_t c, std::size_t d) {
  xfrm::Address out;
  std::size_t at = 0;
  for (const std::size_t octet : {a, b, c, d})
    out.bytes[at++] = static_cast<std::byte>(octet & 255);
  return out;
}

// A list as large organisations have them: any two of many sites, /24 each.
std::vector<xfrm::Entry> list_of(std::size_t count) {
  std::vector<xfrm::Entry> out;
  for (std::size_t n = 0; n < count; ++n) {
    xfrm::Entry entry;
    entry.selector.source = {ipv4(10, n & 127, n >> 7, 0), 24};
    entry.selector.destination = {ipv4(10, 128 + (n & 127), n >> 7, 0), 24};
    out.push_back(entry);
  }
  return out;
}

constexpr auto key_octets = [] {
  std::array<std::byte, 48> out{};
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::byte>(i + 1);
  return out;
}();

xfrm::SaSpec sa(std::uint32_t spi) {
  xfrm::SaSpec out;
  out.spi = spi;
  out.cipher = "cbc(aes)";
  out.cipher_key = std::span{key_octets}.first(16);
  out.integrity = "hmac(sha256)";
  out.integrity_key = std::span{key_octets}.subspan(16);
  out.icv_bits = 128;
  return out;
}

// seconds_of runs one step; a refusal ends the benchmark.
template <class Step>
double seconds_of(const char* name, Step step) {
  const auto begin = Clock::now();
  const auto done = step();
  const double out = std::chrono::duration<double>(Clock::now() - begin).count();
  if (!done) {
    std::fprintf(stderr, "plane-bench: %s: %s\n", name, done.error().message().c_str());
    std::exit(1);
  }
  return out;
}

struct Row {
  double install = 0, rekey = 0, change = 0, remove = 0;
};

// measure has a list of `count` entries, and replay windows for `senders` networks.
Row measure(std::size_t count, std::size_t senders = 0) {
  const int rekeys = senders > 100 ? 5 : 50;
  xfrm::PlaneConfig config;
  config.name = "getvpn-bench";
  config.reqid = 7000;
  config.ipv4.in = ipv4(240, 0, 0, 1);
  config.ipv4.out = ipv4(240, 0, 0, 2);
  config.mark = 0x10000000;
  config.interfaces = {"wan0"};
  std::optional<xfrm::Plane> plane;
  seconds_of("open", [&]() -> xfrm::Result<void> {
    auto opened = xfrm::Plane::open(config);
    if (!opened) return tl::unexpected{opened.error()};
    plane = std::move(*opened);
    return {};
  });

  Row row;
  xfrm::Desired desired{list_of(count), {sa(1000)}};
  desired.sender_windows = senders != 0;
  for (std::size_t n = 0; n < senders; ++n)
    desired.senders.push_back({ipv4(10, n & 127, n >> 7, 0), 24});
  row.install = seconds_of("install", [&] { return plane->apply(desired); });
  for (int n = 1; n <= rekeys; ++n) {
    const auto spi = static_cast<std::uint32_t>(1000 + n);
    desired.sas = {sa(spi - 1), sa(spi)};
    for (auto& one : desired.sas) one.replay_window = 64;
    row.rekey += seconds_of("rekey", [&] { return plane->apply(desired); }) / rekeys;
  }
  std::reverse(desired.entries.begin(), desired.entries.end());
  row.change = seconds_of("change", [&] { return plane->apply(desired); });
  row.remove = seconds_of("remove", [&] { return plane->clear(); });
  return row;
}

constexpr double ms = 1e3;

void lists(bool json, const std::vector<std::size_t>& lengths) {
  const bench::Report report{json,
                             "lists",
                             {{"entries", "entries", 8, 0},
                              {"install, ms", "install_ms", 12, 1},
                              {"policies per s", "policies_per_second", 16, 0},
                              {"rekey, ms", "rekey_ms", 10, 2},
                              {"rekey ratio", "rekey_ratio", 12, 2},
                              {"change, ms", "change_ms", 12, 1},
                              {"remove, ms", "remove_ms", 12, 1}}};
  std::optional<double> base;
  for (const std::size_t count : lengths) {
    const Row row = measure(count);
    if (!base) base = row.rekey;
    const auto entries = static_cast<double>(count);
    report.row({entries, row.install * ms, 3 * entries / row.install, row.rekey * ms,
                row.rekey / *base, row.change * ms, row.remove * ms});
  }
}

void senders(bool json) {
  const bench::Report report{json,
                             "senders",
                             {{"senders", "senders", 8, 0},
                              {"install, ms", "install_ms", 12, 1},
                              {"rekey, ms", "rekey_ms", 10, 2},
                              {"rekey ratio", "rekey_ratio", 12, 2},
                              {"remove, ms", "remove_ms", 12, 1}}};
  std::optional<double> base;
  for (const unsigned count : {0U, 4U, 100U, 1000U}) {
    const Row row = measure(100, count);
    if (!base) base = row.rekey;
    report.row({static_cast<double>(count), row.install * ms, row.rekey * ms, row.rekey / *base,
                row.remove * ms});
  }
}

}  // namespace

int main(int argc, char** argv) {
  bool json = false, windows = false;
  std::vector<std::size_t> lengths;
  for (int i = 1; i < argc; ++i)
    if (std::strcmp(argv[i], "--json") == 0)
      json = true;
    else if (std::strcmp(argv[i], "--senders") == 0)
      windows = true;
    else
      lengths.push_back(std::strtoul(argv[i], nullptr, 10));
  const bool all = lengths.empty() && !windows;
  if (all) lengths = {1, 100, 1000, 10000};
  if (!lengths.empty()) lists(json, lengths);
  if (all && !json) std::puts("");
  if (all || windows) senders(json);
}
