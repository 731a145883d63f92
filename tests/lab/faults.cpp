// SPDX-License-Identifier: GPL-2.0-or-later
// System calls that fail, come late or tell another time, as a table in a file says that two
// processes map: this one, into which the library is preloaded (GETVPN_FAULTS names the file), and
// the test (faults.py), which may change it at any time. Needs nothing of the program, and works
// after it dropped its privileges and limited its system calls.
//
// Compiled where it is used: g++ -shared -fPIC -fno-threadsafe-statics.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

namespace {

// As faults.py has it.
struct Rule {
  char call[24];      // empty: no rule
  char kind[16];      // of the descriptor: netlink, inet, unix, file; empty: any
  int32_t skip;       // so many pass first
  int32_t count;      // so many are hit; negative: all
  int32_t error;      // errno; 0: not refused
  int32_t delay;      // milliseconds
  int64_t offset;     // of clock_gettime, in seconds
  int32_t seen, hit;  // for the test
};
constexpr size_t rules = 16;

Rule* table = nullptr;

__attribute__((constructor)) void map_table() {
  const char* const path = getenv("GETVPN_FAULTS");
  const int fd = path == nullptr ? -1 : open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) abort();
  void* const mapped =
      mmap(nullptr, rules * sizeof(Rule), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (mapped == MAP_FAILED) abort();
  close(fd);
  table = static_cast<Rule*>(mapped);
}

const char* kind_of(int fd) {
  int domain = 0;
  socklen_t length = sizeof domain;
  const int before = errno;
  const bool is_socket = fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0;
  errno = before;
  if (!is_socket) return "file";
  return domain == AF_NETLINK ? "netlink" : domain == AF_UNIX ? "unix" : "inet";
}

const char* kind_of_domain(int domain) {
  return domain == AF_NETLINK ? "netlink" : domain == AF_UNIX ? "unix" : "inet";
}

// rule_for is the rule that hits this call, if any, and counts it.
Rule* rule_for(const char* call, const char* kind) {
  if (table == nullptr) return nullptr;
  for (size_t i = 0; i < rules; ++i) {
    Rule& rule = table[i];
    if (strcmp(rule.call, call) != 0 || (rule.kind[0] != 0 && strcmp(rule.kind, kind) != 0))
      continue;
    const int32_t place = __atomic_fetch_add(&rule.seen, 1, __ATOMIC_SEQ_CST);
    if (place < rule.skip || (rule.count >= 0 && place >= rule.skip + rule.count)) continue;
    __atomic_fetch_add(&rule.hit, 1, __ATOMIC_SEQ_CST);
    return &rule;
  }
  return nullptr;
}

// is_refused delays the call, and sets errno where it is not to be made.
bool is_refused(const char* call, const char* kind) {
  const Rule* const rule = rule_for(call, kind);
  if (rule == nullptr) return false;
  if (rule->delay > 0) {
    const timespec pause{rule->delay / 1000, rule->delay % 1000 * 1000000L};
    nanosleep(&pause, nullptr);
  }
  if (rule->error == 0) return false;
  errno = rule->error;
  return true;
}

// next is the function of that name that would be called without this library.
template <class Function>
Function* next(Function*, const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

const char* kind_of_clock(clockid_t clock) {
  return clock == CLOCK_REALTIME ? "realtime" : clock == CLOCK_BOOTTIME ? "boottime" : "another";
}

int64_t offset_of(const char* kind) {
  const Rule* const rule = rule_for("clock_gettime", kind);
  return rule == nullptr ? 0 : rule->offset;
}

}  // namespace

extern "C" {

int socket(int domain, int type, int protocol) noexcept {
  static auto* const call = next(&socket, "socket");
  return is_refused("socket", kind_of_domain(domain)) ? -1 : call(domain, type, protocol);
}

int bind(int fd, const sockaddr* to, socklen_t size) noexcept {
  static auto* const call = next(&bind, "bind");
  return is_refused("bind", kind_of(fd)) ? -1 : call(fd, to, size);
}

int setsockopt(int fd, int level, int name, const void* value, socklen_t size) noexcept {
  static auto* const call = next(&setsockopt, "setsockopt");
  return is_refused("setsockopt", kind_of(fd)) ? -1 : call(fd, level, name, value, size);
}

int accept4(int fd, sockaddr* from, socklen_t* size, int flags) {
  static auto* const call = next(&accept4, "accept4");
  return is_refused("accept4", kind_of(fd)) ? -1 : call(fd, from, size, flags);
}

ssize_t send(int fd, const void* data, size_t size, int flags) {
  static auto* const call = next(&send, "send");
  return is_refused("send", kind_of(fd)) ? -1 : call(fd, data, size, flags);
}

ssize_t sendto(int fd, const void* data, size_t size, int flags, const sockaddr* to,
               socklen_t length) {
  static auto* const call = next(&sendto, "sendto");
  return is_refused("sendto", kind_of(fd)) ? -1 : call(fd, data, size, flags, to, length);
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  static auto* const call = next(&sendmsg, "sendmsg");
  return is_refused("sendmsg", kind_of(fd)) ? -1 : call(fd, message, flags);
}

ssize_t recv(int fd, void* data, size_t size, int flags) {
  static auto* const call = next(&recv, "recv");
  return is_refused("recv", kind_of(fd)) ? -1 : call(fd, data, size, flags);
}

ssize_t recvfrom(int fd, void* data, size_t size, int flags, sockaddr* from, socklen_t* length) {
  static auto* const call = next(&recvfrom, "recvfrom");
  return is_refused("recvfrom", kind_of(fd)) ? -1 : call(fd, data, size, flags, from, length);
}

ssize_t recvmsg(int fd, msghdr* message, int flags) {
  static auto* const call = next(&recvmsg, "recvmsg");
  return is_refused("recvmsg", kind_of(fd)) ? -1 : call(fd, message, flags);
}

ssize_t read(int fd, void* data, size_t size) {
  static auto* const call = next(&read, "read");
  return is_refused("read", kind_of(fd)) ? -1 : call(fd, data, size);
}

ssize_t write(int fd, const void* data, size_t size) {
  static auto* const call = next(&write, "write");
  return is_refused("write", kind_of(fd)) ? -1 : call(fd, data, size);
}

int fsync(int fd) {
  static auto* const call = next(&fsync, "fsync");
  return is_refused("fsync", kind_of(fd)) ? -1 : call(fd);
}

int rename(const char* from, const char* to) noexcept {
  static auto* const call = next(&rename, "rename");
  return is_refused("rename", "file") ? -1 : call(from, to);
}

int unlink(const char* path) noexcept {
  static auto* const call = next(&unlink, "unlink");
  return is_refused("unlink", "file") ? -1 : call(path);
}

int epoll_ctl(int epoll, int operation, int fd, epoll_event* event) noexcept {
  static auto* const call = next(&epoll_ctl, "epoll_ctl");
  return is_refused("epoll_ctl", kind_of(fd)) ? -1 : call(epoll, operation, fd, event);
}

int epoll_wait(int epoll, epoll_event* events, int most, int timeout) {
  static auto* const call = next(&epoll_wait, "epoll_wait");
  return is_refused("epoll_wait", "file") ? -1 : call(epoll, events, most, timeout);
}

int poll(pollfd* descriptors, nfds_t count, int timeout) {
  static auto* const call = next(&poll, "poll");
  return is_refused("poll", "file") ? -1 : call(descriptors, count, timeout);
}

int getifaddrs(ifaddrs** out) noexcept {
  static auto* const call = next(&getifaddrs, "getifaddrs");
  return is_refused("getifaddrs", "file") ? -1 : call(out);
}

ssize_t getrandom(void* out, size_t size, unsigned flags) {
  static auto* const call = next(&getrandom, "getrandom");
  return is_refused("getrandom", "file") ? -1 : call(out, size, flags);
}

int open(const char* path, int flags, ...) {
  static auto* const call = next(&open, "open");
  if (is_refused("open", "file")) return -1;
  __builtin_va_list more;
  __builtin_va_start(more, flags);
  const mode_t mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? __builtin_va_arg(more, mode_t) : 0;
  __builtin_va_end(more);
  return call(path, flags, mode);
}

// What programs that were compiled with _FORTIFY_SOURCE call in place of the plain ones.
ssize_t __read_chk(int fd, void* data, size_t size, size_t) { return read(fd, data, size); }
ssize_t __recv_chk(int fd, void* data, size_t size, size_t, int flags) {
  return recv(fd, data, size, flags);
}
ssize_t __recvfrom_chk(int fd, void* data, size_t size, size_t, int flags, sockaddr* from,
                       socklen_t* length) {
  return recvfrom(fd, data, size, flags, from, length);
}
int __poll_chk(pollfd* descriptors, nfds_t count, int timeout, size_t) {
  return poll(descriptors, count, timeout);
}

// A clock that jumped, and the timers that go by it.
int clock_gettime(clockid_t clock, timespec* out) noexcept {
  static auto* const call = next(&clock_gettime, "clock_gettime");
  const int done = call(clock, out);
  if (done == 0) out->tv_sec += offset_of(kind_of_clock(clock));
  return done;
}

int timerfd_settime(int fd, int flags, const itimerspec* when, itimerspec* before) noexcept {
  static auto* const call = next(&timerfd_settime, "timerfd_settime");
  itimerspec shifted = *when;
  if ((flags & TFD_TIMER_ABSTIME) != 0 &&
      (when->it_value.tv_sec != 0 || when->it_value.tv_nsec != 0)) {
    shifted.it_value.tv_sec -= offset_of("boottime");
    if (shifted.it_value.tv_sec < 1) shifted.it_value.tv_sec = 1;
  }
  return call(fd, flags, &shifted, before);
}

}  // extern "C"
