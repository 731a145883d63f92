// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/plane/found_planes.h"

#include "tests/support/catch.h"
#include "tests/unit/xfrm/expected.h"

namespace found_planes_test {

TEST_CASE("the comment of a table says by what the rest of its plane is known") {
  xfrm::InstallerConfig config;
  config.reqid = 0x47561000;
  config.owner = 1;
  config.mark = 0x08000000;
  config.anchors.in = test::ipv4(240, 0, 0, 3);
  config.anchors.out = test::ipv4(240, 0, 0, 4);
  const auto comment = xfrm::comment_of(config);
  CHECK(comment == "getvpn-gm reqid 1196822528 owner 1 mark 0x08000000 in 240.0.0.3 out 240.0.0.4");

  xfrm::InstallerConfig read;
  REQUIRE(xfrm::read_comment(comment, read));
  CHECK(read.reqid == config.reqid);
  CHECK(read.owner == config.owner);
  CHECK(read.mark == config.mark);
  CHECK(read.anchors.in == config.anchors.in);
  CHECK(read.anchors.out == config.anchors.out);
}

TEST_CASE("a comment that says less, or is another program's, tells nothing") {
  xfrm::InstallerConfig read;
  for (const auto* comment : {"", "getvpn-gm", "getvpn-gm reqid 5 owner 1",
                              "firewalld reqid 5 owner 1 mark 0x1 in 1.2.3.4",
                              "getvpn-gm reqid 5 owner 1 mark 0x1 in 1.2.3.4 out x",
                              "getvpn-gm reqid 5 owner 1 mark 0x1 in 1.2.3 out 1.2.3.4"})
    CHECK_FALSE(xfrm::read_comment(comment, read));
}

}  // namespace found_planes_test
