// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/kernel/namespace.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <vector>

namespace test {
namespace {

struct Done {
  int status;
  std::string text;
};

Done execute(const std::string& command) {
  std::FILE* pipe = ::popen(("exec 2>&1; " + command).c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error{"popen: " + command};
  std::string text;
  std::array<char, 4096> buffer{};
  while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe))
    text.append(buffer.data(), got);
  return {::pclose(pipe), text};
}

bool write_file(const char* path, const std::string& text) {
  std::ofstream file{path};
  file << text;
  return static_cast<bool>(file.flush());
}

std::string enter_as_user() {
  const auto user = std::to_string(::getuid()), group = std::to_string(::getgid());
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
    return std::string{"no network namespace for an ordinary user: "} + std::strerror(errno);
  if (!write_file("/proc/self/setgroups", "deny") ||
      !write_file("/proc/self/uid_map", "0 " + user + " 1\n") ||
      !write_file("/proc/self/gid_map", "0 " + group + " 1\n"))
    return "no user namespace";
  return {};
}

}  // namespace

std::string enter_namespace() {
  if (::geteuid() != 0) {
    if (auto why = enter_as_user(); !why.empty()) return why;
  } else if (::unshare(CLONE_NEWNET) != 0) {
    return std::string{"no network namespace: "} + std::strerror(errno);
  }
  for (const std::string program : {"ip", "nft"})
    if (execute("command -v " + program).status != 0)
      return "the program " + program + " is missing";
  if (execute("ip xfrm policy").status != 0) return "this kernel has no XFRM";
  if (execute("nft list ruleset").status != 0) return "this kernel has no nftables";
  return {};
}

bool kernel_has_esp() {
  const bool has =
      execute(
          "ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x100 mode tunnel "
          "enc 'cbc(aes)' 0x00000000000000000000000000000000 "
          "auth-trunc 'hmac(sha256)' "
          "0x0000000000000000000000000000000000000000000000000000000000000000 128")
          .status == 0;
  if (has) run("ip xfrm state deleteall");
  return has;
}

void run(const std::string& command) {
  const auto done = execute(command);
  if (done.status != 0) throw std::runtime_error{command + ": " + done.text};
}

std::string output(const std::string& command) {
  const auto done = execute(command);
  if (done.status != 0) throw std::runtime_error{command + ": " + done.text};
  return done.text;
}

// The kernel lists states and policies in the order they came in, which says nothing: what decides
// is the priority. So: sorted, a block ("src ..." and the lines indented below) at a time.
[[nodiscard]] static std::string sorted_blocks(const std::string& text) {
  std::vector<std::string> blocks;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("src") || blocks.empty()) blocks.emplace_back();
    blocks.back() += line + "\n";
  }
  std::sort(blocks.begin(), blocks.end());
  std::string out;
  for (const auto& block : blocks) out += block;
  return out;
}

// Nor does the order of a set's elements: it depends on a random number in the kernel.
[[nodiscard]] static std::string with_sorted_elements(std::string text) {
  const std::string begin = "elements = { ", end = " }";
  for (auto at = text.find(begin); at != std::string::npos; at = text.find(begin, at)) {
    at += begin.size();
    const auto last = text.find(end, at);
    std::istringstream list{text.substr(at, last - at)};
    std::vector<std::string> elements;
    for (std::string element; std::getline(list >> std::ws, element, ',');)
      elements.push_back(element);
    std::sort(elements.begin(), elements.end());
    std::string sorted;
    for (const auto& element : elements) sorted += element + ", ";
    text.replace(at, last - at, sorted);
  }
  return text;
}

// Nor that of a table's sets and chains: one that was made anew is listed last.
[[nodiscard]] static std::string with_sorted_objects(const std::string& table) {
  const std::string end = "\n\t}\n";
  const auto first = table.find("{\n") + 2;
  std::vector<std::string> objects;
  std::size_t from = first;
  for (auto at = table.find(end, from); at != std::string::npos; at = table.find(end, from)) {
    auto begin = from;
    if (table[begin] == '\n') ++begin;  // between two
    objects.push_back(table.substr(begin, at + end.size() - begin));
    from = at + end.size();
  }
  std::sort(objects.begin(), objects.end());
  std::string out = table.substr(0, first);
  for (const auto& object : objects) out += object;
  return out + table.substr(from);
}

// Nor that of tables: one that was replaced is listed last.
[[nodiscard]] static std::string with_sorted_tables(const std::string& text) {
  const std::string end = "\n}\n";
  std::vector<std::string> tables;
  std::size_t from = 0;
  for (auto at = text.find(end); at != std::string::npos; at = text.find(end, from)) {
    tables.push_back(with_sorted_objects(text.substr(from, at + end.size() - from)));
    from = at + end.size();
  }
  std::sort(tables.begin(), tables.end());
  std::string out;
  for (const auto& table : tables) out += table;
  return out + text.substr(from);
}

[[nodiscard]] static std::string without_owners(const std::string& text) {
  static const std::regex owner{"\n\tflags ?(owner)?(, ?)?(persist)?(?=\n)| # progname [^\n]*"};
  return std::regex_replace(text, owner, "");
}

std::string ruleset() { return without_owners(output("nft list ruleset")); }

// One shell for all questions: in an emulated machine starting programs is what takes the time.
// "linkdown" comes and goes by itself a moment after a link is made, so it is left out.
std::string snapshot() {
  const std::string end = "# end\n";
  const std::string all = without_owners(output(
      "ip xfrm state && echo '# end' && ip xfrm policy && echo '# end' && nft list ruleset && ip "
      "-oneline -4 address && ip -4 route show table all | sed 's/ linkdown//'"));
  const auto states = all.find(end), policies = all.find(end, states + end.size());
  if (states == std::string::npos || policies == std::string::npos)
    throw std::runtime_error{"snapshot: " + all};
  return "# states\n" + sorted_blocks(all.substr(0, states)) + "# policies\n" +
         sorted_blocks(all.substr(states + end.size(), policies - states - end.size())) +
         "# the rest\n" +
         with_sorted_tables(with_sorted_elements(all.substr(policies + end.size())));
}

Site::Site() {
  if (::unshare(CLONE_NEWNET) != 0) throw std::runtime_error{"unshare"};
  run("echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6 && ip -batch - <<END\n"
      "link set lo up\n"
      "link add wan0 type veth peer name provider0\n"
      "address add 172.16.1.2/30 dev wan0\n"
      "link set wan0 up\n"
      "link set provider0 up\n"
      "route add default via 172.16.1.1\n"
      "link add lan0 type veth peer name client0\n"
      "address add 10.1.0.1/24 dev lan0\n"
      "link set lan0 up\n"
      "link set client0 up\n"
      "END\n"
      // The kernel tells of the carrier when it gets around to it, which is an event about the WAN.
      "for try in $(seq 1000); do\n"
      "  ip -oneline link show type veth | grep -qE ' state (DOWN|LOWERLAYERDOWN) ' || break\n"
      "  sleep 0.01\n"
      "done\n");
}

}  // namespace test
