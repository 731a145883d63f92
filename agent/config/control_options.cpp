// SPDX-License-Identifier: GPL-2.0-or-later
// The command line of getvpnctl.
#include <fmt/format.h>

#include <algorithm>

#include "agent/config/command_line.h"
#include "agent/config/near_words.h"
#include "agent/config/options.h"
#include "agent/config/packet.h"

#ifndef GETVPN_VERSION
#error "GETVPN_VERSION comes from CMake"
#endif

namespace agent {
namespace {

// command_of is the first word that is no option, nor the value of one.
std::string command_of(int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--socket" || word == "--config")
      ++i;
    else if (word.substr(0, 1) != "-")
      return std::string{word};
  }
  return {};
}

// unknown_command says so, and what may have been meant; empty: it is known, or there is none.
std::string unknown_command(const std::string& word, const CLI::App& app) {
  if (word.empty()) return {};
  std::vector<std::string> names;
  for (const auto* command : app.get_subcommands({})) names.push_back(command->get_name());
  if (std::find(names.begin(), names.end(), word) != names.end()) return {};
  const auto nearest = nearest_word(word, {names.begin(), names.end()});
  return fmt::format("unknown command '{}'{}", word,
                     nearest.empty() ? "" : fmt::format(", did you mean '{}'?", nearest));
}

// Commands are those of getvpnctl, with what they may be given.
struct Commands {
  CLI::App app{"Shows what the GETVPN group member getvpn-gm is doing, and tells it what to do.",
               "getvpnctl"};
  std::string file = default_config_file, group;
  bool waits = false, plans_reload = false;
  std::uint32_t patience = 60, hook_limit = 10;  // seconds
  ControlOptions out;
  std::vector<std::string> show_words;
  CLI::App* show = nullptr;
  CLI::App* explain = nullptr;
  CLI::App* trace = nullptr;
  CLI::App* debug = nullptr;

  Commands() {
    app.add_option("--socket", out.socket, "Control socket of the daemon")->type_name("PATH");
    app.add_option("--config", file, "File whose control-socket counts (default: " + file + ")")
        ->type_name("FILE");
    app.set_version_flag("--version", "getvpnctl " GETVPN_VERSION);
    app.require_subcommand(1);
    add_show();
    add_explain();
    with_json(with_group("verify", "Compare the kernel with what it should have; change nothing"),
              "Print JSON instead");
    add_plan();
    with_json(command("doctor",
                      "Look for what keeps the member from working, with the daemon or without"),
              "Print JSON instead");
    add_monitor();
    with_wait(
        with_group("reregister", "Fetch keys and list afresh now; those in force stay until then"));
    with_group("accept-rekey-key",
               "Take the signing key of rekeys that was refused last, and register");
    with_wait(with_group(
        "clear", "Drop all keys and register afresh; what the list protects is dropped meanwhile"));
    command("reload", "Have the configuration read again, as SIGHUP does");
    command("log-level", "Log so much until the daemon ends")
        ->add_option("level", out.words, "error, warning, notice, info or debug")
        ->type_name("LEVEL")
        ->required()
        ->expected(1);
    add_trace();
    add_debug();
  }

  CLI::App* command(const char* name, const char* help) {
    auto* added = app.add_subcommand(name, help);
    added->fallthrough();  // --socket and --config may also come after it
    return added;
  }
  CLI::App* with_group(const char* name, const char* help) {
    auto* added = command(name, help);
    added->add_option("group", group, "One group of several (default: all)")->type_name("GROUP");
    return added;
  }
  void with_json(CLI::App* to, const char* help) { to->add_flag("--json", out.json, help); }
  void with_wait(CLI::App* to) {
    to->add_flag("--wait", waits, "Wait until it is registered, and say how that went");
    to->add_option("--timeout", patience, "Wait so many seconds at most (default: 60)")
        ->type_name("SECONDS")
        ->check(CLI::Range(1, 86400));
  }

  void add_show() {
    show = command("show", "Print the state of the groups, as 'show crypto gdoi' does");
    show->add_option("what", show_words,
                     "Cisco's sub-command: gm, gm acl [local], gm rekey [detail], gm dataplane "
                     "counters, gm replay, gm identifier [detail], gm pubkey, rekey sa [detail], "
                     "ipsec sa, group NAME, detail, feature, events; or the name of a group")
        ->type_name("[crypto gdoi] [SUB-COMMAND]");
    show->add_option("--group", group, "One group of several (default: all)")->type_name("GROUP");
    with_json(show, "Print JSON instead (schema 1; of several groups schema 2)");
  }
  void add_explain() {
    explain = command("explain",
                      "Tell what becomes of a packet: by the list, by the kernel, by both locks");
    explain
        ->add_option("packet", out.words,
                     "Source and destination, protocol, source port, destination port; of ICMP "
                     "type and code")
        ->type_name("SRC DST [PROTO [SPORT] DPORT]")
        ->required()
        ->expected(2, 5);
    explain->add_option("--group", group, "One group of several (default: all)")
        ->type_name("GROUP");
    with_json(explain, "Print JSON instead");
  }
  void add_monitor() {
    auto* const monitor = with_group("monitor", "Print what happens, as it happens");
    with_json(monitor, "Print JSON instead, one document a line");
    monitor->add_flag("--past", out.past, "Begin with the last events that came before");
    monitor->add_option("--count", out.count, "End after so many events")
        ->type_name("NUMBER")
        ->check(CLI::Range(1, 1000000));
    auto* const exec = monitor->add_option(
        "--exec", out.hooks, "Print nothing, but run the programs of a directory on events");
    exec->type_name("DIRECTORY");
    for (const auto* other : {"--json", "--past", "--count"})
      exec->excludes(monitor->get_option(other));
    monitor->add_option("--time-limit", hook_limit, "End each of them after so long (default: 10)")
        ->type_name("SECONDS")
        ->check(CLI::Range(1, 3600));
  }
  void add_plan() {
    auto* const plan =
        with_group("plan", "Tell what would be changed in the kernel, and change nothing");
    plan->add_flag("--reload", plans_reload,
                   "Of a reload: read the configuration, and tell what it would change");
    with_json(plan, "Print JSON instead");
  }
  void add_trace() {
    trace = command("trace", "Write down the messages with key servers");
    trace->require_subcommand(1);
    trace->add_subcommand("start", "Begin, and forget what was written down before")->fallthrough();
    auto* const stop = trace->add_subcommand("stop", "End, and write a file that holds no secret");
    stop->fallthrough();
    stop->add_option("file", out.file, "File to be written; it must not exist yet")
        ->type_name("FILE")
        ->required();
  }
  void add_debug() {
    debug = command("debug", "What is for a laboratory only");
    debug->require_subcommand(1);
    auto* const keys = debug->add_subcommand(
        "export-keys", "Print keys as Wireshark reads them (its esp_sa), or write them to a file");
    keys->fallthrough();
    keys->add_option("file", out.file, "File to be written; it must not exist yet")
        ->type_name("FILE");
    keys->add_option("--group", group, "One group of several (default: all)")->type_name("GROUP");
  }
};

}  // namespace

Parsed<ControlOptions> parse_control_options(int argc, const char* const* argv) {
  Commands commands;
  if (const auto unknown = unknown_command(command_of(argc, argv), commands.app);
      !unknown.empty()) {
    std::cerr << "getvpnctl: " << unknown << "\nTry --help.\n";
    return tl::unexpected<int>{exit_usage};
  }
  if (const auto code = parse_command_line(commands.app, argc, argv))
    return tl::unexpected<int>{*code};
  auto out = std::move(commands.out);
  const auto* const command = commands.app.get_subcommands().front();
  out.command = command->get_name();
  if (command == commands.trace)
    out.command += '-' + commands.trace->get_subcommands().front()->get_name();
  if (command == commands.debug)
    out.command = commands.debug->get_subcommands().front()->get_name();
  if (command == commands.show) {
    auto what = parse_show(commands.show_words);
    if (!what) {
      std::cerr << "getvpnctl: " << what.error().what << "\nTry --help.\n";
      return tl::unexpected<int>{exit_usage};
    }
    out.show = std::move(*what);
    if (out.show.group) commands.group = *out.show.group;
  }
  if (command == commands.explain)
    if (const auto packet = parse_packet(out.words); !packet) {
      std::cerr << "getvpnctl: " << packet.error().what << '\n';
      return tl::unexpected<int>{exit_usage};
    }
  out.hook_limit = gdoi::seconds{commands.hook_limit};
  if (commands.plans_reload) out.words = {"reload"};
  if (commands.waits) out.wait = gdoi::seconds{commands.patience};
  if (!commands.group.empty()) out.group = commands.group;
  out.config_file = commands.file;
  out.socket = control_socket_of(out.socket, commands.file);
  return out;
}

std::string control_socket_of(const std::string& given, const std::string& config_file) {
  if (!given.empty()) return given;
  const auto configured = find_setting(config_file, "control-socket");
  return configured.empty() ? default_control_socket : configured;
}

}  // namespace agent
