// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/plane/rule_table.h"

#include <cerrno>
#include <utility>

#include "xfrm/base/contains.h"
#include "xfrm/nft/multicast.h"
#include "xfrm/nft/segment_size.h"
#include "xfrm/plane/found_planes.h"
#include "xfrm/plane/probe.h"

namespace xfrm {
namespace {

bool is_wanted_inbound(const Desired& desired, std::uint32_t spi) {
  return std::any_of(desired.sas.begin(), desired.sas.end(),
                     [&](const SaSpec& sa) { return sa.spi == spi && sa.receive; }) ||
         std::any_of(desired.kept.begin(), desired.kept.end(),
                     [&](const KeptSa& kept) { return kept.spi == spi && !kept.outbound; });
}

}  // namespace

RuleTable::RuleTable(const InstallerConfig& config, NetlinkChannel& netfilter, AnchorTable& anchors)
    : config_{config}, netfilter_{netfilter}, anchors_{anchors} {}

RulesSpec RuleTable::spec(const Content& content) const {
  return {config_.name,         comment_of(config_),
          config_.anchors,      config_.mark,
          content.interfaces,   content.spis,
          content.indices,      config_.open_ports,
          config_.reqid,        content.multicast,
          content.mss,          content.windows.senders,
          content.windows.bare, content.windows.drop_unknown,
          config_.pool()};
}

// made_of is the table as it should be.
RulesSnapshot RuleTable::made_of(const Content& content) const {
  Transaction transaction;
  add_rules(transaction, spec(content));
  return RulesSnapshot::of(transaction, config_.name, config_.family());
}

Result<std::uint16_t> RuleTable::wanted_mss(const std::vector<Link>& links) {
  const auto configured = config_.options.mss_clamp;
  if (!configured || *configured != 0) return configured.value_or(0);
  const auto route = anchors_.wanted_route(links);
  if (!route) return tl::unexpected{route.error()};
  std::uint32_t mtu = route->mtu;
  for (const Link& link : links)
    if (mtu == 0 && link.index == route->interface) mtu = link.mtu;
  return segment_size(config_.family(), mtu);
}

Result<void> RuleTable::load() {
  auto table = look();
  if (!table) return tl::unexpected{table.error()};
  if (*table && !(*table)->ours())
    return fail(EEXIST, table_name(config_.name, config_.family()),
                "another program has such a table");
  made_ = false;
  installed_ = {};
  predecessor_ = std::move(*table);
  if (predecessor_) {
    installed_.spis = predecessor_->spis();
    installed_.indices = predecessor_->indices();
    installed_.windows = {predecessor_->senders(), predecessor_->bare()};
  }
  return {};
}

Result<void> RuleTable::adopt(const std::vector<Entry>& acl, const std::vector<Link>& links,
                              bool drop_unknown_senders) {
  const auto mss = wanted_mss(links);
  if (!mss) return tl::unexpected{mss.error()};
  installed_.interfaces = config_.interfaces;
  installed_.multicast = multicast_entries(acl);
  installed_.mss = *mss;
  installed_.windows.drop_unknown = drop_unknown_senders;
  made_ = predecessor_ && predecessor_->differences(made_of(installed_)).empty();
  return {};
}

Result<void> RuleTable::install(const std::vector<Entry>& acl,
                                const std::vector<std::uint32_t>& spis,
                                const std::vector<Link>& links, Undo& undo, SenderWindows windows) {
  std::vector<std::uint32_t> missing;
  for (const auto spi : spis)
    if (!contains(installed_.spis, spi)) missing.push_back(spi);
  const auto mss = wanted_mss(links);
  if (!mss) return tl::unexpected{mss.error()};
  auto multicast = multicast_entries(acl);
  Content content{
      config_.interfaces, installed_.spis, installed_.indices, std::move(multicast), *mss,
      std::move(windows)};
  if (made_ && installed_ == content) return add_spis(missing, undo);
  content.spis.insert(content.spis.end(), missing.begin(), missing.end());
  if (made_) return change(std::move(content), undo);
  // Interfaces the policies are not yet tied to stay unknown to the guard until they are. Where
  // there was no guard, what leaves in clear now may go on doing so until the policies come.
  if (content.indices.empty())
    for (const Link& link : links) content.indices.push_back(link.index);
  return replace(std::move(content), undo);
}

Result<void> RuleTable::add_spis(const std::vector<std::uint32_t>& spis, Undo& undo) {
  Transaction transaction;
  for (const auto spi : spis) add_spi(transaction, config_.name, config_.family(), spi);
  if (auto done = netfilter_.transact(transaction); !done) return done;
  undo.push([this, spis]() -> Result<void> {
    Transaction back;
    for (const auto spi : spis) delete_spi(back, config_.name, config_.family(), spi);
    return netfilter_.transact(back);
  });
  installed_.spis.insert(installed_.spis.end(), spis.begin(), spis.end());
  return {};
}

// change keeps the chains hooked in: where a table makes room for another, a packet that is on its
// way through it may meet the chains of neither. What the kernel finds missing meanwhile, somebody
// took away: then the table is made anew.
Result<void> RuleTable::change(Content content, Undo& undo) {
  const auto change = [this](const Content& from, const Content& to) -> Result<void> {
    Transaction transaction;
    if (!made_of(from).change(transaction, made_of(to)))
      return fail(ENOENT, table_name(config_.name, config_.family()), "to be made anew");
    return netfilter_.transact(transaction);
  };
  if (auto done = change(installed_, content); !done)
    return done.error().code == ENOENT ? replace(std::move(content), undo) : done;
  undo.push([change, before = installed_, content] { return change(content, before); });
  installed_ = std::move(content);
  return {};
}

// replace has a predecessor's table, whatever state it is in, or our own make room for a new one,
// by one transaction: no packet meets half of it. Until the policies follow, what one of the two
// ACLs does not let pass so is dropped.
Result<void> RuleTable::replace(Content content, Undo& undo) {
  const Family family = config_.family();
  std::optional<RulesSpec> before;
  if (made_) before = spec(installed_);
  Transaction transaction;
  if (before || predecessor_) delete_table(transaction, config_.name, family);
  add_rules(transaction, spec(content));
  if (auto done = netfilter_.transact(transaction); !done) return done;
  undo.push([this, before = std::move(before), family]() -> Result<void> {
    Transaction back;
    delete_table(back, config_.name, family);
    if (before)
      add_rules(back, *before);
    else if (predecessor_)
      predecessor_->restore(back);
    return netfilter_.transact(back);
  });
  made_ = true;
  installed_ = std::move(content);
  return {};
}

Result<void> RuleTable::install_indices(const std::vector<Link>& links, Undo& undo) {
  std::vector<int> missing;
  for (const Link& link : links)
    if (!contains(installed_.indices, link.index)) missing.push_back(link.index);
  Transaction transaction;
  for (const int index : missing) add_index(transaction, config_.name, config_.family(), index);
  if (auto done = netfilter_.transact(transaction); !done) return done;
  undo.push([this, missing]() -> Result<void> {
    Transaction back;
    for (const int index : missing) delete_index(back, config_.name, config_.family(), index);
    return netfilter_.transact(back);
  });
  installed_.indices.insert(installed_.indices.end(), missing.begin(), missing.end());
  return {};
}

template <class Value, class IsWanted>
void RuleTable::remove_elements(std::vector<Value>& elements, IsWanted&& is_wanted,
                                void (*remove)(Transaction&, const std::string&, Family, Value),
                                std::vector<Error>& failed) {
  std::vector<Value> rest;
  for (const Value element : elements) {
    if (is_wanted(element)) {
      rest.push_back(element);
      continue;
    }
    Transaction transaction;
    remove(transaction, config_.name, config_.family(), element);
    auto gone = netfilter_.transact(transaction);
    if (gone || gone.error().code == ENOENT) continue;
    rest.push_back(element);
    failed.push_back(std::move(gone.error()));
  }
  elements = std::move(rest);
}

void RuleTable::remove_stale(const Desired& desired, const std::vector<int>& interfaces,
                             std::vector<Error>& failed) {
  predecessor_.reset();
  remove_elements(
      installed_.spis, [&](std::uint32_t spi) { return is_wanted_inbound(desired, spi); },
      delete_spi, failed);
  remove_elements(
      installed_.indices, [&](int index) { return contains(interfaces, index); }, delete_index,
      failed);
}

void RuleTable::clear(std::vector<Error>& failed) {
  if (made_ || predecessor_) {
    Transaction transaction;
    delete_table(transaction, config_.name, config_.family());
    auto gone = netfilter_.transact(transaction);
    if (!gone && gone.error().code != ENOENT) failed.push_back(std::move(gone.error()));
  }
  made_ = false;
  installed_ = {};
  predecessor_.reset();
}

Result<std::optional<RulesSnapshot>> RuleTable::look() {
  return RulesSnapshot::read(netfilter_, config_.name, config_.family());
}

void RuleTable::differ(const std::optional<RulesSnapshot>& found,
                       std::vector<std::string>& out) const {
  const auto name = table_name(config_.name, config_.family());
  if (!found) return out.push_back(name + " is gone");
  if (!found->ours()) return out.push_back(name + " is another program's");
  const auto differences = found->differences(made_of(installed_));
  out.insert(out.end(), differences.begin(), differences.end());
}

bool RuleTable::compare(std::optional<RulesSnapshot> found, std::vector<std::string>& out) {
  const auto before = out.size();
  differ(found, out);
  if (!found) {
    made_ = false;
    predecessor_.reset();
    installed_.spis.clear();
    return true;
  }
  if (!found->ours()) return false;
  if (out.size() == before) return true;
  made_ = false;
  predecessor_ = std::move(found);
  installed_.spis = predecessor_->spis();
  return true;
}

void RuleTable::compare_mss(const std::vector<Link>& links, std::vector<std::string>& out) {
  const auto mss = wanted_mss(links);
  // Where nothing leads anywhere now, that is what AnchorTable tells.
  if (!mss || !made_ || *mss == installed_.mss) return;
  out.push_back(table_name(config_.name, config_.family()) + ": segment size " +
                std::to_string(installed_.mss) + " must follow the WAN: " + std::to_string(*mss));
}

Result<void> RuleTable::probe() { return probe_rules(netfilter_, spec({})); }

}  // namespace xfrm
