// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/control/metrics_server.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/base/address.h"
#include "agent/base/files.h"
#include "agent/base/timers.h"
#include "agent/config/config_values.h"
#include "agent/control/metrics_http.h"

namespace agent {
namespace {

constexpr int backlog = static_cast<int>(StreamServer::max_clients);

Result<Fd> listen_at(const gdoi::Endpoint& endpoint) {
  const auto name = to_sockaddr(endpoint);
  Fd fd{::socket(kernel_family(endpoint.address.family), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
                 0)};
  // What a predecessor's connections left behind must not keep us out after a restart.
  const int yes = 1;
  if (!fd || ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
      ::bind(fd.get(), name.get(), name.size) != 0 || ::listen(fd.get(), backlog) != 0)
    return fail_errno(fmt::format("metrics: listen at {}", endpoint_text(endpoint)));
  return fd;
}

std::string directory_of(const std::string& file) { return file.substr(0, file.rfind('/')); }

}  // namespace

Result<std::unique_ptr<MetricsServer>> MetricsServer::open(EventLoop& loop,
                                                           const MetricsTarget& target,
                                                           const ControlAccess& access, Text text,
                                                           const Log& log) {
  std::unique_ptr<MetricsServer> out{new MetricsServer{target, access, std::move(text), log}};
  if (target.kind == MetricsTarget::Kind::none || target.kind == MetricsTarget::Kind::file)
    return out;
  const auto listening = out->listen();
  if (!listening) return tl::unexpected<Error>{listening.error()};
  auto* self = out.get();
  auto server = StreamServer::open(
      loop, *listening, [self](int fd) { return self->refuse(fd); },
      [self](int, std::string_view request, bool) {
        return http_answer(request, [self] { return self->current_text(); });
      });
  if (!server) return tl::unexpected<Error>{server.error()};
  out->server_ = std::move(*server);
  return out;
}

Result<int> MetricsServer::listen() {
  if (target_.kind == MetricsTarget::Kind::http) {
    auto fd = listen_at(target_.listen);
    if (!fd) return tl::unexpected<Error>{fd.error()};
    tcp_ = std::move(*fd);
    return tcp_.get();
  }
  auto socket = UnixListener::open(target_.path, access_.is_for_groups() ? 0666 : 0600, backlog,
                                   "metrics socket");
  if (!socket) return tl::unexpected<Error>{socket.error()};
  unix_.emplace(std::move(*socket));
  return unix_->fd();
}

MetricsServer::~MetricsServer() {
  // Who reads it later would take what was for what is.
  if (written_) ::unlink(target_.path.c_str());
}

std::optional<std::string> MetricsServer::refuse(int fd) const {
  if (target_.kind == MetricsTarget::Kind::http || right_of(fd, access_) != Right::none)
    return std::nullopt;
  return http_refusal();
}

std::optional<std::string> MetricsServer::current_text() {
  const auto now = boot_time();
  if (made_ && made_at_ && now < *made_at_ + text_life) return made_;
  made_ = text_(now);
  made_at_ = now;
  return made_;
}

void MetricsServer::write_file(Instant now) {
  due_ = now + file_pause;
  const auto text = text_(now);
  if (!text) return;
  const auto written = write_public_file(target_.path, *text);
  if (written && !complaint_.empty()) log_.notice("metrics are written to {} again", target_.path);
  const auto complaint = written ? std::string{} : written.error().what;
  if (!written && complaint != complaint_)
    log_.warning(
        "metrics cannot be written, next try in {} s: {}. The daemon's user must be allowed to "
        "write in {}, and the service by ReadWritePaths= (systemctl edit getvpn-gm)",
        file_pause.count(), complaint, directory_of(target_.path));
  complaint_ = complaint;
  written_ = written_ || written;
}

void MetricsServer::wake(Instant now) {
  if (target_.kind == MetricsTarget::Kind::file && now >= due_) write_file(now);
  if (server_) server_->wake(now);
  if (server_ && !begun_) (void)current_text();
  begun_ = true;
}

std::optional<Instant> MetricsServer::deadline() const {
  if (target_.kind == MetricsTarget::Kind::file) return due_;
  return server_ ? server_->deadline() : std::nullopt;
}

}  // namespace agent
