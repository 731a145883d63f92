// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/wire/dissect.h"

#include "tests/support/catch.h"
#include "tests/support/hex.h"

namespace dissect_test {

using namespace gdoi;
using support::octets;

namespace {

std::string redacted(View value) { return "<" + std::to_string(value.size()) + " octets>"; }

std::string fault(PayloadType type, const char* body) { return fault_in(type, octets(body)); }

// Protocol 17, two IPv4 addresses with port 848, SPI, no POP.
const std::string sak =
    "11 01 0350 04 0a000005 01 0350 04 0a000006 000102030405060708090a0b0c0d0e0f 00000000 ";
// ESP, any protocol, 10.0.0.0/8 to any, AES, SPI 11223344.
const std::string sat =
    "01 00 04 0000 08 0a000000 ff000000 04 0000 08 00000000 00000000 0c 11223344 ";

}  // namespace

TEST_CASE("errors name payload, offset and octets") {
  CHECK(fault(PayloadType::sa_kek, (sak + "80020003 0004 f004 0000").c_str()) ==
        "SA KEK, attribute at offset 45: length 61444 runs past the end: 00 00");
  CHECK(fault(PayloadType::sa_kek, (sak + "80020003 00").c_str()) ==
        "SA KEK, attribute at offset 45: ends inside its type: 00");
  CHECK(fault(PayloadType::sa_kek, (sak + "8002").c_str()) ==
        "SA KEK, attribute at offset 41: value runs past the end");
  CHECK(fault(PayloadType::sa_kek, "11 01 0350 05 0a000005") ==
        "SA KEK, ID at offset 5: type and length do not agree: 01 03 50 05 0a 00 00 05");
  CHECK(fault(PayloadType::sa_tek, (sat + "8001").c_str()) ==
        "SA TEK, attribute at offset 35: value runs past the end");
  CHECK(fault(PayloadType::sa_tek, "") == "SA TEK, protocol at offset 4: is missing");
  CHECK(fault(PayloadType::sa_kek, (sak + "80020003").c_str()) == "");
  CHECK(fault(PayloadType::gap, "8001001e 0002").find("GAP, attribute at offset 8: ") == 0);
}

TEST_CASE("a fault in a KD shows no octets of it") {
  const auto text = fault(PayloadType::key_download,
                          "0001 0000 01 00 0019 04 11223344 0001 00ff aabbccddeeff001122334455");
  CHECK(text == "KD, attribute at offset 17: length 255 runs past the end");
  CHECK(fault(PayloadType::key_download, "0001 0000 01 00 0040 04 11223344") ==
        "KD, key packet at offset 8: length 64 does not fit");
}

TEST_CASE("a chain is written payload by payload, with offsets") {
  const auto text = dissect(
      octets(("0100000c aabbccddeeff0011 12 00 0049 00000002 00000000 0010 0000 0000 0039" + sat +
              "80010001 00020004 00000e10 7d010002 beef 80040001" + "00 00 0008 00000007")
                 .c_str()),
      PayloadType::hash, redacted);
  CHECK_THAT(text,
             Catch::StartsWith("  HASH (8), 12 octets\n    @4 <8 octets>\n  SA (1), 73 octets\n"
                               "    @4 DOI 2, situation 0\n    SA TEK (16), 57 octets\n"
                               "      @4 protocol ID 1\n      @5 IP protocol 0\n"));
  CHECK_THAT(text, Catch::Contains("      @30 transform 12, SPI 0x11223344\n"
                                   "      @35 attribute 1 (basic): 00 01\n"
                                   "      @39 attribute 2, 4 octets: 00 00 0e 10\n"
                                   "      @47 attribute 32001, 2 octets: be ef\n"));
  CHECK_THAT(text, Catch::EndsWith("  SEQ (18), 8 octets\n    @4 00 00 00 07\n"));
}

TEST_CASE("keys are redacted, and beside them all that is not understood") {
  const std::string kd =
      "0003 0000 01 00 0019 04 11223344 0001 0004 a0a1a2a3 0002 0004 b0b1b2b3 "
      "02 00 0025 10 000102030405060708090a0b0c0d0e0f 0001 0004 c0c1c2c3 0002 0004 30313233 "
      "c8 00 000b 00 0001 0002 d0d1";
  const std::string chain = "c8 00 0051" + kd + "00 00 0008 e0e1e2e3";
  const auto text = dissect(octets(chain.c_str()), PayloadType::key_download, redacted);
  for (const auto* secret : {"a0 a1", "b0 b1", "c0 c1", "d0 d1", "e0 e1"})
    CHECK_THAT(text, !Catch::Contains(secret));
  CHECK_THAT(text, Catch::Contains("attribute 2, 4 octets: 30 31 32 33"));  // the public key
  CHECK_THAT(text, Catch::Contains("key packet of type 200, 11 octets"));
  // Without keys beside it, what is not understood is what somebody wants to see.
  CHECK_THAT(dissect(octets("00 00 0008 e0e1e2e3"), PayloadType{200}, redacted),
             Catch::Contains("e0 e1 e2 e3"));
}

TEST_CASE("any octets can be dissected") {
  std::uint32_t seed = 1;
  for (int round = 0; round < 3000; ++round) {
    Bytes noise(static_cast<std::size_t>(round % 97));
    for (auto& octet : noise) {
      seed = seed * 1664525 + 1013904223;
      octet = static_cast<std::byte>(seed >> 24);
    }
    for (const auto type : {PayloadType::sa, PayloadType::sa_kek, PayloadType::sa_tek,
                            PayloadType::key_download, PayloadType::gap, PayloadType::hash}) {
      CHECK(dissect(noise, type, redacted).size() < 100000);
      CHECK(fault_in(type, noise).size() < 1000);
    }
  }
}

}  // namespace dissect_test
