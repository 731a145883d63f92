// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/base/log_output.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <csignal>
#include <sstream>

#include "tests/support/catch.h"
#include "tests/unit/agent/temporary.h"

namespace log_output_test {

using namespace agent;
using namespace support;

namespace {

struct Ends {
  Fd read, write;
};

Ends pipe_ends() {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  return {Fd{ends[0]}, Fd{ends[1]}};
}

Ends socket_ends() {
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  return {Fd{ends[0]}, Fd{ends[1]}};
}

// everything reads what is there now; `output` is woken in between.
std::string everything(const Fd& from, LogOutput& output) {
  REQUIRE(::fcntl(from.get(), F_SETFL, O_NONBLOCK) == 0);
  std::string out;
  std::array<char, 65536> part{};
  for (auto size = ::read(from.get(), part.data(), part.size()); size > 0;
       size = ::read(from.get(), part.data(), part.size())) {
    out.append(part.data(), static_cast<std::size_t>(size));
    output.wake(Instant::max());
  }
  return out;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in{text};
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

void check_never_waits(const Ends& ends) {
  LogOutput output{ends.write.get(), false};
  const Log log{Level::notice, output.sink()};
  constexpr int written = 20000;
  const std::string filling(80, 'x');
  for (int i = 0; i < written; ++i) log.notice("{} {}", i, filling);
  CHECK(output.deadline().has_value());
  auto lines = lines_of(everything(ends.read, output));
  CHECK_FALSE(output.deadline().has_value());
  REQUIRE(lines.size() > LogOutput::room / 100);
  const auto last = lines.back();
  lines.pop_back();
  for (std::size_t i = 0; i < lines.size(); ++i)
    REQUIRE(lines[i] == std::to_string(i) + " " + filling);
  CHECK(last == std::to_string(written - static_cast<int>(lines.size())) +
                    " lines of this log were lost: standard error did not take them");
  log.notice("and on");
  CHECK(everything(ends.read, output) == "and on\n");
}

}  // namespace

TEST_CASE("a log that nobody reads holds nobody up, and says how much was lost") {
  SECTION("a pipe") { check_never_waits(pipe_ends()); }
  SECTION("a socket, such as the journal's") { check_never_waits(socket_ends()); }
}

TEST_CASE("whoever else has the pipe still waits for room in it") {
  const auto ends = pipe_ends();
  const LogOutput output{ends.write.get(), false};
  CHECK((::fcntl(ends.write.get(), F_GETFL) & O_NONBLOCK) == 0);
}

TEST_CASE("a reader that went away is no misfortune") {
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  for (const bool of_pipe : {true, false}) {
    auto ends = of_pipe ? pipe_ends() : socket_ends();
    LogOutput output{ends.write.get(), false};
    ends.read = Fd{};
    const Log log{Level::notice, output.sink()};
    for (int i = 0; i < 100; ++i) log.notice("{}", i);
    CHECK_FALSE(output.deadline().has_value());
  }
  static_cast<void>(std::signal(SIGPIPE, before));
}

TEST_CASE("lines go behind what a file has") {
  const TemporaryDirectory folder;
  const auto file = folder.write("log", "one\n");
  const Fd fd{::open(file.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC)};
  LogOutput output{fd.get(), true};
  Log{Level::notice, output.sink()}.error("two");
  std::ostringstream text;
  text << std::ifstream{file}.rdbuf();
  CHECK(text.str() == "one\n<3>two\n");
}

TEST_CASE("the journal's socket has a line's fields, and without one standard error has the line") {
  const TemporaryDirectory directory;
  const auto path = directory.path("journal");
  auto ends = pipe_ends();
  LogOutput output{ends.write.get(), true, path};
  const Log log{Level::notice, output.sink()};
  log.notice("nobody listens");
  CHECK(everything(ends.read, output) == "<5>nobody listens\n");

  const Fd journal{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  path.copy(name.sun_path, sizeof name.sun_path - 1);
  REQUIRE(::bind(journal.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0);
  const auto received = [&] {
    std::array<char, 4096> part{};
    const auto size = ::recv(journal.get(), part.data(), part.size(), 0);
    return std::string(part.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  };
  log.write(Level::warning, "two\nlines", {{"GETVPN_GROUP", "100"}});
  CHECK(received() ==
        "MESSAGE=two?lines\nPRIORITY=4\nSYSLOG_IDENTIFIER=getvpn-gm\nGETVPN_GROUP=100\n");
  CHECK(everything(ends.read, output).empty());

  // A journal that does not read holds up nobody, and has the lines later.
  constexpr int written = 2000;
  for (int i = 0; i < written; ++i) log.notice("line {}", i);
  CHECK(output.deadline().has_value());
  int read = 0;
  for (auto text = received(); !text.empty(); text = received()) {
    CHECK(text.find(fmt::format("MESSAGE=line {}\n", read)) == 0);
    ++read;
    output.wake(Instant::max());
  }
  CHECK(read > 10);
  CHECK_FALSE(output.deadline().has_value());
}

}  // namespace log_output_test
