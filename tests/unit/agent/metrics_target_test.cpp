// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/metrics_target.h"

#include "agent/base/address.h"
#include "tests/support/catch.h"

namespace metrics_target_test {

using namespace agent;

namespace {

std::string failure(std::string_view text) {
  const auto target = parse_metrics_target(text);
  return target ? "taken as " + metrics_target_text(*target) : target.error().what;
}

}  // namespace

TEST_CASE("a target of metrics is written as it was read") {
  for (const std::string text :
       {"none", "unix:/run/getvpn-gm/metrics", "127.0.0.1:9848", "127.9.9.9:1", "[::1]:65535",
        "file:/var/lib/prometheus/node-exporter/getvpn-gm.prom"}) {
    CAPTURE(text);
    const auto target = parse_metrics_target(text);
    REQUIRE(target.has_value());
    CHECK(metrics_target_text(*target) == text);
  }
  CHECK(parse_metrics_target("[::1]:9848")->listen == gdoi::Endpoint{*parse_address("::1"), 9848});
  CHECK(MetricsTarget{}.kind == MetricsTarget::Kind::none);
}

TEST_CASE("metrics are served to this machine only") {
  for (const std::string text : {"0.0.0.0:9848", "10.0.0.1:9848", "128.0.0.1:9848", "[::]:9848",
                                 "[2001:db8::1]:9848", "[::ffff:127.0.0.1]:9848"}) {
    CAPTURE(text);
    CHECK_THAT(failure(text), Catch::Contains("is not a loopback address"));
  }
}

TEST_CASE("what is no target is refused with what would be one") {
  for (const std::string text : {"yes", "9848", "localhost:9848", ":9848", "127.0.0.1", "::1:9848",
                                 "::1", "[127.0.0.1]:9848", "[::1]", "http://127.0.0.1:9848",
                                 "/run/metrics", "[::1:9848", "127.0.0.1:"}) {
    CAPTURE(text);
    CHECK_THAT(failure(text), !Catch::StartsWith("taken as"));
  }
  CHECK(failure("yes") ==
        "invalid value 'yes' (expected none, unix:PATH, 127.0.0.1:PORT, [::1]:PORT, "
        "file:PATH.prom)");
  CHECK_THAT(failure("127.0.0.1:0"), Catch::StartsWith("port: "));
  CHECK_THAT(failure("127.0.0.1:65536"), Catch::StartsWith("port: "));
  CHECK(failure("unix:") == "no path after unix:");
  CHECK(failure("file:") == "no path after file:");
  CHECK(failure("unix:metrics") == "'metrics' is not an absolute path");
  CHECK(failure("unix:/" + std::string(108, 'x')) == "is longer than 107 octets");
  CHECK(failure("file:/tmp/metrics") ==
        "'/tmp/metrics' does not end with .prom, and node_exporter reads no other files");
}

}  // namespace metrics_target_test
