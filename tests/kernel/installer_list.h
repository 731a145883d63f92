// SPDX-License-Identifier: GPL-2.0-or-later
// A list put into the kernel by an Installer, and read back as lines.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/kernel/kernel_reader.h"
#include "tests/kernel/plane_samples.h"
#include "tests/support/catch.h"
#include "xfrm/plane/installer.h"

namespace test {

inline std::unique_ptr<xfrm::Installer> installer(xfrm::InstallerConfig config = ipv4_config()) {
  auto opened = xfrm::Installer::open(std::move(config));
  if (!opened) throw std::runtime_error{opened.error().message()};
  return std::move(*opened);
}

inline void apply(xfrm::Installer& plane, std::vector<xfrm::Entry> entries) {
  const auto done = plane.apply({std::move(entries), {}});
  if (!done) FAIL(done.error().message());
  CHECK(plane.failed_removals().empty());
}

// "permit 10.1.0.0/24 10.3.0.0/24" and so on for one direction, in the kernel's order.
inline std::vector<std::string> lines(const std::string& direction) {
  std::vector<std::string> out;
  for (const auto& p : read_policies())
    if (p.direction == direction)
      out.push_back((p.templates.empty() ? "deny " : "permit ") + p.source + " " + p.destination);
  return out;
}

}  // namespace test
