// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/secrets_file.h"

#include "tests/support/catch.h"
#include "tests/support/hex.h"
#include "tests/unit/agent/policies.h"
#include "tests/unit/agent/temporary.h"

namespace secrets_file_test {

using namespace agent;
using support::ip;

namespace {

std::string failure(const std::string& text) {
  const auto credentials = SecretsFile::parse(text, "S");
  return credentials ? "" : credentials.error().what;
}

std::string load_failure(const std::string& file) {
  const auto credentials = SecretsFile::load(file);
  return credentials ? "" : credentials.error().what;
}

std::string secret_of(const std::string& line) {
  const auto credentials = SecretsFile::parse(line, "S");
  REQUIRE(credentials.has_value());
  const auto* found = credentials->find(ip("10.0.0.5"));
  REQUIRE(found != nullptr);
  return support::hex(found->secret.view());
}

std::string hex_of(std::string_view text) { return support::hex(support::text_octets(text)); }

}  // namespace

TEST_CASE("a secret is a bare word, quoted, or hexadecimal") {
  CHECK(secret_of("any SUPERSECRET") == hex_of("SUPERSECRET"));
  CHECK(secret_of("any\tSUPERSECRET  # a comment\r\n") == hex_of("SUPERSECRET"));
  CHECK(secret_of("any a#b") == hex_of("a#b"));
  CHECK(secret_of(R"(any "with blanks, \\ and \"")") == hex_of(R"(with blanks, \ and ")"));
  CHECK(secret_of("any \"a # b\" # comment") == hex_of("a # b"));
  CHECK(secret_of("any 0x00FFa1") == "00ffa1");
  CHECK(secret_of("any \"0x00\"") == hex_of("0x00"));
}

TEST_CASE("a key server's own secret counts more than the one for any") {
  const auto credentials =
      SecretsFile::parse("any one\n\n# comment\n10.0.0.5 two\n10.0.0.6 three\n", "S");
  REQUIRE(credentials.has_value());
  CHECK(support::hex(credentials->find(ip("10.0.0.5"))->secret.view()) == hex_of("two"));
  CHECK(credentials->find(ip("10.0.0.5"))->line == 4);
  CHECK(support::hex(credentials->find(ip("10.0.0.7"))->secret.view()) == hex_of("one"));
}

TEST_CASE("a line for a name is for all its addresses but those that have their own") {
  const auto credentials =
      SecretsFile::parse("any one\nks1.Example.net two\n10.0.0.6 three\nks2. four\n", "S");
  REQUIRE(credentials.has_value());
  const auto line = [&](const char* address, std::string_view name) {
    return credentials->find(ip(address), {}, name)->line;
  };
  CHECK(line("10.0.0.5", "ks1.example.net") == 2);
  CHECK(line("10.0.0.6", "ks1.example.net") == 3);
  CHECK(line("10.0.0.5", "ks2") == 4);
  CHECK(line("10.0.0.5", "ks3.example.net") == 1);
  CHECK(line("10.0.0.5", "") == 1);
  CHECK(failure("ks1.example.net a\nKS1.example.net b\n") ==
        "S:2: line 1 has a secret for the same key server");
}

TEST_CASE("without a line for it a key server has no secret") {
  const auto credentials = SecretsFile::parse("10.0.0.6 three\n", "S");
  REQUIRE(credentials.has_value());
  CHECK(credentials->find(ip("10.0.0.5")) == nullptr);
}

TEST_CASE("a bad line is named by its number, and its text is not repeated") {
  struct Row {
    std::string line, complaint;
  };
  const std::vector<Row> rows{
      {"SUPERSECRET", "expected an IPv4 or IPv6 address or 'any', then a secret"},
      {"SUPER SECRET", "expected an IPv4 or IPv6 address or 'any', then a secret"},
      {"10.0.0.300 SECRET", "expected an IPv4 or IPv6 address or 'any', then a secret"},
      {"any", "the secret is missing"},
      {"any  # SECRET", "the secret is missing"},
      {"any \"\"", "the secret is empty"},
      {"any 0x", "the secret is empty"},
      {"any 0x5EC", "0x must be followed by pairs of hexadecimal digits"},
      {"any 0x5ECRET", "0x must be followed by pairs of hexadecimal digits"},
      {"any \"SECRET", "the closing quote is missing"},
      {R"(any "SECRET\)", "after a backslash only \" or another one may stand"},
      {R"(any "SEC\RET")", "after a backslash only \" or another one may stand"},
      {"any SEC\"RET\"", "a quote inside a bare word; quote the whole secret"},
      {"any SECRET SECRET", "text after the secret; a secret with blanks needs quotes"},
      {"any \"SECRET\"SECRET", "text after the secret; a secret with blanks needs quotes"},
      {"any " + std::string(257, 'S'), "the secret is longer than 256 octets"},
      {"10.0.0.6 OTHERSECRET", "line 1 has a secret for the same key server"},
  };
  for (const auto& [line, complaint] : rows) {
    const auto said = failure("10.0.0.6 SECRET\n\n" + line + "\n");
    CHECK(said == "S:3: " + complaint);
    CHECK_THAT(said, !Catch::Contains("SECRET"));
  }
  CHECK(failure("any one\nany two\n") == "S:2: line 1 has a secret for the same key server");
  CHECK(failure("any " + std::string(256, 'S')).empty());
}

TEST_CASE("a secrets file that others can read is refused") {
  const support::TemporaryDirectory directory;
  for (const mode_t mode : {0640U, 0604U, 0620U, 0602U, 0610U, 0601U, 0666U}) {
    const auto file = directory.write("s", "any x\n", mode);
    CHECK_THAT(load_failure(file), Catch::StartsWith(file + ": mode is 0") &&
                                       Catch::EndsWith("must be 0600 or 0400: chmod 600 " + file));
  }
  for (const mode_t mode : {0600U, 0400U})
    CHECK(load_failure(directory.write("s", "any x\n", mode)).empty());
}

TEST_CASE("a secrets file of another user is refused") {
  if (::geteuid() != 0) {
    WARN("SKIPPED: only root can make a file of another user");
    return;
  }
  const support::TemporaryDirectory directory;
  const auto file = directory.write("s", "any x\n");
  REQUIRE(::chown(file.c_str(), 4711, 0) == 0);
  CHECK(load_failure(file) == file + ": must be owned by root, is owned by user 4711");
}

TEST_CASE("only a regular file can hold secrets") {
  const support::TemporaryDirectory directory;
  const auto fifo = directory.path("fifo");
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(load_failure(fifo) == fifo + ": is not a regular file");
  CHECK(load_failure(directory.path("")) == directory.path("") + ": is not a regular file");
  CHECK(load_failure(directory.path("none")) ==
        "secrets file " + directory.path("none") + ": No such file or directory");
  const auto large = directory.write("large", std::string(65536, '\n'));
  CHECK(load_failure(large) == large + ": larger than 64 KiB");
}

TEST_CASE("a symbolic link is followed to the file that is checked") {
  const support::TemporaryDirectory directory;
  const auto link = directory.path("link");
  const auto good = directory.write("good", "any x\n"),
             bad = directory.write("bad", "any x\n", 0644);
  REQUIRE(::symlink(good.c_str(), link.c_str()) == 0);
  CHECK(load_failure(link).empty());
  REQUIRE(::unlink(link.c_str()) == 0);
  REQUIRE(::symlink(bad.c_str(), link.c_str()) == 0);
  CHECK_THAT(load_failure(link), Catch::Contains("mode is 0644"));
}

}  // namespace secrets_file_test
