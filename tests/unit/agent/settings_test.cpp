// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/settings.h"

#include <tuple>

#include "tests/support/catch.h"
#include "tests/unit/agent/temporary.h"

namespace settings_test {

using namespace agent;

namespace {

std::string failure(const std::string& text) {
  const auto settings = parse_settings(text, "F");
  return settings ? "" : settings.error().what;
}

std::string value_of(const std::string& line) {
  const auto settings = parse_settings(line, "F");
  REQUIRE(settings.has_value());
  REQUIRE(settings->common.size() == 1);
  CHECK(settings->common.front().key == "k");
  return settings->common.front().value;
}

}  // namespace

TEST_CASE("a line is key = value") {
  CHECK(value_of("k = v") == "v");
  CHECK(value_of("k=v") == "v");
  CHECK(value_of("  k\t=\tv w \r\n") == "v w");
  CHECK(value_of("k = a=b") == "a=b");
  CHECK(value_of("k =") == "");
}

TEST_CASE("a comment begins at a line's start or after a blank") {
  CHECK(parse_settings("# k = v\n   # more\n\n", "F")->common.empty());
  CHECK(value_of("k = v # w") == "v");
  CHECK(value_of("k = v#w") == "v#w");
  CHECK(value_of("k = \"v # w\"") == "v # w");
}

TEST_CASE("double quotes around a value keep its blanks") {
  CHECK(value_of("k = \"  v \"") == "  v ");
  CHECK(value_of("k = \"\"") == "");
}

TEST_CASE("what is no setting is refused with file and line") {
  CHECK(failure("k = v\nnonsense\n") == "F:2: expected 'key = value'");
  CHECK(failure("= v") == "F:1: expected 'key = value'");
  CHECK(failure("two words = v") == "F:1: expected 'key = value'");
  CHECK(failure("k = \"v") == "F:1: k: unbalanced quotes");
  CHECK(failure("k = v\"") == "F:1: k: unbalanced quotes");
  CHECK(failure("k = \"a\" \"b\"") == "F:1: k: unbalanced quotes");
}

TEST_CASE("a setting remembers where it stood") {
  const auto settings = parse_settings("\n\nk = v\n", "/etc/x.conf");
  REQUIRE(settings.has_value());
  CHECK(settings->common.front().origin == "/etc/x.conf:3");
}

TEST_CASE("a name in brackets begins a section") {
  const auto settings = parse_settings("a = 1\n[ONE]  # first\nb = 2\n\n[ t.w-o_2 ]\nc = 3\n", "F");
  REQUIRE(settings.has_value());
  REQUIRE(settings->common.size() == 1);
  REQUIRE(settings->sections.size() == 2);
  const auto& [one, two] = std::tie(settings->sections[0], settings->sections[1]);
  CHECK(one.name == "ONE");
  CHECK(one.origin == "F:2: [ONE]");
  REQUIRE(one.settings.size() == 1);
  CHECK(one.settings[0].key == "b");
  CHECK(one.settings[0].origin == "F:3: [ONE]");
  CHECK(two.name == "t.w-o_2");
  CHECK(two.settings[0].origin == "F:6: [t.w-o_2]");
}

TEST_CASE("what is no section is refused with file and line") {
  CHECK(failure("[") == "F:1: expected '[NAME]'");
  CHECK(failure("k = v\n[ONE\n") == "F:2: expected '[NAME]'");
  CHECK(failure("[ONE] k = v") == "F:1: expected '[NAME]'");
  for (const auto& name :
       {std::string{}, std::string{"a b"}, std::string{"a/b"}, std::string(33, 'x')})
    CHECK(failure("[" + name + "]") ==
          "F:1: '" + name + "' is no group's name: 1 to 32 letters, digits, '-', '_', '.'");
  CHECK(failure("[ONE]\n[TWO]\n[ONE]") == "F:3: [ONE] is there already, F:1: [ONE]");
}

TEST_CASE("files that cannot be read are named") {
  const support::TemporaryDirectory directory;
  CHECK(read_settings(directory.path("none")).error().what ==
        directory.path("none") + ": No such file or directory");
  CHECK(read_settings(directory.path("")).error().what == directory.path("") + ": Is a directory");
  const auto large = directory.write("large", std::string((1 << 20) + 1, '\n'));
  CHECK(read_settings(large).error().what == large + ": larger than 1 MiB");
}

TEST_CASE("a file is read to its end, however long it is") {
  const support::TemporaryDirectory directory;
  const std::size_t size = GENERATE(as<std::size_t>{}, 20, 4096, 4097, 20480, 20481, 1 << 20);
  const std::string last = "group = 100\n";
  const auto file =
      directory.write("conf", "#" + std::string(size - last.size() - 2, 'x') + "\n" + last);
  const auto settings = read_settings(file);
  REQUIRE(settings);
  REQUIRE(settings->common.size() == 1);
  CHECK(settings->common.front().value == "100");
}

TEST_CASE("one key is found in a file whose other lines are wrong") {
  const support::TemporaryDirectory directory;
  const auto file =
      directory.write("f", "nonsense\ncontrol-socket = /a\ncontrol-socket = /b\n= x\n");
  CHECK(find_setting(file, "control-socket") == "/b");
  CHECK(find_setting(file, "group").empty());
  CHECK(find_setting(directory.path("none"), "group").empty());
}

}  // namespace settings_test
