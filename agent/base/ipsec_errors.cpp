// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/base/ipsec_errors.h"

#include <sstream>
#include <string>

#include "agent/base/files.h"

namespace agent {

IpsecErrors parse_ipsec_errors(std::string_view xfrm_stat) {
  IpsecErrors out;
  std::istringstream lines{std::string{xfrm_stat}};
  std::string name;
  for (std::uint64_t count = 0; lines >> name >> count;) {
    if (name == "XfrmOutNoStates") out.no_sa_out += count;
    if (name == "XfrmInNoStates") out.no_sa_in += count;
    if (name == "XfrmOutError" || name == "XfrmOutBundleGenError" ||
        name == "XfrmOutStateProtoError")
      out.encapsulation += count;
    if (name == "XfrmInError" || name == "XfrmInBufferError" || name == "XfrmInHdrError")
      out.decapsulation += count;
  }
  return out;
}

Result<IpsecErrors> read_ipsec_errors() {
  const auto text = read_file("/proc/net/xfrm_stat");
  if (!text) return tl::unexpected<Error>{text.error()};
  return parse_ipsec_errors(*text);
}

}  // namespace agent
