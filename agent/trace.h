// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "agent/base/clock.h"
#include "agent/base/result.h"
#include "gdoi/phase1/observer.h"

namespace agent {

// Trace keeps what is said between us and key servers, in clear and dissected, from start to stop:
// for somebody who looks for what two implementations do not agree about. Keys, nonces, hashes and
// Diffie-Hellman values are replaced by the length and four octets of their SHA-256, so that it can
// be given away. It is bounded: what comes after that is counted only.
class Trace final : public gdoi::MessageObserver {
 public:
  Trace() = default;
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;
  ~Trace() override;

  // start forgets what was kept. stop ends it and hands the text over; fails when none was started.
  void start(Instant now);
  [[nodiscard]] Result<std::string> stop();
  [[nodiscard]] bool is_on() const noexcept { return on_; }

  // Datagrams as they are on the wire, without the marker of port 4500.
  void sent(const gdoi::Endpoint& to, gdoi::View datagram, Instant now);
  void received(const gdoi::Endpoint& from, gdoi::View datagram, Instant now);

  void sealed(const gdoi::IsakmpHeader& header, gdoi::View payloads) override;
  void opened(const gdoi::IsakmpHeader& header, gdoi::View payloads) override;

  static constexpr std::size_t most_octets = std::size_t{4} << 20;

 private:
  void datagram(std::string_view direction, const gdoi::Endpoint& peer, gdoi::View octets,
                Instant now);
  void add(const std::string& text);

  bool on_ = false;
  Instant began_;
  std::string text_;
  std::size_t left_out_ = 0;
};

}  // namespace agent
