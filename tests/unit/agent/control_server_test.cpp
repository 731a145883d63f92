// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/control/control_server.h"

#include <grp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <array>
#include <csignal>
#include <functional>
#include <utility>

#include "agent/base/timers.h"
#include "agent/control/control_client.h"
#include "tests/support/catch.h"
#include "tests/unit/agent/temporary.h"

namespace control_server_test {

using namespace agent;

namespace {

struct Fixture {
  support::TemporaryDirectory directory;
  std::string path = directory.path("run/c.sock");
  EventLoop loop = EventLoop::create().value();
  ControlAccess access;
  std::string last_request;
  Right last_right = Right::none;
  std::size_t answer_size = 10;
  bool answers = true;
  std::function<void()> at_work = [] {};  // what goes on while a request is answered
  std::unique_ptr<ControlServer> server = open().value();
  Instant now = boot_time();

  Result<std::unique_ptr<ControlServer>> open() {
    return ControlServer::open(loop, path, access,
                               [this](std::string_view request, const Asker& asker,
                                      bool time_is_up) -> std::optional<std::string> {
                                 last_right = asker.right;
                                 last_request = request;
                                 std::exchange(at_work, [] {})();
                                 if (!answers && !time_is_up) return std::nullopt;
                                 return std::string(answer_size, 'a');
                               });
  }

  // turn lets the loop run until it has been woken `times` times, or for a moment if nothing comes.
  void turn(int times = 1) {
    int left = times;
    REQUIRE(loop.run([&](Instant) -> std::optional<Instant> {
                  if (left-- == 0) loop.stop();
                  return boot_time() + milliseconds{20};
                })
                .has_value());
  }

  [[nodiscard]] Fd connect() const {
    Fd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    path.copy(name.sun_path, path.size());
    REQUIRE(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0);
    return fd;
  }
};

void say(const Fd& fd, std::string_view text) {
  REQUIRE(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(text.size()));
}

// heard reads what is there: the text, and whether the other end hung up.
std::pair<std::string, bool> heard(const Fd& fd) {
  std::string out;
  std::array<char, 65536> part{};
  for (;;) {
    const auto size = ::recv(fd.get(), part.data(), part.size(), 0);
    if (size <= 0) return {out, size == 0 || errno == ECONNRESET};
    out.append(part.data(), static_cast<std::size_t>(size));
  }
}

mode_t mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status.st_mode;
}

bool exists(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

}  // namespace

TEST_CASE("a request line is answered by a line") {
  Fixture f;
  const auto client = f.connect();
  say(client, "hello\n");
  f.turn(3);
  CHECK(f.last_request == "hello");
  CHECK(heard(client) == std::pair{std::string(10, 'a') + "\n", true});
}

TEST_CASE("while a request takes long to answer others are answered") {
  Fixture f;
  auto slow = f.connect();
  const auto quick = f.connect();
  f.turn(3);
  say(slow, "slow\n");
  std::string meanwhile;
  f.at_work = [&] {
    say(slow, "more\n");
    say(quick, "quick\n");
    f.loop.attend();
    meanwhile = heard(quick).first;
    // Its time is up, but who is being answered stays.
    f.server->wake(boot_time() + ControlServer::client_timeout);
  };
  f.turn(3);
  CHECK(meanwhile == std::string(10, 'a') + "\n");
  CHECK(heard(slow).first == std::string(10, 'a') + "\n");
  CHECK_FALSE(f.server->deadline().has_value());
}

TEST_CASE("a request may come in pieces, and what follows it is ignored") {
  Fixture f;
  const auto client = f.connect();
  say(client, "he");
  f.turn(3);
  CHECK(heard(client) == std::pair{std::string{}, false});
  say(client, "llo\nmore\n");
  f.turn(2);
  CHECK(f.last_request == "hello");
}

TEST_CASE("the socket is its owner's alone, and gone with the server") {
  Fixture f;
  CHECK(S_ISSOCK(mode_of(f.path)));
  CHECK((mode_of(f.path) & 0777U) == 0600);
  CHECK((mode_of(f.path + ".lock") & 0777U) == 0600);
  f.server.reset();
  CHECK_FALSE(exists(f.path));
  CHECK_FALSE(exists(f.path + ".lock"));
}

TEST_CASE("a request that never ends is cut off") {
  Fixture f;
  const auto client = f.connect();
  f.turn(2);
  for (int i = 0; i < 5; ++i) {
    const std::string part(1024, 'x');
    (void)::send(client.get(), part.data(), part.size(), MSG_NOSIGNAL);
    f.turn(2);
  }
  CHECK(heard(client).second);
  CHECK(f.last_request.empty());
  CHECK_FALSE(f.server->deadline().has_value());
}

TEST_CASE("a client that says nothing is sent away when its time is up") {
  Fixture f;
  const auto client = f.connect();
  f.turn(2);
  REQUIRE(f.server->deadline().has_value());
  const auto due = *f.server->deadline();
  f.server->wake(due - milliseconds{1});
  CHECK_FALSE(heard(client).second);
  f.server->wake(due);
  CHECK(heard(client).second);
  CHECK_FALSE(f.server->deadline().has_value());
}

TEST_CASE("a client that does not read holds up nobody, and is sent away") {
  Fixture f;
  f.answer_size = 4 << 20;
  const auto slow = f.connect();
  say(slow, "a\n");
  f.turn(3);
  f.answer_size = 1;
  const auto quick = f.connect();
  say(quick, "b\n");
  f.turn(3);
  CHECK(heard(quick) == std::pair{std::string{"a\n"}, true});
  f.server->wake(*f.server->deadline());
  CHECK_FALSE(f.server->deadline().has_value());
}

TEST_CASE("who waits for an answer has it when there is one, or when the time is up") {
  Fixture f;
  f.answers = false;
  const auto first = f.connect(), second = f.connect();
  say(first, "news?\n");
  say(second, "news?\n");
  f.turn(5);
  CHECK(f.server->waiting() == 2);
  f.server->ask_again();
  CHECK(heard(first) == std::pair{std::string{}, false});
  f.answers = true;
  f.server->ask_again();
  CHECK(heard(first) == std::pair{std::string(10, 'a') + "\n", true});
  CHECK(heard(second).second);
  CHECK(f.server->waiting() == 0);

  f.answers = false;
  const auto third = f.connect();
  say(third, "news?\n");
  f.turn(3);
  f.server->wake(*f.server->deadline());
  CHECK(heard(third) == std::pair{std::string(10, 'a') + "\n", true});
  CHECK_FALSE(f.server->deadline().has_value());
}

TEST_CASE("who waits and hangs up leaves nothing behind") {
  Fixture f;
  f.answers = false;
  {
    const auto client = f.connect();
    say(client, "news?\n");
    f.turn(3);
    CHECK(f.server->waiting() == 1);
  }
  f.turn(2);
  CHECK(f.server->waiting() == 0);
}

TEST_CASE("a long answer arrives whole") {
  Fixture f;
  f.answer_size = 4 << 20;
  const auto client = f.connect();
  say(client, "a\n");
  std::string got;
  for (int i = 0; i < 1000 && got.size() < f.answer_size + 1; ++i) {
    f.turn(1);
    got += heard(client).first;
  }
  CHECK(got.size() == f.answer_size + 1);
  CHECK(got.back() == '\n');
}

TEST_CASE("a crowd is served few at a time, and all of it in the end") {
  Fixture f;
  std::vector<Fd> crowd;
  for (std::size_t i = 0; i < ControlServer::max_clients; ++i) crowd.push_back(f.connect());
  f.turn(30);
  const auto late = f.connect();
  say(late, "late\n");
  f.turn(5);
  CHECK(f.last_request.empty());  // it waits in the kernel's queue
  f.server->wake(boot_time() + ControlServer::client_timeout);
  f.turn(5);
  CHECK(f.last_request == "late");
}

TEST_CASE("without a free descriptor clients wait, and the loop rests") {
  Fixture f;
  const auto client = f.connect();
  say(client, "hello\n");
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit none{0, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  int wakes = 0;
  const auto run_for = [&](milliseconds span) {
    const auto end = boot_time() + span;
    (void)f.loop.run([&](Instant now) -> std::optional<Instant> {
      wakes += 1;
      f.server->wake(now);
      if (now >= end) f.loop.stop();
      return earliest({end, f.server->deadline()});
    });
  };
  run_for(milliseconds{300});
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(wakes < 10);
  CHECK(f.last_request.empty());
  CHECK(f.server->deadline());
  run_for(ControlServer::accept_pause);
  CHECK(f.last_request == "hello");
  CHECK(heard(client) == std::pair{std::string(10, 'a') + "\n", true});
  CHECK_FALSE(f.server->deadline());
}

TEST_CASE("a client that hangs up leaves nothing behind") {
  Fixture f;
  { const auto client = f.connect(); }
  f.turn(3);
  CHECK_FALSE(f.server->deadline().has_value());
  CHECK(f.last_request.empty());
}

TEST_CASE("a second instance is refused and told who holds the lock") {
  Fixture f;
  const auto second = f.open();
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().what == "another getvpn-gm is running: process " +
                                   std::to_string(::getpid()) + " holds " + f.path + ".lock");
  CHECK(exists(f.path));
}

TEST_CASE("what a killed predecessor left is replaced") {
  support::TemporaryDirectory directory;
  const auto path = directory.path("c.sock");
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    auto loop = EventLoop::create().value();
    const auto server = ControlServer::open(loop, path, {}, [](auto, auto, auto) { return ""; });
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(exists(path));
  auto loop = EventLoop::create().value();
  CHECK(ControlServer::open(loop, path, {}, [](auto, auto, auto) { return ""; }).has_value());
}

TEST_CASE("a file that is no socket is not removed") {
  support::TemporaryDirectory directory;
  const auto path = directory.write("c.sock", "precious");
  auto loop = EventLoop::create().value();
  const auto server = ControlServer::open(loop, path, {}, [](auto, auto, auto) { return ""; });
  REQUIRE_FALSE(server.has_value());
  CHECK(server.error().what == path + ": exists and is not a socket");
  CHECK(exists(path));
}

TEST_CASE("a directory that cannot be made is named") {
  auto loop = EventLoop::create().value();
  const auto server =
      ControlServer::open(loop, "/proc/no/c.sock", {}, [](auto, auto, auto) { return ""; });
  REQUIRE_FALSE(server.has_value());
  CHECK_THAT(server.error().what, Catch::StartsWith("make directory /proc/no: "));
}

TEST_CASE("the client gets the answer of a daemon") {
  Fixture f;
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const auto answer = ask_daemon(f.path, "hello");
    ::_exit(answer && *answer == std::string(10, 'a') ? 0 : 1);
  }
  for (int i = 0; i < 500 && f.last_request.empty(); ++i) f.turn(1);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("root may act, and with groups the socket is open for them to ask") {
  Fixture f;
  const auto mode = [&] {
    struct stat status {};
    REQUIRE(::stat(f.path.c_str(), &status) == 0);
    return status.st_mode & 0777U;
  };
  CHECK(mode() == 0600);
  const auto client = f.connect();
  f.turn();
  say(client, "x\n");
  f.turn();
  CHECK(f.last_right == Right::act);
  f.server.reset();
  f.access.operators = 4711;
  f.server = f.open().value();
  CHECK(mode() == 0666);
}

// right_of_somebody plays, as root, a client of that user and those groups.
Right right_of_somebody(uid_t user, gid_t primary, const std::vector<gid_t>& others,
                        const ControlAccess& access) {
  const Fd listening{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_un name{};  // an abstract one, which everybody may reach
  name.sun_family = AF_UNIX;
  socklen_t size = sizeof name;
  REQUIRE(::bind(listening.get(), reinterpret_cast<const sockaddr*>(&name),
                 sizeof name.sun_family) == 0);
  REQUIRE(::listen(listening.get(), 1) == 0);
  REQUIRE(::getsockname(listening.get(), reinterpret_cast<sockaddr*>(&name), &size) == 0);
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const Fd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const bool connected = ::setgroups(others.size(), others.data()) == 0 &&
                           ::setgid(primary) == 0 && ::setuid(user) == 0 &&
                           ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&name), size) == 0;
    ::_exit(connected ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
  const Fd client{::accept(listening.get(), nullptr, nullptr)};
  return right_of(client.get(), access);
}

TEST_CASE("members of a group have its right, and strangers none") {
  if (::geteuid() != 0) return;  // nobody else can play others
  const auto right = right_of_somebody;
  const ControlAccess both{100, 200};
  CHECK(right(1000, 1, {}, both) == Right::none);
  CHECK(right(1000, 100, {}, both) == Right::look);
  CHECK(right(1000, 1, {3, 100}, both) == Right::look);
  CHECK(right(1000, 200, {}, both) == Right::act);
  CHECK(right(1000, 100, {200}, both) == Right::act);
  CHECK(right(1000, 200, {}, {100, std::nullopt}) == Right::none);
  CHECK(right(1000, 100, {200}, {}) == Right::none);
}

}  // namespace control_server_test
