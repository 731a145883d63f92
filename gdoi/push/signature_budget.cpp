// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/push/signature_budget.h"

#include <algorithm>
#include <cstdlib>

namespace gdoi {
namespace {

// What an account holds when nothing was spent, and how it fills: one second for so many.
struct Terms {
  milliseconds most;
  int seconds_for_one;
};

constexpr Terms terms_of(PushSender sender) noexcept {
  return sender == PushSender::key_server ? Terms{milliseconds{250}, 10}
                                          : Terms{milliseconds{50}, 50};
}

}  // namespace

std::chrono::microseconds check_cost(const VerificationKey& key) noexcept {
  const auto octets = static_cast<std::int64_t>(key.signature_size());
  switch (key.kind()) {
    case VerificationKey::Kind::rsa:  // 2048 bits: 32
      return std::chrono::microseconds{octets * octets / 2048};
    case VerificationKey::Kind::ecdsa_p256:
      return std::chrono::microseconds{100};
    case VerificationKey::Kind::ecdsa_p384:
    case VerificationKey::Kind::ecdsa_p521:
      return std::chrono::microseconds{1000};
  }
  std::abort();
}

bool SignatureBudget::take(PushSender sender, std::chrono::microseconds cost,
                           Instant now) noexcept {
  const Terms terms = terms_of(sender);
  Account& account = sender == PushSender::key_server ? key_server_ : other_;
  const auto earned = std::max(now - account.as_of, Instant::duration{0}) / terms.seconds_for_one;
  account.spent =
      std::max<std::chrono::nanoseconds>(account.spent - earned, std::chrono::nanoseconds{0});
  account.as_of = now;
  if (account.spent + cost > terms.most) return false;
  account.spent += cost;
  return true;
}

}  // namespace gdoi
