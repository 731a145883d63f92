// SPDX-License-Identifier: GPL-2.0-or-later
// Which settings of a machine are hostile: settings in, findings out.

#include "xfrm/plane/host_settings.h"

// The kernel's headers give way to this one.
// clang-format off
#include <netinet/in.h>
// clang-format on
#include <linux/netfilter.h>

#include <cerrno>
#include <map>

#include "tests/support/catch.h"

namespace host_settings_test {

namespace {

using Settings = std::map<std::string, std::int64_t>;

// A router as it should be: one WAN, two networks behind it.
struct Router {
  xfrm::HostView view{{{"wan0", "wan0"}},
                      {{"lan0", "lan0"}, {"lan1", "lan1"}},
                      {{"lan0", "lan0"}},
                      {"lo", "wan0", "lan0"},
                      {}};
  Settings settings = normal();

  static Settings normal() {
    Settings out{{"net.ipv4.ip_forward", 1},
                 {"net.ipv6.conf.all.forwarding", 1},
                 {"net.ipv4.ipfrag_high_thresh", 4194304}};
    for (const std::string name :
         {"all", "lo", "wan0", "wan1", "eth0/100", "lan0", "lan1", "red"}) {
      out["net.ipv4.conf." + name + ".disable_xfrm"] = 0;
      out["net.ipv4.conf." + name + ".disable_policy"] = 0;
      out["net.ipv4.conf." + name + ".forwarding"] = 1;
      out["net.ipv6.conf." + name + ".disable_policy"] = 0;
    }
    return out;
  }

  [[nodiscard]] xfrm::Result<std::vector<xfrm::Finding>> look() const {
    return xfrm::findings_in(
        view, [this](const std::string& name) -> xfrm::Result<std::optional<std::int64_t>> {
          const auto at = settings.find(name);
          if (at == settings.end()) return std::optional<std::int64_t>{};
          if (at->second < 0) return xfrm::fail(EACCES, name);
          return at->second;
        });
  }
  [[nodiscard]] std::vector<std::string> all(std::string xfrm::Finding::*which) const {
    const auto findings = look();
    REQUIRE(findings.has_value());
    std::vector<std::string> out;
    for (const auto& finding : *findings) out.push_back(finding.*which);
    return out;
  }
  [[nodiscard]] std::vector<std::string> found() const { return all(&xfrm::Finding::where); }
  [[nodiscard]] std::vector<std::string> remedies() const { return all(&xfrm::Finding::remedy); }
};

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("nothing is found on a router as it should be") { CHECK(Router{}.found().empty()); }

TEST_CASE("each setting that switches XFRM off is found, with its remedy") {
  for (const std::string name :
       {"net.ipv4.conf.all.disable_xfrm", "net.ipv4.conf.wan0.disable_xfrm",
        "net.ipv4.conf.all.disable_policy", "net.ipv4.conf.wan0.disable_policy",
        "net.ipv6.conf.all.disable_policy", "net.ipv6.conf.wan0.disable_policy",
        "net.ipv6.conf.lan0.disable_policy", "net.ipv6.conf.lo.disable_policy"}) {
    CAPTURE(name);
    Router router;
    router.settings.at(name) = 1;
    CHECK(router.found() == Texts{name + " = 1"});
    CHECK(router.remedies() == Texts{"sysctl -w " + name + "=0"});
  }
}

TEST_CASE("what the kernel does not consult is not found") {
  for (const std::string name :
       {"net.ipv4.conf.lan0.disable_xfrm", "net.ipv4.conf.lan0.disable_policy",
        "net.ipv4.conf.lo.disable_policy", "net.ipv6.conf.lan1.disable_policy"}) {
    CAPTURE(name);
    Router router;
    router.settings.at(name) = 1;
    CHECK(router.found().empty());
  }
}

TEST_CASE("each WAN is looked at, and a dot in its name is written as sysctl(8) takes it") {
  Router router;
  router.view.wans = {{"wan1", "wan1"}, {"eth0.100", "eth0.100"}};
  router.settings.at("net.ipv4.conf.wan1.disable_xfrm") = 1;
  router.settings.at("net.ipv4.conf.eth0/100.disable_xfrm") = 1;
  router.settings.at("net.ipv4.conf.wan0.disable_xfrm") = 1;  // is none
  CHECK(router.remedies() == Texts{"sysctl -w net.ipv4.conf.wan1.disable_xfrm=0",
                                   "sysctl -w net.ipv4.conf.eth0/100.disable_xfrm=0"});
}

TEST_CASE("in a VRF packets come in by its device, and leave by the interface") {
  Router router;
  router.view.wans = {{"wan0", "red"}};
  router.settings.at("net.ipv4.conf.red.disable_policy") = 1;
  router.settings.at("net.ipv4.conf.wan0.disable_policy") = 1;  // nobody asks
  router.settings.at("net.ipv4.conf.red.disable_xfrm") = 1;     // nor here
  router.settings.at("net.ipv4.conf.wan0.disable_xfrm") = 1;
  router.settings.at("net.ipv4.conf.red.forwarding") = 0;
  CHECK(router.found() == Texts{"net.ipv4.conf.wan0.disable_xfrm = 1",
                                "net.ipv4.conf.red.disable_policy = 1",
                                "net.ipv4.conf.red.forwarding = 0"});
}

TEST_CASE("forwarding that is off is found where there are networks to forward for") {
  Router router;
  router.settings.at("net.ipv4.ip_forward") = 0;
  CHECK(router.found().empty());  // each interface has its own, and it is on
  for (const std::string name : {"wan0", "lan0", "lan1"})
    router.settings.at("net.ipv4.conf." + name + ".forwarding") = 0;
  router.settings.at("net.ipv6.conf.all.forwarding") = 0;
  CHECK(router.remedies() ==
        Texts{"sysctl -w net.ipv4.ip_forward=1", "sysctl -w net.ipv6.conf.all.forwarding=1"});
  SECTION("force_forwarding of the WAN will do for IPv6") {
    router.settings["net.ipv6.conf.wan0.force_forwarding"] = 1;
    CHECK(router.found() == Texts{"net.ipv4.ip_forward = 0"});
  }
  SECTION("a host has none") {
    router.view.inside_ipv4.clear();
    router.view.inside_ipv6.clear();
    CHECK(router.found().empty());
  }
}

TEST_CASE("forwarding that is off at one interface is found there") {
  Router router;
  router.settings.at("net.ipv4.conf.wan0.forwarding") = 0;
  CHECK(router.found() == Texts{"net.ipv4.conf.wan0.forwarding = 0"});
  router.settings.at("net.ipv4.conf.wan0.forwarding") = 1;
  router.settings.at("net.ipv4.conf.lan0.forwarding") = 0;  // for management
  CHECK(router.found().empty());
  router.settings.at("net.ipv4.conf.lan1.forwarding") = 0;
  CHECK(router.found() ==
        Texts{"net.ipv4.conf.lan0.forwarding = 0", "net.ipv4.conf.lan1.forwarding = 0"});
}

TEST_CASE("flowtables with a WAN are found, whosesoever they are") {
  Router router;
  router.view.wans.push_back({"dsl0", "dsl0"});
  router.view.flowtables = {
      {NFPROTO_INET, "fast", "f", 0, {{"lan0", false}, {"wan0", false}}},
      {NFPROTO_IPV4, "fw", "all", -10, {{"dsl", true}}},
      {NFPROTO_IPV4, "fw", "inside", 0, {{"lan0", false}, {"lan1", false}}},
  };
  CHECK(router.found() == Texts{"nftables flowtable inet fast f has device wan0",
                                "nftables flowtable ip fw all has device dsl*"});
  CHECK(
      router.remedies() ==
      Texts{"nft 'delete flowtable inet fast f { hook ingress priority 0; devices = { wan0 }; }'",
            "nft 'delete flowtable ip fw all { hook ingress priority -10; devices = { \"dsl*\" }; "
            "}'"});
}

TEST_CASE("a machine that puts no fragments together is found") {
  Router router;
  router.settings.at("net.ipv4.ipfrag_high_thresh") = 0;
  router.settings["net.netfilter.nf_conntrack_frag6_high_thresh"] = 0;
  CHECK(router.found() == Texts{"net.ipv4.ipfrag_high_thresh = 0",
                                "net.netfilter.nf_conntrack_frag6_high_thresh = 0"});
}

TEST_CASE("what cannot be read is an error, not a setting that is fine") {
  Router router;
  router.settings.at("net.ipv4.conf.wan0.disable_xfrm") = -1;
  REQUIRE_FALSE(router.look().has_value());
  CHECK(router.look().error().code == EACCES);
  router.settings.clear();  // as where /proc/sys is hidden
  REQUIRE_FALSE(router.look().has_value());
  CHECK(router.look().error().message() ==
        "/proc/sys/net/ipv4/conf/all/disable_policy: not there, so that no setting can be looked "
        "at");
}

TEST_CASE("an interface that went away, and a machine without IPv6, are no error") {
  Router router;
  std::erase_if(router.settings, [](const auto& one) {
    return one.first.find("ipv6") != std::string::npos ||
           one.first.find("wan0") != std::string::npos;
  });
  CHECK(router.found().empty());
}

}  // namespace host_settings_test
