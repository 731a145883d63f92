// SPDX-License-Identifier: GPL-2.0-or-later
// AnchorTable: the anchor address, the route to the other anchor and the one to the anchors of
// senders, of one address family of a plane: what is in the kernel, brought to what is wanted and
// compared with it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "xfrm/base/planned_change.h"
#include "xfrm/base/undo.h"
#include "xfrm/route/anchors.h"

namespace xfrm {

class AnchorTable {
 public:
  explicit AnchorTable(AnchorSet anchors) : anchors_{std::move(anchors)} {}
  // What install() pushes on an Undo refers to the table, which therefore never moves.
  AnchorTable(const AnchorTable&) = delete;
  AnchorTable& operator=(const AnchorTable&) = delete;

  // follow and wanted_route are AnchorSet's.
  [[nodiscard]] Result<void> follow(const std::vector<Link>& links) {
    return anchors_.follow(links);
  }
  [[nodiscard]] Result<AnchorRoute> wanted_route(const std::vector<Link>& links) {
    return anchors_.wanted_route(links);
  }
  [[nodiscard]] std::uint32_t port() const noexcept { return anchors_.port(); }

  // load takes for installed what the kernel has now.
  [[nodiscard]] Result<void> load();

  // `senders` says whether these have anchors.
  [[nodiscard]] Result<void> install(const std::vector<Link>& links, Undo& undo,
                                     bool senders = false);
  // remove_pool removes the route to the anchors of senders, if it is there.
  void remove_pool(std::vector<Error>& failed);
  // clear removes all. What cannot be removed is added to `failed`.
  void clear(std::vector<Error>& failed);

  // Reading is what look() finds in the kernel. An error within: it is another program's (EEXIST).
  struct Reading {
    Result<bool> address = false;
    Result<std::optional<AnchorRoute>> route = std::optional<AnchorRoute>{};
    Result<bool> pool = false;
    std::optional<Result<AnchorRoute>> wanted_route;  // nothing when all interfaces are missing
  };
  [[nodiscard]] Result<Reading> look(const std::vector<Link>& links);
  // differ tells what others changed since, compare the same, and takes that for installed. False
  // when another program has one of them.
  void differ(const Reading& found, std::vector<std::string>& out);
  [[nodiscard]] bool compare(const Reading& found, std::vector<std::string>& out);

  // plan tells what install() and remove_pool() would do, plan_removal what clear() would.
  [[nodiscard]] Result<void> plan(const Reading& found, bool senders,
                                  std::vector<PlannedChange>& out);
  void plan_removal(const Reading& found, std::vector<PlannedChange>& out) const;

 private:
  AnchorSet anchors_;
  bool address_ = false;
  std::optional<AnchorRoute> route_;
  bool pool_ = false;
};

}  // namespace xfrm
