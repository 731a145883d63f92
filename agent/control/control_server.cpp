// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/control/control_server.h"

#include "agent/control/requests.h"

namespace agent {

Result<std::unique_ptr<ControlServer>> ControlServer::open(EventLoop& loop, const std::string& path,
                                                           const ControlAccess& access,
                                                           Answer answer) {
  auto listener = UnixListener::open(path, access.is_for_groups() ? 0666 : 0600,
                                     static_cast<int>(max_clients), "control socket");
  if (!listener) return tl::unexpected<Error>{listener.error()};
  std::unique_ptr<ControlServer> out{
      new ControlServer{std::move(*listener), access, std::move(answer)}};
  auto* self = out.get();
  auto server = StreamServer::open(
      loop, out->listener_.fd(), [self](int fd) { return self->refuse(fd); },
      [self](int fd, std::string_view request, bool time_is_up) {
        return self->answer(fd, request, time_is_up);
      });
  if (!server) return tl::unexpected<Error>{server.error()};
  out->server_ = std::move(*server);
  return out;
}

std::optional<std::string> ControlServer::refuse(int fd) const {
  if (right_of(fd, access_) != Right::none) return std::nullopt;
  return error_answer("this needs root, or a member of operator-group or admin-group") + '\n';
}

std::optional<std::string> ControlServer::answer(int fd, std::string_view request,
                                                 bool time_is_up) const {
  const auto end = request.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  // Who cannot be told has no right, whatever user that is taken for.
  const Asker asker{right_of(fd, access_), user_of(fd).value_or(0)};
  auto line = answer_(request.substr(0, end), asker, time_is_up);
  if (line) *line += '\n';
  return line;
}

}  // namespace agent
