// SPDX-License-Identifier: GPL-2.0-or-later
// What Plane::open() says about the kernel it is on, with ESP or without.
#include <cerrno>

#include "tests/kernel/namespace.h"
#include "tests/kernel/plane_samples.h"
#include "tests/support/catch.h"

namespace open_test {

namespace {

TEST_CASE("opening a plane succeeds where the kernel has ESP, and elsewhere says that it has not") {
  const test::Site site;
  const auto before = test::snapshot();
  const auto plane = xfrm::Plane::open(test::config());
  CHECK(plane.has_value() == test::kernel_has_esp());
  if (!plane) {
    CHECK(plane.error().code == EPROTONOSUPPORT);
    CHECK(plane.error().what.starts_with("IPsec ESP (kernel options INET_ESP"));
    CHECK(plane.error().detail ==
          "trial state: Requested type not found; try: modprobe -a xfrm_user esp4 esp6");
  }
  CHECK(test::snapshot() == before);
}

TEST_CASE("opening a plane with a bad configuration or a missing interface says so") {
  const test::Site site;
  auto config = test::config();
  config.mark = 3;
  CHECK(xfrm::Plane::open(config).error().message() == "mark: not a single bit");
  config = test::config();
  config.interfaces = {"wan7"};
  CHECK(xfrm::Plane::open(config).error().message() == "interface wan7: no such interface");
}

}  // namespace

}  // namespace open_test
