// SPDX-License-Identifier: GPL-2.0-or-later
// agent-memory-bench [ENTRIES]: resident memory of the member's parts with a list of that many
// entries, installed through the real data plane in a network namespace of its own where the kernel
// has ESP, else only translated.
#include <malloc.h>
#include <sched.h>

#include <cstdlib>
#include <fstream>
#include <iostream>

#include "agent/base/log_output.h"
#include "agent/control/status.h"
#include "agent/group/group_session.h"
#include "agent/kernel/xfrm_plane.h"
#include "tests/support/fixed_random.h"
#include "tests/unit/agent/configs.h"
#include "tests/unit/agent/policies.h"

using namespace agent;
using namespace support;

namespace {

std::string memory() {
  std::ifstream status{"/proc/self/status"};
  std::string line, out;
  while (std::getline(status, line))
    if (line.rfind("VmRSS", 0) == 0 || line.rfind("RssAnon", 0) == 0) out += " " + line;
  return out;
}

gdoi::GroupPolicy large_policy(std::uint32_t count, std::uint32_t spi) {
  gdoi::GroupPolicy out;
  out.entries.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto net = "10." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ".";
    out.entries.push_back(permit(selector(range(net + "0", net + "255"), site(200)), spi));
  }
  out.teks.push_back(tek(spi));
  return out;
}

// What the real one does, without a kernel to give it to.
class TranslatingPlane final : public DataPlane {
 public:
  Result<Applied> apply(const Installation& installation) override {
    auto translation = translate(installation, classes_, {});
    if (!translation) return tl::unexpected<Error>{translation.error()};
    classes_ = std::move(translation->classes);
    return states_.record(installation, translation->desired, {});
  }
  Result<void> clear() override { return {}; }
  Result<std::vector<TekCounters>> counters() override { return std::vector<TekCounters>{}; }
  Result<std::vector<UnknownSpi>> unknown_spis() override { return std::vector<UnknownSpi>{}; }
  Result<ExistingState> survey() override { return ExistingState{}; }
  Result<std::vector<std::string>> verify() override { return std::vector<std::string>{}; }

 private:
  KeyClasses classes_;
  AppliedStates states_;
};

struct Silence final : Transport {
  void send(const gdoi::Endpoint&, gdoi::View, std::uint16_t) override {}
  void listen(std::span<const gdoi::Endpoint>) override {}
  void locate_key_servers() override {}
};

std::unique_ptr<DataPlane> make_plane(const ConfiguredGroup& group, const Log& log) {
  const auto* setup =
      "ip link set lo up && ip link add wan0 type veth peer name far0 && ip link set far0 up && ip "
      "addr add 172.16.1.2/30 dev wan0 && "
      "ip link set wan0 up";
  if (::unshare(CLONE_NEWNET) == 0 && std::system(setup) == 0) {
    auto plane = XfrmPlane::open(group, {"wan0"}, log);
    if (plane) return std::make_unique<XfrmPlane>(std::move(*plane));
    std::cout << "not in the kernel: " << plane.error().what << '\n';
  }
  return std::make_unique<TranslatingPlane>();
}

}  // namespace

int main(int argc, char** argv) {
  ::mallopt(M_MMAP_THRESHOLD, 128 << 10);  // as the daemon does
  const auto count = argc > 1 ? static_cast<std::uint32_t>(std::atol(argv[1])) : 10000U;
  LogOutput output{STDERR_FILENO, false};
  const Log log{Level::warning, output.sink()};
  const auto configured = make_group({{"ks", "10.0.0.5", "t"}, {"group", "100", "t"}}).value();
  const auto plane = make_plane(configured, log);
  SeededRandom random{1};
  Silence silence;
  gdoi::MemberConfig member;
  member.group = gdoi::GroupNumber{100};
  member.local_address = ip("172.16.1.2");
  member.key_servers.push_back({key_server(), key(11, 'S')});
  member.phase1.proposals = gdoi::default_proposals();
  InboundSpis spis;
  GroupSession group{{{"100", ip("172.16.1.2")}, {"wan0"}},
                     std::move(member),
                     {random, *plane, silence, spis, log}};
  std::cout << "before the list   " << memory() << '\n';

  const auto install = [&](std::uint32_t spi) {
    gdoi::Actions actions;
    actions.emplace_back(gdoi::InstallPolicy{key_server(), large_policy(count, spi)});
    group.perform(std::move(actions), boot_time());
  };
  install(0x1000);
  std::cout << count << " entries    " << memory() << '\n';
  for (std::uint32_t spi = 0x1001; spi < 0x100b; ++spi) install(spi);
  std::cout << "10 rollovers later" << memory() << '\n';
  StatusView view;
  view.config = &configured.config;
  view.interfaces = {"wan0"};
  view.member = group.status();
  view.sas = &group.sa_table();
  const auto size = status_json(view, boot_time()).size();
  std::cout << "after show        " << memory() << " (a document of " << size << " octets)\n";
  const bool installed = group.sa_table().entries().size() == count;
  return group.stop(boot_time()) && installed ? 0 : 1;
}
