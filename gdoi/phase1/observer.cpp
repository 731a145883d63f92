// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/phase1/observer.h"

namespace gdoi {
namespace {

thread_local MessageObserver* current = nullptr;

}  // namespace

void observe_messages(MessageObserver* observer) noexcept { current = observer; }

MessageObserver* message_observer() noexcept { return current; }

}  // namespace gdoi
