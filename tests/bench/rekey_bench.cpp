// SPDX-License-Identifier: GPL-2.0-or-later
// rekey-bench [--json]: what a rekey that changes keys only costs, from the datagram to the kernel:
// decrypting, verifying and reading it, and the new states. A datagram carries some 1,200 entries
// at most; for longer lists see what plane-bench says about keys. To be run as root in a network
// namespace of its own that has an interface wan0.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "agent/base/log_output.h"
#include "agent/config/daemon_config.h"
#include "agent/group/sa_table.h"
#include "agent/kernel/xfrm_plane.h"
#include "tests/bench/report.h"
#include "tests/unit/push/pushes.h"

namespace {

using namespace push_test;
using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr unsigned rekeys = 20;

Bytes datagram_of(const ks::Kek& kek, std::size_t entries, std::uint32_t number) {
  const std::uint32_t spi = 0x1000 + number;
  Parts sats;
  for (std::size_t i = 0; i < entries; ++i)
    sats.push_back(sat({spi, static_cast<unsigned>(i % 250), 1 + static_cast<unsigned>(i / 250)}));
  return datagram(kek, Push{{seq(number), sa(sats), kd({tek_packet(spi)})}});
}

void must(const agent::Result<void>& result) {
  if (result) return;
  std::fprintf(stderr, "rekey-bench: %s\n", result.error().what.c_str());
  std::exit(1);
}

void run(const bench::Report& report, agent::XfrmPlane& plane, std::size_t entries) {
  const ks::Kek kek;
  gdoi::RekeySaTable sas;
  agent::SaTable table;
  if (!sas.adopt(downloaded(kek), member, noon)) std::abort();
  Milliseconds reading{0}, kernel{0};
  for (unsigned number = 1; number <= rekeys + 1; ++number) {
    const Bytes push = datagram_of(kek, entries, number);
    const auto now = noon + std::chrono::seconds{number};
    const auto begin = Clock::now();
    auto rekey = accepted(receive(sas, push, now));
    const auto read = Clock::now();
    must(table.rekey(std::move(rekey), plane, now));
    if (number == 1) continue;  // this one brought the list
    reading += read - begin;
    kernel += Clock::now() - read;
  }
  must(plane.clear());
  report.row({static_cast<double>(entries), reading.count() / rekeys, kernel.count() / rekeys});
}

}  // namespace

int main(int argc, char** argv) {
  agent::LogOutput output{STDERR_FILENO, false};
  const agent::Log log{agent::Level::warning, output.sink()};
  const auto config =
      agent::make_daemon_config({{{"ks", "10.0.0.5", "bench"}, {"group", "100", "bench"}}, {}}, {});
  if (!config) std::abort();
  auto plane = agent::XfrmPlane::open(config->groups.front(), {"wan0"}, log);
  if (!plane) {
    std::fprintf(stderr, "rekey-bench: %s\n", plane.error().what.c_str());
    return 1;
  }
  const bench::Report report{argc > 1 && std::strcmp(argv[1], "--json") == 0,
                             "rekeys",
                             {{"entries", "entries", 8, 0},
                              {"to read, ms", "read_ms", 12, 2},
                              {"in the kernel, ms", "kernel_ms", 18, 2}}};
  for (const std::size_t entries : {1U, 10U, 100U, 900U}) run(report, *plane, entries);
}
