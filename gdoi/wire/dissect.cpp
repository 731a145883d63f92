// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/wire/dissect.h"

#include <algorithm>
#include <array>

#include "gdoi/base/secret.h"
#include "gdoi/wire/id_triple.h"

namespace gdoi {
namespace {

constexpr std::size_t header_size = 4;  // of a payload
constexpr std::size_t most_octets = 1024;

std::string number(std::uint64_t value) { return std::to_string(value); }

std::string hex_number(std::uint32_t value) {
  std::string out = "0x";
  constexpr std::string_view digits = "0123456789abcdef";
  for (int shift = 28; shift >= 0; shift -= 4) out += digits[value >> shift & 15];
  return out;
}

// Walk reads one payload from `whole` and keeps where it is.
class Walk {
 public:
  Walk(View whole, std::size_t from) : whole_{whole}, in_{whole.subspan(from)} {}
  [[nodiscard]] Reader& in() noexcept { return in_; }
  [[nodiscard]] std::size_t offset() const noexcept { return whole_.size() - in_.rest().size(); }

 private:
  View whole_;
  Reader in_;
};

// Which attributes of a structure are secret.
enum class Secret : std::uint8_t { none, all, all_but_signature_key };

class Dissector {
 public:
  Dissector(const Redact& redact, bool hide_unknown)
      : redact_{redact}, hide_unknown_{hide_unknown} {}

  void chain(View octets, PayloadType type, const std::string& indent);
  void payload(PayloadType type, View whole, const std::string& indent);
  [[nodiscard]] std::string text() { return std::move(text_); }
  [[nodiscard]] std::string fault() { return std::move(fault_); }

 private:
  void line(const std::string& indent, std::size_t offset, const std::string& what) {
    text_ += indent + "@" + number(offset) + " " + what + "\n";
  }
  // stop notes the first place where a payload contradicts itself. `rest` are the octets there.
  void stop(const std::string& indent, PayloadType type, std::size_t offset, std::string_view part,
            const std::string& what, View rest) {
    const auto where = std::string{part} + " at offset " + number(offset) + ": " + what;
    line(indent, offset, "FAULT: " + where);
    if (!fault_.empty()) return;
    fault_ = title_of(type) + ", " + where;
    if (type != PayloadType::key_download && !rest.empty()) fault_ += ": " + hex_text(rest);
  }

  void attributes(Walk& walk, PayloadType type, Secret secret, const std::string& indent);
  void group_sa(View whole, const std::string& indent);
  void sa_kek(View whole, const std::string& indent);
  void sa_tek(View whole, const std::string& indent);
  void key_download(View whole, const std::string& indent);
  bool id_triples(Walk& walk, PayloadType type, const std::string& indent);

  const Redact& redact_;
  bool hide_unknown_;
  std::string text_, fault_;
};

void Dissector::attributes(Walk& walk, PayloadType type, Secret secret, const std::string& indent) {
  while (!walk.in().empty()) {
    const auto offset = walk.offset();
    const View at = walk.in().rest();
    std::uint16_t kind = 0, length = 2;
    if (!walk.in().u16(kind))
      return stop(indent, type, offset, "attribute", "ends inside its type", at);
    const bool basic = (kind & 0x8000) != 0;
    kind &= 0x7fff;
    if (!basic && !walk.in().u16(length))
      return stop(indent, type, offset, "attribute", "ends inside its length", at);
    View value;
    if (!walk.in().take(length, value))
      return stop(
          indent, type, offset, "attribute",
          (basic ? std::string{"value"} : "length " + number(length)) + " runs past the end",
          walk.in().rest());
    const bool hidden =
        secret == Secret::all || (secret == Secret::all_but_signature_key && (basic || kind != 2));
    line(indent, offset,
         "attribute " + number(kind) +
             (basic ? " (basic): " : ", " + number(length) + " octets: ") +
             (hidden ? redact_(value) : hex_text(value, most_octets)));
  }
}

// id_triples reads source and destination with lengths of one octet, or else of two.
bool Dissector::id_triples(Walk& walk, PayloadType type, const std::string& indent) {
  for (const IdLength form : {IdLength::one_octet, IdLength::two_octets}) {
    Walk ahead = walk;
    std::array<std::pair<std::size_t, IdTriple>, 2> found{};
    bool good = true;
    for (auto& [offset, id] : found) {
      offset = ahead.offset();
      const auto read = read_id_triple(ahead.in(), form);
      good = good && read;
      if (read) id = *read;
    }
    if (!good) continue;
    for (const auto& [offset, id] : found)
      line(indent, offset,
           "ID type " + number(static_cast<unsigned>(id.type)) + ", port " + number(id.port) +
               ", " + (form == IdLength::one_octet ? "" : "length of two octets, ") +
               hex_text(id.data, most_octets));
    walk = ahead;
    return true;
  }
  stop(indent, type, walk.offset(), "ID", "type and length do not agree", walk.in().rest());
  return false;
}

void Dissector::sa_kek(View whole, const std::string& indent) {
  Walk walk{whole, header_size};
  std::uint8_t protocol = 0;
  if (!walk.in().u8(protocol))
    return stop(indent, PayloadType::sa_kek, walk.offset(), "protocol", "is missing", {});
  line(indent, header_size, "protocol " + number(protocol));
  if (!id_triples(walk, PayloadType::sa_kek, indent)) return;
  const auto offset = walk.offset();
  View spi, reserved;
  if (!walk.in().take(16, spi) || !walk.in().take(4, reserved))
    return stop(indent, PayloadType::sa_kek, offset, "SPI", "runs past the end", walk.in().rest());
  line(indent, offset, "SPI " + hex_text(spi));
  line(indent, offset + 16, "reserved, or POP: " + hex_text(reserved));
  attributes(walk, PayloadType::sa_kek, Secret::none, indent);
}

void Dissector::sa_tek(View whole, const std::string& indent) {
  Walk walk{whole, header_size};
  std::uint8_t security = 0, protocol = 0, transform = 0;
  if (!walk.in().u8(security))
    return stop(indent, PayloadType::sa_tek, walk.offset(), "protocol", "is missing", {});
  line(indent, header_size, "protocol ID " + number(security));
  if (security != 1 && security != 2)
    return line(indent, walk.offset(), hex_text(walk.in().rest(), most_octets));
  if (!walk.in().u8(protocol))
    return stop(indent, PayloadType::sa_tek, walk.offset(), "protocol", "is missing", {});
  line(indent, header_size + 1, "IP protocol " + number(protocol));
  if (!id_triples(walk, PayloadType::sa_tek, indent)) return;
  const auto offset = walk.offset();
  std::uint32_t spi = 0;
  if (!walk.in().u8(transform) || !walk.in().u32(spi))
    return stop(indent, PayloadType::sa_tek, offset, "transform and SPI", "run past the end",
                walk.in().rest());
  line(indent, offset, "transform " + number(transform) + ", SPI " + hex_number(spi));
  attributes(walk, PayloadType::sa_tek, Secret::none, indent);
}

void Dissector::key_download(View whole, const std::string& indent) {
  constexpr std::uint8_t kek_packet = 2, sid_packet = 4;
  constexpr auto type = PayloadType::key_download;
  Walk walk{whole, header_size};
  std::uint16_t count = 0, reserved = 0;
  if (!walk.in().u16(count) || !walk.in().u16(reserved))
    return stop(indent, type, header_size, "number of key packets", "is missing", {});
  line(indent, header_size, number(count) + " key packets");
  while (!walk.in().empty()) {
    const auto offset = walk.offset();
    std::uint8_t kind = 0, zero = 0, spi_size = 0;
    std::uint16_t length = 0;
    View spi;
    Walk packet = walk;
    if (!(packet.in().u8(kind) && packet.in().u8(zero) && packet.in().u16(length) &&
          packet.in().u8(spi_size)))
      return stop(indent, type, offset, "key packet", "ends inside its header", {});
    View body;
    if (length < 5 || !walk.in().take(length, body))
      return stop(indent, type, offset, "key packet", "length " + number(length) + " does not fit",
                  {});
    Walk inside{whole.first(walk.offset()), offset + 5};
    if (!inside.in().take(spi_size, spi))
      return stop(indent, type, offset, "key packet",
                  "SPI of " + number(spi_size) + " octets runs past the end", {});
    line(indent, offset,
         "key packet of type " + number(kind) + ", " + number(length) + " octets, SPI " +
             hex_text(spi));
    attributes(inside, type,
               kind == kek_packet   ? Secret::all_but_signature_key
               : kind == sid_packet ? Secret::none
                                    : Secret::all,
               indent + "  ");
  }
}

void Dissector::group_sa(View whole, const std::string& indent) {
  constexpr std::uint32_t doi_gdoi = 2;
  Walk walk{whole, header_size};
  std::uint32_t doi = 0, situation = 0;
  std::uint16_t first = 0, reserved = 0;
  if (!walk.in().u32(doi) || !walk.in().u32(situation))
    return stop(indent, PayloadType::sa, header_size, "DOI and situation", "are missing", {});
  line(indent, header_size, "DOI " + number(doi) + ", situation " + number(situation));
  Walk ahead = walk;
  // A chain inside a chain inside a chain is nobody's policy.
  constexpr std::size_t deepest = 6;
  const bool is_group = indent.size() <= deepest && doi == doi_gdoi && ahead.in().u16(first) &&
                        ahead.in().u16(reserved) && (first >= 15 && first <= 22);
  if (!is_group)  // of phase 1
    return line(indent, walk.offset(), hex_text(walk.in().rest(), most_octets));
  chain(ahead.in().rest(), PayloadType{static_cast<std::uint8_t>(first)}, indent);
}

void Dissector::payload(PayloadType type, View whole, const std::string& indent) {
  const View body = whole.subspan(header_size);
  Walk walk{whole, header_size};
  switch (type) {
    case PayloadType::sa:
      return group_sa(whole, indent);
    case PayloadType::sa_kek:
      return sa_kek(whole, indent);
    case PayloadType::sa_tek:
      return sa_tek(whole, indent);
    case PayloadType::gap:
      return attributes(walk, type, Secret::none, indent);
    case PayloadType::key_download:
      return key_download(whole, indent);
    case PayloadType::hash:
    case PayloadType::nonce:
    case PayloadType::key_exchange:
    case PayloadType::signature:
      return line(indent, header_size, redact_(body));
    case PayloadType::identification:
    case PayloadType::certificate:
    case PayloadType::certificate_request:
    case PayloadType::notification:
    case PayloadType::del:
    case PayloadType::vendor_id:
    case PayloadType::sequence:
    case PayloadType::nat_d:
    case PayloadType::nat_d_draft:
      return line(indent, header_size, hex_text(body, most_octets));
    default:
      return line(indent, header_size, hide_unknown_ ? redact_(body) : hex_text(body, most_octets));
  }
}

void Dissector::chain(View octets, PayloadType type, const std::string& indent) {
  Reader in{octets};
  while (type != PayloadType::none) {
    const View rest = in.rest();
    std::uint8_t next = 0, reserved = 0;
    std::uint16_t length = 0;
    View whole;
    Reader header{rest};
    if (!(header.u8(next) && header.u8(reserved) && header.u16(length)))
      return stop(indent, type, 0, "header", "runs past the end of the message", {});
    if (length < header_size || !in.take(length, whole))
      return stop(indent, type, 0, "header", "length " + number(length) + " does not fit", {});
    text_ += indent + title_of(type) + " (" + number(static_cast<unsigned>(type)) + "), " +
             number(length) + " octets\n";
    payload(type, whole, indent + "  ");
    type = PayloadType{next};
  }
}

// brings_keys tells whether a KD is among the payloads.
bool brings_keys(View octets, PayloadType type) {
  Reader in{octets};
  while (type != PayloadType::none) {
    if (type == PayloadType::key_download) return true;
    std::uint8_t next = 0, reserved = 0;
    std::uint16_t length = 0;
    View whole;
    Reader header{in.rest()};
    if (!(header.u8(next) && header.u8(reserved) && header.u16(length)) || length < header_size ||
        !in.take(length, whole))
      return true;  // who knows
    type = PayloadType{next};
  }
  return false;
}

}  // namespace

std::string title_of(PayloadType type) {
  switch (type) {
    case PayloadType::sa:
      return "SA";
    case PayloadType::sa_kek:
      return "SA KEK";
    case PayloadType::sa_tek:
      return "SA TEK";
    case PayloadType::key_download:
      return "KD";
    case PayloadType::gap:
      return "GAP";
    default:
      return std::string{name_of(type)};
  }
}

std::string dissect(View octets, PayloadType type, const Redact& redact) {
  Dissector out{redact, brings_keys(octets, type)};
  out.chain(octets, type, "  ");
  return out.text();
}

std::string fault_in(PayloadType type, View body) {
  // Offsets count from the generic header, whatever is in front of `body`.
  KeyMaterial whole{header_size + body.size()};
  std::copy(body.begin(), body.end(), whole.writable().begin() + header_size);
  const Redact nothing = [](View) { return std::string{}; };
  Dissector out{nothing, true};
  out.payload(type, whole.view(), "");
  return out.fault();
}

}  // namespace gdoi
