// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/control/access.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace agent {
namespace {

std::optional<ucred> peer_of(int fd) {
  ucred out{};
  socklen_t size = sizeof out;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &out, &size) != 0) return std::nullopt;
  return out;
}

// groups_of are the supplementary ones; none when the kernel does not say.
std::vector<gid_t> groups_of(int fd) {
  std::vector<gid_t> out(64);
  for (;;) {
    auto size = static_cast<socklen_t>(out.size() * sizeof(gid_t));
    const int done = ::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, out.data(), &size);
    const std::size_t count = size / sizeof(gid_t);
    if (done != 0 && (errno != ERANGE || count <= out.size())) return {};
    out.resize(count);
    if (done == 0) return out;
  }
}

}  // namespace

std::optional<uid_t> user_of(int fd) {
  const auto peer = peer_of(fd);
  return peer ? std::optional{peer->uid} : std::nullopt;
}

Right right_of(int fd, const ControlAccess& access) {
  const auto peer = peer_of(fd);
  if (!peer) return Right::none;
  if (peer->uid == 0 || peer->uid == ::geteuid()) return Right::act;
  if (!access.is_for_groups()) return Right::none;
  auto groups = groups_of(fd);
  groups.push_back(peer->gid);
  const auto in = [&](const std::optional<gid_t>& wanted) {
    return wanted && std::find(groups.begin(), groups.end(), *wanted) != groups.end();
  };
  if (in(access.administrators)) return Right::act;
  return in(access.operators) ? Right::look : Right::none;
}

}  // namespace agent
