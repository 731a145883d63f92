// SPDX-License-Identifier: GPL-2.0-or-later
// RulesSnapshot: a table as found in the kernel, good for putting it back as it was and for telling
// what somebody changed in it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "xfrm/base/planned_change.h"
#include "xfrm/base/types.h"
#include "xfrm/netlink/channel.h"
#include "xfrm/nft/nft_objects.h"

namespace xfrm {

// The kernel says when its lists changed under a dump; somebody may be loading a ruleset right now.
inline constexpr int dump_attempts = 10;

class RulesSnapshot {
 public:
  // read takes the table with its sets, elements, chains and rules; nothing when there is none.
  // `family` is netfilter's, here and below: NFPROTO_...
  [[nodiscard]] static Result<std::optional<RulesSnapshot>> read(NetlinkChannel& channel,
                                                                 const std::string& table,
                                                                 std::uint16_t family);
  [[nodiscard]] static Result<std::optional<RulesSnapshot>> read(NetlinkChannel& channel,
                                                                 const std::string& table,
                                                                 Family family);

  // tables lists the names of all tables, whoever made them.
  [[nodiscard]] static Result<std::vector<std::string>> tables(NetlinkChannel& channel,
                                                               std::uint16_t family);

  // packets is what the counters of the rules in one chain have counted, in all.
  [[nodiscard]] static Result<std::uint64_t> packets(NetlinkChannel& channel,
                                                     const std::string& table, std::uint16_t family,
                                                     const std::string& chain);

  // counted is what the elements of a set that packets fill have counted; nothing when there is no
  // such set.
  struct Counted {
    std::vector<std::byte> key;
    std::uint64_t packets = 0;
  };
  [[nodiscard]] static Result<std::vector<Counted>> counted(NetlinkChannel& channel,
                                                            const std::string& table, Family family,
                                                            const std::string& set);

  // of is the table that `transaction` would make in an empty kernel.
  [[nodiscard]] static RulesSnapshot of(const Transaction& transaction, const std::string& table,
                                        std::uint16_t family);
  [[nodiscard]] static RulesSnapshot of(const Transaction& transaction, const std::string& table,
                                        Family family);

  // Whether its comment begins as that of all our tables does.
  [[nodiscard]] bool ours() const;
  [[nodiscard]] std::string comment() const;

  // The table's flags, NFT_TABLE_F_..., and what they became since it was read.
  [[nodiscard]] std::uint32_t flags() const;
  void set_flags(std::uint32_t flags);

  [[nodiscard]] std::vector<std::string> interfaces() const;

  [[nodiscard]] std::vector<std::uint32_t> spis() const;
  [[nodiscard]] std::vector<int> indices() const;
  // Of a plane's table: senders with their anchors, in order, and SPIs that all is received under
  // by IN (sender_rules.h).
  [[nodiscard]] std::vector<Sender> senders() const;
  [[nodiscard]] std::vector<std::uint32_t> bare() const;

  // differences from what it should be, one line for each object. Compared are the table's flags,
  // every chain with its hook, every expression of every rule, the sets' shapes and their elements.
  // Not compared, for they change nothing or we make none: comments and handles, counters, time
  // limits of elements, what packets put in sets and maps, stateful objects and flow tables.
  [[nodiscard]] std::vector<std::string> differences(const RulesSnapshot& wanted) const;

  // plan tells what would make `wanted` of a table that was read, or of none: the same comparison.
  static void plan(const std::optional<RulesSnapshot>& found, const RulesSnapshot& wanted,
                   std::vector<PlannedChange>& out);
  // plan_removal tells that the table would go.
  void plan_removal(std::vector<PlannedChange>& out) const;

  // change puts those messages into `transaction` that make `wanted` of this table, for as much as
  // differs: chains stay hooked in, and counters, sets and maps that are in both keep what packets
  // put there. False, and nothing is put, when a chain hooks in elsewhere or the table's flags
  // differ: then a new one has to be made.
  [[nodiscard]] bool change(Transaction& transaction, const RulesSnapshot& wanted) const;

  // restore puts the messages into `transaction` that make the table anew.
  void restore(Transaction& transaction) const;

 private:
  // Difference is how one object is, compared with what it should be.
  struct Difference {
    enum class Kind : std::uint8_t { gone, changed, added };
    Kind kind;
    std::string name;
  };
  [[nodiscard]] std::vector<Difference> compare(const RulesSnapshot& wanted) const;
  // contents are the objects by name, each with what it is in libnftnl's words.
  [[nodiscard]] std::map<std::string, std::string> contents() const;
  [[nodiscard]] Result<void> read_content(NetlinkChannel& channel);
  [[nodiscard]] Result<void> read_elements(NetlinkChannel& channel, nftnl_set& set);
  void start(Request& request, std::uint16_t type) const;

  std::string name_;
  std::uint16_t family_ = 0;
  nft::Table table_;
  std::vector<nft::Set> sets_;
  std::vector<nft::Chain> chains_;
  std::vector<nft::Rule> rules_;
};

}  // namespace xfrm
