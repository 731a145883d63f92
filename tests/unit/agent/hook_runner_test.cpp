// SPDX-License-Identifier: GPL-2.0-or-later
// How hooks of a directory are run. When they are is in hook_events_test.cpp, and the whole in the
// scenario `hooks`.
#include "agent/hooks/hook_runner.h"

#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "agent/base/files.h"
#include "tests/support/catch.h"
#include "tests/unit/agent/temporary.h"

namespace hook_runner_test {

using namespace agent;
using Lines = std::vector<std::string>;

namespace {

// Site is a directory of hooks that write to the file `out`, and what was said of them.
struct Site {
  support::TemporaryDirectory directory;
  HookOptions options{"/nowhere", std::nullopt, directory.path("hooks"), seconds{1}};
  Lines said;
  HookRunner runner{options, [this](const std::string& line) { said.push_back(line); }};

  Site() { REQUIRE(::mkdir(options.directory.c_str(), 0755) == 0); }
  void hook(const std::string& name, const std::string& script, mode_t mode = 0755) const {
    (void)directory.write("hooks/" + name, "#!/bin/sh\n" + script, mode);
  }
  void run(const std::string& event, const std::string& group = "ONE") {
    runner.run({event, group, {{"GETVPN_EVENT", event}, {"OUT", directory.path("out")}}});
  }
  [[nodiscard]] std::string out() const {
    return read_file(directory.path("out")).value_or(std::string{});
  }
};

}  // namespace

TEST_CASE("all hooks are told of an event, one after the other in the order of their names") {
  Site site;
  site.hook("20-second", "echo second $GETVPN_EVENT >>\"$OUT\"\n");
  site.hook("10-first", "sleep 0.2; echo first $GETVPN_EVENT >>\"$OUT\"\n");
  site.run("registered");
  site.run("lost");
  CHECK(site.out() == "first registered\nsecond registered\nfirst lost\nsecond lost\n");
  CHECK(site.said.empty());
}

TEST_CASE("a hook that fails or hangs is named and keeps no other from running") {
  Site site;
  site.hook("10-fails", "exit 3\n");
  site.hook("20-hangs", "sleep 600\n");
  site.hook("30-works", "echo works >>\"$OUT\"\n");
  site.run("rekeyed");
  CHECK(site.out() == "works\n");
  CHECK(site.said == Lines{"10-fails, rekeyed of group ONE: ended with status 3",
                           "20-hangs, rekeyed of group ONE: did not end within 1 s"});
}

TEST_CASE("a group without a name is not named") {
  Site site;
  site.hook("10-fails", "exit 1\n");
  site.run("lost", "");
  CHECK(site.said == Lines{"10-fails, lost: ended with status 1"});
}

TEST_CASE("hooks may come and go, and a refused one is told of once") {
  Site site;
  site.hook("10-open", "echo open >>\"$OUT\"\n", 0777);
  site.run("drop");
  site.run("drop");
  CHECK(site.said ==
        Lines{site.options.directory + "/10-open can be written by others: not run (chmod go-w)"});
  site.hook("20-new", "echo new >>\"$OUT\"\n");
  site.run("drop");
  CHECK(site.out() == "new\n");
  std::filesystem::remove_all(site.options.directory);
  site.run("drop");
  CHECK(site.out() == "new\n");
  CHECK(site.said.size() == 1);
}

}  // namespace hook_runner_test
