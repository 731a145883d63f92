// SPDX-License-Identifier: GPL-2.0-or-later
// RekeyReceiver: what a member does with GROUPKEY-PUSH messages, apart from when to register again.
#pragma once

#include <cstdint>

#include "gdoi/actions.h"
#include "gdoi/assemble/tek_lifetimes.h"
#include "gdoi/crypto/random.h"
#include "gdoi/datagram.h"
#include "gdoi/member_status.h"
#include "gdoi/push/rekey_sa_table.h"

namespace gdoi {

// RekeyReceiver holds the KEKs, the one rekey that the agent installs, the acknowledgements that
// are delayed, and the multicast groups that rekeys come to.
class RekeyReceiver {
 public:
  struct Config {
    RekeySaTable::Config table;
    milliseconds multicast_ack_jitter{5000};  // see Timers
  };
  // `random` must outlive the receiver.
  RekeyReceiver(const Config& config, Random& random)
      : jitter_{config.multicast_ack_jitter}, random_{&random}, table_{config.table} {}

  // adopt begins to follow the rekeys of a registration's KEK, or of none. `member` is us, as the
  // key server knows us. Fails when they cannot be verified; no KEK is held then.
  [[nodiscard]] Result<void> adopt(const std::optional<Kek>& kek, const Address& member,
                                   Instant received_at);

  // receive judges a PUSH. A rekey becomes an InstallRekey with this token, and no other one is
  // taken until that is answered. An error is about something that anybody could have sent.
  struct Received {
    Actions actions;
    bool refused = false;  // by us: a registration has to tell what the group does
  };
  // `sender` is key_server when it comes from the address of one that is configured.
  [[nodiscard]] Result<Received> receive(const Datagram& push, PushSender sender,
                                         InstallToken token, Instant now);

  // awaits tells whether that request of ours is unanswered.
  [[nodiscard]] bool awaits(InstallToken token) const noexcept {
    return pending_ && pending_->token == token;
  }
  // installed and install_failed answer the request that is awaited.
  struct Installed {
    Deletes deletes;
    std::optional<TekLifetimes> teks;  // of the whole new list, when it brought one
    Actions actions;                   // the acknowledgement, unless it is delayed
  };
  [[nodiscard]] Installed installed(Instant now);
  void install_failed() noexcept { pending_.reset(); }

  // list_is_newer_than tells whether a rekey came at `policy` or later that brings the whole list,
  // even if it is not installed yet.
  [[nodiscard]] bool list_is_newer_than(Instant policy) const noexcept;

  // delayed_until is when to call send_delayed next.
  [[nodiscard]] std::optional<Instant> delayed_until() const;
  [[nodiscard]] Actions send_delayed(Instant now);

  // kek_ends is when the newest KEK's lifetime is over; expire forgets those whose is.
  [[nodiscard]] std::optional<Instant> kek_ends() const { return table_.ends(); }
  void expire(Instant now) { table_.expire(now); }
  [[nodiscard]] bool has_kek() const noexcept { return !table_.empty(); }
  [[nodiscard]] bool knows(const RekeySpi& spi) const noexcept { return table_.knows(spi); }
  // expects_unicast tells whether a KEK's rekeys come to us alone.
  [[nodiscard]] bool expects_unicast() const;

  // changed_groups lists the multicast groups of the KEKs, when they are others than at the last
  // call. To be asked after everything that changes the KEKs.
  [[nodiscard]] std::optional<ListenForRekeys> changed_groups();

  [[nodiscard]] const RekeyStatus& status() const noexcept { return status_; }
  [[nodiscard]] std::vector<RekeySaStatus> keks() const { return table_.status(); }
  [[nodiscard]] std::uint64_t keks_taken() const noexcept { return table_.taken(); }

  // clear forgets everything but the counters and the sequence numbers.
  void clear();
  // See RekeySaTable.
  [[nodiscard]] std::vector<KnownSequence> sequences(Instant now) const {
    return table_.sequences(now);
  }
  void remember(const std::vector<KnownSequence>& sequences) { table_.remember(sequences); }

 private:
  struct Pending {
    InstallToken token;
    Instant received_at;
    Endpoint from;
    std::uint16_t to_port = gdoi_port;
    SequenceNumber sequence;
    bool multicast = false;
    Deletes deletes;
    std::optional<TekLifetimes> teks;
    std::optional<Bytes> acknowledgement;
  };
  struct Delayed {
    Instant at;
    Send send;
  };

  [[nodiscard]] Actions request_install(const Datagram& push, Rekey rekey, InstallToken token,
                                        Instant now);
  [[nodiscard]] Actions repeated(const Datagram& push, RepeatedPush copy);
  [[nodiscard]] Actions acknowledge(Pending rekey, Instant now);

  milliseconds jitter_;
  Random* random_;
  RekeySaTable table_;
  std::optional<Pending> pending_;
  std::optional<Instant> list_received_at_;  // of the last installed rekey with a whole list
  std::vector<Delayed> delayed_;             // in the order they are due
  std::vector<Endpoint> groups_;             // as changed_groups said last
  RekeyStatus status_;
};

}  // namespace gdoi
