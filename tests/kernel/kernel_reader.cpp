// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/kernel/kernel_reader.h"

#include <linux/xfrm.h>
#include <netinet/in.h>
#include <netlink/netlink.h>
#include <netlink/xfrm/lifetime.h>
#include <netlink/xfrm/sa.h>
#include <netlink/xfrm/selector.h>
#include <netlink/xfrm/sp.h>
#include <netlink/xfrm/template.h>

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>
#include <tuple>

namespace test {
namespace {

template <auto Free>
struct FreedBy {
  template <class T>
  void operator()(T* handle) const noexcept {
    Free(handle);
  }
};
using Socket = std::unique_ptr<nl_sock, FreedBy<nl_socket_free>>;
using Cache = std::unique_ptr<nl_cache, FreedBy<nl_cache_free>>;

Socket open() {
  Socket socket{::nl_socket_alloc()};
  if (!socket || ::nl_connect(socket.get(), NETLINK_XFRM) < 0)
    throw std::runtime_error{"nl_connect"};
  return socket;
}

std::string text(nl_addr* address) {
  std::array<char, 64> buffer{};
  return address == nullptr ? "" : ::nl_addr2str(address, buffer.data(), buffer.size());
}

std::string prefix(nl_addr* address, int length) {
  std::string out = text(address);
  return out.substr(0, out.find('/')) + "/" + std::to_string(length);
}

std::string host(nl_addr* address) {
  const std::string out = text(address);
  return out == "none" || out.empty() ? "0.0.0.0" : out.substr(0, out.find('/'));
}

ReadPolicy::Template read_template(xfrmnl_user_tmpl* t) {
  return {host(::xfrmnl_user_tmpl_get_saddr(t)),
          host(::xfrmnl_user_tmpl_get_daddr(t)),
          static_cast<unsigned>(::xfrmnl_user_tmpl_get_reqid(t)),
          ::xfrmnl_user_tmpl_get_proto(t) == IPPROTO_ESP,
          ::xfrmnl_user_tmpl_get_mode(t) == XFRM_MODE_TUNNEL,
          ::xfrmnl_user_tmpl_get_optional(t) == 0};
}

ReadPolicy read_policy(xfrmnl_sp* sp) {
  constexpr std::array directions{"in", "out", "fwd"};
  xfrmnl_sel* sel = ::xfrmnl_sp_get_sel(sp);
  ReadPolicy out;
  out.direction = directions.at(static_cast<std::size_t>(::xfrmnl_sp_get_dir(sp)));
  out.source = prefix(::xfrmnl_sel_get_saddr(sel), ::xfrmnl_sel_get_prefixlen_s(sel));
  out.destination = prefix(::xfrmnl_sel_get_daddr(sel), ::xfrmnl_sel_get_prefixlen_d(sel));
  out.protocol = ::xfrmnl_sel_get_proto(sel);
  out.source_port = ::xfrmnl_sel_get_sport(sel);
  out.destination_port = ::xfrmnl_sel_get_dport(sel);
  out.interface = ::xfrmnl_sel_get_ifindex(sel);
  out.priority = static_cast<std::uint32_t>(::xfrmnl_sp_get_priority(sp));
  out.index = static_cast<std::uint32_t>(::xfrmnl_sp_get_index(sp));
  out.allow = ::xfrmnl_sp_get_action(sp) == XFRM_POLICY_ALLOW;
  if (::xfrmnl_sp_get_mark(sp, &out.mark, &out.mask) < 0) out.mark = out.mask = 0;
  const int templates = ::xfrmnl_sp_get_nusertemplates(sp);
  for (int i = 0; i < templates; ++i)
    out.templates.push_back(read_template(::xfrmnl_sp_usertemplate_n(sp, i)));
  return out;
}

ReadState read_state(xfrmnl_sa* sa) {
  std::array<char, 128> name{};
  std::array<char, 1024> key{};
  ReadState out;
  out.source = host(::xfrmnl_sa_get_saddr(sa));
  out.destination = host(::xfrmnl_sa_get_daddr(sa));
  out.spi = static_cast<std::uint32_t>(::xfrmnl_sa_get_spi(sa));
  out.reqid = static_cast<std::uint32_t>(::xfrmnl_sa_get_reqid(sa));
  out.esp = ::xfrmnl_sa_get_proto(sa) == IPPROTO_ESP;
  out.tunnel = ::xfrmnl_sa_get_mode(sa) == XFRM_MODE_TUNNEL;
  out.replay_window = static_cast<std::uint32_t>(::xfrmnl_sa_get_replay_window(sa));
  if (::xfrmnl_sa_get_crypto_params(sa, name.data(), &out.cipher_bits, key.data()) == 0)
    out.cipher = name.data();
  if (::xfrmnl_sa_get_auth_params(sa, name.data(), &out.integrity_bits, &out.icv_bits,
                                  key.data()) == 0)
    out.integrity = name.data();
  if (::xfrmnl_sa_get_aead_params(sa, name.data(), &out.cipher_bits, &out.icv_bits, key.data()) ==
      0)
    out.aead = name.data();
  if (::xfrmnl_sa_flags2str(::xfrmnl_sa_get_flags(sa), name.data(), name.size()) != nullptr)
    out.flags = name.data();
  out.hard_seconds = ::xfrmnl_ltime_cfg_get_hard_addexpires(::xfrmnl_sa_get_lifetime_cfg(sa));
  return out;
}

}  // namespace

std::vector<ReadPolicy> read_policies() {
  const Socket socket = open();
  nl_cache* raw = nullptr;
  if (::xfrmnl_sp_alloc_cache(socket.get(), &raw) < 0) throw std::runtime_error{"policies"};
  const Cache cache{raw};
  std::vector<ReadPolicy> out;
  for (auto* at = ::nl_cache_get_first(raw); at != nullptr; at = ::nl_cache_get_next(at))
    out.push_back(read_policy(reinterpret_cast<xfrmnl_sp*>(at)));
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
    return std::tuple{a.priority, a.index & 7U, a.interface} <
           std::tuple{b.priority, b.index & 7U, b.interface};
  });
  return out;
}

std::vector<ReadState> read_states() {
  const Socket socket = open();
  nl_cache* raw = nullptr;
  if (::xfrmnl_sa_alloc_cache(socket.get(), &raw) < 0) throw std::runtime_error{"states"};
  const Cache cache{raw};
  std::vector<ReadState> out;
  for (auto* at = ::nl_cache_get_first(raw); at != nullptr; at = ::nl_cache_get_next(at))
    out.push_back(read_state(reinterpret_cast<xfrmnl_sa*>(at)));
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
    return std::tuple{a.destination, a.spi} < std::tuple{b.destination, b.spi};
  });
  return out;
}

}  // namespace test
