// SPDX-License-Identifier: GPL-2.0-or-later
// The programs as they are started: options, files, exit codes, messages.
#include <sys/wait.h>

#include <array>
#include <cstdio>

#include "tests/support/catch.h"
#include "tests/unit/agent/temporary.h"

namespace programs_test {

using support::TemporaryDirectory;

namespace {

struct Outcome {
  int code = -1;
  std::string text;  // standard output and error together
};

// run starts a program by the shell and waits for its end.
Outcome run(const std::string& command) {
  Outcome out;
  std::FILE* pipe = ::popen(("exec 2>&1; " + command).c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::array<char, 4096> part{};
  while (const auto size = std::fread(part.data(), 1, part.size(), pipe))
    out.text.append(part.data(), size);
  const int status = ::pclose(pipe);
  out.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return out;
}

const std::string member = GETVPN_GM, control = GETVPNCTL;

// A directory with a configuration and a secret that are fine.
struct Files {
  TemporaryDirectory directory;
  std::string secrets = directory.write("secrets", "any SUPERSECRET\n");
  std::string config =
      directory.write("conf", "ks = 10.0.0.5\ngroup = 100\nsecrets = " + secrets +
                                  "\ncontrol-socket = " + directory.path("run/c.sock") + "\n");
  [[nodiscard]] std::string with(const std::string& options) const {
    return member + " --config " + config + " " + options;
  }
};

}  // namespace

TEST_CASE("both programs say their version and how to use them") {
  CHECK(run(member + " --version").text == "getvpn-gm " GETVPN_VERSION "\n");
  CHECK(run(control + " --version").text == "getvpnctl " GETVPN_VERSION "\n");
  for (const auto& program : {member, control}) {
    const auto help = run(program + " --help");
    CHECK(help.code == 0);
    CHECK_THAT(help.text, Catch::Contains("Usage: "));
  }
}

TEST_CASE("--check says what was understood and ends with 0") {
  const Files files;
  const auto out = run(files.with("--check --ks 10.0.0.6:8480,10.0.0.7 --replay-window 64"));
  CHECK(out.code == 0);
  CHECK_THAT(out.text, Catch::StartsWith("configuration and secrets are fine:\n"));
  CHECK_THAT(out.text, Catch::Contains("ks                 = 10.0.0.6:8480\n"));
  CHECK_THAT(out.text, Catch::Contains("ks                 = 10.0.0.7:848\n"));
  CHECK_THAT(out.text, !Catch::Contains("10.0.0.5"));
  CHECK_THAT(out.text, Catch::Contains("group              = 100\n"));
  CHECK_THAT(out.text, Catch::Contains("replay-window      = 64\n"));
  CHECK_THAT(out.text, !Catch::Contains("SUPERSECRET"));
}

TEST_CASE("flags and repeated options are understood") {
  const Files files;
  const auto out =
      run(files.with("--check --interface wan0 --interface wan1 --send-counter-modes"));
  CHECK(out.code == 0);
  CHECK_THAT(out.text, Catch::Contains("interface          = wan0\n  interface          = wan1\n"));
  CHECK_THAT(out.text, Catch::Contains("send-counter-modes = yes\n"));
}

TEST_CASE("a configuration that is wrong ends the program with 2 and says where") {
  const Files files;
  const auto broken = files.directory.write("broken", "ks = 10.0.0.5\n\ngroup = one\n");
  const auto out = run(member + " --config " + broken);
  CHECK(out.code == 2);
  CHECK(out.text == "getvpn-gm: " + broken + ":3: group: 'one' is not a number\n");

  CHECK(run(member + " --config " + files.directory.path("none")).text ==
        "getvpn-gm: " + files.directory.path("none") + ": No such file or directory\n");
  CHECK(run(member + " --config " + files.directory.path("none")).code == 2);
}

TEST_CASE("a command line that is wrong ends the program with 2") {
  const Files files;
  CHECK(run(files.with("--check --group x.y")).text ==
        "getvpn-gm: --group: group: 'x.y' is neither a number nor an IPv4 address\n");
  CHECK(run(files.with("--group 1 --group 2")).text ==
        "getvpn-gm: --group: 'group' is given twice\n");
  for (const auto* options :
       {"--colour blue", "--group", "stray", "--group x", "--group 1 --group 2"})
    CHECK(run(files.with(options)).code == 2);
  CHECK_THAT(run(files.with("--colour blue")).text, Catch::Contains("--colour"));
}

TEST_CASE("secrets that are missing, open to others or of no use end the program with 2") {
  const Files files;
  const auto& d = files.directory;
  const auto check = [&](const std::string& secrets) {
    const auto out = run(files.with("--check --secrets " + secrets));
    CHECK(out.code == 2);
    CHECK_THAT(out.text, !Catch::Contains("SUPERSECRET"));
    return out.text;
  };
  CHECK(check(d.path("none")) ==
        "getvpn-gm: secrets file " + d.path("none") + ": No such file or directory\n");
  CHECK(check(d.write("open", "any SUPERSECRET\n", 0644)) ==
        "getvpn-gm: " + d.path("open") + ": mode is 0644, must be 0600 or 0400: chmod 600 " +
            d.path("open") + "\n");
  CHECK(check(d.write("other", "10.0.0.9 SUPERSECRET\n")) ==
        "getvpn-gm: " + d.path("other") +
            ": no secret for key server 10.0.0.5, and none for 'any'\n");
  CHECK(check(d.write("bad", "any SUPERSECRET SUPERSECRET\n")) ==
        "getvpn-gm: " + d.path("bad") +
            ":1: text after the secret; a secret with blanks needs quotes\n");
}

TEST_CASE("without CAP_NET_ADMIN the daemon ends with 1 and names it") {
  if (run("setpriv --version").code != 0 || ::geteuid() != 0) {
    WARN("SKIPPED: needs root and setpriv");
    return;
  }
  const Files files;
  const auto without =
      run("setpriv --bounding-set -net_admin --inh-caps -net_admin " + files.with(""));
  CHECK(without.code == 1);
  CHECK(without.text ==
        "CAP_NET_ADMIN is missing: run as root, or give the service this capability\n");
}

TEST_CASE("getvpnctl without a daemon says so and ends with 1") {
  const Files files;
  const auto out = run(control + " --config " + files.config + " show");
  CHECK(out.code == 1);
  CHECK(out.text == "getvpnctl: " + files.directory.path("run/c.sock") +
                        ": getvpn-gm does not seem to run: No such file or directory\n");
  CHECK_THAT(run(control + " --socket /nowhere/s show --json").text,
             Catch::StartsWith("getvpnctl: /nowhere/s: "));
  CHECK_THAT(run(control + " show --socket /nowhere/t").text,
             Catch::StartsWith("getvpnctl: /nowhere/t: "));
  CHECK(run(control).code == 2);
  CHECK(run(control + " frobnicate").code == 2);
  CHECK(run(control + " frobnicate").text ==
        "getvpnctl: unknown command 'frobnicate'\nTry --help.\n");
  // What is run is run instead of being printed.
  for (const auto* other : {"--json", "--past", "--count 1"})
    CHECK(run(control + " monitor --exec /nowhere " + other).code == 2);
  for (const auto& [word, meant] :
       {std::pair{"shwo", "show"}, std::pair{"verfy", "verify"},
        std::pair{"re-register", "reregister"}, std::pair{"loglevel", "log-level"}}) {
    const auto said = run(control + " --socket /nowhere/s " + word);
    CHECK(said.code == 2);
    CHECK(said.text == std::string{"getvpnctl: unknown command '"} + word + "', did you mean '" +
                           meant + "'?\nTry --help.\n");
  }
}

TEST_CASE("a packet to be explained is looked at before anybody is asked") {
  const auto explain = [](const std::string& words) {
    return run(control + " --socket /nowhere/s explain " + words);
  };
  CHECK(explain("10.1.0.1 10.3.0.1 tcp").code == 2);
  CHECK(explain("10.1.0.1 10.3.0.1 tcp").text == "getvpnctl: a destination port is missing\n");
  CHECK(explain("10.1.0.1").code == 2);
  CHECK(explain("10.1.0.1 10.3.0.1 udp 1 2 3").code == 2);
  for (const auto* words :
       {"10.1.0.1 10.3.0.1", "10.1.0.1 10.3.0.1 udp 53 --json", "--group ONE ::1 ::2 icmp 135 0"}) {
    const auto out = explain(words);
    CHECK(out.code == 1);
    CHECK_THAT(out.text, Catch::Contains("getvpn-gm does not seem to run"));
  }
  CHECK(run(control + " log-level").code == 2);
  CHECK(run(control + " clear --wait --timeout 0").code == 2);
  CHECK(run(control + " --socket /nowhere/s clear --wait --timeout 5").code == 1);
}

}  // namespace programs_test
