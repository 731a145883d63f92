// SPDX-License-Identifier: GPL-2.0-or-later
// Failing the k-th request of an apply(), for every k.
#pragma once

#include <cerrno>
#include <functional>

#include "tests/kernel/namespace.h"
#include "tests/kernel/plane_samples.h"
#include "tests/support/catch.h"
#include "xfrm/plane/installer.h"

namespace test {

// Failing counts requests and refuses one of them, when armed.
class Failing {
 public:
  [[nodiscard]] xfrm::FaultInjector injector() {
    return [this] { return ++count_ == fail_at_ ? ENOBUFS : 0; };
  }
  void arm(int fail_at) {
    count_ = 0;
    fail_at_ = fail_at;
  }
  [[nodiscard]] bool hit() const { return fail_at_ != 0 && count_ >= fail_at_; }

 private:
  int count_ = 0, fail_at_ = 0;
};

// check_every_failure makes `change` fail at its first request, its second, and so on until it no
// longer has as many. Each time, from what `prepare` set up in a cleared Site: either apply() says
// so and the kernel is as before; or it was a removal after success, which is in failed_removals()
// and is done by the next apply(). Returns how many requests there were.
inline int check_every_failure(
    const std::function<std::unique_ptr<xfrm::Installer>(xfrm::FaultInjector)>& prepare,
    const xfrm::Desired& change, const std::function<std::string()>& look = snapshot) {
  const Site site;
  for (int k = 1; k < 1000; ++k) {
    INFO("request " << k);
    Failing failing;
    const auto plane = prepare(failing.injector());
    const auto before = look();

    failing.arm(k);
    const auto done = plane->apply(change);
    const bool hit = failing.hit();
    failing.arm(0);

    if (!hit) {
      REQUIRE(done);
      CHECK(plane->failed_removals().empty());
      return k - 1;
    }
    if (!done) {
      CHECK(done.error().code == ENOBUFS);
      CHECK_FALSE(done.error().what.empty());
      CHECK(look() == before);
    } else {
      REQUIRE(plane->failed_removals().size() == 1);
      CHECK(plane->failed_removals()[0].code == ENOBUFS);
    }
    // What failed once works the next time, and nothing stays behind.
    const auto again = plane->apply(change);
    if (!again) FAIL(again.error().message());
    CHECK(plane->failed_removals().empty());
    REQUIRE(plane->clear());
    const auto after = look();
    CHECK(after.find("getvpn") == std::string::npos);
    CHECK(after.find("240.0.0") == std::string::npos);
  }
  FAIL("no end of requests");
  return 0;
}

}  // namespace test
