// SPDX-License-Identifier: GPL-2.0-or-later
// The events of the model (rollover.pml) in the simulated world, and what is seen of its members.
#pragma once

#include "tests/rollover/world.h"

namespace rollover {

// Script has happen to three members and their key server, one after the other, what it is told.
class Script {
 public:
  explicit Script(std::uint64_t seed);

  void start(std::size_t member);
  void crash(std::size_t member);
  void stop(std::size_t member);
  void clear(std::size_t member);
  void cut(std::size_t member);
  // mend waits until the member has ended the pause after its attempts.
  void mend(std::size_t member);
  void push(std::size_t member);
  // enter lets time pass until the model's phase (0 to 3) begins, and may be called for the next
  // one only.
  void enter(unsigned phase);

  // Seen is what the model has of a member, but for what packets do not tell: the verdict about one
  // that the list protects, and whether another passes.
  struct Seen {
    bool up = false, in_old = false, in_new = false;
    enum class Listed : std::uint8_t {
      clear,
      dropped,
      old_tek,
      new_tek,
      another_tek
    } listed = Listed::clear;
    bool others_pass = true;
    friend bool operator==(const Seen&, const Seen&) = default;
  };
  [[nodiscard]] Seen seen(std::size_t member) const;
  [[nodiscard]] std::string story() const { return world_.story(); }

 private:
  void settle();
  Machine& machine(std::size_t member) { return *world_.machines_.at(member); }

  World world_;
  Instant old_ends_;
  std::uint32_t old_ = 0, new_ = 0;  // SPIs; 0: there is none
};

}  // namespace rollover
