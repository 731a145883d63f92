// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/control/control_client.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <array>

#include "agent/base/fd.h"

namespace agent {
namespace {

constexpr std::size_t max_answer = std::size_t{64} << 20;

Result<Fd> connect_to(const std::string& path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.size() >= sizeof name.sun_path) return fail(path + ": too long for a socket");
  path.copy(name.sun_path, path.size());

  Fd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!fd) return fail_errno("socket");
  const timeval timeout{10, 0};
  for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO})
    if (::setsockopt(fd.get(), SOL_SOCKET, option, &timeout, sizeof timeout) != 0)
      return fail_errno("setsockopt");
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0) return fd;
  if (errno == ENOENT || errno == ECONNREFUSED)
    return fail_errno(path + ": getvpn-gm does not seem to run");
  return fail_errno(path);
}

Result<void> send_all(const Fd& fd, std::string_view text) {
  while (!text.empty()) {
    const auto sent = ::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EPIPE) return {};  // what it said before it hung up is to be read
    if (sent < 0) return fail_errno("send");
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

}  // namespace

Result<std::string> ask_daemon(const std::string& socket, const std::string& request) {
  auto fd = connect_to(socket);
  if (!fd) return tl::unexpected<Error>{fd.error()};
  if (auto sent = send_all(*fd, request + "\n"); !sent) return tl::unexpected<Error>{sent.error()};

  std::string answer;
  std::array<char, 65536> part{};
  while (answer.empty() || answer.back() != '\n') {
    const auto size = ::recv(fd->get(), part.data(), part.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return fail(socket + ": the daemon does not answer");
    if (size < 0) return fail_errno(socket);
    if (size == 0) return fail(socket + ": connection closed by the daemon");
    answer.append(part.data(), static_cast<std::size_t>(size));
    if (answer.size() > max_answer) return fail(socket + ": the answer is longer than 64 MiB");
  }
  answer.pop_back();
  return answer;
}

}  // namespace agent
