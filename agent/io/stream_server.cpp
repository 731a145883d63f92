// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/io/stream_server.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "agent/base/timers.h"

namespace agent {

Result<std::unique_ptr<StreamServer>> StreamServer::open(EventLoop& loop, int listening,
                                                         Refuse refuse, Answer answer) {
  std::unique_ptr<StreamServer> out{
      new StreamServer{loop, listening, std::move(refuse), std::move(answer)}};
  auto* self = out.get();
  auto watched = loop.watch(
      listening, EPOLLIN, [self](std::uint32_t) { self->accept(); }, EventLoop::Served::always);
  if (!watched) return tl::unexpected<Error>{watched.error()};
  return out;
}

StreamServer::StreamServer(EventLoop& loop, int listening, Refuse refuse, Answer answer)
    : loop_{loop}, listening_{listening}, refuse_{std::move(refuse)}, answer_{std::move(answer)} {}

StreamServer::~StreamServer() {
  for (auto& [fd, client] : clients_) {
    loop_.unwatch(fd);
    wipe(client);
  }
  loop_.unwatch(listening_);
}

void StreamServer::accept() {
  Fd fd{::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
  if (!fd) {
    // Who waits stays in the queue, so that the loop would be told of it again and again.
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
      accept_at_ = boot_time() + accept_pause;
      watch_for_clients();
    }
    return;
  }
  const int key = fd.get();
  if (const auto refusal = refuse_(key)) {
    static_cast<void>(::send(key, refusal->data(), refusal->size(), MSG_NOSIGNAL));
    return;
  }
  const auto serving = loop_.watch(
      key, EPOLLIN, [this, key](std::uint32_t) { serve(key); }, EventLoop::Served::always);
  if (!serving) return;
  clients_.emplace(key, Client{std::move(fd), boot_time() + client_timeout, {}, {}, 0});
  watch_for_clients();
}

// watch_for_clients: at the client limit, and in a pause, they wait in the kernel's queue.
void StreamServer::watch_for_clients() {
  const bool ready = clients_.size() < max_clients && !accept_at_;
  (void)loop_.modify(listening_, ready ? std::uint32_t{EPOLLIN} : 0);
}

void StreamServer::serve(int fd) {
  auto& client = clients_.at(fd);
  if (client.asking) return;
  const bool stays = client.answer.empty() ? read_request(client) : write_answer(client);
  if (!stays) close_client(fd);
}

// read_request returns whether the client may stay.
bool StreamServer::read_request(Client& client) {
  std::array<char, 1024> part{};
  const auto size = ::recv(client.fd.get(), part.data(), part.size(), 0);
  if (size < 0) return errno == EAGAIN || errno == EINTR;
  if (size == 0) return false;
  client.request.append(part.data(), static_cast<std::size_t>(size));
  return ask(client, false);
}

// ask returns whether the client may stay.
bool StreamServer::ask(Client& client, bool time_is_up) {
  client.asking = true;
  auto answer = answer_(client.fd.get(), client.request, time_is_up);
  client.asking = false;
  if (!answer) return !time_is_up && client.request.size() <= max_request;
  client.answer = std::move(*answer);
  client.leave_at = boot_time() + client_timeout;  // however long the answer took to be made
  return write_answer(client);
}

std::size_t StreamServer::waiting() const noexcept {
  return static_cast<std::size_t>(std::count_if(
      clients_.begin(), clients_.end(),
      [](const auto& one) { return !one.second.request.empty() && one.second.answer.empty(); }));
}

void StreamServer::ask_again() {
  std::vector<int> waiting;
  for (const auto& [fd, client] : clients_)
    if (!client.request.empty() && client.answer.empty() && !client.asking) waiting.push_back(fd);
  for (const int fd : waiting) {
    const auto client = clients_.find(fd);
    if (client != clients_.end() && !ask(client->second, false)) close_client(fd);
  }
}

bool StreamServer::write_answer(Client& client) {
  while (client.sent < client.answer.size()) {
    const auto rest = std::string_view{client.answer}.substr(client.sent);
    const auto sent = ::send(client.fd.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) return loop_.modify(client.fd.get(), EPOLLOUT).has_value();
    if (sent < 0) return false;
    client.sent += static_cast<std::size_t>(sent);
  }
  return false;
}

// wipe: an answer may hold keys.
void StreamServer::wipe(Client& client) noexcept {
  ::explicit_bzero(client.answer.data(), client.answer.size());
}

void StreamServer::close_client(int fd) {
  loop_.unwatch(fd);
  wipe(clients_.at(fd));
  clients_.erase(fd);
  accept_at_.reset();  // a descriptor is free
  watch_for_clients();
}

void StreamServer::wake(Instant now) {
  std::vector<int> late;
  for (const auto& [fd, client] : clients_)
    if (client.leave_at <= now && !client.asking) late.push_back(fd);
  for (const int fd : late) {
    auto& client = clients_.at(fd);
    const bool waits = !client.request.empty() && client.answer.empty();
    if (!waits || !ask(client, true)) close_client(fd);
  }
  if (!accept_at_ || *accept_at_ > now) return;
  accept_at_.reset();
  watch_for_clients();
}

std::optional<Instant> StreamServer::deadline() const {
  std::optional<Instant> first = accept_at_;
  for (const auto& [fd, client] : clients_) first = earliest({first, client.leave_at});
  return first;
}

}  // namespace agent
