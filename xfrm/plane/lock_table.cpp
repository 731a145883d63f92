// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/plane/lock_table.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>

#include <cerrno>
#include <utility>

#include "xfrm/base/contains.h"
#include "xfrm/base/kernel_address.h"
#include "xfrm/nft/rules.h"
#include "xfrm/plane/found_planes.h"
#include "xfrm/plane/state_choice.h"

namespace xfrm {
namespace {

std::vector<std::uint32_t> without(const std::vector<std::uint32_t>& all,
                                   const std::vector<std::uint32_t>& known) {
  std::vector<std::uint32_t> out;
  for (const auto one : all)
    if (!contains(known, one)) out.push_back(one);
  return out;
}

}  // namespace

LockTable::LockTable(const InstallerConfig& config, NetlinkChannel& netfilter)
    : config_{config}, netfilter_{netfilter} {}

std::string LockTable::host_name() const { return lock_table(config_.name); }

std::string LockTable::device_name() const {
  return lock_device_table(config_.name, config_.family());
}

LockSpec LockTable::spec(const Content& content) const {
  LockSpec out{config_.name,
               comment_of(config_),
               config_.anchors,
               config_.mark,
               content.earlier_marks,
               content.others_follow,
               content.precedence,
               content.interfaces,
               config_.beginnings,
               content.devices,
               content.spis,
               config_.open_ports,
               {},
               egress_.value_or(true),
               content.count_unknown,
               owned_.value_or(false)};
  if (content.windows) out.pool = config_.pool();
  if (content.before) out.lists.emplace_back(*content.before);
  out.lists.emplace_back(content.acl);
  return out;
}

LockTable::Reading LockTable::wanted(const Content& content) const {
  Transaction transaction;
  add_lock(transaction, spec(content));
  return {RulesSnapshot::of(transaction, host_name(), config_.family()),
          RulesSnapshot::of(transaction, device_name(), std::uint16_t{NFPROTO_NETDEV})};
}

// content_for keeps an interface that has another name now, and so is no WAN interface any more:
// the packets that it carries are the same.
LockTable::Content LockTable::content_for(const std::vector<Link>& links) const {
  const auto& options = config_.options;
  Content out;
  out.interfaces = config_.interfaces;
  out.earlier_marks = options.earlier_marks;
  out.precedence = options.precedence;
  out.others_follow = options.others_follow;
  out.count_unknown = options.count_unknown;
  out.windows = config_.windows;
  out.spis = installed_.spis;
  for (const Link& link : links) out.devices.push_back({link.index, link.name});
  for (const LockDevice& known : installed_.devices) {
    const bool listed = std::any_of(links.begin(), links.end(),
                                    [&](const Link& link) { return link.index == known.index; });
    if (listed) continue;
    if (const auto name = name_of(known.index); !name.empty())
      out.devices.push_back({known.index, name});
  }
  return out;
}

Result<LockTable::Reading> LockTable::look() {
  auto host = RulesSnapshot::read(netfilter_, host_name(), config_.family());
  if (!host) return tl::unexpected{host.error()};
  auto device = RulesSnapshot::read(netfilter_, device_name(), std::uint16_t{NFPROTO_NETDEV});
  if (!device) return tl::unexpected{device.error()};
  return Reading{std::move(*host), std::move(*device)};
}

Result<void> LockTable::load() {
  auto found = look();
  if (!found) return tl::unexpected{found.error()};
  if (auto ours = refuse_foreign(*found); !ours) return ours;
  if (auto owned = own(*found); !owned) return owned;
  made_ = false;
  installed_ = {};
  predecessor_ = std::move(*found);
  if (predecessor_.host) {
    installed_.spis = predecessor_.host->spis();
    for (const int index : predecessor_.host->indices()) installed_.devices.push_back({index, {}});
  }
  return {};
}

Result<void> LockTable::refuse_foreign(const Reading& found) const {
  if (!is_foreign(found)) return {};
  return fail(EEXIST, table_name(host_name(), config_.family()),
              "another program has such a table");
}

Result<void> LockTable::own(Reading& found) {
  Transaction transaction;
  for (auto* table : {&found.host, &found.device})
    if (*table && (*table)->flags() == lock_persists) {
      if (table == &found.host)
        own_table(transaction, host_name(), kernel_family(config_.family()));
      else
        own_table(transaction, device_name(), std::uint16_t{NFPROTO_NETDEV});
      (*table)->set_flags(lock_owner_flags);
    }
  return netfilter_.transact(transaction);
}

bool LockTable::is_adopted(const Content& content) const {
  if (!predecessor_.host || !predecessor_.device) return false;
  const Reading as_wanted = wanted(content);
  return predecessor_.host->differences(*as_wanted.host).empty() &&
         predecessor_.device->differences(*as_wanted.device).empty();
}

Result<void> LockTable::prepare(const std::vector<Entry>& acl, bool same,
                                const std::vector<Link>& links, Undo& undo) {
  if (auto able = probe(links); !able) return able;
  // With nothing known of before, what is there stays until the policies are in force.
  if (made_ == same) return {};
  Content content = content_for(links);
  content.acl = acl;
  // Somebody removed or changed the lock of this very ACL; else the ACL is another.
  if (made_) content.before = installed_.acl;
  return update(std::move(content), undo);
}

Result<void> LockTable::settle(const Desired& desired, const std::vector<Link>& links, Undo& undo) {
  const auto missing = without(sending_spis(desired), installed_.spis);
  Content content = content_for(links);
  content.acl = desired.entries;
  if (!made_ && is_adopted(content)) {
    made_ = true;
    installed_ = content;
  }
  if (made_ && installed_ == content) return add_spis(missing, undo);
  content.spis.insert(content.spis.end(), missing.begin(), missing.end());
  return update(std::move(content), undo);
}

Result<void> LockTable::probe_ownership() {
  if (owned_) return {};
  Transaction transaction;
  if (config_.own_lock)
    add_table(transaction, host_name() + ".trial", kernel_family(config_.family()),
              lock_owner_flags);
  const auto taken = netfilter_.transact(transaction, true);
  const int code = taken ? 0 : taken.error().code;
  if (code != 0 && code != EOPNOTSUPP && code != EINVAL) return taken;
  owned_ = config_.own_lock && code == 0;
  return {};
}

// probe: what the kernel accepts it takes back.
Result<void> LockTable::probe(const std::vector<Link>& links) {
  if (auto able = probe_ownership(); !able) return able;
  if (egress_) return {};
  LockSpec trial = spec({});
  trial.table += ".trial";
  trial.devices = {{links.front().index, links.front().name}};
  for (const bool egress : {true, false}) {
    trial.egress = egress;
    Transaction transaction;
    add_lock(transaction, trial);
    auto taken = netfilter_.transact(transaction, true);
    if (taken) egress_ = egress;
    if (taken || !egress || taken.error().code != EOPNOTSUPP)
      return taken ? Result<void>{}
                   : fail(taken.error().code,
                          "nftables (kernel options NF_TABLES_NETDEV, NETFILTER_INGRESS, NFT_FIB_" +
                              std::string{config_.family() == Family::ipv4 ? "IPV4" : "IPV6"} + ")",
                          taken.error().message());
  }
  return {};
}

Result<void> LockTable::add_spis(const std::vector<std::uint32_t>& spis, Undo& undo) {
  if (spis.empty()) return {};
  Transaction transaction;
  for (const auto spi : spis) add_spi(transaction, host_name(), config_.family(), spi);
  if (auto done = netfilter_.transact(transaction); !done) return done;
  undo.push([this, spis]() -> Result<void> {
    Transaction back;
    for (const auto spi : spis) delete_spi(back, host_name(), config_.family(), spi);
    return netfilter_.transact(back);
  });
  installed_.spis.insert(installed_.spis.end(), spis.begin(), spis.end());
  return {};
}

void LockTable::delete_tables(Transaction& transaction, bool host, bool device) const {
  if (host) delete_table(transaction, host_name(), config_.family());
  if (device) delete_table(transaction, device_name(), std::uint16_t{NFPROTO_NETDEV});
}

// update has both tables be as `content` says: where they stand, or in the place of a
// predecessor's, of ones that others changed, and of ones that have to hook in elsewhere.
Result<void> LockTable::update(Content content, Undo& undo) {
  if (!made_) return replace(std::move(content), undo);
  const auto changed = change(installed_, content);
  if (!changed) return tl::unexpected{changed.error()};
  if (!*changed) return replace(std::move(content), undo);
  undo.push([this, before = installed_, content]() -> Result<void> {
    const auto back = change(content, before);
    if (!back) return tl::unexpected{back.error()};
    return *back ? Result<void>{} : fail(ENOENT, host_name(), "was changed by others meanwhile");
  });
  installed_ = std::move(content);
  return {};
}

// change keeps counters and chains: no packet meets half of a table, none goes uncounted. False
// when the tables have to be made anew: a chain hooks in elsewhere, or somebody took away what
// should be there.
Result<bool> LockTable::change(const Content& from, const Content& to) {
  const Reading before = wanted(from), after = wanted(to);
  Transaction transaction;
  if (!before.host->change(transaction, *after.host) ||
      !before.device->change(transaction, *after.device))
    return false;
  // Under another ACL other ESP is meant.
  if (from.count_unknown && to.count_unknown && from.acl != to.acl)
    forget_unknown(transaction, config_.name, config_.family());
  const auto done = netfilter_.transact(transaction);
  if (!done && done.error().code != ENOENT) return tl::unexpected{done.error()};
  return done.has_value();
}

// replace has both tables, ours or a predecessor's, make room for new ones by one transaction: no
// packet meets half of them. What the old ones dropped between being read and gone is not counted.
Result<void> LockTable::replace(Content content, Undo& undo) {
  LockCounters counted_before;
  std::optional<Content> before;
  if (made_) before = installed_;
  if (made_ || predecessor_.host) {
    const auto read = counted();
    if (!read) return tl::unexpected{read.error()};
    counted_before = *read;
  }
  Transaction transaction;
  delete_tables(transaction, before || predecessor_.host, before || predecessor_.device);
  add_lock(transaction, spec(content));
  if (auto done = netfilter_.transact(transaction); !done) return done;
  undo.push([this, before = std::move(before)]() -> Result<void> {
    Transaction back;
    delete_tables(back, true, true);
    if (before) {
      add_lock(back, spec(*before));
    } else {
      if (predecessor_.host) predecessor_.host->restore(back);
      if (predecessor_.device) predecessor_.device->restore(back);
    }
    return netfilter_.transact(back);
  });
  earlier_ += counted_before;
  made_ = true;
  installed_ = std::move(content);
  return {};
}

void LockTable::remove_stale(const Desired& desired, std::vector<Error>& failed) {
  predecessor_ = {};
  for (const auto spi : without(installed_.spis, sending_spis(desired))) {
    Transaction transaction;
    delete_spi(transaction, host_name(), config_.family(), spi);
    auto gone = netfilter_.transact(transaction);
    if (gone || gone.error().code == ENOENT)
      std::erase(installed_.spis, spi);
    else
      failed.push_back(std::move(gone.error()));
  }
}

void LockTable::clear(std::vector<Error>& failed) {
  for (const bool host : {true, false}) {
    if (!made_ && !(host ? predecessor_.host : predecessor_.device)) continue;
    Transaction transaction;
    delete_tables(transaction, host, !host);
    auto gone = netfilter_.transact(transaction);
    if (!gone && gone.error().code != ENOENT) failed.push_back(std::move(gone.error()));
  }
  made_ = false;
  installed_ = {};
  predecessor_ = {};
}

void LockTable::compare(const std::optional<RulesSnapshot>& found, const RulesSnapshot& wanted,
                        const std::string& name, std::vector<std::string>& out) const {
  // Somebody may have changed very many elements.
  constexpr std::size_t most_lines = 20;
  if (!found) return out.push_back(name + " is gone");
  auto lines = found->differences(wanted);
  if (lines.size() > most_lines) {
    lines.resize(most_lines);
    lines.push_back(name + " differs in more than that");
  }
  out.insert(out.end(), lines.begin(), lines.end());
}

void LockTable::differ(const Reading& found, std::vector<std::string>& out) const {
  if (made_ && is_foreign(found))
    out.emplace_back("a table called as the second lock's is another program's");
  if (!made_ || is_foreign(found)) return;
  const Reading as_wanted = wanted(installed_);
  compare(found.host, *as_wanted.host, table_name(host_name(), config_.family()), out);
  compare(found.device, *as_wanted.device, table_name(device_name(), NFPROTO_NETDEV), out);
}

bool LockTable::compare(Reading found, std::vector<std::string>& out) {
  if (!made_) return true;
  const auto before = out.size();
  differ(found, out);
  if (is_foreign(found)) return false;
  if (out.size() == before) return true;
  made_ = false;
  predecessor_ = std::move(found);
  return true;
}

Result<LockAnswer> LockTable::explain(const Packet& packet) {
  const auto found = look();
  if (!found) return tl::unexpected{found.error()};
  auto out = made_ ? ask_lock(spec(installed_), packet) : LockAnswer{};
  differ(*found, out.differences);
  return out;
}

Result<LockCounters> LockTable::counted() {
  LockCounters out;
  for (const auto& [table, family] : {std::pair{host_name(), kernel_family(config_.family())},
                                      std::pair{device_name(), std::uint16_t{NFPROTO_NETDEV}}}) {
    for (auto [chain, count] :
         {std::pair{lock_dropped_in, &out.in}, {lock_dropped_out, &out.out}}) {
      const auto read = RulesSnapshot::packets(netfilter_, table, family, chain);
      if (!read) return tl::unexpected{read.error()};
      *count += *read;
    }
  }
  return out;
}

Result<LockCounters> LockTable::dropped() {
  LockCounters out = earlier_;
  if (!made_) return out;
  const auto now = counted();
  if (!now) return tl::unexpected{now.error()};
  return out += *now;
}

Result<std::vector<UnknownSpi>> LockTable::unknown() {
  std::vector<UnknownSpi> out;
  if (!made_ || !installed_.count_unknown) return out;
  const auto read =
      RulesSnapshot::counted(netfilter_, host_name(), config_.family(), lock_unknown_set);
  if (!read) return tl::unexpected{read.error()};
  const std::size_t address = address_size(config_.family());
  for (const auto& [key, packets] : *read) {
    UnknownSpi one;
    if (key.size() != address + sizeof one.spi)
      return fail(EBADMSG, table_name(host_name(), config_.family()) + ", set " + lock_unknown_set,
                  "an element of " + std::to_string(key.size()) + " octets");
    one.source.family = config_.family();
    std::copy_n(key.begin(), address, one.source.bytes.begin());
    for (std::size_t i = address; i < key.size(); ++i)
      one.spi = one.spi << 8 | std::to_integer<std::uint32_t>(key[i]);
    one.packets = packets;
    out.push_back(one);
  }
  return out;
}

}  // namespace xfrm
