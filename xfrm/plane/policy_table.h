// SPDX-License-Identifier: GPL-2.0-or-later
// PolicyTable: the policies of one address family of a plane: what is in the kernel, brought to
// what the ACL says and compared with it. policy_plan.h has the order of the steps.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "xfrm/base/planned_change.h"
#include "xfrm/base/progress.h"
#include "xfrm/base/undo.h"
#include "xfrm/ipsec/policy_plan.h"
#include "xfrm/netlink/channel.h"
#include "xfrm/plane/config.h"
#include "xfrm/plane/hash_length.h"
#include "xfrm/route/links.h"

namespace xfrm {

class PolicyTable {
 public:
  // `config` and `xfrm` outlive the table. `take_events` empties the queue of the kernel's
  // notifications, of which each policy put makes one.
  PolicyTable(const InstallerConfig& config, NetlinkChannel& xfrm,
              std::function<void()> take_events);
  // What install() pushes on an Undo refers to the table, which therefore never moves.
  PolicyTable(const PolicyTable&) = delete;
  PolicyTable& operator=(const PolicyTable&) = delete;

  // watch has `attend` called during long changes.
  void watch(Attend attend) { attend_ = std::move(attend); }

  // scope is what policies of the plane are known by.
  [[nodiscard]] PolicyScope scope() const;

  // load takes for installed what the kernel has now. What ACL that is, is not known.
  [[nodiscard]] Result<void> load();

  // has_acl tells whether it is the one installed: one comparison of memory.
  [[nodiscard]] bool has_acl(const std::vector<Entry>& acl) const;
  // install puts the policies of `acl` on the interfaces; `same` says that has_acl() is so.
  [[nodiscard]] Result<void> install(const std::vector<Entry>& acl, bool same,
                                     const std::vector<Link>& links, Undo& undo);
  // remove_stale removes what install() found to be no longer wanted. What cannot be removed is
  // added to `failed`.
  void remove_stale(std::vector<Error>& failed);
  void clear(std::vector<Error>& failed);

  // interfaces are the indices that the installed policies out are tied to.
  [[nodiscard]] std::vector<int> interfaces() const;

  // look reads the kernel; differ tells what others changed since, compare the same, and takes that
  // for installed.
  [[nodiscard]] Result<std::vector<Policy>> look();
  void differ(std::vector<Policy> found, std::vector<std::string>& out) const {
    static_cast<void>(examine(std::move(found), out));
  }
  void compare(std::vector<Policy> found, std::vector<std::string>& out);
  // compare_interfaces tells which WAN interfaces, as they are now, are not those protected.
  void compare_interfaces(std::span<const Result<Link>> links, std::vector<std::string>& out) const;

  // plan tells what install() and remove_stale() would do with what look() found, plan_removal what
  // clear() would. Policies that only get another number are told in one line.
  void plan(std::vector<Policy> found, const std::vector<Entry>& acl,
            const std::vector<Link>& links, std::vector<PlannedChange>& out) const;
  void plan_removal(const std::vector<Policy>& found, std::vector<PlannedChange>& out) const;

  // has_policy reads the kernel: whether policies of ours that protect are there.
  [[nodiscard]] Result<bool> has_policy();

 private:
  // The ACL, as install() was given it, with the interfaces and the first priority it has.
  struct InstalledAcl {
    std::vector<Entry> entries;
    std::vector<int> interfaces;     // indices, and
    std::vector<std::string> names;  // what they are called
    std::uint32_t first = 0;

    [[nodiscard]] std::optional<int> index_of(const std::string& name) const;
  };

  // read lists the plane's own policies; and those with one of `keys` (sorted), whatever somebody
  // made of them.
  [[nodiscard]] Result<std::vector<Policy>> read(std::span<const PolicyKey> keys);
  // Found is what is there beside the ACL, and all of it where the ACL is not whole.
  struct Found {
    std::vector<Policy> unlisted;
    std::optional<std::vector<Policy>> actual;
  };
  [[nodiscard]] Found examine(std::vector<Policy> found, std::vector<std::string>& out) const;
  [[nodiscard]] PolicyFrame frame(std::vector<int> interfaces) const;
  [[nodiscard]] std::vector<Policy> listed() const;
  [[nodiscard]] std::vector<Policy> present() const;
  [[nodiscard]] Result<void> put(std::span<const PolicyStep> steps, Undo& undo);
  [[nodiscard]] BatchOutcome go(std::span<const PolicyStep> steps);
  [[nodiscard]] Result<void> take_back(std::span<const PolicyStep> steps,
                                       const std::vector<bool>& skip);
  void remove(std::span<const PolicyStep> steps, std::vector<Error>& failed);
  [[nodiscard]] std::function<bool(std::size_t)> reports(std::span<const PolicyStep> steps,
                                                         bool removing) const;

  // Numbers are the kernel's own for policies, by key.
  using Numbers = std::vector<std::pair<PolicyKey, std::uint32_t>>;
  [[nodiscard]] Numbers read_numbers(std::size_t removals);
  static void ask_for_removal(Request& request, const PolicyKey& key, const Numbers& numbers);
  void prune(const Numbers& numbers);

  const InstallerConfig& config_;
  NetlinkChannel& xfrm_;
  std::function<void()> take_events_;
  Attend attend_;
  HashLength hash_;
  std::optional<InstalledAcl> installed_;  // nothing before the first ACL
  std::vector<Policy> unlisted_policies_;  // ours beside the ACL: found, or not removed
  // What compare() found in place of these two, when it was not just these.
  std::optional<std::vector<Policy>> actual_;
  std::vector<PolicyStep> removals_;  // for remove_stale()
};

}  // namespace xfrm
