// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/hooks/hook_directory.h"

#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/catch.h"
#include "tests/unit/agent/temporary.h"

namespace hook_directory_test {

using agent::find_hooks;
using Names = std::vector<std::string>;

TEST_CASE("programs are found in the order of their names, and nothing else") {
  const support::TemporaryDirectory directory;
  for (const auto* name : {"20-b", "10-a", "Z_last", "30-c.dpkg-old", "README", ".hidden", "40~"})
    (void)directory.write(name, "#!/bin/sh\n", 0755);
  (void)directory.write("50-no-program", "text", 0644);
  REQUIRE(::mkdir(directory.path("60-folder").c_str(), 0755) == 0);
  REQUIRE(::symlink(directory.path("10-a").c_str(), directory.path("70-link").c_str()) == 0);
  REQUIRE(::symlink("/nowhere", directory.path("80-dangling").c_str()) == 0);
  const auto found = find_hooks(directory.path("."));
  REQUIRE(found);
  Names names;
  for (const auto& path : found->programs) names.push_back(path.substr(path.rfind('/') + 1));
  CHECK(names == Names{"10-a", "20-b", "70-link", "README", "Z_last"});
  CHECK(found->refused.empty());
}

TEST_CASE("a program that others can write is refused and named") {
  const support::TemporaryDirectory directory;
  (void)directory.write("10-group", "#!/bin/sh\n", 0775);
  (void)directory.write("20-all", "#!/bin/sh\n", 0757);
  (void)directory.write("30-fine", "#!/bin/sh\n", 0755);
  const auto found = find_hooks(directory.path("."));
  REQUIRE(found);
  CHECK(found->programs == Names{directory.path(".") + "/30-fine"});
  REQUIRE(found->refused.size() == 2);
  CHECK(found->refused[0] ==
        directory.path(".") + "/10-group can be written by others: not run (chmod go-w)");
}

TEST_CASE("no directory is no hooks, and what is no directory is an error") {
  const support::TemporaryDirectory directory;
  const auto none = find_hooks(directory.path("absent"));
  REQUIRE(none);
  CHECK(none->programs.empty());
  const auto file = directory.write("file", "");
  CHECK(find_hooks(file).error().what == file + ": Not a directory");
}

}  // namespace hook_directory_test
