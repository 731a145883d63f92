// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/base/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>

#include "agent/base/fd.h"

namespace agent {
namespace {

// read_into fills `room` as far as the file reaches.
Result<std::size_t> read_into(int fd, std::span<std::byte> room, const std::string& file) {
  std::size_t size = 0;
  while (size < room.size()) {
    const auto got = ::read(fd, room.data() + size, room.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(file);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  return size;
}

Result<std::string> read_whole(int fd, const std::string& file) {
  constexpr std::size_t limit = 1 << 20;
  std::string text;
  // In growing pieces: most files are small, and some do not tell their size.
  for (std::size_t have = 0, room = 4096; have <= limit; room *= 4) {
    text.resize(have + room);
    const auto size = read_into(fd, std::as_writable_bytes(std::span{text}).subspan(have), file);
    if (!size) return tl::unexpected<Error>{size.error()};
    have += *size;
    if (have == text.size()) continue;
    text.resize(have);
    text.shrink_to_fit();
    if (have <= limit) return text;
  }
  return fail(file + ": larger than 1 MiB");
}

Result<void> check_owner(const struct stat& status, const std::string& file) {
  if (status.st_uid != 0 && status.st_uid != ::geteuid())
    return fail(fmt::format("{}: must be owned by root, is owned by user {}", file, status.st_uid));
  return {};
}

// is_the_daemons: root checks (--check, doctor) what a daemon reads that is not root.
bool is_the_daemons(const struct stat& status) {
  if (::geteuid() != 0) return false;
  const auto user = find_user(default_user);
  return user && user->id == status.st_uid;
}

Result<void> check_secrecy(int fd, const std::string& file) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return fail_errno(file);
  if (!S_ISREG(status.st_mode)) return fail(file + ": is not a regular file");
  if (!is_the_daemons(status))
    if (auto owned = check_owner(status, file); !owned) return owned;
  const unsigned mode = status.st_mode & 07777U;
  if ((mode & 077U) != 0)
    return fail(
        fmt::format("{}: mode is {:04o}, must be 0600 or 0400: chmod 600 {}", file, mode, file));
  return {};
}

Result<void> write_whole(int fd, std::string_view text, const std::string& file) {
  while (!text.empty()) {
    const auto put = ::write(fd, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return fail_errno(file);
    text.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

int open_new(const std::string& file) {
  return ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

}  // namespace

Result<std::string> read_file(const std::string& file) {
  const Fd fd{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fd) return fail_errno(file);
  return read_whole(fd.get(), file);
}

Result<std::string> read_trusted_file(const std::string& file) {
  const Fd fd{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) return fail_errno(file);
  if (auto owned = check_owner(status, file); !owned) return tl::unexpected<Error>{owned.error()};
  if ((status.st_mode & 022U) != 0)
    return fail(fmt::format("{}: others may write it (mode {:04o}): chmod go-w {}", file,
                            status.st_mode & 07777U, file));
  return read_whole(fd.get(), file);
}

Result<FileVersion> file_version(const std::string& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return fail_errno(file);
  const auto ns = [](const timespec& time) {
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
  };
  return FileVersion{status.st_dev, status.st_ino, status.st_size, ns(status.st_mtim),
                     ns(status.st_ctim)};
}

bool file_exists(const std::string& file) { return ::access(file.c_str(), F_OK) == 0; }

Result<void> write_new_file(const std::string& file, std::string_view text) {
  const Fd fd{open_new(file)};
  if (!fd) return fail_errno(file);
  if (auto written = write_whole(fd.get(), text, file); !written) return written;
  return ::fsync(fd.get()) == 0 ? Result<void>{} : fail_errno(file);
}

Result<void> write_private_file(const std::string& file, std::string_view text) {
  const auto fresh = file + ".new";
  // Whatever a run before us left: a new file is ours, and no link to somewhere else.
  ::unlink(fresh.c_str());
  if (auto written = write_new_file(fresh, text); !written) return written;
  if (::rename(fresh.c_str(), file.c_str()) != 0) return fail_errno(file);
  return {};
}

Result<void> write_public_file(const std::string& file, std::string_view text) {
  const auto fresh = file + ".new";
  ::unlink(fresh.c_str());
  const Fd fd{open_new(fresh)};
  if (!fd) return fail_errno(fresh);
  if (auto written = write_whole(fd.get(), text, fresh); !written) return written;
  // Whatever the mask takes away of a new file's mode.
  if (::fchmod(fd.get(), 0644) != 0) return fail_errno(fresh);
  return ::rename(fresh.c_str(), file.c_str()) == 0 ? Result<void>{} : fail_errno(file);
}

Result<void> give_directory(const std::string& path, const SystemUser& user) {
  if (std::filesystem::path{path}.filename() != default_user) return {};
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST)
    return fail_errno("make directory " + path);
  const Fd directory{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  struct stat status {};
  if (!directory || ::fstat(directory.get(), &status) != 0) return fail_errno(path);
  if (status.st_uid != 0) return {};
  std::error_code problem;
  for (const auto& entry : std::filesystem::directory_iterator{path, problem})
    if (::fchownat(directory.get(), entry.path().filename().c_str(), user.id, user.group,
                   AT_SYMLINK_NOFOLLOW) != 0)
      return fail_errno(fmt::format("give {} to user {}", entry.path().string(), user.name));
  if (problem) return fail(path + ": " + problem.message());
  if (::fchown(directory.get(), user.id, user.group) != 0)
    return fail_errno(fmt::format("give {} to user {}", path, user.name));
  return {};
}

Result<gdoi::KeyMaterial> read_secret_file(const std::string& file, std::string_view what) {
  constexpr std::size_t limit = 65536;
  // O_NONBLOCK: a FIFO in its place must not hold us up before it is refused.
  const Fd fd{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (!fd) return fail_errno(fmt::format("{} {}", what, file));
  if (auto checked = check_secrecy(fd.get(), file); !checked)
    return tl::unexpected<Error>{checked.error()};

  gdoi::KeyMaterial text{limit};
  const auto size = read_into(fd.get(), text.writable(), file);
  if (!size) return tl::unexpected<Error>{size.error()};
  if (*size == limit) return fail(file + ": larger than 64 KiB");
  return gdoi::KeyMaterial::copy_of(text.view().first(*size));
}

}  // namespace agent
