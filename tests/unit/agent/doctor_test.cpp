// SPDX-License-Identifier: GPL-2.0-or-later
#include <sys/socket.h>

#include <cerrno>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "agent/base/address.h"
#include "agent/base/fd.h"
#include "agent/doctor/examine.h"
#include "agent/doctor/kernel_modules.h"
#include "agent/doctor/reachability.h"
#include "agent/doctor/xfrm_counters.h"
#include "tests/support/catch.h"
#include "tests/unit/agent/temporary.h"

namespace doctor_test {

using namespace agent;
using Weight = Diagnosis::Weight;

TEST_CASE("counters of IPsec that are not 0 are told in words") {
  const auto none = examine_counters("XfrmInError\t0\nXfrmInNoStates \t 0\n");
  REQUIRE(none.size() == 1);
  CHECK(none[0].weight == Weight::fine);
  const auto some = examine_counters("XfrmInError 0\nXfrmInNoStates  7\nXfrmNewOne 2\n");
  REQUIRE(some.size() == 2);
  CHECK(some[0].weight == Weight::hint);
  CHECK(some[0].subject == "counter XfrmInNoStates");
  CHECK(some[0].what == "7 since start: ESP under an SPI that there is no key for");
  CHECK_FALSE(some[0].remedy.empty());
  CHECK(some[1].subject == "counter XfrmNewOne");
}

TEST_CASE("modules that are loaded, built in or on disk are fine") {
  const std::string on_disk =
      "kernel/net/ipv4/esp4.ko: a\nkernel/net/ipv6/esp6.ko.xz:\nkernel/net/xfrm/xfrm_user.ko.zst:\n"
      "kernel/net/netfilter/nft_xfrm.ko:\nkernel/net/netfilter/nft_tproxy.ko:\n"
      "kernel/net/netfilter/nft_ct.ko:\nkernel/net/netfilter/nft_fib.ko:\n";
  ModuleLists lists{"6.1", "nf_tables 1 0 - Live\n", "kernel/net/ipv6/netfilter/nft_dup_ipv6.ko\n",
                    on_disk};
  const auto fine = examine_modules(lists, true, false);
  REQUIRE(fine.size() == 1);
  CHECK(fine[0].weight == Weight::fine);
  // Nothing can be loaded any more.
  const auto forbidden = examine_modules(lists, false, true);
  REQUIRE(forbidden.size() == 6);
  CHECK(forbidden[0].weight == Weight::fault);
  CHECK(forbidden[0].subject == "kernel module esp4");
  lists.on_disk = "kernel/net/ipv4/other.ko:\n";
  const auto missing = examine_modules(lists, false, false);
  REQUIRE(missing.size() == 6);
  CHECK(missing[0].weight == Weight::hint);
  CHECK(missing[0].remedy == "modprobe esp4; if that fails, the kernel that has it");
  CHECK(examine_modules({"6.1", "", "", ""}, true, false).size() == 1);
}

TEST_CASE("an ICMP error of a key server is told, and what to do") {
  CHECK_THAT(refusal_of("k", ECONNREFUSED).what, Catch::StartsWith("port unreachable"));
  CHECK(refusal_of("k", EHOSTUNREACH).weight == Weight::fault);
  CHECK(refusal_of("k", EMSGSIZE).weight == Weight::hint);
  CHECK_FALSE(refusal_of("k", ENOBUFS).what.empty());

  // A port of loopback that listens, and one that no longer does.
  Fd listening{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  auto name = to_sockaddr({parse_ipv4("127.0.0.1").value(), 0});
  REQUIRE(::bind(listening.get(), name.get(), name.size) == 0);
  REQUIRE(::getsockname(listening.get(), name.get(), &name.size) == 0);
  const KeyServer server{to_endpoint(name)};
  CHECK(examine_key_server(server, "").weight == Weight::fine);
  listening = Fd{};
  CHECK_THAT(examine_key_server(server, "").what, Catch::StartsWith("port unreachable"));
}

TEST_CASE("findings are printed with their remedies, within 80 columns") {
  const std::vector<Diagnosis> found{
      {Weight::fine, "daemon", "registered", ""},
      {Weight::fault, "key server 10.0.0.5:848",
       "prohibited, here or by a router in between, which is told at some length",
       "let UDP 848 pass"}};
  CHECK(diagnoses_text(found) ==
        "fine   daemon: registered\n"
        "fault  key server 10.0.0.5:848: prohibited, here or by a router in between,\n"
        "       which is told at some length\n"
        "       remedy: let UDP 848 pass\n"
        "1 faults, 0 hints\n");
  CHECK(any_fault(found));
  CHECK_FALSE(any_fault(std::span{found}.first(1)));
  const auto document = nlohmann::json::parse(diagnoses_json(found));
  CHECK(document["fault"] == true);
  CHECK(document["findings"][0]["remedy"].is_null());
  CHECK(document["findings"][1]["weight"] == "fault");
}

TEST_CASE("without daemon and configuration it is told that there is none") {
  const support::TemporaryDirectory directory;
  const auto found = examine({directory.path("none"), directory.path("socket")});
  REQUIRE(found.size() > 3);
  CHECK(found[0].subject == "daemon");
  CHECK(found[0].weight == Weight::hint);
  CHECK(found[1].subject == "configuration");
  CHECK(found[1].weight == Weight::fault);
}

}  // namespace doctor_test
