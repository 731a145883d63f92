// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group/kept_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "agent/base/files.h"
#include "agent/base/names.h"
#include "agent/config/octet_values.h"
#include "gdoi/push/rekey_sa_table.h"

namespace agent {
namespace {

constexpr std::string_view first_line = "getvpn-gm state 1";
constexpr std::size_t max_groups_kept = 64;
constexpr seconds longest{30 * 86400};  // no KEK lives longer

std::int64_t wall_time() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<seconds>(now).count();
}

template <class Number>
bool read_number(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> out;
  while (!line.empty()) {
    const auto end = std::min(line.find(' '), line.size());
    out.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return out;
}

std::optional<gdoi::RekeySpi> read_spi(std::string_view text) {
  const auto octets = octets_of_hex(text);
  gdoi::RekeySpi out;
  if (!octets || octets->size() != out.initiator.bytes.size() + out.responder.bytes.size())
    return std::nullopt;
  const auto middle = octets->begin() + static_cast<std::ptrdiff_t>(out.initiator.bytes.size());
  std::copy(octets->begin(), middle, out.initiator.bytes.begin());
  std::copy(middle, octets->end(), out.responder.bytes.begin());
  return out;
}

}  // namespace

void KeptState::load(Instant now) {
  if (file_.empty() || !file_exists(file_)) return;
  const auto text = read_file(file_);
  const auto taken = text ? read(*text, now, wall_time()) : tl::unexpected<Error>{text.error()};
  if (taken) return;
  groups_.clear();
  log_.warning("state-file {}: {}; it is written anew", file_, taken.error().what);
}

std::vector<gdoi::KnownSequence> KeptState::sequences(const std::string& table) const {
  const auto at = groups_.find(table);
  return at == groups_.end() ? std::vector<gdoi::KnownSequence>{} : at->second.sequences;
}

bool KeptState::has_kek(const gdoi::RekeySpi& spi) const {
  return std::any_of(groups_.begin(), groups_.end(), [&](const auto& group) {
    const auto& known = group.second.sequences;
    return std::any_of(known.begin(), known.end(), [&](const auto& one) { return one.spi == spi; });
  });
}

void KeptState::set_sequences(const std::string& table, std::vector<gdoi::KnownSequence> sequences,
                              Instant now) {
  groups_[table].sequences = std::move(sequences);
  save(now);
}

gdoi::Bytes KeptState::rekey_key(const std::string& table) const {
  const auto at = groups_.find(table);
  return at == groups_.end() ? gdoi::Bytes{} : at->second.rekey_key;
}

void KeptState::set_rekey_key(const std::string& table, gdoi::Bytes digest, Instant now) {
  groups_[table].rekey_key = std::move(digest);
  save(now);
}

std::string KeptState::text(Instant now, std::int64_t wall) const {
  auto out = fmt::format("{}\nsaved {}\n", first_line, wall);
  for (const auto& [table, facts] : groups_) {
    for (const auto& known : facts.sequences) {
      const auto left = whole_seconds_until(known.ends, now).count();
      if (left == 0) continue;
      out += fmt::format("sequence {} {} {} {} {}\n", table, spi_text(known.spi),
                         digits_of(known.key), known.last.value, wall + left);
    }
    if (!facts.rekey_key.empty())
      out += fmt::format("rekey-key {} {}\n", table, digits_of(facts.rekey_key));
  }
  return out;
}

Result<void> KeptState::read(std::string_view text, Instant now, std::int64_t wall) {
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    auto taken = number == 1 ? (line == first_line ? Result<void>{} : fail("is no state of ours"))
                             : read_line(line, now, wall);
    if (!taken) return fail(fmt::format("line {}: {}", number, taken.error().what));
  }
  return {};
}

Result<void> KeptState::read_line(std::string_view line, Instant now, std::int64_t& wall) {
  const auto words = words_of(line);
  if (words.size() == 2 && words[0] == "saved") {
    std::int64_t saved = 0;
    if (!read_number(words[1], saved)) return fail("has no time");
    // A clock that is behind the file has not been set yet.
    wall = std::max(wall, saved);
    return {};
  }
  if (words.size() < 3) return fail("has too few words");
  if (groups_.size() == max_groups_kept && groups_.count(words[1]) == 0)
    return fail("is about one group too many");
  Facts& facts = groups_[std::string{words[1]}];
  if (words.size() == 3 && words[0] == "rekey-key") {
    const auto digest = octets_of_hex(words[2]);
    if (!digest || digest->size() != 32) return fail("has no SHA-256");
    facts.rekey_key = *digest;
    return {};
  }
  if (words.size() != 6 || words[0] != "sequence") return fail("is not understood");
  const auto spi = read_spi(words[2]);
  const auto key = octets_of_hex(words[3]);
  gdoi::KnownSequence known;
  std::int64_t ends = 0;
  if (!spi || !key || key->size() != 16 || !read_number(words[4], known.last.value) ||
      !read_number(words[5], ends))
    return fail("has no SPI, key, number and end");
  if (facts.sequences.size() == gdoi::RekeySaTable::max_remembered)
    return fail("is about one KEK too many");
  if (ends <= wall) return {};
  known.spi = *spi;
  known.key = *key;
  known.ends = now + std::min(seconds{ends - wall}, longest);
  facts.sequences.push_back(std::move(known));
  return {};
}

void KeptState::save(Instant now) {
  if (file_.empty()) return;
  const auto written = write_private_file(file_, text(now, wall_time()));
  if (!written && !complained_)
    log_.warning("state-file {}: {}; what is kept there does not outlive a restart", file_,
                 written.error().what);
  complained_ = !written;
}

}  // namespace agent
