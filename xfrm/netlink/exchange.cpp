// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/netlink/exchange.h"

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

// Messages calls `each` for every whole message in a datagram.
template <class Each>
void for_each_message(std::span<const std::byte> datagram, Each&& each) {
  int left = static_cast<int>(datagram.size());
  const auto* message = reinterpret_cast<const nlmsghdr*>(datagram.data());
  while (::mnl_nlmsg_ok(message, left)) {
    each(*message);
    message = ::mnl_nlmsg_next(message, &left);
  }
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

// Pending is the batch being gathered: its messages, and which request each of them is.
struct Exchange::Pending {
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

Exchange::Exchange(Socket socket, Gate gate)
    : socket_{std::move(socket)},
      gate_{std::move(gate)},
      batch_limit_{
          std::clamp<std::size_t>(socket_.receive_queue_size() / acknowledgement_cost, 1, 256)},
      answer_(answer_room) {}

Result<Exchange> Exchange::open(int bus, Gate gate) {
  auto socket = Socket::open(bus);
  if (!socket) return tl::unexpected{socket.error()};
  return Exchange{std::move(*socket), std::move(gate)};
}

// await takes the acknowledgements of the messages numbered [first, first + count) off the queue.
// `answered` gets each one's error, with code 0 for success. Returns the errno when they stop
// coming.
int Exchange::await(std::uint32_t first, std::size_t count,
                    const std::function<void(std::size_t, Error)>& answered) {
  std::vector<bool> seen(count);
  std::size_t missing = count;
  while (missing > 0) {
    const auto got = socket_.receive(answer_);
    if (got < 0) return static_cast<int>(-got);
    for_each_message(std::span{answer_}.first(static_cast<std::size_t>(got)), [&](const auto& m) {
      const std::size_t place = m.nlmsg_seq - first;
      const nlmsgerr* error = error_of(m);
      // An answer to an earlier request that was given up on is of no interest any more.
      if (m.nlmsg_type != NLMSG_ERROR || error == nullptr || place >= count || seen[place]) return;
      seen[place] = true;
      --missing;
      answered(place, Error{-error->error, {}, kernel_text(m)});
    });
  }
  return 0;
}

Result<void> Exchange::request(Request& request, const std::string& what) {
  if (const int refused = gate_ ? gate_() : 0) return fail(refused, what);
  if (request.overflowed()) return fail(EMSGSIZE, what);
  const std::uint32_t number = sequence_++;
  request.number(number, NLM_F_ACK, socket_.port());
  if (const int code = socket_.send(request.bytes())) return fail(code, what);
  Error error;
  if (const int code = await(number, 1, [&](std::size_t, Error e) { error = std::move(e); }))
    return fail(code, what);
  if (error.code != 0) return fail(error.code, what, std::move(error.detail));
  return {};
}

void Exchange::flush(const Series& series, Pending& pending, Outcome& outcome) {
  if (pending.indices.empty()) return;
  const auto refuse = [&](std::size_t index, Error error, bool unknown) {
    if (error.code == 0 || error.code == series.tolerated) return;
    auto named = fail(error.code, series.name(index), std::move(error.detail));
    outcome.refused.push_back({index, std::move(named.value()), unknown});
  };
  std::vector<bool> answered(pending.indices.size());
  int code = socket_.send(pending.bytes);
  const bool reached = code == 0;
  if (reached)
    code = await(pending.first, pending.indices.size(), [&](std::size_t place, Error error) {
      answered[place] = true;
      refuse(pending.indices[place], std::move(error), false);
    });
  for (std::size_t i = 0; i < answered.size(); ++i)
    if (!answered[i]) refuse(pending.indices[i], Error{code, {}, {}}, reached);
  pending.wipe();
}

Outcome Exchange::series(const Series& series) {
  Outcome outcome;
  Pending pending;
  pending.bytes.reserve(batch_room);  // never reallocates, so leaves no copy of a key behind
  Request request;
  const auto stopped = [&] { return series.stop_at_refusal && !outcome.refused.empty(); };
  for (std::size_t i = 0; i < series.count; ++i) {
    if (series.barrier && series.barrier(i)) flush(series, pending, outcome);
    if (stopped()) break;
    outcome.sent = i + 1;
    if (const int code = gate_ ? gate_() : 0) {
      outcome.refused.push_back({i, fail(code, series.name(i)).value(), false});
      continue;
    }
    series.build(i, request);
    if (request.overflowed()) {
      outcome.refused.push_back({i, fail(EMSGSIZE, series.name(i)).value(), false});
      continue;
    }
    if (pending.indices.size() == batch_limit_ ||
        pending.bytes.size() + request.bytes().size() > batch_room) {
      flush(series, pending, outcome);
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
  flush(series, pending, outcome);
  return outcome;
}

Result<void> Exchange::transact(Transaction& transaction, bool dry_run) {
  if (transaction.empty()) return {};
  if (const int refused = gate_ ? gate_() : 0) return fail(refused, transaction.name(0));
  const std::uint32_t first = sequence_;
  const std::size_t count = transaction.size();
  sequence_ += static_cast<std::uint32_t>(count + 2);  // its begin and end are numbered as well
  const auto batch = transaction.seal(first, dry_run);
  socket_.make_room(batch.size(), count);
  if (const int code = socket_.send(batch)) return fail(code, transaction.name(0));

  // The first message that fails tells; those after it are often refused as a consequence. The
  // begin is answered only when the whole batch is refused, such as by EPERM: then nothing else is.
  std::size_t failed = count;
  Error error;
  std::vector<bool> seen(count + 1);
  std::size_t missing = count;
  while (missing > 0) {
    const auto got = socket_.receive(answer_);
    if (got < 0) return fail(static_cast<int>(-got), transaction.name(0));
    for_each_message(std::span{answer_}.first(static_cast<std::size_t>(got)), [&](const auto& m) {
      const std::size_t place = m.nlmsg_seq - first;
      const nlmsgerr* answer = error_of(m);
      if (m.nlmsg_type != NLMSG_ERROR || answer == nullptr || place > count || seen[place]) return;
      seen[place] = true;
      missing = place == 0 ? 0 : missing - (missing > 0 ? 1 : 0);
      const std::size_t index = place == 0 ? 0 : place - 1;
      if (answer->error == 0 || index >= failed) return;
      failed = index;
      error = Error{-answer->error, {}, kernel_text(m)};
    });
  }
  if (error.code != 0) return fail(error.code, transaction.name(failed), std::move(error.detail));
  return {};
}

Result<void> Exchange::dump(Request& request, const std::string& what,
                            const std::function<void(const nlmsghdr&)>& each) {
  if (const int refused = gate_ ? gate_() : 0) return fail(refused, what);
  const std::uint32_t number = sequence_++;
  request.number(number, NLM_F_DUMP, socket_.port());
  if (const int code = socket_.send(request.bytes())) return fail(code, what);
  bool done = false, interrupted = false;
  Error error;
  while (!done) {
    const auto got = socket_.receive(answer_);
    if (got < 0) return fail(static_cast<int>(-got), what);
    const auto datagram = std::span{answer_}.first(static_cast<std::size_t>(got));
    for_each_message(datagram, [&](const nlmsghdr& m) {
      if (m.nlmsg_seq != number || done) return;
      interrupted = interrupted || (m.nlmsg_flags & NLM_F_DUMP_INTR);
      if (m.nlmsg_type == NLMSG_ERROR && error_of(m) != nullptr)
        error = Error{-error_of(m)->error, {}, kernel_text(m)};
      if (m.nlmsg_type == NLMSG_DONE && ::mnl_nlmsg_get_payload_len(&m) >= sizeof(int))
        error.code = -*static_cast<const int*>(::mnl_nlmsg_get_payload(&m));
      done = m.nlmsg_type == NLMSG_DONE || m.nlmsg_type == NLMSG_ERROR;
      if (!done) each(m);
    });
    ::explicit_bzero(datagram.data(), datagram.size());  // states are dumped with their keys
  }
  if (error.code != 0) return fail(error.code, what, std::move(error.detail));
  // The lists changed under the dump, so it may have gaps; the caller may ask again.
  if (interrupted) return fail(EINTR, what);
  return {};
}

}  // namespace xfrm
