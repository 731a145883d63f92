// SPDX-License-Identifier: GPL-2.0-or-later
// RuleTable: the nftables table of one address family of a plane: what is in the kernel, brought to
// what is wanted and compared with it. rules.h has what the table does.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "xfrm/base/undo.h"
#include "xfrm/netlink/channel.h"
#include "xfrm/nft/rules.h"
#include "xfrm/nft/rules_snapshot.h"
#include "xfrm/plane/anchor_table.h"
#include "xfrm/plane/plane.h"

namespace xfrm {

// SenderWindows: who has a replay window of his own (sender_rules.h).
struct SenderWindows {
  std::vector<Sender> senders = {};
  std::vector<std::uint32_t> bare = {};
  bool drop_unknown = false;
  friend bool operator==(const SenderWindows&, const SenderWindows&) = default;
};

class RuleTable {
 public:
  // All three outlive the table; `anchors` knows the MTU of the way out.
  RuleTable(const InstallerConfig& config, NetlinkChannel& netfilter, AnchorTable& anchors);
  // What install() pushes on an Undo refers to the table, which therefore never moves.
  RuleTable(const RuleTable&) = delete;
  RuleTable& operator=(const RuleTable&) = delete;

  // load takes for installed what the kernel has now. Fails (EEXIST) when another program has a
  // table of our name.
  [[nodiscard]] Result<void> load();
  // adopt keeps a predecessor's table that is just what install() would write.
  [[nodiscard]] Result<void> adopt(const std::vector<Entry>& acl, const std::vector<Link>& links,
                                   bool drop_unknown_senders = false);

  // install makes the table, or changes it where it stands when the WAN interfaces, the part of the
  // ACL that concerns multicast, TCP's largest segment or the senders differ, or adds the SPIs that
  // are missing. A predecessor's, or one that others changed, makes room for a new one.
  [[nodiscard]] Result<void> install(const std::vector<Entry>& acl,
                                     const std::vector<std::uint32_t>& spis,
                                     const std::vector<Link>& links, Undo& undo,
                                     SenderWindows windows = {});
  // senders are those in the table, a predecessor's as well: whoever has an anchor keeps it.
  [[nodiscard]] std::span<const Sender> senders() const { return installed_.windows.senders; }
  // install_indices lets the guard know the interfaces, once the policies are tied to them.
  [[nodiscard]] Result<void> install_indices(const std::vector<Link>& links, Undo& undo);

  // remove_stale removes SPIs that are not wanted, and indices beside `interfaces`. What cannot be
  // removed is added to `failed`.
  void remove_stale(const Desired& desired, const std::vector<int>& interfaces,
                    std::vector<Error>& failed);
  void clear(std::vector<Error>& failed);

  // look reads the kernel; differ tells what others changed since, compare the same, and takes that
  // for installed. False when the table is another program's.
  [[nodiscard]] Result<std::optional<RulesSnapshot>> look();
  void differ(const std::optional<RulesSnapshot>& found, std::vector<std::string>& out) const;
  [[nodiscard]] bool compare(std::optional<RulesSnapshot> found, std::vector<std::string>& out);
  // compare_mss tells when TCP's largest segment no longer fits the WAN.
  void compare_mss(const std::vector<Link>& links, std::vector<std::string>& out);

  // plan tells what would become of the table that look() found, with these SPIs in it;
  // plan_removal what clear() would do.
  [[nodiscard]] Result<void> plan(const std::optional<RulesSnapshot>& found,
                                  const std::vector<Entry>& acl, std::vector<std::uint32_t> spis,
                                  const std::vector<Link>& links, SenderWindows windows,
                                  std::vector<PlannedChange>& out);
  void plan_removal(const std::optional<RulesSnapshot>& found,
                    std::vector<PlannedChange>& out) const;

  // probe asks whether the kernel has all that rules may need; it changes nothing.
  [[nodiscard]] Result<void> probe();

 private:
  // Content is the part of the table that may differ from one apply() to the next.
  struct Content {
    std::vector<std::string> interfaces;
    std::vector<std::uint32_t> spis;
    std::vector<int> indices;      // of interfaces the guard knows
    std::vector<Entry> multicast;  // entries the rules for forwarded multicast are made of
    std::uint16_t mss = 0;         // TCP's largest segment; 0: any
    SenderWindows windows;
    friend bool operator==(const Content&, const Content&) = default;
  };

  [[nodiscard]] RulesSpec spec(const Content& content) const;
  [[nodiscard]] RulesSnapshot made_of(const Content& content) const;
  [[nodiscard]] Result<std::uint16_t> wanted_mss(const std::vector<Link>& links);
  [[nodiscard]] Result<void> add_spis(const std::vector<std::uint32_t>& spis, Undo& undo);
  [[nodiscard]] Result<void> change(Content content, Undo& undo);
  [[nodiscard]] Result<void> replace(Content content, Undo& undo);
  template <class Value, class IsWanted>
  void remove_elements(std::vector<Value>& elements, IsWanted&& is_wanted,
                       void (*remove)(Transaction&, const std::string&, Family, Value),
                       std::vector<Error>& failed);

  const InstallerConfig& config_;
  NetlinkChannel& netfilter_;
  AnchorTable& anchors_;
  bool made_ = false;                         // as `installed_` says, by this process or as good as
  std::optional<RulesSnapshot> predecessor_;  // a table to be replaced, whatever state it is in
  Content installed_;
};

}  // namespace xfrm
