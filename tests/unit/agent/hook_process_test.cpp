// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/hooks/hook_process.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <functional>
#include <thread>

#include "agent/base/files.h"
#include "tests/support/catch.h"
#include "tests/unit/agent/temporary.h"

namespace hook_process_test {

using agent::hook_end_text;
using agent::run_hook;
using agent::seconds;

namespace {

constexpr seconds long_enough{30};

// Hook is a shell script, and what it wrote to the file $OUT.
class Hook {
 public:
  explicit Hook(const std::string& script)
      : program_{directory_.write("hook", "#!/bin/sh\n" + script, 0755)} {}

  [[nodiscard]] agent::HookEnd run(seconds limit = long_enough,
                                   agent::Environment environment = {}) const {
    environment.emplace_back("OUT", directory_.path("out"));
    const auto end = run_hook(program_, environment, limit);
    REQUIRE(end);
    return *end;
  }
  [[nodiscard]] std::string out() const {
    const auto text = agent::read_file(directory_.path("out"));
    return text ? *text : "";
  }
  [[nodiscard]] std::string path(const std::string& name) const { return directory_.path(name); }

 private:
  support::TemporaryDirectory directory_;
  std::string program_;
};

bool waits_for(const std::function<bool()>& done) {
  for (int i = 0; i < 500; ++i, std::this_thread::sleep_for(std::chrono::milliseconds{10}))
    if (done()) return true;
  return false;
}

}  // namespace

TEST_CASE("a hook has our environment and what it is told, and nothing to read") {
  REQUIRE(::setenv("HOOK_TEST_OURS", "ours", 1) == 0);
  REQUIRE(::setenv("GETVPN_GROUP", "not this", 1) == 0);
  const Hook hook{"cat >\"$OUT\"; echo \"$HOOK_TEST_OURS|$GETVPN_GROUP|$0\" >>\"$OUT\"\n"};
  CHECK(hook.run(long_enough, {{"GETVPN_GROUP", "a group; rm -rf /"}}).succeeded());
  CHECK(hook.out() == "ours|a group; rm -rf /|" + hook.path("hook") + "\n");
  REQUIRE(::unsetenv("GETVPN_GROUP") == 0);
}

TEST_CASE("how a hook ended is told") {
  const auto text = [](const std::string& script) {
    const auto end = Hook{script}.run();
    CHECK_FALSE(end.succeeded());
    return hook_end_text(end, long_enough);
  };
  CHECK(text("exit 3\n") == "ended with status 3");
  CHECK(text("kill -9 $$\n") == "was killed by signal 9");
  const auto absent = run_hook("/nowhere/at/all", {}, long_enough);
  REQUIRE(absent);
  CHECK(hook_end_text(*absent, long_enough) == "ended with status 127");
}

TEST_CASE("a hook that takes too long is ended, with what it began") {
  const Hook hook{"sleep 600 & echo $! >\"$OUT\"; wait\n"};
  const auto before = agent::boot_time();
  const auto end = hook.run(seconds{1});
  CHECK(end.timed_out);
  CHECK_FALSE(end.succeeded());
  CHECK(hook_end_text(end, seconds{1}) == "did not end within 1 s");
  CHECK(agent::boot_time() - before < long_enough);
  const auto sleeping = static_cast<pid_t>(std::stol(hook.out()));
  CHECK(waits_for([&] { return ::kill(sleeping, 0) != 0; }));
}

TEST_CASE("one that does not heed SIGTERM is killed") {
  const Hook hook{"trap '' TERM\nwhile :; do sleep 0.1; done\n"};
  const auto end = hook.run(seconds{1});
  CHECK(end.timed_out);
  CHECK(WTERMSIG(end.status) == SIGKILL);
}

TEST_CASE("signals that we block or ignore come to a hook as they should") {
  sigset_t term;
  ::sigemptyset(&term);
  ::sigaddset(&term, SIGTERM);
  REQUIRE(::sigprocmask(SIG_BLOCK, &term, nullptr) == 0);
  const auto end = Hook{"kill -TERM $$; sleep 60\n"}.run();
  REQUIRE(::sigprocmask(SIG_UNBLOCK, &term, nullptr) == 0);
  CHECK(hook_end_text(end, long_enough) == "was killed by signal 15");
}

}  // namespace hook_process_test
