// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/ipsec/sa_codec.h"

#include <arpa/inet.h>
#include <linux/xfrm.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "xfrm/base/kernel_address.h"
#include "xfrm/netlink/payload.h"

namespace xfrm {
namespace {

template <class Algorithm>
void set_name(Algorithm& algorithm, std::string_view name) {
  name.copy(algorithm.alg_name, sizeof algorithm.alg_name - 1);  // zeroed, so terminated
}

template <class Algorithm>
Algorithm algorithm_head(std::string_view name, std::size_t key_octets) {
  Algorithm head{};
  set_name(head, name);
  head.alg_key_len = static_cast<unsigned>(key_octets * 8);
  return head;
}

void put_algorithms(Request& request, const SaSpec& sa) {
  if (sa.aead) {
    auto head = algorithm_head<xfrm_algo_aead>(sa.cipher, sa.cipher_key.size());
    head.alg_icv_len = sa.icv_bits;
    request.attribute(XFRMA_ALG_AEAD, head, sa.cipher_key);
    return;
  }
  // By name alone the kernel cuts HMAC-SHA-256 to the 96 bits of a draft; so always say how much.
  auto head = algorithm_head<xfrm_algo_auth>(sa.integrity, sa.integrity_key.size());
  head.alg_trunc_len = sa.icv_bits;
  request.attribute(XFRMA_ALG_AUTH_TRUNC, head, sa.integrity_key);
  request.attribute(XFRMA_ALG_CRYPT, algorithm_head<xfrm_algo>(sa.cipher, sa.cipher_key.size()),
                    sa.cipher_key);
}

// The window in xfrm_usersa_info is a bitmap of 32; a wider one, and any with extended sequence
// numbers, goes in an attribute of its own.
void put_replay(Request& request, xfrm_usersa_info& info, const SaSpec& sa, Direction direction,
                std::uint64_t sent) {
  const std::uint32_t window = direction == Direction::inbound ? sa.replay_window : 0;
  if (!sa.extended_sequence && window <= 32) {
    info.replay_window = static_cast<std::uint8_t>(window);
    xfrm_replay_state replay{};
    replay.oseq = static_cast<std::uint32_t>(sent);
    if (sent != 0) request.attribute(XFRMA_REPLAY_VAL, replay);
    return;
  }
  if (sa.extended_sequence) info.flags |= XFRM_STATE_ESN;
  xfrm_replay_state_esn replay{};
  replay.oseq = static_cast<std::uint32_t>(sent);
  replay.oseq_hi = static_cast<std::uint32_t>(sent >> 32);
  // A sender checks no replays, but the kernel takes extended numbers only with a window.
  replay.replay_window = std::max<std::uint32_t>(window, direction == Direction::outbound ? 32 : 1);
  replay.bmp_len = (replay.replay_window + 31) / 32;
  const std::array<std::byte, max_replay_window / 8> bitmap{};
  request.attribute(XFRMA_REPLAY_ESN_VAL, replay,
                    std::span{bitmap}.first(std::min<std::size_t>(replay.bmp_len * 4, 512)));
}

void set_unlimited(xfrm_lifetime_cfg& lifetime) {
  lifetime.soft_byte_limit = XFRM_INF;
  lifetime.hard_byte_limit = XFRM_INF;
  lifetime.soft_packet_limit = XFRM_INF;
  lifetime.hard_packet_limit = XFRM_INF;
}

template <class Algorithm>
bool algorithm_is(std::span<const std::byte> found, std::string_view name,
                  std::span<const std::byte> key, std::uint32_t Algorithm::*icv,
                  std::uint32_t bits) {
  Algorithm head{};
  if (found.size() < sizeof head) return false;
  std::memcpy(&head, found.data(), sizeof head);
  const auto found_key = found.subspan(sizeof head);
  if (head.alg_key_len != key.size() * 8 || found_key.size() < key.size()) return false;
  if (icv != nullptr && head.*icv != bits) return false;
  const std::string_view found_name{head.alg_name, ::strnlen(head.alg_name, sizeof head.alg_name)};
  return found_name == name && std::equal(key.begin(), key.end(), found_key.begin());
}

int sort_state_attribute(const nlattr* attribute, void* out) {
  auto& state = *static_cast<State*>(out);
  const std::span whole{static_cast<const std::byte*>(::mnl_attr_get_payload(attribute)),
                        ::mnl_attr_get_payload_len(attribute)};
  const auto type = ::mnl_attr_get_type(attribute);
  if (type == XFRMA_ALG_CRYPT) state.cipher = whole;
  if (type == XFRMA_ALG_AUTH_TRUNC) state.integrity = whole;
  if (type == XFRMA_ALG_AEAD) state.aead = whole;
  if (type == XFRMA_REPLAY_VAL && whole.size() >= sizeof(xfrm_replay_state)) {
    xfrm_replay_state replay{};
    std::memcpy(&replay, whole.data(), sizeof replay);
    state.sent = replay.oseq;
  }
  if (type == XFRMA_REPLAY_ESN_VAL && whole.size() >= sizeof(xfrm_replay_state_esn)) {
    xfrm_replay_state_esn replay{};
    std::memcpy(&replay, whole.data(), sizeof replay);
    state.sent = std::uint64_t{replay.oseq_hi} << 32 | replay.oseq;
    state.replay_window = replay.replay_window;
  }
  return MNL_CB_OK;
}

void read_info(const xfrm_usersa_info& info, State& state) {
  state.spi = ntohl(info.id.spi);
  state.reqid = info.reqid;
  state.source = from_kernel(info.saddr, info.family);
  state.destination = from_kernel(info.id.daddr, info.family);
  state.esp_tunnel = info.id.proto == IPPROTO_ESP && info.mode == XFRM_MODE_TUNNEL;
  state.added = info.curlft.add_time;
  state.hard_seconds = info.lft.hard_add_expires_seconds;
  state.replay_window = info.replay_window;  // unless an attribute says more
  state.packets = info.curlft.packets;
  state.bytes = info.curlft.bytes;
  state.replay_errors = info.stats.replay + info.stats.replay_window;
  state.integrity_errors = info.stats.integrity_failed;
}

// pick_info copies the state in an attribute, where it need not be aligned.
int pick_info(const nlattr* attribute, void* out) {
  if (::mnl_attr_get_type(attribute) != XFRMA_SA ||
      ::mnl_attr_get_payload_len(attribute) < sizeof(xfrm_usersa_info))
    return MNL_CB_OK;
  auto& info = static_cast<std::optional<xfrm_usersa_info>*>(out)->emplace();
  std::memcpy(&info, ::mnl_attr_get_payload(attribute), sizeof info);
  return MNL_CB_OK;
}

}  // namespace

void add_state(Request& request, const SaSpec& sa, Direction direction, const Anchors& anchors,
               std::uint32_t reqid, std::uint64_t sent) {
  request.start(XFRM_MSG_NEWSA, NLM_F_CREATE | NLM_F_EXCL);
  auto& info = request.fixed<xfrm_usersa_info>();
  const bool inbound = direction == Direction::inbound;
  const Family family = anchors.in.family;
  info.family = kernel_family(family);
  info.saddr = to_kernel(inbound ? any_address(family) : anchors.in);
  info.id.daddr = to_kernel(inbound ? anchors.in : anchors.out);
  info.id.spi = htonl(sa.spi);
  info.id.proto = IPPROTO_ESP;
  info.mode = XFRM_MODE_TUNNEL;
  info.reqid = reqid;
  // The selector stays empty and its family unspecified: any inner packet, of either family.
  info.flags = XFRM_STATE_AF_UNSPEC;
  set_unlimited(info.lft);
  info.lft.hard_add_expires_seconds = sa.lifetime_seconds;
  put_replay(request, info, sa, direction, direction == Direction::outbound ? sent : 0);
  put_algorithms(request, sa);
}

void delete_state(Request& request, std::uint32_t spi, const Address& destination) {
  request.start(XFRM_MSG_DELSA);
  auto& id = request.fixed<xfrm_usersa_id>();
  id.daddr = to_kernel(destination);
  id.spi = htonl(spi);
  id.family = kernel_family(destination.family);
  id.proto = IPPROTO_ESP;
}

void list_states(Request& request, Family family) {
  request.start(XFRM_MSG_GETSA);
  request.fixed<xfrm_usersa_id>().family = kernel_family(family);
}

std::optional<State> read_state(const nlmsghdr& message) {
  if (message.nlmsg_type != XFRM_MSG_NEWSA) return std::nullopt;
  const auto info = payload_of<xfrm_usersa_info>(message);
  if (!info) return std::nullopt;
  State state;
  read_info(*info, state);
  static_cast<void>(::mnl_attr_parse(&message, sizeof *info, sort_state_attribute, &state));
  return state;
}

std::optional<State> read_state_event(const nlmsghdr& message) {
  State state;
  switch (message.nlmsg_type) {
    case XFRM_MSG_NEWSA:
    case XFRM_MSG_UPDSA: {
      const auto info = payload_of<xfrm_usersa_info>(message);
      if (!info) return std::nullopt;
      read_info(*info, state);
      return state;
    }
    case XFRM_MSG_EXPIRE: {
      const auto expired = payload_of<xfrm_user_expire>(message);
      if (!expired) return std::nullopt;
      read_info(expired->state, state);
      return state;
    }
    case XFRM_MSG_DELSA: {
      std::optional<xfrm_usersa_info> info;
      if (!payload_of<xfrm_usersa_id>(message)) return std::nullopt;
      static_cast<void>(::mnl_attr_parse(&message, sizeof(xfrm_usersa_id), pick_info, &info));
      if (!info) return std::nullopt;
      read_info(*info, state);
      static_cast<void>(
          ::mnl_attr_parse(&message, sizeof(xfrm_usersa_id), sort_state_attribute, &state));
      return state;
    }
    default:  // not an enum: the kernel may notify of more
      return std::nullopt;
  }
}

bool same_keys(const State& state, const SaSpec& sa) {
  if (sa.aead)
    return algorithm_is(state.aead, sa.cipher, sa.cipher_key, &xfrm_algo_aead::alg_icv_len,
                        sa.icv_bits);
  return algorithm_is<xfrm_algo>(state.cipher, sa.cipher, sa.cipher_key, nullptr, 0) &&
         algorithm_is(state.integrity, sa.integrity, sa.integrity_key,
                      &xfrm_algo_auth::alg_trunc_len, sa.icv_bits);
}

std::string describe(Direction direction, std::uint32_t spi) {
  char text[48];
  std::snprintf(text, sizeof text, "state %s, SPI 0x%08x",
                direction == Direction::inbound ? "in" : "out", spi);
  return text;
}

}  // namespace xfrm
