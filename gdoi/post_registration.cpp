// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/post_registration.h"

#include "gdoi/phase1/informational.h"

namespace gdoi {
namespace {

constexpr unsigned max_delete_repeats = 5;

}  // namespace

Result<Actions> PostRegistration::receive(const Datagram& datagram) {
  if (const auto answerable = check(datagram.from, *datagram.message); !answerable)
    return tl::unexpected<Error>{answerable.error()};
  repeats_ += 1;
  Actions out;
  out.push_back(*phase1_delete_);
  return out;
}

Result<void> PostRegistration::check(const Endpoint& from, const IsakmpMessage& message) const {
  const Error unawaited{Errc::unexpected, "message while none is awaited"};
  if (!phase1_delete_ || repeats_ >= max_delete_repeats ||
      std::find(key_server_.begin(), key_server_.end(), from.address) == key_server_.end())
    return tl::unexpected<Error>{unawaited};
  if (trigger_digest_ == digest_of(message)) return {};
  if (message.header.exchange != ExchangeType::informational || !session_)
    return tl::unexpected<Error>{unawaited};
  const auto opened = open_informational(*session_, message);
  if (!opened) return tl::unexpected<Error>{opened.error()};
  if (std::none_of(opened->notifications.begin(), opened->notifications.end(),
                   [](const Notification& one) { return one.type == NotifyType::r_u_there; }))
    return tl::unexpected<Error>{unawaited};
  return {};
}

}  // namespace gdoi
