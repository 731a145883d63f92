// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/netlink/channel.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>

namespace xfrm {
namespace {

// What the kernel's dumps come in at most.
constexpr std::size_t answer_room = 32768;

// One send stays far below the default socket buffer of 212,992 octets.
constexpr std::size_t batch_room = 65536;

// The kernel accounts some 800 octets of our receive queue to each acknowledgement.
// Acknowledgements that do not fit would be lost, so a batch never has more requests than could be
// answered.
constexpr std::size_t acknowledgement_cost = 1536;

const nlmsgerr* error_of(const nlmsghdr& message) {
  if (::mnl_nlmsg_get_payload_len(&message) < sizeof(nlmsgerr)) return nullptr;
  return static_cast<const nlmsgerr*>(::mnl_nlmsg_get_payload(&message));
}

int pick_text(const nlattr* attribute, void* out) {
  if (::mnl_attr_get_type(attribute) != NLMSGERR_ATTR_MSG) return MNL_CB_OK;
  const auto* text = static_cast<const char*>(::mnl_attr_get_payload(attribute));
  static_cast<std::string*>(out)->assign(text,
                                         ::strnlen(text, ::mnl_attr_get_payload_len(attribute)));
  return MNL_CB_STOP;
}

// for_each_message calls `each` for every whole message in a datagram.
template <class Each>
void for_each_message(std::span<const std::byte> datagram, Each&& each) {
  int left = static_cast<int>(datagram.size());
  const auto* message = reinterpret_cast<const nlmsghdr*>(datagram.data());
  while (::mnl_nlmsg_ok(message, left)) {
    each(*message);
    message = ::mnl_nlmsg_next(message, &left);
  }
}

// error_in is what the message that ends a request says of it.
Error error_in(const nlmsghdr& message) {
  if (message.nlmsg_type == NLMSG_DONE) {
    if (::mnl_nlmsg_get_payload_len(&message) < sizeof(int)) return {};
    return Error{-*static_cast<const int*>(::mnl_nlmsg_get_payload(&message)), {}, {}};
  }
  const nlmsgerr* error = error_of(message);
  if (error == nullptr) return Error{EBADMSG, {}, {}};
  return Error{-error->error, {}, kernel_text(message)};
}

}  // namespace

std::string kernel_text(const nlmsghdr& acknowledgement) {
  std::string text;
  const nlmsgerr* error = error_of(acknowledgement);
  if (error == nullptr || !(acknowledgement.nlmsg_flags & NLM_F_ACK_TLVS)) return text;
  std::size_t offset = sizeof(nlmsgerr);
  if (!(acknowledgement.nlmsg_flags & NLM_F_CAPPED) && error->error != 0 &&
      error->msg.nlmsg_len >= sizeof(nlmsghdr))
    offset += error->msg.nlmsg_len - sizeof(nlmsghdr);  // our message is echoed in between
  if (offset > ::mnl_nlmsg_get_payload_len(&acknowledgement)) return text;
  static_cast<void>(
      ::mnl_attr_parse(&acknowledgement, static_cast<unsigned>(offset), pick_text, &text));
  return text;
}

// Pending is the datagram being gathered: its messages, and which request each of them is.
struct NetlinkChannel::Pending {
  std::vector<std::byte> bytes;
  std::vector<std::size_t> indices;
  std::uint32_t first = 0;
  ~Pending() { wipe(); }
  void wipe() {
    ::explicit_bzero(bytes.data(), bytes.size());
    bytes.clear();
    indices.clear();
  }
};

NetlinkChannel::NetlinkChannel(Socket socket, FaultInjector faults)
    : socket_{std::move(socket)},
      faults_{std::move(faults)},
      batch_limit_{
          std::clamp<std::size_t>(socket_.receive_queue_size() / acknowledgement_cost, 1, 256)},
      answer_(answer_room) {}

Result<NetlinkChannel> NetlinkChannel::open(int bus, FaultInjector faults) {
  auto socket = Socket::open(bus);
  if (!socket) return tl::unexpected{socket.error()};
  return NetlinkChannel{std::move(*socket), std::move(faults)};
}

// receive_until takes the answers to the messages numbered [first, first + count) off the queue,
// until the handler has its last. Each message is ended once; answers to an earlier request that
// was given up on are dropped. Returns the errno when answers stop coming.
int NetlinkChannel::receive_until(std::uint32_t first, std::size_t count, const Handler& handler) {
  std::vector<bool> ended(count);
  bool last = false;
  while (!last) {
    const auto got = socket_.receive(answer_.span());
    if (got < 0) return static_cast<int>(-got);
    const auto datagram = answer_.span().first(static_cast<std::size_t>(got));
    for_each_message(datagram, [&](const nlmsghdr& message) {
      const std::size_t place = message.nlmsg_seq - first;
      if (last || place >= count || ended[place]) return;
      if (message.nlmsg_type == NLMSG_ERROR || message.nlmsg_type == NLMSG_DONE) {
        ended[place] = true;
        last = handler.on_end(place, message, error_in(message));
      } else if (handler.on_object) {
        handler.on_object(message);
      }
    });
    ::explicit_bzero(datagram.data(), datagram.size());  // states are dumped with their keys
  }
  return 0;
}

Result<void> NetlinkChannel::request(Request& request, const std::string& what,
                                     const std::function<void(const nlmsghdr&)>& each) {
  if (const int refused = fault()) return fail(refused, what);
  if (request.overflowed()) return fail(EMSGSIZE, what);
  const std::uint32_t number = sequence_++;
  request.number(number, NLM_F_ACK, socket_.port());
  if (const int code = socket_.send(request.bytes())) return fail(code, what);
  Error error;
  const Handler handler{[&](std::size_t, const nlmsghdr&, Error answer) {
                          error = std::move(answer);
                          return true;
                        },
                        each};
  const int code = receive_until(number, 1, handler);
  if (code != 0) return fail(code, what);
  if (error.code != 0) return fail(error.code, what, std::move(error.detail));
  return {};
}

void NetlinkChannel::flush(const Batch& batch, Pending& pending, BatchOutcome& outcome) {
  if (pending.indices.empty()) return;
  const auto refuse = [&](std::size_t index, Error error, bool unknown) {
    if (error.code == 0 || error.code == batch.tolerated) return;
    auto named = fail(error.code, batch.name(index), std::move(error.detail));
    outcome.refused.push_back({index, std::move(named.value()), unknown});
  };
  std::vector<bool> answered(pending.indices.size());
  int code = socket_.send(pending.bytes);
  const bool reached = code == 0;
  std::size_t missing = answered.size();
  const auto on_end = [&](std::size_t place, const nlmsghdr&, Error error) {
    answered[place] = true;
    refuse(pending.indices[place], std::move(error), false);
    return --missing == 0;
  };
  if (reached) code = receive_until(pending.first, answered.size(), {on_end});
  for (std::size_t i = 0; i < answered.size(); ++i)
    if (!answered[i]) refuse(pending.indices[i], Error{code, {}, {}}, reached);
  pending.wipe();
}

BatchOutcome NetlinkChannel::run(const Batch& batch) {
  BatchOutcome outcome;
  Pending pending;
  pending.bytes.reserve(batch_room);  // never reallocates, so leaves no copy of a key behind
  Request request;
  const auto stopped = [&] {
    return outcome.given_up || (batch.stop_at_refusal && !outcome.refused.empty());
  };
  for (std::size_t i = 0; i < batch.count; ++i) {
    if (batch.barrier && batch.barrier(i)) flush(batch, pending, outcome);
    if (stopped()) break;
    outcome.sent = i + 1;
    if (const int code = fault()) {
      outcome.refused.push_back({i, fail(code, batch.name(i)).value(), false});
      continue;
    }
    batch.build(i, request);
    if (request.overflowed()) {
      outcome.refused.push_back({i, fail(EMSGSIZE, batch.name(i)).value(), false});
      continue;
    }
    if (pending.indices.size() == batch_limit_ ||
        pending.bytes.size() + request.bytes().size() > batch_room) {
      flush(batch, pending, outcome);
      if (batch.go_on && !stopped()) outcome.given_up = !batch.go_on(i);
      if (stopped()) {
        outcome.sent = i;  // this one was not sent
        break;
      }
    }
    if (pending.indices.empty()) pending.first = sequence_;
    request.number(sequence_++, NLM_F_ACK, socket_.port());
    pending.bytes.insert(pending.bytes.end(), request.bytes().begin(), request.bytes().end());
    pending.indices.push_back(i);
  }
  flush(batch, pending, outcome);
  return outcome;
}

Result<void> NetlinkChannel::transact(Transaction& transaction, bool dry_run) {
  if (transaction.empty()) return {};
  if (const int refused = fault()) return fail(refused, transaction.name(0));
  const std::uint32_t first = sequence_;
  const std::size_t count = transaction.size();
  sequence_ += static_cast<std::uint32_t>(count + 2);  // its begin and end are numbered as well
  const auto batch = transaction.seal(first, dry_run);
  socket_.make_room(batch.size(), count);
  if (const int code = socket_.send(batch)) return fail(code, transaction.name(0));

  // The first message that fails tells; those after it are often refused as a consequence. The
  // begin (place 0) is answered only when the whole batch is refused, such as by EPERM: then
  // nothing else is.
  std::size_t failed = count, missing = count;
  Error error;
  const auto on_end = [&](std::size_t place, const nlmsghdr&, Error answer) {
    const std::size_t index = place == 0 ? 0 : place - 1;
    if (answer.code != 0 && index < failed) {
      failed = index;
      error = std::move(answer);
    }
    return place == 0 || --missing == 0;
  };
  if (const int code = receive_until(first, count + 1, {on_end}))
    return fail(code, transaction.name(0));
  if (error.code != 0) return fail(error.code, transaction.name(failed), std::move(error.detail));
  return {};
}

Result<void> NetlinkChannel::dump(Request& request, const std::string& what,
                                  const std::function<void(const nlmsghdr&)>& each) {
  if (const int refused = fault()) return fail(refused, what);
  const std::uint32_t number = sequence_++;
  request.number(number, NLM_F_DUMP, socket_.port());
  if (const int code = socket_.send(request.bytes())) return fail(code, what);
  bool interrupted = false;
  const auto watch = [&](const nlmsghdr& message) {
    interrupted = interrupted || (message.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
  };
  Error error;
  const Handler handler{[&](std::size_t, const nlmsghdr& message, Error answer) {
                          watch(message);
                          error = std::move(answer);
                          return true;
                        },
                        [&](const nlmsghdr& message) {
                          watch(message);
                          each(message);
                        }};
  if (const int code = receive_until(number, 1, handler)) return fail(code, what);
  if (error.code != 0) return fail(error.code, what, std::move(error.detail));
  if (interrupted) return fail(EINTR, what);
  return {};
}

}  // namespace xfrm
