// SPDX-License-Identifier: GPL-2.0-or-later
// IKE fragmentation as Cisco and Microsoft do it for IKEv1: a message that is too large for the
// path is cut into messages of one payload each. No RFC describes it. The payload has the generic
// header, then fragment ID (2), fragment number from 1 (1), flags (1, bit 0: the last one), data.
// The data of all numbers in order is the whole message, its ISAKMP header included. The fragments'
// own headers are in the clear, with the cookies of the message; exchange type and message ID are
// those of the message, or Main Mode and 0.
#pragma once

#include <cstdint>
#include <deque>

#include "gdoi/wire/header.h"

namespace gdoi {

// The vendor ID by which both sides say that they put fragments together: the hash of
// "FRAGMENTATION", and the capabilities base mode, aggressive and main mode.
[[nodiscard]] Bytes fragmentation_vendor_id();
// is_fragmentation_vendor_id ignores the capabilities, which not everybody sends.
[[nodiscard]] bool is_fragmentation_vendor_id(View body) noexcept;

struct Fragment {
  std::uint16_t id = 0;
  std::uint8_t number = 0;  // from 1
  bool last = false;
  View data;
};

[[nodiscard]] bool is_fragment(const IsakmpHeader& header) noexcept;
[[nodiscard]] Result<Fragment> parse_fragment(const IsakmpMessage& message);

// The datagrams that we send are no larger than this, so that with all headers they fit into the
// 1280 octets that any IPv6 path carries.
inline constexpr std::size_t largest_unfragmented = 1200;

// fragments_of cuts a message into datagrams under one fragment ID; a small one stays as it is.
// Fails when it would take more than 255.
[[nodiscard]] Result<std::vector<Bytes>> fragments_of(View message, std::uint16_t id);

// Reassembly puts the fragments of one key server together. They prove nothing about who sent them:
// a number that came with different data is kept in each form, up to a limit, so that a forgery
// does not shut out the honest fragment, whichever came first. All is bounded: messages under way,
// octets of each, time, and how much is made of one set of fragments. When there are too many, the
// oldest goes. Octets are only copied into messages that are whole.
class Reassembly {
 public:
  static constexpr std::size_t max_sets = 4, max_octets = 65535, max_forms = 3, max_messages = 9;
  static constexpr seconds life{30};
  // Of one set this is made at most, whatever combinations its forms permit; then it goes, and what
  // the honest sender repeats begins afresh.
  static constexpr std::size_t max_made = 27, max_octets_made = 8 * max_octets;

  // add takes one fragment and returns the messages that are whole with it: more than one only when
  // somebody forges. An error says what is wrong with the fragment; what was there stays.
  [[nodiscard]] Result<std::vector<Bytes>> add(const IsakmpMessage& message, Instant now);

  // octets is how much is kept now.
  [[nodiscard]] std::size_t octets() const noexcept;
  void clear() noexcept { sets_.clear(); }

 private:
  struct Form {
    bool last;
    Bytes data;
  };
  struct Set {
    CookiePair cookies;
    std::uint16_t id;
    Instant since;
    std::vector<std::vector<Form>> numbers;  // by fragment number less one
    std::size_t octets = 0;
    std::size_t made = 0, octets_made = 0;  // messages, whole ones
  };
  using Sets = std::deque<Set>;
  [[nodiscard]] Sets::iterator set_of(const CookiePair& cookies, std::uint16_t id, Instant now);
  [[nodiscard]] static bool completes(const Set& set, const Fragment& newest);
  [[nodiscard]] static std::vector<Bytes> whole(const Set& set, const Fragment& newest);

  Sets sets_;  // the oldest first
};

}  // namespace gdoi
