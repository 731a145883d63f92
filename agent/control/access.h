// SPDX-License-Identifier: GPL-2.0-or-later
// Who may ask what on the control socket.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace agent {

// Right is what a client may do: nothing, look, or also act (reregister, clear ...).
enum class Right : std::uint8_t { none, look, act };

// ControlAccess is who has rights beside root and the daemon's own user, who may act: members of
// these groups, be it by their primary or a supplementary one.
struct ControlAccess {
  std::optional<gid_t> operators;       // may look
  std::optional<gid_t> administrators;  // may act

  [[nodiscard]] bool is_for_groups() const { return operators || administrators; }
};

// Asker is who asks, and what he may do.
struct Asker {
  Right right = Right::none;
  uid_t user = 0;
};

// user_of is the user at the other end of a connected unix socket, when it connected.
[[nodiscard]] std::optional<uid_t> user_of(int fd);

// right_of asks the kernel who is at the other end of a connected unix socket (SO_PEERCRED,
// SO_PEERGROUPS: as it was when that process connected). Who cannot be told has no right.
[[nodiscard]] Right right_of(int fd, const ControlAccess& access);

}  // namespace agent
