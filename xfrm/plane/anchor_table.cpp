// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/plane/anchor_table.h"

#include <cerrno>

namespace xfrm {

Result<void> AnchorTable::load() {
  const auto address = anchors_.has_address();
  if (!address) return tl::unexpected{address.error()};
  const auto route = anchors_.route();
  if (!route) return tl::unexpected{route.error()};
  address_ = *address;
  const auto pool = anchors_.has_pool();
  if (!pool) return tl::unexpected{pool.error()};
  route_ = *route;
  pool_ = *pool;
  return {};
}

Result<void> AnchorTable::install(const std::vector<Link>& links, Undo& undo, bool senders) {
  if (!address_) {
    const auto added = anchors_.add_address();
    if (!added) return tl::unexpected{added.error()};
    if (*added) undo.push([this] { return anchors_.delete_address(); });
    address_ = *added;
  }
  if (senders && !pool_) {
    const auto added = anchors_.add_pool();
    if (!added) return tl::unexpected{added.error()};
    if (*added) undo.push([this] { return anchors_.delete_pool(); });
    pool_ = *added;
  }
  const auto wanted = anchors_.wanted_route(links);
  if (!wanted) return tl::unexpected{wanted.error()};
  if (route_ == *wanted) return {};
  const auto set = anchors_.set_route(*wanted);
  if (!set) return tl::unexpected{set.error()};
  if (!*set) return {};
  undo.push([this, before = route_]() -> Result<void> {
    if (!before) return anchors_.delete_route();
    if (auto back = anchors_.set_route(*before); !back) return tl::unexpected{back.error()};
    return {};
  });
  route_ = *wanted;
  return {};
}

void AnchorTable::remove_pool(std::vector<Error>& failed) {
  if (!pool_) return;
  auto gone = anchors_.delete_pool();
  pool_ = !gone;
  if (!gone) failed.push_back(std::move(gone.error()));
}

void AnchorTable::clear(std::vector<Error>& failed) {
  remove_pool(failed);
  if (route_)
    if (auto gone = anchors_.delete_route(); !gone) failed.push_back(std::move(gone.error()));
  if (address_)
    if (auto gone = anchors_.delete_address(); !gone) failed.push_back(std::move(gone.error()));
  route_.reset();
  address_ = false;
}

Result<AnchorTable::Reading> AnchorTable::look(const std::vector<Link>& links) {
  Reading out;
  out.address = anchors_.has_address();
  if (!out.address && out.address.error().code != EEXIST)
    return tl::unexpected{out.address.error()};
  out.route = anchors_.route();
  if (!out.route && out.route.error().code != EEXIST) return tl::unexpected{out.route.error()};
  out.pool = anchors_.has_pool();
  if (!out.pool && out.pool.error().code != EEXIST) return tl::unexpected{out.pool.error()};
  if (!links.empty()) out.wanted_route = anchors_.wanted_route(links);
  return out;
}

void AnchorTable::differ(const Reading& found, std::vector<std::string>& out) {
  if (!found.address) out.push_back(found.address.error().message());
  if (!found.route) out.push_back(found.route.error().message());
  if (!found.pool) out.push_back(found.pool.error().message());
  if (!found.address || !found.route || !found.pool) return;
  if (pool_ && !*found.pool) out.push_back(anchors_.pool_name() + " is gone");
  if (address_ && !*found.address) out.push_back(anchors_.address_name() + " is gone");
  const bool whole = address_ && route_;
  const auto& now = *found.route;
  if (route_ && !now) out.push_back(anchors_.route_name() + " is gone");
  if (route_ && now && *route_ != *now) out.push_back(anchors_.route_name() + " was changed");
  if (!found.wanted_route) return;
  if (!*found.wanted_route)
    out.push_back(found.wanted_route->error().message());
  else if (now && route_ == now && *now != **found.wanted_route)
    out.push_back(anchors_.route_name() + " must follow the WAN");
  else if (anchors_.family() == Family::ipv6 && !whole && anchors_.is_on(**found.wanted_route))
    out.emplace_back("IPv6 is switched on");
}

bool AnchorTable::compare(const Reading& found, std::vector<std::string>& out) {
  differ(found, out);
  if (!found.address || !found.route || !found.pool) return false;
  address_ = *found.address;
  route_ = *found.route;
  pool_ = *found.pool;
  return true;
}

}  // namespace xfrm
