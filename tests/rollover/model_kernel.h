// SPDX-License-Identifier: GPL-2.0-or-later
// What a member's kernel does with packets, as far as a rollover is concerned: a list, states with
// keys and ends, and the rule that the newest outbound state of a class is used.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "agent/group/ports.h"
#include "agent/kernel/applied_states.h"
#include "agent/kernel/key_classes.h"
#include "agent/kernel/translate.h"
#include "xfrm/plane/plane.h"

namespace rollover {

using gdoi::Instant;
using gdoi::seconds;

// ModelKernel outlives the daemon, as a kernel does.
class ModelKernel {
 public:
  struct State {
    std::uint32_t spi = 0;
    xfrm::KeyClass key_class = 0;
    bool outbound = false;
    gdoi::Bytes key;  // of the cipher
    Instant expires;
    std::uint64_t order = 0;  // of being added
  };
  struct Verdict {
    enum class Kind : std::uint8_t { clear, dropped, encrypted } kind = Kind::clear;
    const State* state = nullptr;  // that encrypts
  };

  void apply(const xfrm::Desired& desired, Instant now);
  void clear();
  void expire(Instant now);

  // send says what becomes of a packet between these addresses.
  [[nodiscard]] Verdict send(const gdoi::Address& from, const gdoi::Address& to, Instant now) const;
  // decrypts tells whether what `state` of another member encrypted can be read here.
  [[nodiscard]] bool decrypts(const State& state, Instant now) const;

  [[nodiscard]] const std::vector<State>& states() const noexcept { return states_; }
  [[nodiscard]] bool has_list() const noexcept { return !entries_.empty(); }

 private:
  [[nodiscard]] State* find(std::uint32_t spi, bool outbound);
  void add(const xfrm::SaSpec& sa, bool outbound, Instant now);

  std::vector<xfrm::Entry> entries_;
  std::vector<State> states_;
  std::uint64_t order_ = 0;
};

// ModelPlane is a model kernel as the agent's data plane. It goes with the daemon.
class ModelPlane final : public agent::DataPlane {
 public:
  ModelPlane(ModelKernel& kernel, const Instant& now) : kernel_{kernel}, now_{now} {}

  [[nodiscard]] agent::Result<agent::Applied> apply(
      const agent::Installation& installation) override;
  [[nodiscard]] agent::Result<void> clear() override;
  [[nodiscard]] agent::Result<std::vector<agent::TekCounters>> counters() override { return {}; }
  [[nodiscard]] agent::Result<std::vector<agent::UnknownSpi>> unknown_spis() override { return {}; }
  [[nodiscard]] agent::Result<agent::ExistingState> survey() override;
  [[nodiscard]] agent::Result<std::vector<std::string>> verify() override { return {}; }

  unsigned refusals = 0;          // this many times the kernel will say no
  std::function<void()> before;   // the kernel changes
  std::function<void()> refused;  // it said no
  std::function<void(const agent::Installation&)> applied;

 private:
  ModelKernel& kernel_;
  const Instant& now_;
  agent::KeyClasses classes_;
  agent::AppliedStates states_;
};

}  // namespace rollover
