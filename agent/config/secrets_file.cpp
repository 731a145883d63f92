// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/secrets_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/address.h"
#include "agent/base/files.h"
#include "agent/config/identity.h"
#include "agent/config/key_server.h"

namespace agent {
namespace {

constexpr std::size_t max_secret = 256;

std::string_view as_text(gdoi::View octets) {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

// Secret collects octets without ever moving them to a second place.
class Secret {
 public:
  explicit Secret(std::size_t limit) : octets_{limit} {}
  [[nodiscard]] bool push(unsigned octet) {
    if (size_ == octets_.size()) return false;
    octets_.writable()[size_++] = static_cast<std::byte>(octet);
    return true;
  }
  [[nodiscard]] gdoi::KeyMaterial finish() const {
    return gdoi::KeyMaterial::copy_of(octets_.view().first(size_));
  }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

 private:
  gdoi::KeyMaterial octets_;
  std::size_t size_ = 0;
};

// A reader of one form of secret takes it off the front of `rest`, and says what is wrong with it
// in words that do not repeat it; nothing when all is well.
using Problem = std::optional<std::string_view>;
constexpr std::string_view too_long = "the secret is longer than 256 octets";

Problem read_quoted(std::string_view& rest, Secret& secret) {
  rest.remove_prefix(1);
  while (!rest.empty() && rest.front() != '"') {
    if (rest.front() == '\\') {
      rest.remove_prefix(1);
      if (rest.empty() || (rest.front() != '"' && rest.front() != '\\'))
        return "after a backslash only \" or another one may stand";
    }
    if (!secret.push(static_cast<unsigned char>(rest.front()))) return too_long;
    rest.remove_prefix(1);
  }
  if (rest.empty()) return "the closing quote is missing";
  rest.remove_prefix(1);
  return std::nullopt;
}

int nibble(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Problem read_hex(std::string_view& rest, Secret& secret) {
  rest.remove_prefix(2);
  while (!rest.empty() && blanks.find(rest.front()) == std::string_view::npos) {
    const int high = nibble(rest[0]), low = rest.size() > 1 ? nibble(rest[1]) : -1;
    if (high < 0 || low < 0) return "0x must be followed by pairs of hexadecimal digits";
    if (!secret.push(static_cast<unsigned>(high * 16 + low))) return too_long;
    rest.remove_prefix(2);
  }
  return std::nullopt;
}

Problem read_word(std::string_view& rest, Secret& secret) {
  while (!rest.empty() && blanks.find(rest.front()) == std::string_view::npos) {
    if (rest.front() == '"') return "a quote inside a bare word; quote the whole secret";
    if (!secret.push(static_cast<unsigned char>(rest.front()))) return too_long;
    rest.remove_prefix(1);
  }
  return std::nullopt;
}

Problem read_secret(std::string_view& rest, Secret& secret) {
  if (rest.front() == '"') return read_quoted(rest, secret);
  if (rest.substr(0, 2) == "0x" || rest.substr(0, 2) == "0X") return read_hex(rest, secret);
  return read_word(rest, secret);
}

void skip_blanks(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(blanks), rest.size()));
}

Result<SecretLine> parse_line(std::string_view rest, unsigned line) {
  SecretLine out;
  out.line = line;
  const auto name = rest.substr(0, rest.find_first_of(blanks));
  if (is_typed_identity(name)) {
    auto identity = parse_identity(name);
    if (!identity) return fail("the identity is not well formed");
    out.identity = std::move(*identity);
  } else if (name != "any") {
    out.key_server = parse_address(name);
    // A dot is asked for, as a secret with a blank in it may begin the line.
    if (!out.key_server && name.find('.') != std::string_view::npos)
      out.name = parse_host_name(name).value_or("");
    // The text itself stays out: it may be a secret that stands alone on its line.
    if (!out.key_server && out.name.empty())
      return fail("expected an IPv4 or IPv6 address or 'any', then a secret");
  }
  rest.remove_prefix(name.size());
  skip_blanks(rest);
  if (rest.empty() || rest.front() == '#') return fail("the secret is missing");

  Secret secret{max_secret};
  if (const auto problem = read_secret(rest, secret)) return fail(std::string{*problem});
  if (secret.empty()) return fail("the secret is empty");
  skip_blanks(rest);
  if (!rest.empty() && rest.front() != '#')
    return fail("text after the secret; a secret with blanks needs quotes");
  out.secret = secret.finish();
  return out;
}

}  // namespace

Result<SecretsFile> SecretsFile::load(const std::string& file) {
  const auto text = read_secret_file(file, "secrets file");
  if (!text) return tl::unexpected<Error>{text.error()};
  return parse(as_text(text->view()), file);
}

Result<SecretsFile> SecretsFile::parse(std::string_view text, const std::string& file) {
  SecretsFile out;
  for (unsigned number = 1; !text.empty(); ++number) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    skip_blanks(line);
    if (line.empty() || line.front() == '#') continue;

    auto parsed = parse_line(line, number);
    if (!parsed) return fail(fmt::format("{}:{}: {}", file, number, parsed.error().what));
    for (const auto& known : out.lines_)
      if (known.key_server == parsed->key_server && known.name == parsed->name &&
          known.identity == parsed->identity)
        return fail(fmt::format("{}:{}: line {} has a secret for the same key server", file, number,
                                known.line));
    out.lines_.push_back(std::move(*parsed));
  }
  return out;
}

const SecretLine* SecretsFile::find(const gdoi::Address& key_server,
                                    std::span<const gdoi::Identification> identities,
                                    std::string_view name) const noexcept {
  const SecretLine *by_name = nullptr, *by_identity = nullptr, *any = nullptr;
  for (const auto& line : lines_) {
    if (line.key_server == key_server) return &line;
    if (!name.empty() && line.name == name) by_name = &line;
    if (line.identity &&
        std::find(identities.begin(), identities.end(), *line.identity) != identities.end())
      by_identity = &line;
    if (line.is_for_any()) any = &line;
  }
  if (by_name != nullptr) return by_name;
  return by_identity != nullptr ? by_identity : any;
}

bool SecretsFile::has_addresses() const noexcept {
  return std::any_of(lines_.begin(), lines_.end(),
                     [](const SecretLine& line) { return line.key_server.has_value(); });
}

bool SecretsFile::same_as(const SecretsFile& other) const {
  return std::equal(lines_.begin(), lines_.end(), other.lines_.begin(), other.lines_.end(),
                    [](const SecretLine& a, const SecretLine& b) {
                      return a.key_server == b.key_server && a.name == b.name &&
                             a.identity == b.identity && a.secret.equals(b.secret.view());
                    });
}

}  // namespace agent
