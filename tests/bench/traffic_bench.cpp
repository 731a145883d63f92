// SPDX-License-Identifier: GPL-2.0-or-later
// traffic-bench --from NETNS --to NETNS --source ADDRESS,... --destination ADDRESS,...
//               [--udp OCTETS] [--seconds S] [--directions 1|2]
//
// What gets from one network namespace into another, as fast as it goes: TCP, or UDP datagrams with
// so many octets of data, one flow for each source and its destination, in one direction or both at
// once. Both ends are in this process, so what counts is what the receivers read within the time.
// Prints one object of JSON.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

namespace {

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "traffic-bench: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

int must(int result, const std::string& what) {
  if (result < 0) fail(what);
  return result;
}

// The sockets that are made from now on are there.
void enter(const std::string& netns) {
  const int fd = must(::open(("/run/netns/" + netns).c_str(), O_RDONLY | O_CLOEXEC), netns);
  must(::setns(fd, CLONE_NEWNET), "setns");
  ::close(fd);
}

struct Endpoint {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;

  explicit Endpoint(const std::string& text) {
    if (text.find(':') != std::string::npos) {
      sockaddr_in6 six{};
      six.sin6_family = AF_INET6;
      if (::inet_pton(AF_INET6, text.c_str(), &six.sin6_addr) != 1) fail(text);
      std::memcpy(&storage, &six, size = sizeof six);
    } else {
      sockaddr_in four{};
      four.sin_family = AF_INET;
      if (::inet_pton(AF_INET, text.c_str(), &four.sin_addr) != 1) fail(text);
      std::memcpy(&storage, &four, size = sizeof four);
    }
  }
  [[nodiscard]] const sockaddr* get() const {
    return static_cast<const sockaddr*>(static_cast<const void*>(&storage));
  }
  // The port that a socket got.
  void read_from(int fd) {
    size = sizeof storage;
    must(::getsockname(fd, static_cast<sockaddr*>(static_cast<void*>(&storage)), &size), "name");
  }
};

int bound(const std::string& address, int type, Endpoint& at) {
  const int fd = must(::socket(at.storage.ss_family, type | SOCK_CLOEXEC, 0), "socket");
  constexpr int large = 8 << 20;
  if (type == SOCK_DGRAM)
    must(::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &large, sizeof large), "SO_RCVBUFFORCE");
  must(::bind(fd, at.get(), at.size), address);
  return fd;
}

struct Flow {
  int sender = -1, receiver = -1;
};

Flow connect(const std::string& from, const std::string& source, const std::string& to,
             const std::string& destination, bool udp) {
  const int type = udp ? SOCK_DGRAM : SOCK_STREAM;
  Flow out;
  Endpoint there{destination}, here{source};
  enter(to);
  const int listener = bound(destination, type, there);
  there.read_from(listener);
  if (!udp) must(::listen(listener, 1), "listen");
  enter(from);
  out.sender = bound(source, type, here);
  must(::connect(out.sender, there.get(), there.size), "no way to " + destination);
  out.receiver = udp ? listener : must(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC), "take");
  if (!udp) ::close(listener);
  for (const int fd : {out.sender, out.receiver})
    must(::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK), "O_NONBLOCK");
  return out;
}

// Several datagrams a call, so that calls are not what is measured.
constexpr std::size_t at_once = 32;

class Batch {
 public:
  explicit Batch(std::size_t octets) : octets_(octets * at_once) {
    for (std::size_t i = 0; i < at_once; ++i) {
      parts_[i] = {octets_.data() + i * octets, octets};
      messages_[i].msg_hdr.msg_iov = &parts_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
    }
  }
  bool send(int fd) { return ::sendmmsg(fd, messages_.data(), at_once, 0) > 0; }
  std::uint64_t receive(int fd) {
    const int count = ::recvmmsg(fd, messages_.data(), at_once, 0, nullptr);
    std::uint64_t out = 0;
    for (int i = 0; i < count; ++i) out += messages_[static_cast<std::size_t>(i)].msg_len;
    return out;
  }

 private:
  std::vector<char> octets_;
  std::array<iovec, at_once> parts_{};
  std::array<mmsghdr, at_once> messages_{};
};

std::atomic<bool> ending{false};

// work(fd) for each socket in turn, false where it has nothing to do; waits when that is so for
// all.
template <class Work>
void in_turn(const std::vector<int>& sockets, short event, Work&& work) {
  std::vector<pollfd> all;
  for (const int fd : sockets) all.push_back({fd, event, 0});
  while (!ending) {
    bool busy = false;
    for (const int fd : sockets) busy = work(fd) || busy;
    if (!busy) ::poll(all.data(), all.size(), 50);
  }
}

void send_all(const std::vector<int>& sockets, std::size_t udp) {
  if (udp != 0) {
    Batch batch{udp};
    return in_turn(sockets, POLLOUT, [&](int fd) { return batch.send(fd); });
  }
  const std::vector<char> octets(64 << 10);
  in_turn(sockets, POLLOUT,
          [&](int fd) { return ::send(fd, octets.data(), octets.size(), MSG_NOSIGNAL) > 0; });
}

void receive_all(const std::vector<int>& sockets, std::size_t udp,
                 std::atomic<std::uint64_t>& got) {
  if (udp != 0) {
    Batch batch{udp};
    return in_turn(sockets, POLLIN, [&](int fd) {
      const auto octets = batch.receive(fd);
      got += octets;
      return octets != 0;
    });
  }
  std::vector<char> octets(256 << 10);
  in_turn(sockets, POLLIN, [&](int fd) {
    const auto count = ::recv(fd, octets.data(), octets.size(), 0);
    if (count > 0) got += static_cast<std::uint64_t>(count);
    return count > 0;
  });
}

std::vector<std::string> list(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at <= text.size();) {
    const auto comma = std::min(text.find(',', at), text.size());
    out.push_back(text.substr(at, comma - at));
    at = comma + 1;
  }
  return out;
}

struct Direction {
  std::vector<int> senders, receivers;
  std::atomic<std::uint64_t> octets{0};
};

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, std::string> options{
      {"--udp", "0"}, {"--seconds", "1"}, {"--directions", "1"}};
  for (int i = 1; i + 1 < argc; i += 2) options[argv[i]] = argv[i + 1];
  const auto sources = list(options["--source"]), destinations = list(options["--destination"]);
  const std::size_t udp = std::stoul(options["--udp"]);
  const bool both = options["--directions"] == "2";
  const auto &from = options["--from"], &to = options["--to"];

  std::array<Direction, 2> directions;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const auto& there = destinations.at(i % destinations.size());
    const auto forth = connect(from, sources[i], to, there, udp != 0);
    directions[0].senders.push_back(forth.sender);
    directions[0].receivers.push_back(forth.receiver);
    if (!both) continue;
    const auto back = connect(to, there, from, sources[i], udp != 0);
    directions[1].senders.push_back(back.sender);
    directions[1].receivers.push_back(back.receiver);
  }

  std::vector<std::thread> threads;
  for (auto& one : directions) {
    if (one.senders.empty()) continue;
    threads.emplace_back([&one, udp] { receive_all(one.receivers, udp, one.octets); });
    threads.emplace_back([&one, udp] { send_all(one.senders, udp); });
  }
  // Routes, neighbours and TCP's window are found before the time that counts.
  using namespace std::chrono_literals;
  const auto patience = std::chrono::steady_clock::now() + 10s;
  for (const auto& one : directions)
    while (!one.senders.empty() && one.octets == 0) {
      if (std::chrono::steady_clock::now() > patience) fail("nothing arrives");
      std::this_thread::sleep_for(1ms);
    }
  const std::chrono::duration<double> time{std::stod(options["--seconds"])};
  std::this_thread::sleep_for(time / 4);
  const std::array<std::uint64_t, 2> before{directions[0].octets, directions[1].octets};
  const auto begin = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(time);
  const std::array<std::uint64_t, 2> after{directions[0].octets, directions[1].octets};
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  ending = true;
  for (auto& thread : threads) thread.join();

  nlohmann::json out{{"seconds", took.count()}, {"flows", sources.size()}};
  double packets = 0;
  for (std::size_t i = 0; i < (both ? 2 : 1); ++i) {
    const auto octets = static_cast<double>(after[i] - before[i]);
    out["megabits_per_second"].push_back(octets * 8e-6 / took.count());
    if (udp != 0) packets += octets / static_cast<double>(udp) / took.count();
  }
  if (udp != 0) out["packets_per_second"] = packets;
  std::puts(out.dump().c_str());
}
