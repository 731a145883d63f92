// SPDX-License-Identifier: GPL-2.0-or-later
// How Prometheus gets at the metrics, as the setting `metrics` says: HTTP on a unix socket or on a
// loopback address, or a file for the textfile collector of node_exporter.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/base/log.h"
#include "agent/config/metrics_target.h"
#include "agent/control/access.h"
#include "agent/io/stream_server.h"
#include "agent/io/unix_listener.h"

namespace agent {

// MetricsServer owns the socket or the file; both are gone with it. At a loopback address every
// process of this machine is served; at the unix socket those who may use `getvpnctl show`. What
// they ask costs little, however often they do: a text is handed out again for `text_life`.
class MetricsServer {
 public:
  // Text makes the metrics; nothing: not now.
  using Text = std::function<std::optional<std::string>(Instant now)>;

  static constexpr milliseconds text_life{1000};
  static constexpr seconds file_pause{15};

  // open fails when there is no listening at the target. That a file cannot be written is told by
  // `log`, once, and tried again: its directory may come later. `loop` and `log` outlive it.
  [[nodiscard]] static Result<std::unique_ptr<MetricsServer>> open(EventLoop& loop,
                                                                   const MetricsTarget& target,
                                                                   const ControlAccess& access,
                                                                   Text text, const Log& log);
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;
  ~MetricsServer();

  // wake does what is due; the first call has a text made, from which counters are followed.
  void wake(Instant now);
  [[nodiscard]] std::optional<Instant> deadline() const;

 private:
  MetricsServer(const MetricsTarget& target, const ControlAccess& access, Text text, const Log& log)
      : target_{target}, access_{access}, text_{std::move(text)}, log_{log} {}
  [[nodiscard]] Result<int> listen();
  [[nodiscard]] std::optional<std::string> refuse(int fd) const;
  [[nodiscard]] std::optional<std::string> current_text();
  void write_file(Instant now);

  MetricsTarget target_;
  ControlAccess access_;
  Text text_;
  const Log& log_;
  std::optional<UnixListener> unix_;
  Fd tcp_;
  std::unique_ptr<StreamServer> server_;  // gone before what it serves
  std::optional<std::string> made_;
  std::optional<Instant> made_at_;
  Instant due_{};
  bool begun_ = false;
  bool written_ = false;   // there is a file of ours
  std::string complaint_;  // the last one
};

}  // namespace agent
