// SPDX-License-Identifier: GPL-2.0-or-later
// Replays a corpus without libFuzzer: `fuzz-replay-X FOLDER` runs each file, and each file cut
// short anywhere. A folder of which nothing is accepted is a failure: it would test nothing.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "tests/fuzz/target.h"

namespace {

gdoi::Bytes contents(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  gdoi::Bytes out(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) out[i] = static_cast<std::byte>(text[i]);
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: " << argv[0] << " FOLDER\n";
    return 2;
  }
  std::size_t files = 0, accepted = 0;
  for (const auto& entry : std::filesystem::directory_iterator{argv[1]}) {
    const gdoi::Bytes whole = contents(entry.path());
    // A copy of its own for each length, so that AddressSanitizer sees the end.
    for (std::size_t size = 0; size < whole.size(); ++size)
      (void)fuzz(gdoi::Bytes{whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)});
    if (fuzz(whole)) ++accepted;
    ++files;
  }
  std::cout << files << " files replayed, " << accepted << " of them accepted\n";
  return accepted == 0 ? 1 : 0;
}
