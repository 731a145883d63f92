// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/counts/installing_plane.h"

#include <linux/netlink.h>

#include <stdexcept>

#include "tests/kernel/plane_samples.h"

namespace counts {
namespace {

template <class Value>
Value must(xfrm::Result<Value> result) {
  if (!result) throw std::runtime_error{result.error().message()};
  return std::move(*result);
}

// Sockets of any bus do: what is sent by them goes to the scripted kernel.
xfrm::NetlinkChannel channel() { return must(xfrm::NetlinkChannel::open(NETLINK_ROUTE)); }

agent::Error refused(const xfrm::Error& error) { return {error.message()}; }

}  // namespace

InstallingPlane::InstallingPlane()
    : config_{test::ipv4_config()},
      xfrm_{channel()},
      netfilter_{channel()},
      anchors_{must(xfrm::AnchorSet::open(config_.anchors, {}, config_.pool()))},
      states_{config_, xfrm_, [] {}},
      policies_{config_, xfrm_, [] {}},
      rules_{config_, netfilter_, anchors_},
      lock_{config_, netfilter_} {
  xfrm::Link wan;
  wan.name = config_.interfaces.front();
  wan.index = 2;
  wan.mtu = 1500;
  wan.up = true;
  links_.push_back(wan);
}

xfrm::Result<void> InstallingPlane::load(const xfrm::Desired& desired) {
  if (loaded_) return {};
  if (auto done = states_.load(desired.sas); !done) return done;
  if (auto done = policies_.load(); !done) return done;
  if (auto done = rules_.load(); !done) return done;
  if (auto done = lock_.load(); !done) return done;
  loaded_ = true;
  return rules_.adopt(desired.entries, links_);
}

xfrm::Result<void> InstallingPlane::install(const xfrm::Desired& desired) {
  using xfrm::Direction;
  const bool same = loaded_ && policies_.has_acl(desired.entries);
  if (auto done = load(desired); !done) return done;
  undo_ = {};
  if (auto done = states_.install(desired, Direction::inbound, undo_); !done) return done;
  const xfrm::SenderWindows windows{{}, states_.bare_spis(desired, {}), false};
  if (auto done =
          rules_.install(desired.entries, states_.inbound_spis(desired), links_, undo_, windows);
      !done)
    return done;
  if (auto done = lock_.prepare(desired.entries, same, links_, undo_); !done) return done;
  if (auto done = policies_.install(desired.entries, same, links_, undo_); !done) return done;
  if (auto done = rules_.install_indices(links_, undo_); !done) return done;
  if (auto done = lock_.settle(desired, links_, undo_); !done) return done;
  return states_.install(desired, Direction::outbound, undo_);
}

xfrm::Result<void> InstallingPlane::settle(const xfrm::Desired& desired) {
  using xfrm::Direction;
  undo_ = {};
  std::vector<xfrm::Error> failed;
  states_.remove_stale(desired, Direction::outbound, failed);
  policies_.remove_stale(failed);
  states_.remove_stale(desired, Direction::inbound, failed);
  rules_.remove_stale(desired, policies_.interfaces(), failed);
  lock_.remove_stale(desired, failed);
  states_.forget_sequences(desired);
  if (!failed.empty()) return tl::unexpected{failed.front()};
  return {};
}

agent::Result<agent::Applied> InstallingPlane::apply(const agent::Installation& installation) {
  auto translation = agent::translate(installation, classes_, {});
  if (!translation) return tl::unexpected<agent::Error>{translation.error()};
  auto done = install(translation->desired);
  if (done) done = settle(translation->desired);
  if (!done) return tl::unexpected<agent::Error>{refused(done.error())};
  classes_ = std::move(translation->classes);
  return applied_.record(installation, translation->desired, {});
}

}  // namespace counts
