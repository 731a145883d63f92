// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/base/accounts.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>

#include <vector>

namespace agent {
namespace {

constexpr std::size_t max_entry = std::size_t{1} << 20;  // a group may have many members

// look_up calls one of the functions that want room until it has enough.
template <class Entry, class Function>
Result<Entry> look_up(Function function, const std::string& name, std::vector<char>& room,
                      std::string_view kind) {
  for (room.resize(1024);; room.resize(room.size() * 2)) {
    Entry entry{};
    Entry* found = nullptr;
    const int problem = function(name.c_str(), &entry, room.data(), room.size(), &found);
    if (problem == ERANGE && room.size() < max_entry) continue;
    if (problem != 0) return fail_errno(fmt::format("look for {} '{}'", kind, name), problem);
    if (found == nullptr) return fail(fmt::format("there is no {} '{}'", kind, name));
    return entry;
  }
}

}  // namespace

Result<SystemUser> find_user(std::string_view name) {
  std::vector<char> room;
  const std::string text{name};
  const auto found = look_up<passwd>(::getpwnam_r, text, room, "user");
  if (!found) return tl::unexpected<Error>{found.error()};
  return SystemUser{text, found->pw_uid, found->pw_gid};
}

Result<SystemGroup> find_group(std::string_view name) {
  std::vector<char> room;
  const std::string text{name};
  const auto found = look_up<group>(::getgrnam_r, text, room, "group");
  if (!found) return tl::unexpected<Error>{found.error()};
  return SystemGroup{text, found->gr_gid};
}

}  // namespace agent
