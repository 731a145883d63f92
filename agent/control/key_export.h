// SPDX-License-Identifier: GPL-2.0-or-later
// Keys of TEKs for Wireshark, to read captures in a laboratory: the one answer that holds secrets.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "agent/group/sa_table.h"

namespace agent {

// key_export_answer is {"schema": 1, "done": "export-keys", "groups": [NAME], "keys": TEXT}. TEXT
// is lines of Wireshark's file esp_sa, for IPv4 and for IPv6 with any addresses, since those of a
// packet are its own; of a TEK that Wireshark cannot decrypt a remark says so.
//
// Whoever has the answer wipes it. Its capacity has room for a line break, so that no copy is left
// behind by adding one.
[[nodiscard]] std::string key_export_answer(const std::vector<std::string>& groups,
                                            std::span<const std::shared_ptr<const gdoi::Tek>> teks);

}  // namespace agent
