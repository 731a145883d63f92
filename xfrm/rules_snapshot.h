// SPDX-License-Identifier: GPL-2.0-or-later
// RulesSnapshot: a table as found in the kernel, good for putting it back as it was.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "xfrm/exchange.h"
#include "xfrm/nft_objects.h"
#include "xfrm/types.h"

namespace xfrm {

class RulesSnapshot {
 public:
  // read takes the table with its sets, elements, chains and rules; nothing when there is none.
  [[nodiscard]] static Result<std::optional<RulesSnapshot>> read(Exchange& exchange,
                                                                 const std::string& table,
                                                                 Family family);

  // Whether it carries the comment all our tables have.
  [[nodiscard]] bool ours() const;

  [[nodiscard]] std::vector<std::uint32_t> spis() const;

  // restore puts the messages into `transaction` that make the table anew.
  void restore(Transaction& transaction) const;

 private:
  [[nodiscard]] Result<void> read_content(Exchange& exchange);
  [[nodiscard]] Result<void> read_elements(Exchange& exchange, nftnl_set& set);
  void start(Request& request, std::uint16_t type) const;

  std::string name_;
  Family family_ = Family::ipv4;
  nft::Table table_;
  std::vector<nft::Set> sets_;
  std::vector<nft::Chain> chains_;
  std::vector<nft::Rule> rules_;
};

}  // namespace xfrm
