// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/phase1/fragments.h"

#include <algorithm>

#include "gdoi/wire/reader.h"

namespace gdoi {
namespace {

constexpr std::array<std::uint8_t, 20> vendor_id{0x40, 0x48, 0xb7, 0xd5, 0x6e, 0xbc, 0xe8,
                                                 0x85, 0x25, 0xe7, 0xde, 0x7f, 0x00, 0xd6,
                                                 0xc2, 0xd3, 0xc0, 0x00, 0x00, 0x00};
constexpr std::size_t hash_size = 16;

constexpr std::size_t fragment_header = 8;  // the generic one included
constexpr std::uint8_t flag_last = 0x01;
constexpr std::size_t data_of_one = largest_unfragmented - IsakmpHeader::size - fragment_header;

}  // namespace

Bytes fragmentation_vendor_id() {
  Bytes out;
  for (const auto octet : vendor_id) out.push_back(std::byte{octet});
  return out;
}

bool is_fragmentation_vendor_id(View body) noexcept {
  return body.size() >= hash_size &&
         std::equal(vendor_id.begin(), vendor_id.begin() + hash_size, body.begin(),
                    [](std::uint8_t a, std::byte b) { return a == std::to_integer<unsigned>(b); });
}

bool is_fragment(const IsakmpHeader& header) noexcept {
  return header.next == PayloadType::fragment;
}

Result<Fragment> parse_fragment(const IsakmpMessage& message) {
  Reader in{message.body};
  Fragment out;
  std::uint8_t next = 0, reserved = 0, flags = 0;
  std::uint16_t length = 0;
  if (!(in.u8(next) && in.u8(reserved) && in.u16(length) && in.u16(out.id) && in.u8(out.number) &&
        in.u8(flags)))
    return fail(Errc::truncated, "IKE fragment");
  if (length != message.body.size())
    return fail(Errc::malformed, "length of an IKE fragment", length);
  if (next != 0) return fail(Errc::malformed, "payload after an IKE fragment", next);
  if (out.number == 0) return fail(Errc::malformed, "IKE fragment number 0");
  if (in.empty()) return fail(Errc::malformed, "IKE fragment without data");
  out.last = (flags & flag_last) != 0;
  out.data = in.rest();
  return out;
}

Result<std::vector<Bytes>> fragments_of(View message, std::uint16_t id) {
  std::vector<Bytes> out;
  if (message.size() <= largest_unfragmented) {
    out.emplace_back(message.begin(), message.end());
    return out;
  }
  if (message.size() > data_of_one * std::numeric_limits<std::uint8_t>::max())
    return fail(Errc::malformed, "message for more than 255 IKE fragments");
  const auto whole = parse_message(message);
  if (!whole) return tl::unexpected<Error>{whole.error()};

  IsakmpHeader header = whole->header;
  header.flags &= static_cast<std::uint8_t>(~IsakmpHeader::encrypted);
  for (std::uint8_t number = 1; !message.empty(); ++number) {
    const View data = message.first(std::min(data_of_one, message.size()));
    message = message.subspan(data.size());
    Writer one = begin_message(header);
    one.payload(PayloadType::fragment, [&](Writer& w) {
      w.u16(id).u8(number).u8(message.empty() ? flag_last : 0).bytes(data);
    });
    auto datagram = finish_clear(std::move(one));
    if (!datagram) return tl::unexpected<Error>{datagram.error()};
    out.push_back(std::move(*datagram));
  }
  return out;
}

std::size_t Reassembly::octets() const noexcept {
  std::size_t out = 0;
  for (const auto& set : sets_) out += set.octets;
  return out;
}

auto Reassembly::set_of(const CookiePair& cookies, std::uint16_t id, Instant now)
    -> Sets::iterator {
  while (!sets_.empty() && now - sets_.front().since >= life) sets_.pop_front();
  const auto known = std::find_if(sets_.begin(), sets_.end(), [&](const Set& set) {
    return set.cookies == cookies && set.id == id;
  });
  if (known != sets_.end()) return known;
  if (sets_.size() == max_sets) sets_.pop_front();
  sets_.push_back(Set{cookies, id, now, {}});
  return std::prev(sets_.end());
}

Result<std::vector<Bytes>> Reassembly::add(const IsakmpMessage& message, Instant now) {
  const auto fragment = parse_fragment(message);
  if (!fragment) return tl::unexpected<Error>{fragment.error()};
  const auto at = set_of(message.header.cookies, fragment->id, now);
  Set& set = *at;
  const std::size_t place = fragment->number - 1u;
  if (place < set.numbers.size()) {
    const auto& forms = set.numbers[place];
    if (std::any_of(forms.begin(), forms.end(), [&](const Form& form) {
          return form.last == fragment->last &&
                 std::equal(form.data.begin(), form.data.end(), fragment->data.begin(),
                            fragment->data.end());
        }))
      return std::vector<Bytes>{};  // a copy
    if (forms.size() == max_forms)
      return fail(Errc::unexpected, "IKE fragment in too many forms", fragment->number);
  }
  if (fragment->data.size() > max_octets - set.octets) {
    // Something is forged here. What the honest sender repeats shall find room.
    set.numbers.clear();
    set.octets = 0;
  }
  if (place >= set.numbers.size()) set.numbers.resize(place + 1);
  set.numbers[place].push_back({fragment->last, {fragment->data.begin(), fragment->data.end()}});
  set.octets += fragment->data.size();

  auto out = whole(set, *fragment);
  set.made += out.size();
  for (const auto& one : out) set.octets_made += one.size();
  if (set.made >= max_made || set.octets_made >= max_octets_made) sets_.erase(at);
  return out;
}

// completes tells whether `newest`, the last of its forms, is part of a message that is whole.
bool Reassembly::completes(const Set& set, const Fragment& newest) {
  const std::size_t its = newest.number - 1u;
  for (std::size_t place = 0; place < set.numbers.size(); ++place) {
    const auto& forms = set.numbers[place];
    const auto ends = [](const Form& form) { return form.last; };
    if (place == its && newest.last) return true;
    if (place > its && std::any_of(forms.begin(), forms.end(), ends)) return true;
    if (std::all_of(forms.begin(), forms.end(), ends)) return false;  // or there is none
  }
  return false;
}

// whole makes all messages that `newest`, which is in the set, completes. Each ends with a last
// fragment, and has no other; where a number has several forms, each gives a message of its own.
std::vector<Bytes> Reassembly::whole(const Set& set, const Fragment& newest) {
  if (!completes(set, newest)) return {};
  struct Part {
    const Form* form;
    std::size_t before;  // place of the part before it
  };
  constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
  std::vector<Part> parts;
  std::vector<std::size_t> under_way{none}, ended;
  for (std::size_t place = 0; place < set.numbers.size() && !under_way.empty(); ++place) {
    const auto& forms = set.numbers[place];
    const bool is_newest = place + 1u == newest.number;
    std::vector<std::size_t> longer;
    for (auto form = forms.begin(); form != forms.end(); ++form) {
      if (is_newest && std::next(form) != forms.end()) continue;  // it was added last
      // What ends before the newest fragment was whole before it came.
      if (form->last && place + 1u < newest.number) continue;
      for (const std::size_t begun : under_way) {
        auto& to = form->last ? ended : longer;
        if (to.size() >= max_messages) continue;
        to.push_back(parts.size());
        parts.push_back({&*form, begun});
      }
    }
    under_way = std::move(longer);
  }

  std::vector<Bytes> out;
  for (const std::size_t end : ended) {
    std::vector<const Form*> forms;
    for (std::size_t at = end; at != none; at = parts[at].before) forms.push_back(parts[at].form);
    Bytes& message = out.emplace_back();
    for (auto form = forms.rbegin(); form != forms.rend(); ++form)
      message.insert(message.end(), (*form)->data.begin(), (*form)->data.end());
  }
  return out;
}

}  // namespace gdoi
