// SPDX-License-Identifier: GPL-2.0-or-later
// NetlinkChannel: requests to one part of the kernel, each matched with its answer by sequence
// number.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "xfrm/base/buffer.h"
#include "xfrm/netlink/request.h"
#include "xfrm/netlink/socket.h"
#include "xfrm/netlink/transaction.h"

namespace xfrm {

// FaultInjector is asked before every request to the kernel, whatever its kind. An errno it returns
// refuses the request in the kernel's stead: this is how tests fail the k-th request. Empty in
// production.
using FaultInjector = std::function<int()>;

// Batch is many requests of one kind, sent some hundred at a time.
struct Batch {
  std::size_t count = 0;
  std::function<void(std::size_t index, Request& request)> build;
  std::function<std::string(std::size_t index)> name;  // called for what is refused only
  // Whether all requests before `index` must have succeeded when this one is sent; none if empty.
  std::function<bool(std::size_t index)> barrier;
  int tolerated = 0;            // an errno that counts as success, such as ENOENT for removals
  bool stop_at_refusal = true;  // false: try all
  // Asked between two datagrams, with the number of requests done: false leaves out the rest.
  std::function<bool(std::size_t done)> go_on = {};
};

struct Refusal {
  std::size_t index = 0;
  Error error;
  bool unknown = false;  // the answer was lost: the kernel may have done it
};

// BatchOutcome: requests [0, sent) were tried, all of them with success but those refused.
struct BatchOutcome {
  std::size_t sent = 0;
  std::vector<Refusal> refused;
  bool given_up = false;  // go_on() said so
};

class NetlinkChannel {
 public:
  [[nodiscard]] static Result<NetlinkChannel> open(int bus, FaultInjector faults = {});

  // request sends one and awaits its acknowledgement; `each` gets what else is answered. `what`
  // names the object for the error.
  [[nodiscard]] Result<void> request(Request& request, const std::string& what,
                                     const std::function<void(const nlmsghdr&)>& each = {});

  // run sends the requests of a batch. A message the kernel refuses does not keep the kernel from
  // doing those that follow in the same datagram; `barrier` is for those that must not be done
  // then.
  [[nodiscard]] BatchOutcome run(const Batch& batch);

  // transact sends nftables messages the kernel does all or none of. With `dry_run` it checks them
  // and does none.
  [[nodiscard]] Result<void> transact(Transaction& transaction, bool dry_run = false);

  // dump calls `each` with every object the request lists. EINTR: the lists changed under the dump,
  // which may have gaps then; the caller may ask again.
  [[nodiscard]] Result<void> dump(Request& request, const std::string& what,
                                  const std::function<void(const nlmsghdr&)>& each);

  // port is what notifications of our own changes carry.
  [[nodiscard]] std::uint32_t port() const noexcept { return socket_.port(); }

 private:
  struct Pending;
  // Handler takes the answers to the requests under way, told by their place among these. on_end
  // gets the one that ends a request, with code 0 for success, and says whether that was the last
  // awaited; on_object, where there is one, gets what a request lists.
  struct Handler {
    std::function<bool(std::size_t place, const nlmsghdr& message, Error error)> on_end;
    std::function<void(const nlmsghdr& message)> on_object = {};
  };

  NetlinkChannel(Socket socket, FaultInjector faults);
  [[nodiscard]] int fault() const { return faults_ ? faults_() : 0; }
  void flush(const Batch& batch, Pending& pending, BatchOutcome& outcome);
  [[nodiscard]] int receive_until(std::uint32_t first, std::size_t count, const Handler& handler);

  Socket socket_;
  FaultInjector faults_;
  std::size_t batch_limit_;
  std::uint32_t sequence_ = 1;  // 0 is what the kernel uses for events
  Buffer answer_;
};

// kernel_text is the text of an extended acknowledgement, empty when there is none.
[[nodiscard]] std::string kernel_text(const nlmsghdr& acknowledgement);

}  // namespace xfrm
