// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/base/finding.h"

#include "tests/support/catch.h"

namespace finding_test {

using namespace agent;

namespace {

const Finding one{"net.ipv4.conf.all.disable_xfrm = 1", "nothing is encrypted",
                  "sysctl -w net.ipv4.conf.all.disable_xfrm=0"};
const Finding other{"net.ipv4.ip_forward = 0", "nothing is forwarded",
                    "sysctl -w net.ipv4.ip_forward=1"};
using Findings = std::vector<Finding>;

struct Fixture {
  std::vector<std::string> lines;
  Log log{Level::notice, [this](Level level, std::string_view line) {
            lines.push_back(std::string{name_of(level)} + ": " + std::string{line});
          }};
  FindingLog findings;

  std::vector<std::string> update(Result<Findings> found) {
    lines.clear();
    findings.update(std::move(found), log);
    return lines;
  }
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a finding is logged once when it appears, and once when it is gone") {
  Fixture f;
  CHECK_FALSE(f.findings.current().has_value());
  CHECK(f.update(Findings{}).empty());
  CHECK(f.update(Findings{one}) ==
        Lines{"warning: hostile setting: net.ipv4.conf.all.disable_xfrm = 1: nothing is encrypted; "
              "remedy: sysctl -w net.ipv4.conf.all.disable_xfrm=0"});
  CHECK(f.update(Findings{one}).empty());
  CHECK(f.update(Findings{other, one}).size() == 1);
  CHECK(f.findings.current() == Findings{other, one});
  CHECK(f.update(Findings{other}) ==
        Lines{"notice: no longer: net.ipv4.conf.all.disable_xfrm = 1"});
}

TEST_CASE("a look that fails is logged once, and says nothing about what was found before") {
  Fixture f;
  (void)f.update(Findings{one});
  CHECK(f.update(fail("no such file")) ==
        Lines{"error: cannot look for hostile settings of this machine: no such file"});
  CHECK_FALSE(f.findings.current().has_value());
  CHECK(f.update(fail("no such file")).empty());
  CHECK(f.update(Findings{one}).empty());
  CHECK(f.update(fail("no such file")).size() == 1);
}

}  // namespace finding_test
