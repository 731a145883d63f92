// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/kernel/key_classes.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <set>

namespace agent {
namespace {

using Entries = std::span<const gdoi::AccessEntry>;
using gdoi::Spi;

bool is_permit(const gdoi::AccessEntry& entry) {
  return entry.action == gdoi::AccessEntry::Action::permit;
}

// Sets joins SPIs into disjoint sets. A set whose class is fixed, because the kernel holds states
// of it already, is not joined with one fixed otherwise.
class Sets {
 public:
  struct Set {
    Spi parent;
    std::optional<xfrm::KeyClass> fixed;
  };

  void add(Spi spi, std::optional<xfrm::KeyClass> fixed) {
    sets_.try_emplace(spi, Set{spi, fixed});
  }

  [[nodiscard]] Spi root(Spi spi) {
    while (sets_.at(spi).parent != spi) {
      auto& set = sets_.at(spi);
      set.parent = sets_.at(set.parent).parent;
      spi = set.parent;
    }
    return spi;
  }

  void join(Spi a, Spi b) {
    a = root(a);
    b = root(b);
    auto& first = sets_.at(a);
    auto& second = sets_.at(b);
    if (a == b || (first.fixed && second.fixed && first.fixed != second.fixed)) return;
    if (!first.fixed) first.fixed = second.fixed;
    second.parent = a;
  }

  [[nodiscard]] const std::map<Spi, Set>& all() const noexcept { return sets_; }

 private:
  std::map<Spi, Set> sets_;
};

Sets sets_of(Entries entries, const KeyClasses& previous) {
  Sets sets;
  std::vector<const gdoi::AccessEntry*> permits;
  for (const auto& entry : entries) {
    if (!is_permit(entry)) continue;
    sets.add(entry.spi, previous.of(entry.spi));
    permits.push_back(&entry);
  }
  if (sets.all().size() < 2) return sets;
  std::stable_sort(permits.begin(), permits.end(),
                   [](const auto* a, const auto* b) { return a->selector < b->selector; });
  for (std::size_t i = 1; i < permits.size(); ++i)
    if (permits[i - 1]->selector == permits[i]->selector)
      sets.join(permits[i - 1]->spi, permits[i]->spi);
  return sets;
}

// Numbers gives each set its class: the one the kernel has states of, else the one a selector of it
// had, else the smallest that is free.
class Numbers {
 public:
  [[nodiscard]] bool has(Spi root) const { return classes_.count(root) != 0; }
  [[nodiscard]] xfrm::KeyClass of(Spi root) const { return classes_.at(root); }
  [[nodiscard]] std::size_t count() const noexcept { return taken_.size(); }

  void prefer(Spi root, std::optional<xfrm::KeyClass> wish) {
    if (wish && !has(root) && taken_.insert(*wish).second) classes_.emplace(root, *wish);
  }
  void give_any(Spi root) {
    if (has(root)) return;
    while (taken_.count(next_free_) != 0) ++next_free_;
    prefer(root, next_free_);
  }

 private:
  std::map<Spi, xfrm::KeyClass> classes_;
  std::set<xfrm::KeyClass> taken_;
  xfrm::KeyClass next_free_ = 0;
};

}  // namespace

KeyClasses KeyClasses::found(std::map<Spi, xfrm::KeyClass> by_spi) {
  KeyClasses out;
  out.by_spi_ = std::move(by_spi);
  const auto& all = out.by_spi_;
  if (!all.empty() && std::all_of(all.begin(), all.end(), [&](const auto& row) {
        return row.second == all.begin()->second;
      }))
    out.only_ = all.begin()->second;
  return out;
}

Result<KeyClasses> KeyClasses::assign(Entries entries, std::span<const Spi> alive,
                                      const KeyClasses& previous) {
  auto sets = sets_of(entries, previous);
  std::set<Spi> roots;
  for (const auto& [spi, set] : sets.all()) roots.insert(sets.root(spi));
  if (roots.size() > xfrm::max_key_classes)
    return fail(
        fmt::format("the ACL has {} groups of ACEs with TEKs of their own, at most {} are possible",
                    roots.size(), xfrm::max_key_classes));

  Numbers numbers;
  for (const Spi root : roots) numbers.prefer(root, sets.all().at(root).fixed);
  for (const auto& entry : entries)
    if (is_permit(entry)) numbers.prefer(sets.root(entry.spi), previous.of(entry.selector));
  for (const Spi root : roots) numbers.give_any(root);

  KeyClasses out;
  for (const auto& [spi, set] : sets.all()) out.by_spi_.emplace(spi, numbers.of(sets.root(spi)));
  for (const Spi spi : alive)
    if (const auto known = previous.of(spi)) out.by_spi_.emplace(spi, *known);
  if (numbers.count() == 1) out.only_ = numbers.of(*roots.begin());
  if (numbers.count() <= 1) return out;

  for (const auto& entry : entries)
    if (is_permit(entry)) out.by_selector_.emplace_back(entry.selector, out.by_spi_.at(entry.spi));
  const auto by_selector = [](const auto& a, const auto& b) { return a.first < b.first; };
  std::stable_sort(out.by_selector_.begin(), out.by_selector_.end(), by_selector);
  return out;
}

std::optional<xfrm::KeyClass> KeyClasses::of(Spi spi) const noexcept {
  const auto found = by_spi_.find(spi);
  if (found == by_spi_.end()) return std::nullopt;
  return found->second;
}

std::optional<xfrm::KeyClass> KeyClasses::of(const gdoi::TrafficSelector& selector) const noexcept {
  if (by_selector_.empty()) return only_;
  const auto found =
      std::lower_bound(by_selector_.begin(), by_selector_.end(), selector,
                       [](const auto& row, const auto& wanted) { return row.first < wanted; });
  if (found == by_selector_.end() || found->first != selector) return std::nullopt;
  return found->second;
}

}  // namespace agent
