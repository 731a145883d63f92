// SPDX-License-Identifier: GPL-2.0-or-later
// The daemon as a process, in a network namespace where no route leads to a key server: how it
// waits, what it keeps of its privileges, what it tells systemd, how it ends.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <array>
#include <csignal>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "agent/base/fd.h"
#include "agent/control/control_client.h"
#include "tests/support/catch.h"
#include "tests/unit/agent/temporary.h"

namespace daemon_test {

using agent::Fd;
using support::TemporaryDirectory;

namespace {

constexpr int patience = 20000;  // ms until a test that waits in vain fails

// ServiceManager is the end of NOTIFY_SOCKET that systemd has.
class ServiceManager {
 public:
  explicit ServiceManager(std::string path)
      : path_{std::move(path)}, fd_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)} {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    path_.copy(name.sun_path, path_.size());
    REQUIRE(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0);
  }

  // wait_for reads messages until one begins with `text`.
  void wait_for(const std::string& text) const {
    for (;;) {
      pollfd arrival{fd_.get(), POLLIN, 0};
      INFO("waiting for " << text);
      REQUIRE(::poll(&arrival, 1, patience) == 1);
      std::array<char, 1024> message{};
      const auto size = ::recv(fd_.get(), message.data(), message.size(), 0);
      REQUIRE(size >= 0);
      if (std::string_view{message.data(), static_cast<std::size_t>(size)}.rfind(text, 0) == 0)
        return;
    }
  }

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
  Fd fd_;
};

// Member is a running getvpn-gm that has said READY=1.
class Member {
 public:
  explicit Member(std::vector<std::string> environment = {}, bool journal = false,
                  const std::string& groups = "ks = 10.0.0.5\ngroup = 100\n") {
    configure(groups);
    const std::vector<std::string> arguments{GETVPN_GM, "--config", config_, "--log-level",
                                             "debug"};
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) become(arguments, std::move(environment), journal);
    systemd.wait_for("READY=1");
  }
  ~Member() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  void configure(const std::string& groups) const {
    (void)directory_.write("conf", "secrets = " + secrets_ + "\ncontrol-socket = " +
                                       directory_.path("run/c.sock") + "\n" + groups);
  }
  [[nodiscard]] nlohmann::json show(const std::string& request = R"({"command":"show"})") const {
    const auto answer = ask(request);
    REQUIRE(answer.has_value());
    return nlohmann::json::parse(*answer);
  }

  void signal(int number) const { REQUIRE(::kill(pid_, number) == 0); }
  [[nodiscard]] int wait() {
    int status = 0;
    REQUIRE(::waitpid(pid_, &status, 0) == pid_);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  [[nodiscard]] agent::Result<std::string> ask(const std::string& request) const {
    return agent::ask_daemon(socket(), request);
  }
  [[nodiscard]] std::string socket() const { return directory_.path("run/c.sock"); }
  [[nodiscard]] std::string log() const { return read(log_); }
  [[nodiscard]] std::string process(const std::string& file) const {
    return read("/proc/" + std::to_string(pid_) + "/" + file);
  }

 private:
  [[nodiscard]] static std::string read(const std::string& file) {
    std::ostringstream out;
    out << std::ifstream{file}.rdbuf();
    return out.str();
  }

  [[noreturn]] void become(const std::vector<std::string>& arguments,
                           std::vector<std::string> environment, bool journal) const {
    const Fd log{::open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
    ::dup2(log.get(), STDERR_FILENO);
    struct stat stream {};
    ::fstat(STDERR_FILENO, &stream);
    if (journal)
      environment.push_back("JOURNAL_STREAM=" + std::to_string(stream.st_dev) + ":" +
                            std::to_string(stream.st_ino));
    environment.push_back("NOTIFY_SOCKET=" + systemd.path());
    const auto pointers = [](const std::vector<std::string>& texts) {
      std::vector<char*> out;
      for (const auto& text : texts) out.push_back(const_cast<char*>(text.c_str()));
      out.push_back(nullptr);
      return out;
    };
    ::execve(GETVPN_GM, pointers(arguments).data(), pointers(environment).data());
    ::_exit(127);
  }

  TemporaryDirectory directory_;
  std::string secrets_ = directory_.write("secrets", "any SUPERSECRET\n");
  std::string config_ = directory_.path("conf");
  std::string log_ = directory_.path("log");
  pid_t pid_ = -1;

 public:
  ServiceManager systemd{directory_.path("notify")};
};

}  // namespace

TEST_CASE("without a route the member waits, says so once, and can be asked") {
  Member member;
  member.systemd.wait_for("STATUS=waiting for a route to a key server");
  const auto answer = member.ask(R"({"command":"show"})");
  REQUIRE(answer.has_value());
  const auto document = nlohmann::json::parse(*answer);
  CHECK(document["state"] == "waiting for a route");
  CHECK(document["local"].is_null());
  CHECK(document["teks"].empty());
  CHECK_THAT(member.log(), Catch::Contains("waiting for a route to a key server: "));
}

TEST_CASE("a running member keeps CAP_NET_ADMIN and nothing else") {
  const Member member;
  const auto status = member.process("status");
  CHECK_THAT(status, Catch::Contains("CapEff:\t0000000000001000\n"));
  CHECK_THAT(status, Catch::Contains("CapPrm:\t0000000000001000\n"));
  CHECK_THAT(status, Catch::Contains("CapInh:\t0000000000000000\n"));
  CHECK_THAT(status, Catch::Contains("CapBnd:\t0000000000000000\n"));
  CHECK_THAT(status, Catch::Contains("CapAmb:\t0000000000000000\n"));
  CHECK_THAT(status, Catch::Contains("NoNewPrivs:\t1\n"));
  CHECK_THAT(member.process("limits"),
             Catch::Contains("Max core file size        0                    0"));
}

TEST_CASE("SIGTERM and SIGINT end the member with 0 and remove its socket") {
  for (const int number : {SIGTERM, SIGINT}) {
    Member member;
    struct stat status {};
    REQUIRE(::stat(member.socket().c_str(), &status) == 0);
    member.signal(number);
    member.systemd.wait_for("STOPPING=1");
    CHECK(member.wait() == 0);
    CHECK(::stat(member.socket().c_str(), &status) != 0);
  }
}

TEST_CASE("SIGHUP does not end the member") {
  Member member;
  member.signal(SIGHUP);
  CHECK(member.ask(R"({"command":"show"})").has_value());
  member.signal(SIGTERM);
  CHECK(member.wait() == 0);
  CHECK_THAT(member.log(), Catch::Contains("SIGHUP: configuration read; registering again"));
}

TEST_CASE("the watchdog of systemd is petted as long as it asks for it") {
  Member member{{"WATCHDOG_USEC=200000"}};
  for (int i = 0; i < 3; ++i) member.systemd.wait_for("WATCHDOG=1");
}

TEST_CASE("lines for the journal begin with their priority, others do not") {
  for (const bool journal : {true, false}) {
    Member member{{}, journal};
    member.signal(SIGTERM);
    CHECK(member.wait() == 0);
    CHECK_THAT(member.log(), Catch::StartsWith(journal ? "<5>getvpn-gm " : "getvpn-gm "));
  }
}

TEST_CASE("requests that make no sense are answered by an error") {
  const Member member;
  const auto error_of = [&](const std::string& request) {
    const auto answer = member.ask(request);
    REQUIRE(answer.has_value());
    return nlohmann::json::parse(*answer)["error"].get<std::string>();
  };
  for (const auto* request : {"", "{", "[]", "7", "\xff\xfe", "null"})
    CHECK(error_of(request) == "a request is one JSON object");
  for (const auto* request : {"{}", R"({"command":7})"})
    CHECK(error_of(request) == "a request has a command");
  CHECK(error_of(R"({"command":"frobnicate"})") ==
        "the commands are show, reregister, clear, accept-rekey-key, trace-start, trace-stop, "
        "explain, verify, events, plan, reload, log-level, export-keys");
  const std::string deep(3000, '[');
  CHECK(error_of(deep) == "a request is one JSON object");
}

TEST_CASE("several groups are shown as a list, and one by its name") {
  const Member member{{}, false, "ks = 10.0.0.5\n[ONE]\ngroup = 1\n[TWO]\ngroup = 2\n"};
  const auto list = member.show();
  CHECK(list["schema"] == 2);
  REQUIRE(list["groups"].size() == 2);
  CHECK(list["groups"][0]["group"] == nlohmann::json{{"name", "ONE"}, {"identity", "1"}});
  CHECK(list["groups"][1]["schema"] == 1);
  const auto two = member.show(R"({"command":"show","group":"TWO"})");
  CHECK(two["schema"] == 1);
  CHECK(two["group"]["name"] == "TWO");
  for (const auto* command : {"show", "reregister", "clear"})
    CHECK(member.show(std::string{R"({"command":")"} + command +
                      R"(","group":"three"})")["error"] == "there is no group 'three'");
  CHECK(member.show(R"({"command":"reregister"})")["error"] ==
        "ONE: waiting for a route to a key server; TWO: waiting for a route to a key server");
}

TEST_CASE("lines of one group of several begin with its name") {
  Member member{{}, false, "ks = 10.0.0.5\n[ONE]\ngroup = 1\n[TWO]\ngroup = 2\n"};
  member.systemd.wait_for("STATUS=ONE: waiting for a route to a key server; TWO: waiting");
  CHECK_THAT(member.log(), Catch::Contains(" for group ONE, TWO\n"));
  CHECK_THAT(member.log(), Catch::Contains("\n[ONE] waiting for a route to a key server: "));
  CHECK_THAT(member.log(), Catch::Contains("\n[TWO] waiting for a route to a key server: "));
}

TEST_CASE("the metrics are of all groups, and of those that a reload brings") {
  const TemporaryDirectory directory;
  const auto path = directory.path("metrics");
  const auto scraped = [&] {
    const Fd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    path.copy(name.sun_path, path.size());
    REQUIRE(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0);
    const std::string request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
    REQUIRE(::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(request.size()));
    std::string out;
    std::array<char, 4096> part{};
    for (ssize_t size = 0; (size = ::recv(fd.get(), part.data(), part.size(), 0)) > 0;)
      out.append(part.data(), static_cast<std::size_t>(size));
    return out;
  };
  const auto has_down = [](const std::string& text, const std::string& group) {
    const auto has = [&](const std::string& name, const std::string& value) {
      return text.find("\ngetvpn_group_" + name + "{group=\"" + group + "\"} " + value + "\n") !=
             std::string::npos;
    };
    return has("configured", "1") && has("registered", "0");
  };
  const auto file = [&](const std::string& groups) {
    return "metrics = unix:" + path + "\nks = 10.0.0.5\n" + groups;
  };
  Member member{{}, false, file("[ONE]\ngroup = 1\n[TWO]\ngroup = 2\n")};
  const auto first = scraped();
  CHECK_THAT(first, Catch::StartsWith("HTTP/1.1 200 OK\r\n"));
  CHECK(has_down(first, "ONE"));
  CHECK(has_down(first, "TWO"));
  member.configure(file("[NEW]\ngroup = 3\n[TWO]\ngroup = 2\n"));
  member.signal(SIGHUP);
  member.systemd.wait_for("STATUS=NEW: ");
  ::usleep(1'100'000);  // a text is handed out again for a second
  const auto then = scraped();
  CHECK(has_down(then, "NEW"));
  CHECK(has_down(then, "TWO"));
  CHECK_THAT(then, !Catch::Contains("ONE"));
  member.signal(SIGTERM);
  CHECK(member.wait() == 0);
  CHECK(::access(path.c_str(), F_OK) != 0);
}

TEST_CASE("SIGHUP takes groups in and out, in the order of the file") {
  Member member{{}, false, "ks = 10.0.0.5\n[ONE]\ngroup = 1\n[TWO]\ngroup = 2\n"};
  const auto names = [&] {
    std::string out;
    const auto shown = member.show();
    for (const auto& group : shown.at("groups"))
      out += group["group"]["name"].get<std::string>() + " ";
    return out;
  };
  CHECK(names() == "ONE TWO ");
  member.configure("ks = 10.0.0.5\n[NEW]\ngroup = 3\n[TWO]\ngroup = 2\n");
  member.signal(SIGHUP);
  member.systemd.wait_for("STATUS=NEW: ");
  CHECK(names() == "NEW TWO ");
  CHECK_THAT(member.log(), Catch::Contains("group ONE is no longer configured"));
  CHECK_THAT(member.log(), Catch::Contains("group NEW is new"));
  member.configure("ks = 10.0.0.5\n[NEW]\ngroup = x\n");
  member.signal(SIGHUP);
  CHECK(names() == "NEW TWO ");
  CHECK_THAT(member.log(), Catch::Contains("the configuration in force stays: "));
  member.configure("ks = 10.0.0.5\ngroup = 100\n");
  member.signal(SIGHUP);
  member.systemd.wait_for("STATUS=waiting");
  CHECK(member.show()["group"]["name"] == "100");
  member.signal(SIGTERM);
  CHECK(member.wait() == 0);
}

TEST_CASE("reload reads the configuration again and says how that went") {
  Member member{{}, false, "ks = 10.0.0.5\n[ONE]\ngroup = 1\n"};
  member.configure("ks = 10.0.0.5\n[ONE]\ngroup = 1\n[TWO]\ngroup = 2\n");
  CHECK(member.show(R"({"command":"reload"})")["done"] == "reload");
  CHECK(member.show()["groups"].size() == 2);
  CHECK_THAT(member.log(), Catch::Contains("getvpnctl reload: configuration read"));
  member.configure("ks = 10.0.0.5\n[ONE]\ngroup = x\n");
  CHECK_THAT(member.show(R"({"command":"reload"})")["error"].get<std::string>(),
             Catch::Contains("'x' is not a number"));
  CHECK(member.show()["groups"].size() == 2);
  CHECK_THAT(member.log(), Catch::Contains("the configuration in force stays: "));
}

TEST_CASE("what a reload would do is told, and not done") {
  Member member{{}, false, "ks = 10.0.0.5\n[ONE]\ngroup = 1\n[OLD]\ngroup = 3\n"};
  const auto plan = [&] { return member.show(R"({"command":"plan","words":["reload"]})"); };
  const auto same = plan();
  CHECK(same["changes"] == false);
  CHECK(same["groups"][0]["effect"] == "none");
  member.configure(
      "ks = 10.0.0.5\nstate-file = /x\n[ONE]\ngroup = 1\npassive = yes\n[NEW]\ngroup = 2\n");
  const auto changed = plan();
  CHECK(changed["changes"] == true);
  CHECK(changed["restart"] == nlohmann::json{"state-file"});
  std::map<std::string, std::string> effects;
  for (const auto& group : changed["groups"]) effects[group["group"]] = group["effect"];
  CHECK(effects == std::map<std::string, std::string>{
                       {"OLD", "goes"}, {"ONE", "reregisters"}, {"NEW", "comes"}});
  CHECK(changed["groups"][1]["settings"][0]["line"] == "passive = no");
  CHECK(member.show()["groups"][1]["group"]["name"] == "OLD");
  CHECK(member.show(R"({"command":"plan"})")["changes"] == false);
  member.configure("ks = 10.0.0.5\n[ONE]\ngroup = x\n");
  CHECK_THAT(plan()["error"].get<std::string>(), Catch::Contains("'x' is not a number"));
  CHECK_THAT(member.log(), !Catch::Contains("configuration"));
  CHECK(member.show(R"({"command":"plan","words":["x"]})")["error"] ==
        "plan takes no word but 'reload'");
  CHECK(member.show(R"({"command":"plan","group":"ONE","words":["reload"]})")["error"] ==
        "a reload is of all groups");
}

TEST_CASE("log-level counts at once, for every group") {
  Member member{{}, false, "ks = 10.0.0.5\n[ONE]\ngroup = 1\n"};
  const auto set = [&](const std::string& level) {
    return member.show(R"({"command":"log-level","words":[")" + level + "\"]}");
  };
  CHECK(set("error")["done"] == "log-level");
  const auto before = member.log();
  CHECK(member.show(R"({"command":"reload"})")["done"] == "reload");
  CHECK(member.log() == before);
  CHECK(set("debug")["done"] == "log-level");
  CHECK(member.show(R"({"command":"reload"})")["done"] == "reload");
  CHECK(member.log() != before);
  CHECK(set("loud").contains("error"));
  CHECK(member.show(R"({"command":"log-level"})")["error"] == "log-level takes one level");
}

TEST_CASE("without a route nothing is compared and no packet is explained") {
  const Member member;
  const auto verified = member.show(R"({"command":"verify"})");
  CHECK(verified["equal"] == false);
  CHECK(verified["groups"][0]["error"] ==
        "waiting for a route to a key server: nothing of it is in the kernel");
  const auto explained =
      member.show(R"({"command":"explain","words":["10.1.0.1","10.3.0.1","udp","53"]})");
  CHECK(explained["agree"] == false);
  CHECK(explained["groups"][0]["list"].is_null());
  CHECK(member.show(R"({"command":"explain","words":["10.1.0.1"]})")["error"] ==
        "a packet has a source and a destination");
}

}  // namespace daemon_test
