// SPDX-License-Identifier: GPL-2.0-or-later
// The nftables rules that take the anchors off the wire: one table per address family and group.
//
//   set wan      WAN interface names            set spis    SPIs of the group's TEKs
//   set known    their indices, as the policies out have them
//   set anchors  IN and OUT
//   inbound      prerouting, raw        from or to an anchor: dropped. From wan, ESP, SPI in spis:
//                                       destination := IN, and no connection is tracked
//   anchored     (from inbound)         asks that, of addresses that begin as anchors do
//   senders      (from inbound)         when senders have replay windows of their own: destination
//                                       := the anchor of the source's network (sender_rules.h)
//   tag          prerouting, 1000       from wan: mark |= M. Late, for others set marks as well;
//   tag-local    input, 1000            and again before the policies in, for the same reason
//   stash        postrouting, 1000      about to be transformed towards OUT: mark := destination,
//                                       priority := source (IPv6: rules_ipv6.cpp), and done.
//                                       Before, of a TCP SYN: largest segment at most `mss`, if
//                                       set; in `tag` the same for what came through a state. The
//                                       rest, if out by a name in wan, ESP among it: on to
//   guard        (from stash)           to an anchor: dropped. An index in known: passes. What is
//                                       left is dropped, but for GDOI. Policies out are tied to an
//                                       index; an interface that went away and came back has a new
//                                       one, and nothing would protect what leaves by it until we
//                                       notice. (IPv6) ESP to a group: marked, so that `inbound`
//                                       drops what the kernel loops back
//   restore      output, route, raw     ESP to OUT: destination := mark, source := priority, and
//                                       both back to 0; the route hook then routes it afresh. No
//                                       connection is tracked
//   restore-multicast  output, raw - 1  (IPv4) the same where the destination is multicast, which
//                                       is not routed afresh: it leaves by OUT's own route. Only
//                                       when the ACL protects multicast
//   multicast... see multicast_rules.h; only when the ACL concerns multicast
//   defrag       no hook, never run     holds a tproxy expression, whose mere presence makes the
//                                       kernel reassemble before `inbound`: later fragments of an
//                                       ESP packet carry no SPI
//
// Every packet of the machine passes each chain that is hooked in, and a chain costs it more than a
// rule does. So there are few, and a chain begins with what most packets need.
//
// Pure: messages are built here and sent elsewhere.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "xfrm/base/types.h"
#include "xfrm/ipsec/sa_codec.h"
#include "xfrm/netlink/transaction.h"

namespace xfrm {

struct RulesSpec {
  std::string table;
  std::string comment;  // begins with table_comment
  Anchors anchors;
  std::uint32_t mark = 0;
  std::vector<std::string> interfaces;
  std::vector<std::uint32_t> spis;
  std::vector<int> indices;
  std::vector<std::uint16_t> open_ports;  // UDP, source and destination alike: the guard lets pass
  std::uint32_t reqid = 0;                // of class 0
  std::vector<Entry> multicast = {};      // multicast_entries of the ACL
  std::uint16_t mss = 0;                  // 0: TCP is left alone
  // See sender_rules.h. `pool` is where the anchors of senders are.
  std::vector<Sender> senders = {};
  std::vector<std::uint32_t> bare = {};
  bool drop_unknown = false;
  Prefix pool = {};
};

// How the comment begins by which a table is known as one of ours.
inline constexpr std::string_view table_comment = "getvpn-gm";

inline constexpr const char* wan_set = "wan";
inline constexpr const char* spi_set = "spis";
inline constexpr const char* index_set = "known";
inline constexpr const char* anchor_set = "anchors";
inline constexpr const char* bare_set = "bare";

// table_name is what messages call a table.
[[nodiscard]] std::string table_name(const std::string& table, Family family);
// The same by netfilter's number of the family, NFPROTO_....
[[nodiscard]] std::string table_name(const std::string& table, std::uint16_t family);

void add_rules(Transaction& transaction, const RulesSpec& spec);
void delete_table(Transaction& transaction, const std::string& table, Family family);
void delete_table(Transaction& transaction, const std::string& table, std::uint16_t family);
void add_spi(Transaction& transaction, const std::string& table, Family family, std::uint32_t spi);
void delete_spi(Transaction& transaction, const std::string& table, Family family,
                std::uint32_t spi);
void add_index(Transaction& transaction, const std::string& table, Family family, int index);
void delete_index(Transaction& transaction, const std::string& table, Family family, int index);

}  // namespace xfrm
