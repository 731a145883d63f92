// SPDX-License-Identifier: GPL-2.0-or-later
// LockTable: the second lock of one address family of a plane: what is in the kernel, brought to
// what is wanted and compared with it. lock_rules.h has what its tables do.
//
// A new ACL takes two steps, with the policies in between: prepare() drops only what the old ACL
// and the new one forbid, settle() what the new one does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "xfrm/base/undo.h"
#include "xfrm/netlink/channel.h"
#include "xfrm/nft/lock_rules.h"
#include "xfrm/nft/rules_snapshot.h"
#include "xfrm/plane/explanation.h"
#include "xfrm/plane/plane.h"
#include "xfrm/route/links.h"

namespace xfrm {

class LockTable {
 public:
  // Both outlive the table.
  LockTable(const InstallerConfig& config, NetlinkChannel& netfilter);
  // What install() pushes on an Undo refers to the table, which therefore never moves.
  LockTable(const LockTable&) = delete;
  LockTable& operator=(const LockTable&) = delete;

  // probe asks the kernel, once, for the hooks and expressions the lock needs.
  [[nodiscard]] Result<void> probe(const std::vector<Link>& links);

  // load takes for installed what the kernel has now; what ACL that is, is not known.
  [[nodiscard]] Result<void> load();

  // prepare makes ready for the policies of `acl`; `same` says that it is the one installed.
  // settle, when these are in force, makes the lock what they are. `spis` are those to send on.
  [[nodiscard]] Result<void> prepare(const std::vector<Entry>& acl, bool same,
                                     const std::vector<Link>& links, Undo& undo);
  [[nodiscard]] Result<void> settle(const Desired& desired, const std::vector<Link>& links,
                                    Undo& undo);

  // remove_stale removes SPIs that are not wanted any more. What cannot be removed is added to
  // `failed`.
  void remove_stale(const Desired& desired, std::vector<Error>& failed);
  void clear(std::vector<Error>& failed);

  // look reads the kernel; differ tells what others changed since, compare the same, and takes that
  // for installed.
  struct Reading {
    std::optional<RulesSnapshot> host, device;
  };
  [[nodiscard]] Result<Reading> look();
  void differ(const Reading& found, std::vector<std::string>& out) const;
  // False when a table is another program's.
  [[nodiscard]] bool compare(Reading found, std::vector<std::string>& out);

  // plan tells what settle() and remove_stale() would make of the tables that look() found,
  // plan_removal what clear() would.
  [[nodiscard]] Result<void> plan(const Reading& found, const Desired& desired,
                                  const std::vector<Link>& links,
                                  std::vector<PlannedChange>& out) const;
  static void plan_removal(const Reading& found, std::vector<PlannedChange>& out);

  // explain tells what the lock says of a packet, and whether the kernel has it as it should be.
  [[nodiscard]] Result<LockAnswer> explain(const Packet& packet);

  // dropped is what both tables dropped, also before this process came or replaced them.
  [[nodiscard]] Result<LockCounters> dropped();
  // unknown is the ESP that came under SPIs we do not have.
  [[nodiscard]] Result<std::vector<UnknownSpi>> unknown();

 private:
  // Content is what may differ from one apply() to the next.
  struct Content {
    std::vector<Entry> acl;
    std::optional<std::vector<Entry>> before;  // an ACL that this one takes the place of
    std::vector<std::string> interfaces;
    std::vector<LockDevice> devices;
    std::vector<std::uint32_t> spis;
    std::uint32_t earlier_marks = 0, precedence = 0;
    bool others_follow = false, count_unknown = false, windows = false;
    friend bool operator==(const Content&, const Content&) = default;
  };

  [[nodiscard]] LockSpec spec(const Content& content) const;
  [[nodiscard]] Reading wanted(const Content& content) const;
  [[nodiscard]] Content content_for(const std::vector<Link>& links) const;
  void compare(const std::optional<RulesSnapshot>& found, const RulesSnapshot& wanted,
               const std::string& name, std::vector<std::string>& out) const;
  [[nodiscard]] static bool is_foreign(const Reading& found) {
    return (found.host && !found.host->ours()) || (found.device && !found.device->ours());
  }
  // refuse_foreign fails when a table is another program's.
  [[nodiscard]] Result<void> refuse_foreign(const Reading& found) const;
  [[nodiscard]] bool is_adopted(const Content& content) const;
  [[nodiscard]] Result<void> add_spis(const std::vector<std::uint32_t>& spis, Undo& undo);
  [[nodiscard]] Result<void> update(Content content, Undo& undo);
  [[nodiscard]] Result<bool> change(const Content& from, const Content& to);
  [[nodiscard]] Result<void> replace(Content content, Undo& undo);
  [[nodiscard]] Result<LockCounters> counted();
  [[nodiscard]] Result<void> probe_ownership();
  // own makes tables ours that a predecessor left.
  [[nodiscard]] Result<void> own(Reading& found);
  void delete_tables(Transaction& transaction, bool host, bool device) const;
  [[nodiscard]] std::string host_name() const;
  [[nodiscard]] std::string device_name() const;

  const InstallerConfig& config_;
  NetlinkChannel& netfilter_;
  bool made_ = false;    // as `installed_` says
  Reading predecessor_;  // tables to be replaced, whatever state they are in
  Content installed_;
  std::optional<bool> egress_;  // whether the kernel has that hook; nothing: not known yet
  std::optional<bool> owned_;   // whether tables can have an owner and persist; likewise
  LockCounters earlier_;        // of tables that were replaced
};

}  // namespace xfrm
