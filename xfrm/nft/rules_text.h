// SPDX-License-Identifier: GPL-2.0-or-later
// The objects of a table as text that is equal when they do the same: what RulesSnapshot compares.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "xfrm/nft/nft_objects.h"

namespace xfrm::nft {

// text_of is a name, empty when there is none.
[[nodiscard]] std::string text_of(const char* text);

[[nodiscard]] std::string name_of(const nftnl_chain& chain);
[[nodiscard]] std::string name_of(const nftnl_set& set);
// chain_of is the name of the chain that a rule is in.
[[nodiscard]] std::string chain_of(const nftnl_rule& rule);

// content_of a chain is its hook, of a rule its expressions (but not what a counter counted), of a
// set its shape without the elements.
[[nodiscard]] std::string content_of(const nftnl_chain& chain);
[[nodiscard]] std::string content_of(const nftnl_rule& rule);
[[nodiscard]] std::string content_of(const nftnl_set& set);

// What packets put in a set or map is theirs: it changes all the time, and ends by itself.
[[nodiscard]] bool is_filled_by_packets(const nftnl_set& set);

// keys_of are a set's elements; of a map, each key with its data behind it.
[[nodiscard]] std::vector<std::vector<std::byte>> keys_of(const nftnl_set& set);

// data_octets is how many of those are data: 0 for a set.
[[nodiscard]] std::size_t data_octets(const nftnl_set& set);

}  // namespace xfrm::nft
