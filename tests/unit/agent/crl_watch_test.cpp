// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/crl_watch.h"

#include <cstdio>

#include "agent/base/address.h"
#include "tests/support/catch.h"
#include "tests/support/pki.h"
#include "tests/unit/agent/temporary.h"

namespace crl_watch_test {

using namespace agent;
using support::TemporaryDirectory;
using support::pki::One;
namespace pki = support::pki;

namespace {

// A CA that stands now, a member and a key server under it, and a watch of its CRL.
struct Watched {
  explicit Watched(gdoi::WallTime from = now() - pki::day,
                   gdoi::WallTime to = now() + 30 * pki::day)
      : crl{directory.write("crl.pem", root.crl({}, from, to), 0644)} {
    config.method = Authentication::Method::certificate;
    config.certificate_file = directory.write("gm.pem", ours.pem(), 0644);
    config.private_key_file = directory.write("gm.key", ours.key_pem());
    config.ca_files = {directory.write("ca.pem", root.pem(), 0644)};
    config.crl_files = {crl};
    auto loaded = Credentials::load(config, {});
    REQUIRE(loaded);
    credentials = std::move(*loaded);
  }
  static gdoi::WallTime now() {
    static const auto start =
        std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    return start;
  }
  static pki::Profile today(pki::Profile profile) {
    profile.from = now() - pki::day;
    profile.to = now() + 30 * pki::day;
    return profile;
  }
  // list is a CRL of the CA that stands now.
  [[nodiscard]] std::string list(const std::vector<One>& revoked) const {
    return root.crl(revoked, now() - pki::day, now() + 30 * pki::day);
  }
  // replace puts a new file in the place of the CRL, as a whole.
  void replace(const std::string& text) {
    const auto next = directory.write("next.pem", text, 0644);
    REQUIRE(std::rename(next.c_str(), crl.c_str()) == 0);
  }
  bool look() {
    clock += CrlWatch::pause;
    return watch.look(credentials, config, wall, clock, log);
  }
  // verdict on the key server's certificate by the lists in use.
  [[nodiscard]] std::string verdict() const {
    auto one = gdoi::Certificate::parse(server.der());
    REQUIRE(one);
    const auto outcome = credentials.certificates()->anchors.verify(*one, {}, wall);
    return outcome ? "" : std::string{outcome.error().where};
  }
  [[nodiscard]] std::string problem() const { return watch.status(credentials, wall).problem; }

  TemporaryDirectory directory;
  One root = One::root("root", pki::ec_key(), today(pki::authority()));
  One ours = root.issue("gm", pki::ec_key(), today(pki::end_entity()));
  One server = root.issue("ks", pki::ec_key(), today(pki::end_entity()));
  std::string crl;
  Authentication config;
  Credentials credentials;
  CrlWatch watch;
  gdoi::WallTime wall = now();
  Instant clock{std::chrono::hours{1}};
  std::vector<std::string> lines;
  Log log{Level::info, [this](Level, std::string_view line) { lines.emplace_back(line); }};
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

const std::string revoked = "key server's certificate is revoked";

}  // namespace

TEST_CASE("a CRL file that was replaced is in use after two looks, and said to be once") {
  Watched one;
  CHECK_FALSE(one.look());
  CHECK(one.verdict().empty());
  one.replace(one.list({one.server}));
  CHECK_FALSE(one.look());  // it may still be written
  CHECK(one.verdict().empty());
  CHECK(one.look());
  CHECK(one.verdict() == revoked);
  CHECK_FALSE(one.look());
  REQUIRE(one.lines.size() == 1);
  CHECK(has(one.lines[0], "CRL files have changed: 1 list is in use"));
  // Our own key and certificate are what they were.
  CHECK(one.credentials.certificates()->own().der() == one.ours.der());
  CHECK(one.credentials.certificates()->key.fits(one.ours.key.get()));
}

TEST_CASE("a file that is written again and again is read when that has ended") {
  Watched one;
  for (int i = 0; i < 3; ++i) {
    one.directory.write("crl.pem", one.list(i % 2 ? std::vector<One>{} : std::vector{one.server}),
                        0644);
    CHECK_FALSE(one.look());
  }
  CHECK(one.look());
  CHECK(one.verdict() == revoked);
}

TEST_CASE("what a broken, empty or missing file had stays in use, and the log says why once") {
  for (const std::string text : {"", "nonsense", "-----BEGIN X509 CRL-----\nAAAA\n", "gone"}) {
    CAPTURE(text);
    Watched one;
    one.replace(one.list({one.server}));
    CHECK_FALSE(one.look());
    CHECK(one.look());
    one.lines.clear();
    if (text == "gone")
      REQUIRE(std::remove(one.crl.c_str()) == 0);
    else
      one.replace(text);
    for (int i = 0; i < 5; ++i) CHECK_FALSE(one.look());
    CHECK(one.verdict() == revoked);
    REQUIRE(one.lines.size() == 1);
    CHECK(has(one.lines[0], one.crl));
    CHECK(has(one.lines[0], "stay in use"));
    CHECK_FALSE(one.problem().empty());
    // And then a good one.
    one.replace(one.list({}));
    CHECK_FALSE(one.look());
    CHECK(one.look());
    CHECK(one.verdict().empty());
    CHECK(one.problem().empty());
  }
}

TEST_CASE("a file that comes back as it was is no news") {
  Watched one;
  CHECK_FALSE(one.look());
  const auto aside = one.crl + ".aside";
  REQUIRE(std::rename(one.crl.c_str(), aside.c_str()) == 0);
  CHECK_FALSE(one.look());
  CHECK_FALSE(one.problem().empty());
  REQUIRE(std::rename(aside.c_str(), one.crl.c_str()) == 0);
  one.look();
  one.look();
  CHECK(one.problem().empty());
  CHECK(one.verdict().empty());
}

TEST_CASE("of lists that end soon or have ended there is a warning a day") {
  // A tenth of ten days is the last one of them.
  Watched one{Watched::now() - 5 * pki::day, Watched::now() + 5 * pki::day};
  CHECK_FALSE(one.look());
  CHECK(one.lines.empty());
  one.wall += 4 * pki::day - std::chrono::seconds{1};
  CHECK_FALSE(one.look());
  CHECK(one.lines.empty());
  one.wall += std::chrono::seconds{1};
  for (int i = 0; i < 3; ++i) CHECK_FALSE(one.look());
  REQUIRE(one.lines.size() == 1);
  CHECK(has(one.lines[0], "the CRL of O=Lab, CN=root ends at "));
  one.clock += CrlWatch::warning_pause;
  CHECK_FALSE(one.look());
  CHECK(one.lines.size() == 2);
  one.wall += pki::day;
  for (int i = 0; i < 3; ++i) CHECK_FALSE(one.look());
  REQUIRE(one.lines.size() == 3);
  CHECK(has(one.lines[2], "the CRL of O=Lab, CN=root ended at "));
  CHECK(one.verdict() == "the CRL of the key server's CA has expired");
  const auto status = one.watch.status(one.credentials, one.wall);
  REQUIRE(status.lists.size() == 1);
  CHECK(status.lists[0].state == CrlState::ended);
  CHECK(status.lists[0].left == std::chrono::seconds{0});
  // A new one ends that.
  one.replace(one.root.crl({}, one.wall, one.wall + 10 * pki::day));
  CHECK_FALSE(one.look());
  CHECK(one.look());
  CHECK(one.verdict().empty());
  CHECK(one.lines.size() == 4);
}

TEST_CASE("a year's list is warned of a week before, one without an end never") {
  FileCrl crl{"f", "CN=ca", gdoi::WallTime{}, gdoi::WallTime{std::chrono::hours{24 * 365}}};
  CHECK(crl.ends_soon_from() == gdoi::WallTime{std::chrono::hours{24 * 358}});
  crl.to.reset();
  CHECK(state_of(crl, gdoi::WallTime::max()) == CrlState::valid);
}

TEST_CASE("--check remarks on a list that has ended") {
  const Watched one{Watched::now() - 5 * pki::day, Watched::now() - pki::day};
  const auto& remarks = one.credentials.remarks();
  CHECK(std::any_of(remarks.begin(), remarks.end(),
                    [](const auto& line) { return has(line, "the CRL of O=Lab, CN=root ended"); }));
}

}  // namespace crl_watch_test
