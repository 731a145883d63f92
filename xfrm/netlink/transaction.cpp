// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/netlink/transaction.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>

#include <cassert>
#include <cstdlib>

namespace xfrm {
namespace {

void put_nfgenmsg(nlmsghdr& head, std::uint16_t family, std::uint16_t resource) {
  auto& fixed = *static_cast<nfgenmsg*>(::mnl_nlmsg_put_extra_header(&head, sizeof(nfgenmsg)));
  fixed.nfgen_family = static_cast<std::uint8_t>(family);
  fixed.version = NFNETLINK_V0;
  fixed.res_id = htons(resource);
}

}  // namespace

nlmsghdr& Transaction::open(std::size_t& start) {
  if (starts_.empty()) {  // the batch's begin goes first
    starts_.push_back(0);
    bytes_.resize(message_room);
    nlmsghdr& begin = *::mnl_nlmsg_put_header(bytes_.data());
    begin.nlmsg_type = NFNL_MSG_BATCH_BEGIN;
    begin.nlmsg_flags = NLM_F_REQUEST;
    put_nfgenmsg(begin, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
    used_ = begin.nlmsg_len;
  }
  start = used_;
  bytes_.resize(used_ + message_room);
  return *::mnl_nlmsg_put_header(bytes_.data() + start);
}

void Transaction::add(std::uint16_t type, std::uint16_t flags, std::uint16_t family,
                      std::string what, const std::function<void(nlmsghdr&)>& fill) {
  std::size_t start = 0;
  nlmsghdr& head = open(start);
  head.nlmsg_type = static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type);
  head.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
  put_nfgenmsg(head, family, 0);
  fill(head);
  assert(head.nlmsg_len <= message_room);
  used_ = start + head.nlmsg_len;
  starts_.push_back(start);
  names_.push_back(std::move(what));
}

void Transaction::for_each(const std::function<void(const nlmsghdr&)>& each) const {
  for (std::size_t i = 1; i < starts_.size(); ++i)  // the first is the batch's begin
    each(*reinterpret_cast<const nlmsghdr*>(bytes_.data() + starts_[i]));
}

std::span<const std::byte> Transaction::seal(std::uint32_t first, bool dry_run) {
  assert(!empty());
  for (std::size_t i = 0; i < starts_.size(); ++i)
    reinterpret_cast<nlmsghdr*>(bytes_.data() + starts_[i])->nlmsg_seq =
        first + static_cast<std::uint32_t>(i);
  if (dry_run) return std::span{bytes_}.first(used_);

  bytes_.resize(used_ + message_room);
  nlmsghdr& end = *::mnl_nlmsg_put_header(bytes_.data() + used_);
  end.nlmsg_type = NFNL_MSG_BATCH_END;
  end.nlmsg_flags = NLM_F_REQUEST;
  end.nlmsg_seq = first + static_cast<std::uint32_t>(starts_.size());
  put_nfgenmsg(end, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
  return std::span{bytes_}.first(used_ + end.nlmsg_len);
}

}  // namespace xfrm
