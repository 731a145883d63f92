// SPDX-License-Identifier: GPL-2.0-or-later
// What a group needs of the world. xfrm_plane.h and group_instance.h provide it; tests record it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/base/clock.h"
#include "agent/base/result.h"
#include "gdoi/policy/policy.h"

namespace agent {

// TekUse is one TEK as the data plane shall use it from now on.
struct TekUse {
  const gdoi::Tek* tek = nullptr;  // borrowed for the length of the call
  seconds remaining{0};            // of its life; at least 1
  bool receive = true, send = true;
};

// ExistingSa is one half of a TEK that a predecessor left in the data plane. Its keys are there,
// and there only.
struct ExistingSa {
  gdoi::Spi spi;
  bool outbound = false;
  seconds remaining{0};
  std::uint32_t replay_window = 0;  // packets; 0: none
};

// ExistingState is what the data plane holds when we come to it.
struct ExistingState {
  std::vector<ExistingSa> teks;
  bool has_policy = false;  // a list is enforced
};

// Installation is the whole truth: a list, and the TEKs that are alive. Of the TEKs that serve one
// line, the last one with `send` carries its traffic.
struct Installation {
  enum class Mode : std::uint8_t {
    list,    // what `entries` say
    closed,  // there is no list yet, and nothing may pass but local exceptions (fail-close)
  };
  std::span<const gdoi::AccessEntry> entries;
  std::vector<TekUse> teks;
  // TEKs of a list line that serve for receiving only: lines with no others leave in clear.
  std::span<const gdoi::Spi> receive_only = {};
  std::span<const ExistingSa> kept =
      {};  // stay as they are, until they expire or are no longer named
  Mode mode = Mode::list;
  // What a line was sent on before its TEK of now goes; else it may stay, with nothing sent on it.
  bool remove_superseded = false;
};

// Why a TEK that is in force is not sent on.
enum class NotSent : std::uint8_t {
  receive_only,  // the key server says so
  not_yet,       // its time has not come: others may not have it yet (SendSchedule)
  superseded,    // another TEK of its lines is sent on
  passive,       // the operator says so
  counter_mode,  // a nonce could repeat (RFC 6054)
  no_entry,      // no line of the list is under it
};

// AppliedTek is what the data plane has of one SPI.
struct AppliedTek {
  gdoi::Spi spi;
  bool receive = false, send = false;  // there is an inbound, an outbound state
  std::uint32_t replay_window = 0;     // of the inbound state, in packets; 0: none
  std::optional<NotSent> not_sent;     // nothing when it is sent on, or its keys are not ours
  friend bool operator==(const AppliedTek&, const AppliedTek&) = default;
};

// Applied is what the data plane does since the last apply() that it agreed to. Nobody else derives
// that from what was asked for.
struct Applied {
  std::optional<Installation::Mode> mode;  // nothing: no list, and nothing is dropped
  std::vector<AppliedTek> teks;            // in the order of the installation

  // find returns nullptr for an SPI of which there is nothing.
  [[nodiscard]] const AppliedTek* find(gdoi::Spi spi) const noexcept {
    const auto at = std::find_if(teks.begin(), teks.end(),
                                 [&](const AppliedTek& tek) { return tek.spi == spi; });
    return at == teks.end() ? nullptr : &*at;
  }
};

// SenderCounters is what came in from one network that has a replay window of its own.
struct SenderCounters {
  gdoi::AddressRange network;
  std::uint64_t packets = 0;
  std::uint32_t replay_errors = 0;
};

struct TekCounters {
  gdoi::Spi spi;
  bool outbound = false;
  std::uint64_t packets = 0, bytes = 0;
  std::uint32_t replay_errors = 0, integrity_errors = 0;
  std::vector<SenderCounters> senders = {};  // inbound; their packets are among those above
};

// UnknownSpi is ESP of one sender, between networks that the list protects, that came in under an
// SPI for which there is no key. Anybody can forge it. The count may begin anew at any time.
struct UnknownSpi {
  gdoi::Address source;
  gdoi::Spi spi;
  std::uint64_t packets = 0;
};

// DroppedInClear is what was dropped for being in clear where the list protects it, in packets.
struct DroppedInClear {
  std::uint64_t in = 0, out = 0;
};

// KernelWork is a long change of the data plane under way: how many of the entries of one family
// that it is about are done.
struct KernelWork {
  gdoi::Address::Family family = gdoi::Address::Family::ipv4;
  bool removing = false;  // else putting or moving
  std::size_t done = 0, all = 0;
};

struct DataPlane {
  virtual ~DataPlane() = default;
  // apply brings the kernel to `installation` and tells what that came to, or leaves it as it was
  // and says what was refused.
  [[nodiscard]] virtual Result<Applied> apply(const Installation& installation) = 0;
  // clear removes everything this data plane made.
  [[nodiscard]] virtual Result<void> clear() = 0;
  [[nodiscard]] virtual Result<std::vector<TekCounters>> counters() = 0;
  // unknown_spis tells of ESP for which there is no key, a bounded number of senders.
  [[nodiscard]] virtual Result<std::vector<UnknownSpi>> unknown_spis() = 0;
  // survey looks what a predecessor left.
  [[nodiscard]] virtual Result<ExistingState> survey() = 0;
  // verify names what others changed since the last apply(); the next one repairs it.
  [[nodiscard]] virtual Result<std::vector<std::string>> verify() = 0;
};

struct Transport {
  virtual ~Transport() = default;
  // send gives one datagram to the network from our port `from_port`. It may get lost there.
  virtual void send(const gdoi::Endpoint& to, gdoi::View datagram, std::uint16_t from_port) = 0;
  // listen takes part in these multicast groups, and in no others.
  virtual void listen(std::span<const gdoi::Endpoint> groups) = 0;
  // locate_key_servers finds out at which addresses the key servers are now, and answers later with
  // GroupSession::set_key_servers.
  virtual void locate_key_servers() = 0;
};

}  // namespace agent
