// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group/inbound_spis.h"

#include "tests/support/catch.h"

namespace inbound_spis_test {

using namespace agent;
using gdoi::Spi;

TEST_CASE("an SPI that another group receives on the same WAN interface is known by its name") {
  InboundSpis spis;
  const InboundSpis::Holder one{spis, "ONE", {"wan0", "wan1"}};
  InboundSpis::Holder two{spis, "TWO", {"wan1"}};
  InboundSpis::Holder three{spis, "THREE", {"wan2"}};
  CHECK_FALSE(one.competitor(Spi{7}));
  two.hold({Spi{7}, Spi{8}});
  three.hold({Spi{9}});
  CHECK(one.competitor(Spi{7}) == "TWO");
  CHECK_FALSE(one.competitor(Spi{9}));
  CHECK_FALSE(two.competitor(Spi{7}));
  CHECK_FALSE(three.competitor(Spi{7}));
  two.set_group("RENAMED");
  CHECK(one.competitor(Spi{8}) == "RENAMED");
}

TEST_CASE("SPIs are released when the next ones are held, and with the holder") {
  InboundSpis spis;
  const InboundSpis::Holder one{spis, "ONE", {"wan0"}};
  {
    InboundSpis::Holder two{spis, "TWO", {"wan0"}};
    two.hold({Spi{7}});
    two.hold({Spi{8}});
    CHECK_FALSE(one.competitor(Spi{7}));
    CHECK(one.competitor(Spi{8}) == "TWO");
  }
  CHECK_FALSE(one.competitor(Spi{8}));
}

}  // namespace inbound_spis_test
