// SPDX-License-Identifier: GPL-2.0-or-later
// The nftables table of a plane.
#include <cerrno>
#include <utility>

#include "xfrm/base/contains.h"
#include "xfrm/nft/multicast.h"
#include "xfrm/nft/segment_size.h"
#include "xfrm/plane/installer.h"

namespace xfrm {
namespace {

bool is_wanted_inbound(const Desired& desired, std::uint32_t spi) {
  return std::any_of(desired.sas.begin(), desired.sas.end(),
                     [&](const SaSpec& sa) { return sa.spi == spi && sa.receive; }) ||
         std::any_of(desired.kept.begin(), desired.kept.end(),
                     [&](const KeptSa& kept) { return kept.spi == spi && !kept.outbound; });
}

}  // namespace

Result<std::uint16_t> Installer::wanted_mss(const std::vector<Link>& links) {
  if (!config_.mss_clamp || *config_.mss_clamp != 0) return config_.mss_clamp.value_or(0);
  const auto route = anchors_.wanted_route(links);
  if (!route) return tl::unexpected{route.error()};
  std::uint32_t mtu = route->mtu;
  for (const Link& link : links)
    if (mtu == 0 && link.index == route->interface) mtu = link.mtu;
  return segment_size(config_.in_anchor.family, mtu);
}

std::vector<std::uint32_t> Installer::missing_spis(const Desired& desired) const {
  std::vector<std::uint32_t> out;
  for (const SaSpec& sa : desired.sas)
    if (sa.receive && !contains(there_->spis, sa.spi)) out.push_back(sa.spi);
  for (const KeptSa& kept : desired.kept)
    if (!kept.outbound && !contains(there_->spis, kept.spi) && !contains(out, kept.spi) &&
        there_->find(Direction::inbound, kept.spi) != nullptr)
      out.push_back(kept.spi);
  return out;
}

Result<void> Installer::install_rules(const Desired& desired, const std::vector<Link>& links,
                                      Undo& undo) {
  const auto missing = missing_spis(desired);
  const Family family = config_.in_anchor.family;
  Transaction transaction;
  auto spis = there_->spis;
  spis.insert(spis.end(), missing.begin(), missing.end());

  auto multicast = multicast_lines(desired.entries);
  auto mss = wanted_mss(links);
  if (!mss) return tl::unexpected{mss.error()};
  if (there_->table && there_->multicast == multicast && there_->mss == *mss) {
    for (const auto spi : missing) add_spi(transaction, config_.name, family, spi);
    if (auto done = netfilter_.transact(transaction); !done) return done;
    undo.push([this, missing, family]() -> Result<void> {
      Transaction back;
      for (const auto spi : missing) delete_spi(back, config_.name, family, spi);
      return netfilter_.transact(back);
    });
    there_->spis = std::move(spis);
    return {};
  }

  // A predecessor's table is replaced, whatever state it is in, by one transaction: no packet meets
  // half of it. So is our own when the list speaks otherwise about multicast. Until the policies
  // follow, what one of the two lists does not let pass so is dropped.
  std::optional<RulesSpec> before;
  if (there_->table) before = rules(there_->spis, there_->indices);
  if (before || there_->old_table) delete_table(transaction, config_.name, family);
  // Interfaces the policies are not yet tied to stay unknown to the guard until they are. Where
  // there was no guard, what leaves in clear now may go on doing so until the policies come.
  auto indices = there_->indices;
  if (indices.empty())
    for (const Link& link : links) indices.push_back(link.index);
  std::swap(there_->multicast, multicast);
  std::swap(there_->mss, *mss);
  add_rules(transaction, rules(spis, indices));
  if (auto done = netfilter_.transact(transaction); !done) return done;
  undo.push([this, before = std::move(before), family]() -> Result<void> {
    Transaction back;
    delete_table(back, config_.name, family);
    if (before)
      add_rules(back, *before);
    else if (there_->old_table)
      there_->old_table->restore(back);
    return netfilter_.transact(back);
  });
  there_->table = true;
  there_->spis = std::move(spis);
  there_->indices = std::move(indices);
  return {};
}

Result<void> Installer::install_indices(const std::vector<Link>& links, Undo& undo) {
  std::vector<int> missing;
  for (const Link& link : links)
    if (!contains(there_->indices, link.index)) missing.push_back(link.index);
  const Family family = config_.in_anchor.family;
  Transaction transaction;
  for (const int index : missing) add_index(transaction, config_.name, family, index);
  if (auto done = netfilter_.transact(transaction); !done) return done;
  undo.push([this, missing, family]() -> Result<void> {
    Transaction back;
    for (const int index : missing) delete_index(back, config_.name, family, index);
    return netfilter_.transact(back);
  });
  there_->indices.insert(there_->indices.end(), missing.begin(), missing.end());
  return {};
}

void Installer::remove_stale_spis(const Desired& desired) {
  std::vector<std::uint32_t> kept;
  for (const auto spi : there_->spis) {
    if (is_wanted_inbound(desired, spi)) {
      kept.push_back(spi);
      continue;
    }
    Transaction transaction;
    delete_spi(transaction, config_.name, config_.in_anchor.family, spi);
    auto gone = netfilter_.transact(transaction);
    if (gone || gone.error().code == ENOENT) continue;
    kept.push_back(spi);
    leave(std::move(gone.error()));
  }
  there_->spis = std::move(kept);
}

void Installer::remove_stale_indices() {
  std::vector<int> kept;
  for (const int index : there_->indices) {
    if (contains(there_->list->interfaces, index)) {
      kept.push_back(index);
      continue;
    }
    Transaction transaction;
    delete_index(transaction, config_.name, config_.in_anchor.family, index);
    auto gone = netfilter_.transact(transaction);
    if (gone || gone.error().code == ENOENT) continue;
    kept.push_back(index);
    leave(std::move(gone.error()));
  }
  there_->indices = std::move(kept);
}

}  // namespace xfrm
