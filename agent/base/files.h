// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/base/accounts.h"
#include "agent/base/result.h"
#include "gdoi/base/secret.h"

namespace agent {

// What separates the words of a line in our files.
inline constexpr std::string_view blanks = " \t\r";

// read_file reads a whole file of at most 1 MiB.
[[nodiscard]] Result<std::string> read_file(const std::string& file);

[[nodiscard]] bool file_exists(const std::string& file);

// FileVersion differs when a file was replaced or written.
struct FileVersion {
  std::uint64_t device = 0, inode = 0;
  std::int64_t size = 0;
  std::int64_t modified = 0, changed = 0;  // ns
  friend bool operator==(const FileVersion&, const FileVersion&) = default;
};
// file_version is of the file that links lead to.
[[nodiscard]] Result<FileVersion> file_version(const std::string& file);

// write_private_file writes a file that only we can read (0600), as a whole or not at all: under
// another name first, which then takes the place of `file`.
[[nodiscard]] Result<void> write_private_file(const std::string& file, std::string_view text);

// write_public_file writes one that everybody can read (0644), likewise. It may be gone after a
// crash of the machine.
[[nodiscard]] Result<void> write_public_file(const std::string& file, std::string_view text);

// write_new_file writes one that does not exist yet, likewise; it is not removed when that fails.
[[nodiscard]] Result<void> write_new_file(const std::string& file, std::string_view text);

// give_directory lets `user` make and remove files in a directory that is root's, if it is ours
// alone by its name (getvpn-gm), with the files in it. It makes it, when there is none.
[[nodiscard]] Result<void> give_directory(const std::string& path, const SystemUser& user);

// read_trusted_file reads a file like read_file, if nobody can write it but root and us.
[[nodiscard]] Result<std::string> read_trusted_file(const std::string& file);

// read_secret_file reads one of at most 64 KiB. It must be a regular file, owned by root, by us or,
// when we are root, by default_user, without any permission for group and others. Symbolic links
// are followed, since it is the file reached that is checked, after it is open. `what` names its
// kind in errors.
[[nodiscard]] Result<gdoi::KeyMaterial> read_secret_file(const std::string& file,
                                                         std::string_view what);

}  // namespace agent
