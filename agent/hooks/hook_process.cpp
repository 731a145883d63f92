// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/hooks/hook_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <thread>

namespace agent {
namespace {

constexpr milliseconds look_pause{10};

// What the child is given is made before fork(): after it, only what is safe in a signal handler.
std::vector<std::string> settings_of(const Environment& environment) {
  std::vector<std::string> out;
  for (char** one = environ; *one != nullptr; ++one) {
    const std::string_view setting{*one};
    const auto name = setting.substr(0, setting.find('='));
    bool replaced = false;
    for (const auto& given : environment) replaced = replaced || given.first == name;
    if (!replaced) out.emplace_back(setting);
  }
  for (const auto& [name, value] : environment) out.push_back(name + "=" + value);
  return out;
}

[[noreturn]] void become(const char* program, char* const* arguments, char* const* environment) {
  ::setpgid(0, 0);
  const int nothing = ::open("/dev/null", O_RDONLY);
  if (nothing >= 0) ::dup2(nothing, STDIN_FILENO);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  static_cast<void>(std::signal(SIGPIPE, SIG_DFL));
  ::execve(program, arguments, environment);
  ::_exit(127);
}

// ended waits for the child so long; false: it is still there.
bool ended(pid_t child, milliseconds patience, int& status) {
  const auto end = boot_time() + patience;
  for (;;) {
    const auto done = ::waitpid(child, &status, WNOHANG);
    if (done == child) return true;
    if (done < 0 && errno != EINTR) return true;  // somebody else waited for it
    if (boot_time() >= end) return false;
    std::this_thread::sleep_for(look_pause);
  }
}

}  // namespace

std::string hook_end_text(const HookEnd& end, seconds limit) {
  if (end.timed_out) return fmt::format("did not end within {} s", limit.count());
  if (WIFSIGNALED(end.status)) return fmt::format("was killed by signal {}", WTERMSIG(end.status));
  return fmt::format("ended with status {}", WEXITSTATUS(end.status));
}

Result<HookEnd> run_hook(const std::string& program, const Environment& environment,
                         seconds limit) {
  auto settings = settings_of(environment);
  std::vector<char*> pointers;
  for (auto& setting : settings) pointers.push_back(setting.data());
  pointers.push_back(nullptr);
  auto name = program;
  const std::array<char*, 2> arguments{name.data(), nullptr};
  const pid_t child = ::fork();
  if (child < 0) return fail_errno("fork");
  if (child == 0) become(program.c_str(), arguments.data(), pointers.data());
  ::setpgid(child, child);  // whichever of us comes first
  HookEnd out;
  if (ended(child, limit, out.status)) return out;
  out.timed_out = true;
  ::kill(-child, SIGTERM);
  const bool gone = ended(child, kill_pause, out.status);
  ::kill(-child, SIGKILL);  // what it began may be there still
  while (!gone && !ended(child, kill_pause, out.status)) continue;
  return out;
}

}  // namespace agent
