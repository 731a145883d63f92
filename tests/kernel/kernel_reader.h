// SPDX-License-Identifier: GPL-2.0-or-later
// Policies and states as libnl-xfrm-3 reads them: other code than wrote them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace test {

struct ReadPolicy {
  std::string direction;            // "in", "out", "fwd"
  std::string source, destination;  // with prefix length
  int protocol = 0, source_port = 0, destination_port = 0;
  int interface = 0;
  unsigned priority = 0, mark = 0, mask = 0, index = 0;
  bool allow = false;
  struct Template {
    std::string source, destination;
    unsigned reqid = 0;
    bool esp = false, tunnel = false, required = false;
    friend auto operator<=>(const Template&, const Template&) = default;
  };
  std::vector<Template> templates;
};

// read_policies lists them by priority, then by direction in the order in, out, fwd.
[[nodiscard]] std::vector<ReadPolicy> read_policies();

struct ReadState {
  std::string source, destination;
  std::uint32_t spi = 0, reqid = 0;
  bool esp = false, tunnel = false;
  std::string cipher, integrity, aead;  // kernel's names
  unsigned cipher_bits = 0, integrity_bits = 0, icv_bits = 0, replay_window = 0;
  std::string flags;  // as libnl words them
  std::uint64_t hard_seconds = 0;
};
[[nodiscard]] std::vector<ReadState> read_states();

}  // namespace test
