// SPDX-License-Identifier: GPL-2.0-or-later
// sendto(2) and recvfrom(2), which of all that is linked here xfrm::Socket alone calls.
#include "tests/counts/scripted_kernel.h"

#include <linux/netlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>

#include "tests/counts/counting.h"

namespace counts {
namespace {

using Answer = std::array<std::byte, NLMSG_SPACE(sizeof(nlmsgerr))>;

std::map<int, std::deque<Answer>> waiting;  // by descriptor
std::map<std::uint16_t, std::size_t> acknowledged;

// answer_to is an acknowledgement, or the end of a list; both begin with an error of 0.
Answer answer_to(const nlmsghdr& request) {
  const bool listed = (request.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
  Answer out{};
  nlmsghdr head{};
  head.nlmsg_type = listed ? NLMSG_DONE : NLMSG_ERROR;
  head.nlmsg_len = NLMSG_LENGTH(listed ? sizeof(int) : sizeof(nlmsgerr));
  head.nlmsg_seq = request.nlmsg_seq;
  std::memcpy(out.data(), &head, sizeof head);
  return out;
}

void take(int socket, const std::byte* octets, std::size_t size) {
  nlmsghdr request{};
  for (std::size_t at = 0; at + sizeof request <= size; at += NLMSG_ALIGN(request.nlmsg_len)) {
    std::memcpy(&request, octets + at, sizeof request);
    if (request.nlmsg_len < sizeof request) return;
    if ((request.nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP) {
      if ((request.nlmsg_flags & NLM_F_ACK) == 0) continue;  // begin and end of a transaction
      acknowledged[request.nlmsg_type] += 1;
    }
    waiting[socket].push_back(answer_to(request));
  }
}

}  // namespace

const std::map<std::uint16_t, std::size_t>& requests() { return acknowledged; }

}  // namespace counts

extern "C" ssize_t sendto(int socket, const void* octets, size_t size, int, const sockaddr*,
                          socklen_t) {
  counts::uncounted([&] { counts::take(socket, static_cast<const std::byte*>(octets), size); });
  return static_cast<ssize_t>(size);
}

extern "C" ssize_t recvfrom(int socket, void* room, size_t size, int, sockaddr* from,
                            socklen_t* from_size) {
  ssize_t out = -1;
  counts::uncounted([&] {
    auto& answers = counts::waiting[socket];
    if (answers.empty()) return;
    out = static_cast<ssize_t>(std::min(size, sizeof(counts::Answer)));
    std::memcpy(room, answers.front().data(), static_cast<std::size_t>(out));
    answers.pop_front();
    sockaddr_nl kernel{};
    kernel.nl_family = AF_NETLINK;
    if (from != nullptr)
      std::memcpy(from, &kernel, std::min(sizeof kernel, std::size_t{*from_size}));
  });
  if (out < 0) errno = EAGAIN;
  return out;
}
