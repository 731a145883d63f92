// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/hooks/hook_directory.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

namespace agent {
namespace {

bool is_name(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

struct Close {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

}  // namespace

Result<FoundHooks> find_hooks(const std::string& directory) {
  const std::unique_ptr<DIR, Close> opened{::opendir(directory.c_str())};
  if (!opened && errno == ENOENT) return FoundHooks{};
  if (!opened) return fail_errno(directory);
  FoundHooks out;
  for (const auto* entry = ::readdir(opened.get()); entry != nullptr;
       entry = ::readdir(opened.get())) {
    if (!is_name(&entry->d_name[0])) continue;
    auto path = directory + "/" + &entry->d_name[0];
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    if (::access(path.c_str(), X_OK) != 0) continue;
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
      out.refused.push_back(path + " can be written by others: not run (chmod go-w)");
    else
      out.programs.push_back(std::move(path));
  }
  std::sort(out.programs.begin(), out.programs.end());
  std::sort(out.refused.begin(), out.refused.end());
  return out;
}

}  // namespace agent
