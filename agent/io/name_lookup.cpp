// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/io/name_lookup.h"

#include <ares.h>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>

#include "agent/base/address.h"
#include "agent/base/timers.h"

namespace agent {
namespace {

constexpr int first_wait_ms = 1000, questions_per_server = 2;

std::vector<gdoi::Address> addresses_in(const ares_addrinfo& answer) {
  std::vector<gdoi::Address> out;
  for (const int family : {AF_INET, AF_INET6})
    for (const auto* node = answer.nodes; node != nullptr; node = node->ai_next) {
      if (node->ai_family != family) continue;
      SocketAddress raw;
      raw.size = node->ai_addrlen;
      if (raw.size > sizeof raw.storage) continue;
      std::memcpy(&raw.storage, node->ai_addr, raw.size);
      const auto address = to_endpoint(raw).address;
      if (is_unicast(address) && std::find(out.begin(), out.end(), address) == out.end())
        out.push_back(address);
    }
  return out;
}

}  // namespace

NameLookup::NameLookup(EventLoop& loop, const std::string& name, Options options, Instant now)
    : loop_{loop}, options_{std::move(options)}, give_up_at_{now + options_.limit} {
  ask(name);
}

NameLookup::~NameLookup() {
  if (channel_ != nullptr) ::ares_destroy(channel_);
  for (const int fd : watched_) loop_.unwatch(fd);
  ::ares_library_cleanup();
}

void NameLookup::ask(const std::string& name) {
  if (const int status = ::ares_library_init(ARES_LIB_INIT_ALL); status != ARES_SUCCESS)
    return fail_with(::ares_strerror(status));
  std::string lookups = "fb";  // /etc/hosts first
  ares_options wanted{};
  wanted.timeout = first_wait_ms;
  wanted.tries = questions_per_server;
  wanted.lookups = lookups.data();
  wanted.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) {
    static_cast<NameLookup*>(self)->watch(fd, readable != 0, writable != 0);
  };
  wanted.sock_state_cb_data = this;
  constexpr int given =
      ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;
  int status = ::ares_init_options(&channel_, &wanted, given);
  if (status == ARES_SUCCESS && !options_.servers.empty())
    status = ::ares_set_servers_ports_csv(channel_, options_.servers.c_str());
  if (status != ARES_SUCCESS) return fail_with(::ares_strerror(status));
  // Not ares_set_local_dev, which goes on without the device where it cannot have it.
  const auto bind_to_device = [](ares_socket_t fd, int, void* me) {
    auto& self = *static_cast<NameLookup*>(me);
    const auto& device = self.options_.device;
    if (device.empty() || ::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device.c_str(),
                                       static_cast<socklen_t>(device.size())) == 0)
      return 0;
    self.socket_failure_ = fail_errno("a socket in VRF " + device).value().what;
    return -1;
  };
  ::ares_set_socket_configure_callback(channel_, bind_to_device, this);
  ares_addrinfo_hints hints{};
  hints.ai_flags = ARES_AI_NOSORT;  // sorting would ask for routes outside of the VRF
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_DGRAM;
  ::ares_getaddrinfo(
      channel_, name.c_str(), nullptr, &hints,
      [](void* self, int outcome, int, ares_addrinfo* answer) {
        static_cast<NameLookup*>(self)->answered(outcome, answer);
      },
      this);
}

void NameLookup::fail_with(std::string why) { found_ = fail(std::move(why)); }

void NameLookup::answered(int status, ares_addrinfo* answer) {
  if (status == ARES_EDESTRUCTION) return;
  if (status == ARES_SUCCESS && answer != nullptr) {
    auto addresses = addresses_in(*answer);
    ::ares_freeaddrinfo(answer);
    if (addresses.empty()) return fail_with("it has no address of another machine");
    found_ = std::move(addresses);
    return;
  }
  if (!socket_failure_.empty()) return fail_with(socket_failure_);
  if (status == ARES_ECANCELLED || status == ARES_ETIMEOUT)
    return fail_with("no answer from a DNS server");
  fail_with(::ares_strerror(status));
}

void NameLookup::watch(int fd, bool readable, bool writable) {
  const std::uint32_t events =
      (readable ? std::uint32_t{EPOLLIN} : 0u) | (writable ? std::uint32_t{EPOLLOUT} : 0u);
  if (events == 0) {
    watched_.erase(fd);
    return loop_.unwatch(fd);
  }
  const bool known = !watched_.insert(fd).second;
  const auto watched =
      known ? loop_.modify(fd, events)
            : loop_.watch(fd, events, [this, fd](std::uint32_t what) { on_event(fd, what); });
  if (!watched) socket_failure_ = watched.error().what;  // time will be up
}

void NameLookup::on_event(int fd, std::uint32_t events) {
  const bool broken = (events & (EPOLLERR | EPOLLHUP)) != 0;
  ::ares_process_fd(channel_, broken || (events & EPOLLIN) != 0 ? fd : ARES_SOCKET_BAD,
                    (events & EPOLLOUT) != 0 ? fd : ARES_SOCKET_BAD);
}

void NameLookup::wake(Instant now) {
  if (found_) return;
  ::ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  if (found_ || now < give_up_at_) return;
  ::ares_cancel(channel_);
  if (!found_) fail_with("no answer from a DNS server");
}

std::optional<Instant> NameLookup::deadline() const {
  if (found_) return std::nullopt;
  timeval left{};
  if (::ares_timeout(channel_, nullptr, &left) == nullptr) return give_up_at_;
  const auto wait = std::chrono::seconds{left.tv_sec} + std::chrono::microseconds{left.tv_usec};
  return std::min(give_up_at_, boot_time() + std::chrono::ceil<milliseconds>(wait));
}

}  // namespace agent
