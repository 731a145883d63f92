// SPDX-License-Identifier: GPL-2.0-or-later
// The second lock: the ACL once more, in nftables, where nothing depends on the policies of XFRM.
//
// What leaves by a WAN, may not be seen in clear and is not about to be transformed is dropped and
// counted; so is what comes in by a WAN, may not be seen in clear and was not decrypted. Two tables
// for each address family:
//
//   NAME/lock (ip, ip6)
//     set wan, known     names and indices of the WAN interfaces; one that is renamed stays in one
//     set spis           SPIs that we send on
//     in                 prerouting, after `inbound`: after reassembly, before any NAT
//     out                postrouting, after every NAT
//     early              forward, first; only on kernels (before 5.16) without netdev's egress:
//                        what would be dropped must not have its connection put in a
//                        flowtable before
//     arriving, leaving  what is exempt, then the lists. What was decrypted or is about to be
//                        transformed does not come as far
//     quoted             ICMP errors: none leaves in clear that quotes what may not
//   NAME/lock or NAME/lock6 (netdev)
//     ingress-N          of interface number N, before every flowtable, which forwards without
//                        asking policies or the hooks above. Fragments no flowtable takes: they go
//                        on to be reassembled, and are judged then
//     egress-N           the same on the way out
//   in both
//     list-N             an ACL (lock_plan.h). Two while it changes: dropped is only what neither
//                        lets pass in clear, for policies of either may still be in force
//     dropped-in, -out   count and drop
//   and in the first, while `count_unknown`
//     unknown-spi        ESP that came in by a WAN between networks of the ACL, but under none of
//                        the SPIs that `inbound` knows, is counted in
//     set unknown-spis   by source address and SPI; an element lives for a minute after its last
//                        packet, and there are at most max_unknown_spis
//
// Exempt, whatever the list says: ESP under our SPIs, with several groups all ESP; ESP, AH, IPComp
// and IKE of the machine's own, which sockets and policies of other programs let pass; GDOI; what
// another group, that comes before this one, lets pass in clear.
//
// Pure: messages are built here and sent elsewhere.
#pragma once

#include <linux/netfilter/nf_tables.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "xfrm/base/types.h"
#include "xfrm/netlink/transaction.h"

namespace xfrm {

// LockDevice is an interface as it is now.
struct LockDevice {
  int index = 0;
  std::string name;
  friend bool operator==(const LockDevice&, const LockDevice&) = default;
};

struct LockSpec {
  std::string table;    // of the plane; the lock's own names are made of it
  std::string comment;  // begins with table_comment
  Anchors anchors;
  std::uint32_t mark = 0;               // the plane's bit
  std::uint32_t earlier_marks = 0;      // bits of the groups that come before this one
  bool others_follow = false;           // groups come after it
  std::uint32_t precedence = 0;         // among groups
  std::vector<std::string> interfaces;  // names of the WAN interfaces
  std::vector<std::string> beginnings;  // of names that are WAN interfaces', too
  std::vector<LockDevice> devices;      // and those that there are
  std::vector<std::uint32_t> spis;      // that we send on
  std::vector<std::uint16_t> open_ports;
  std::vector<std::span<const Entry>> lists;  // one, or two while it changes
  bool egress = true;                         // the kernel has netdev's egress hook
  bool count_unknown = false;                 // ESP under SPIs that we do not have
  bool owned = false;                         // see lock_owner_flags
  std::optional<Prefix> pool = {};            // of anchors that senders have (sender_rules.h)
};

// Of tables that are the socket's that made them, and stay when it is closed: then nobody's, for
// anybody to delete, and for a successor to make its own (own_table). While they are somebody's,
// `nft flush ruleset` and all others leave them alone. Linux 6.9 and later.
inline constexpr std::uint32_t lock_persists = 4;  // NFT_TABLE_F_PERSIST
inline constexpr std::uint32_t lock_owner_flags = NFT_TABLE_F_OWNER | lock_persists;

// own_table makes a table that is nobody's and persists that of the socket the transaction is sent
// by.
void own_table(Transaction& transaction, const std::string& table, std::uint16_t nft_family);
// add_table makes an empty one, for asking whether the kernel takes its flags.
void add_table(Transaction& transaction, const std::string& table, std::uint16_t nft_family,
               std::uint32_t flags);

// What the lock's tables are called.
[[nodiscard]] std::string lock_table(const std::string& table);
[[nodiscard]] std::string lock_device_table(const std::string& table, Family family);
// plane_of is the other way round: the plane's own table; empty when it is not that of a lock.
[[nodiscard]] std::string plane_of(const std::string& lock_table);

inline constexpr const char* lock_unknown_set = "unknown-spis";
inline constexpr std::uint32_t max_unknown_spis = 1024;

inline constexpr const char *lock_dropped_in = "dropped-in", *lock_dropped_out = "dropped-out";

// forget_unknown has the counting of ESP under unknown SPIs begin anew.
void forget_unknown(Transaction& transaction, const std::string& table, Family family);

// add_lock makes both tables; add_lock_devices the one of family netdev only.
void add_lock(Transaction& transaction, const LockSpec& spec);
void add_lock_devices(Transaction& transaction, const LockSpec& spec);

}  // namespace xfrm
