// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/control/metrics_server.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <array>

#include "agent/base/address.h"
#include "agent/base/files.h"
#include "tests/support/catch.h"
#include "tests/unit/agent/temporary.h"

namespace metrics_server_test {

using namespace agent;

namespace {

const std::string request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";

struct Fixture {
  support::TemporaryDirectory directory;
  EventLoop loop = EventLoop::create().value();
  ControlAccess access;
  int made = 0;
  bool ready = true;
  std::size_t size = 0;
  std::vector<std::string> lines;
  Log log{Level::debug, [this](Level, std::string_view line) { lines.emplace_back(line); }};
  std::unique_ptr<MetricsServer> server;

  Result<void> open(const MetricsTarget& target) {
    server.reset();
    auto opened = MetricsServer::open(
        loop, target, access,
        [this](Instant) -> std::optional<std::string> {
          if (!ready) return std::nullopt;
          ++made;
          return "made " + std::to_string(made) + "\n" + std::string(size, 'x');
        },
        log);
    if (!opened) return tl::unexpected<Error>{opened.error()};
    server = std::move(*opened);
    return {};
  }

  MetricsTarget unix_target() {
    return {MetricsTarget::Kind::unix_socket, directory.path("run/metrics"), {}};
  }
  MetricsTarget file_target() { return {MetricsTarget::Kind::file, directory.path("x.prom"), {}}; }

  void turn(int times = 4) {
    REQUIRE(loop.run([&](Instant) -> std::optional<Instant> {
                  if (times-- == 0) loop.stop();
                  return boot_time() + milliseconds{20};
                })
                .has_value());
  }
};

// A port that nobody has at this moment.
MetricsTarget free_loopback(const std::string& address) {
  MetricsTarget out{MetricsTarget::Kind::http, {}, {parse_address(address).value(), 0}};
  auto name = to_sockaddr(out.listen);
  const Fd fd{::socket(kernel_family(out.listen.address.family), SOCK_STREAM | SOCK_CLOEXEC, 0)};
  REQUIRE(::bind(fd.get(), name.get(), name.size) == 0);
  REQUIRE(::getsockname(fd.get(), name.get(), &name.size) == 0);
  out.listen = to_endpoint(name);
  return out;
}

Fd connect_to(const MetricsTarget& target) {
  if (target.kind == MetricsTarget::Kind::http) {
    const auto name = to_sockaddr(target.listen);
    Fd fd{::socket(kernel_family(target.listen.address.family), SOCK_STREAM | SOCK_CLOEXEC, 0)};
    REQUIRE(::connect(fd.get(), name.get(), name.size) == 0);
    return fd;
  }
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  target.path.copy(name.sun_path, target.path.size());
  Fd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  REQUIRE(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0);
  return fd;
}

void say(const Fd& fd, std::string_view text) {
  (void)::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL);
}

// heard reads what is there: the text, and whether the other end hung up.
std::pair<std::string, bool> heard(const Fd& fd) {
  std::string out;
  std::array<char, 65536> part{};
  for (;;) {
    const auto size = ::recv(fd.get(), part.data(), part.size(), MSG_DONTWAIT);
    if (size <= 0) return {out, size == 0 || errno == ECONNRESET};
    out.append(part.data(), static_cast<std::size_t>(size));
  }
}

std::string asked(Fixture& f, const MetricsTarget& target) {
  const auto client = connect_to(target);
  say(client, request);
  f.turn();
  const auto [text, gone] = heard(client);
  CHECK(gone);
  return text;
}

mode_t mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 0777U;
}

}  // namespace

TEST_CASE("metrics are had on a unix socket, which goes with the server") {
  Fixture f;
  const auto target = f.unix_target();
  REQUIRE(f.open(target).has_value());
  CHECK(mode_of(target.path) == 0600);
  CHECK_THAT(asked(f, target),
             Catch::StartsWith("HTTP/1.1 200 OK\r\n") && Catch::EndsWith("\r\n\r\nmade 1\n"));
  f.access.operators = 4711;
  REQUIRE(f.open(target).has_value());
  CHECK(mode_of(target.path) == 0666);
  f.server.reset();
  CHECK_FALSE(file_exists(target.path));
  CHECK_FALSE(file_exists(target.path + ".lock"));
}

TEST_CASE("metrics are had at a loopback address of either family") {
  Fixture f;
  for (const std::string address : {"127.0.0.1", "::1"}) {
    if (address == "::1" && !file_exists("/proc/net/if_inet6")) continue;
    const auto target = free_loopback(address);
    REQUIRE(f.open(target).has_value());
    CHECK_THAT(asked(f, target), Catch::StartsWith("HTTP/1.1 200 OK\r\n"));
    // A successor comes to listen there at once.
    REQUIRE(f.open(target).has_value());
  }
}

TEST_CASE("a port that somebody else has is named") {
  Fixture f, other;
  const auto target = free_loopback("127.0.0.1");
  REQUIRE(f.open(target).has_value());
  const auto refused = other.open(target);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().what ==
        "metrics: listen at 127.0.0.1:" + std::to_string(target.listen.port) +
            ": Address already in use");
}

TEST_CASE("two daemons do not take each other's metrics socket") {
  Fixture f;
  REQUIRE(f.open(f.unix_target()).has_value());
  Fixture other;
  const auto refused = other.open(f.unix_target());
  REQUIRE_FALSE(refused.has_value());
  CHECK_THAT(refused.error().what, Catch::StartsWith("another getvpn-gm is running: "));
}

TEST_CASE("who asks again and again has one text made a second") {
  Fixture f;
  const auto target = f.unix_target();
  REQUIRE(f.open(target).has_value());
  const auto begun = boot_time();
  for (int i = 0; i < 5; ++i) (void)asked(f, target);
  CHECK(f.made <= 1 + (boot_time() - begun) / MetricsServer::text_life);
}

TEST_CASE("from the first tick on counters are followed") {
  Fixture f;
  REQUIRE(f.open(f.unix_target()).has_value());
  CHECK(f.made == 0);
  f.server->wake(boot_time());
  CHECK(f.made == 1);
  f.server->wake(boot_time());
  CHECK(f.made == 1);
}

TEST_CASE("a client that is slow, silent or endless harms nobody") {
  Fixture f;
  const auto target = f.unix_target();
  REQUIRE(f.open(target).has_value());
  const auto silent = connect_to(target), slow = connect_to(target), endless = connect_to(target);
  say(slow, request.substr(0, 10));
  say(endless, std::string(8000, 'x'));
  f.turn(20);
  CHECK(heard(endless).second);
  CHECK_THAT(asked(f, target), Catch::StartsWith("HTTP/1.1 200 OK\r\n"));
  REQUIRE(f.server->deadline().has_value());
  f.server->wake(boot_time() + StreamServer::client_timeout);
  CHECK(heard(silent).second);
  CHECK(heard(slow).second);
  CHECK_FALSE(f.server->deadline().has_value());
}

TEST_CASE("a client that does not read is sent away") {
  Fixture f;
  f.size = 8 << 20;
  const auto target = f.unix_target();
  REQUIRE(f.open(target).has_value());
  const auto deaf = connect_to(target);
  say(deaf, request);
  f.turn();
  f.server->wake(boot_time() + StreamServer::client_timeout);
  CHECK_FALSE(f.server->deadline().has_value());
}

TEST_CASE("a crowd waits, and is served in the end") {
  Fixture f;
  const auto target = f.unix_target();
  REQUIRE(f.open(target).has_value());
  std::vector<Fd> crowd;
  for (std::size_t i = 0; i < StreamServer::max_clients; ++i) crowd.push_back(connect_to(target));
  f.turn(30);
  const auto late = connect_to(target);
  say(late, request);
  f.turn(5);
  CHECK(heard(late) == std::pair{std::string{}, false});
  f.server->wake(boot_time() + StreamServer::client_timeout);
  f.turn(8);
  CHECK_THAT(heard(late).first, Catch::StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_CASE("while groups change there are no metrics, not those of some") {
  Fixture f;
  const auto target = f.unix_target();
  REQUIRE(f.open(target).has_value());
  f.ready = false;
  CHECK_THAT(asked(f, target), Catch::StartsWith("HTTP/1.1 503 "));
}

TEST_CASE("a file of metrics is there as a whole, for all to read, and goes with the server") {
  Fixture f;
  const auto target = f.file_target();
  const auto mask = ::umask(0077);
  REQUIRE(f.open(target).has_value());
  const auto now = boot_time();
  f.server->wake(now);
  ::umask(mask);
  CHECK(read_file(target.path) == "made 1\n");
  CHECK(mode_of(target.path) == 0644);
  CHECK(f.server->deadline() == now + MetricsServer::file_pause);
  f.server->wake(now + MetricsServer::file_pause - milliseconds{1});
  CHECK(f.made == 1);
  f.server->wake(now + MetricsServer::file_pause);
  CHECK(read_file(target.path) == "made 2\n");
  CHECK_FALSE(file_exists(target.path + ".new"));

  // What is not known now stays what it was.
  f.ready = false;
  f.server->wake(now + 2 * MetricsServer::file_pause);
  CHECK(read_file(target.path) == "made 2\n");
  f.server.reset();
  CHECK_FALSE(file_exists(target.path));
}

TEST_CASE("a file of metrics takes the place of a link, and follows none") {
  Fixture f;
  const auto precious = f.directory.write("precious", "precious");
  const auto target = f.file_target();
  for (const auto& link : {target.path, target.path + ".new"})
    REQUIRE(::symlink(precious.c_str(), link.c_str()) == 0);
  REQUIRE(f.open(target).has_value());
  f.server->wake(boot_time());
  CHECK(read_file(precious) == "precious");
  CHECK(read_file(target.path) == "made 1\n");
}

TEST_CASE("a file that cannot be written is told of once, with what to do, and tried again") {
  Fixture f;
  MetricsTarget target{MetricsTarget::Kind::file, f.directory.path("later/x.prom"), {}};
  REQUIRE(f.open(target).has_value());
  auto now = boot_time();
  f.server->wake(now);
  f.server->wake(now += MetricsServer::file_pause);
  REQUIRE(f.lines.size() == 1);
  CHECK_THAT(f.lines[0],
             Catch::Contains("No such file or directory") && Catch::Contains("ReadWritePaths="));
  REQUIRE(::mkdir(f.directory.path("later").c_str(), 0700) == 0);
  f.server->wake(now += MetricsServer::file_pause);
  CHECK(f.lines.size() == 2);
  CHECK(read_file(target.path).has_value());
}

TEST_CASE("without a target nothing is made") {
  Fixture f;
  REQUIRE(f.open({}).has_value());
  f.server->wake(boot_time());
  CHECK(f.made == 0);
  CHECK_FALSE(f.server->deadline().has_value());
}

}  // namespace metrics_server_test
